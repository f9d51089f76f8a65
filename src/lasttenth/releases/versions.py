"""Versions: the declarations of a task, numbered from 1 on, as products count them that know no hashes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from lasttenth.records.events import PointerMove, Registration


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One declaration of a task."""

    number: int
    """1 for the oldest one."""
    registration: Registration
    pointers: tuple[str, ...]
    """Which pointers stand on its release, with most of their weight. Of several versions with it, the newest has them."""


def versions(declared: Sequence[Registration], moves: Iterable[PointerMove]) -> list[Version]:
    """Return the versions of a task, newest first.

    Args:
        declared: all its declarations, newest first.
        moves: where its pointers stand.
    """
    standing: defaultdict[str, list[str]] = defaultdict(list)
    for move in moves:
        standing[heaviest(move)].append(move.pointer)
    return [
        Version(
            number=len(declared) - place,
            registration=registration,
            pointers=tuple(sorted(standing.pop(registration.release, ()))),
        )
        for place, registration in enumerate(declared)
    ]


def heaviest(move: PointerMove) -> str:
    """Return the hash of the release that most units meet."""
    return max(move.releases, key=move.releases.__getitem__)
