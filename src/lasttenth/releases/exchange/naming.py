"""Names of tasks, made from the names that other tools have for prompts: the same from the same, no two alike."""

import re

LONGEST = 100
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHERS = re.compile(r"[^a-z0-9._-]+")


def task_name(label: str) -> str:
    """Return a task's name for a label: `Customer Service` and `customerService` are `customer-service`."""
    name = _OTHERS.sub("-", _HUMP.sub("-", label).lower()).strip("-._")
    return name[:LONGEST].rstrip("-._") or "prompt"


class Names:
    """Names that were given already."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def distinct(self, name: str) -> str:
        """Return the name, with a number where it was given before."""
        found, number = name, 1
        while found in self._given:
            number += 1
            ending = f"-{number}"
            found = f"{name[: LONGEST - len(ending)]}{ending}"
        self._given.add(found)
        return found
