"""Ask a task for a value of a type: a model that first says something else is told so, and asked again.

Run it with: python examples/typed_answer.py
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lasttenth import SyncApp

SETTINGS = """
scripts:
  sorter:
    lines:
      - when: does not fit
        text: '{"reason": "It talks about money.", "desk": "billing"}'
      - text: 'Let me see. {"reason": "It talks about money.", "desk": "the money people"}'
"""
TASK = """---
name: sort
model: scripted/sorter
---

# System

Which desk should read this message?

# User

{{ question }}
"""


@dataclass
class Sorted:
    """Where a message goes. The reason comes first, so that the model writes it first."""

    reason: str
    desk: Literal["billing", "shipping"]


def main() -> None:
    """Sort one message, and say how often the model was asked."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "lasttenth.yaml"
        configuration.write_text(SETTINGS, encoding="utf-8")
        with SyncApp(Path(folder) / "data", configuration=configuration) as app:
            app.tasks.push(TASK)
            answer = app.task("sort").ask("You have charged me twice!", output=Sorted)
            root, *_ = app.trace(answer.trace_id)
            print(f"{answer.value.desk}, because: {answer.value.reason}")
            print(f"asked {root.attributes['attempts']} times")


if __name__ == "__main__":
    main()
