"""What is different between two releases, part by part: texts line by line, everything else by its place."""

import difflib
import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from lasttenth.records.definitions import ORDERED, Release
from lasttenth.records.hashing import PROPERTIES

_ABSENT = object()
_ORDERED = re.compile(rf"(?:{'|'.join(sorted(ORDERED))})\..*?{PROPERTIES}$")
"""Where the order counts: see `in_order`."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One part that is not the same. Of a text `lines` shows what was taken out (-) and put in (+)."""

    part: str
    """Where it stands, as in `parameters.temperature` or `messages.1.text`."""
    kind: Literal["added", "removed", "changed"]
    before: Any = None
    after: Any = None
    lines: tuple[str, ...] = ()


def differences(before: Release, after: Release) -> list[Change]:
    """Return the changes from one release to another, in the order of a release's fields; none where they are equal."""
    return compared(msgspec.to_builtins(before), msgspec.to_builtins(after))


def compared(before: Any, after: Any) -> list[Change]:
    """Return the changes from one value of JSON to another one."""
    return _between("", before, after)


def _between(part: str, before: Any, after: Any) -> list[Change]:
    # What is in a list or a table that is new, or gone, is told part by part.
    before = type(after)() if before is _ABSENT and isinstance(after, dict | list | tuple) and after else before
    after = type(before)() if after is _ABSENT and isinstance(before, dict | list | tuple) and before else after
    if before is _ABSENT:
        return [Change(part=part, kind="added", after=after)]
    if after is _ABSENT:
        return [Change(part=part, kind="removed", before=before)]
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        pairs = [(name, before.get(name, _ABSENT), after.get(name, _ABSENT)) for name in names]
        if _ORDERED.match(part) and (one := [*before]) != (other := [*after]) and set(one) == set(other):
            return [Change(part=part, kind="changed", before=one, after=other), *_each(part, pairs)]
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        longest = max(len(before), len(after))
        pairs = [(str(place), _at(before, place), _at(after, place)) for place in range(longest)]
    elif before == after and type(before) is type(after):
        return []
    else:
        return [Change(part=part, kind="changed", before=before, after=after, lines=_lines(before, after))]
    return _each(part, pairs)


def _each(part: str, pairs: list[tuple[str, Any, Any]]) -> list[Change]:
    return [change for name, one, other in pairs for change in _between(f"{part}.{name}".lstrip("."), one, other)]


def _at(items: Sequence[Any], place: int) -> Any:
    return items[place] if place < len(items) else _ABSENT


def _lines(before: Any, after: Any) -> tuple[str, ...]:
    if not (isinstance(before, str) and isinstance(after, str) and ("\n" in before or "\n" in after)):
        return ()
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return tuple(found)[2:]  # without the names of the files
