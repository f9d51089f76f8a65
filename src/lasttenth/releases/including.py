"""Snippets that several task files share: what a file includes becomes part of its text, and so of its releases' hashes.

`{% include "greeting.txt" %}` stands for the text of that file, which lies in the folder of the task file or below it.
"""

import re
from pathlib import Path

from lasttenth.records.errors import ConfigurationError

DEEPEST = 8
"""How many files may include each other in a row."""
_INCLUDE = re.compile(r"""\{%-?\s*include\s+(["'])(?P<name>[^"']+)\1\s*-?%\}""")


def has_includes(file: Path) -> bool:
    """Tell whether a task file includes others."""
    return _INCLUDE.search(file.read_text(encoding="utf-8")) is not None


def read_text(file: Path) -> str:
    """Return the text of a task file with all that it includes. Raises ConfigurationError."""
    return _expanded(file, file.resolve().parent, by="")


def _expanded(file: Path, folder: Path, *, by: str) -> str:
    """Return a file's text; `by` names those that include it, one within the other."""
    if by.count("<") > DEEPEST:
        raise ConfigurationError(f"{file} is included more than {DEEPEST} files deep.", hint="Does it include itself?")
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(f"There is no file {file}{by}.", hint="Check how its name is written.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}{by} cannot be read: {error}.", hint="It must be text in UTF-8.") from error

    def included(match: re.Match[str]) -> str:
        found = (folder / match["name"]).resolve()
        if not found.is_relative_to(folder):
            raise ConfigurationError(f"{file} includes {match['name']}, which lies outside of its folder.")
        return _expanded(found, folder, by=f"{by} < {file.name}").strip()

    return _INCLUDE.sub(included, text)
