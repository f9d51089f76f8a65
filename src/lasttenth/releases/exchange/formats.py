"""The formats of other tools by their names: what reads each of them, and what writes it.

A format is one line of this table. A reader takes a file or a folder and makes task files of it, a writer takes tasks
and makes the files of its tool; both say what they lose, see `outcomes`.
"""

from typing import NamedTuple

from lasttenth.releases.exchange.dotprompt import files as dotprompt
from lasttenth.releases.exchange.langfuse import files as langfuse
from lasttenth.releases.exchange.outcomes import Exporter, Importer
from lasttenth.releases.exchange.promptfoo import files as promptfoo


class Format(NamedTuple):
    """How the files of a tool are read and written."""

    read: Importer
    write: Exporter


FORMATS = {
    "dotprompt": Format(dotprompt.read_prompts, dotprompt.write_prompts),
    "langfuse": Format(langfuse.read_prompts, langfuse.write_prompts),
    "promptfoo": Format(promptfoo.read_prompts, promptfoo.write_prompts),
}
