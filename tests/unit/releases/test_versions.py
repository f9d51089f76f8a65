"""Versions: declarations that are numbered, and the pointers that stand on them."""

from collections.abc import Mapping

from lasttenth.records.events import PointerMove, Registration
from lasttenth.releases.versions import versions


def declared(*releases: str) -> list[Registration]:
    """Return declarations, the newest first."""
    return [
        Registration(id=str(at), at=at, task="t", declaration="d", release=release, actor="a")
        for at, release in enumerate(releases)
    ]


def moved(pointer: str, releases: Mapping[str, float]) -> PointerMove:
    """Return a move."""
    return PointerMove(id=pointer, at=1, task="t", pointer=pointer, releases=dict(releases), actor="a")


def test_the_oldest_declaration_is_version_one() -> None:
    assert [(each.number, each.registration.release) for each in versions(declared("c", "b", "a"), [])] == [
        (3, "c"),
        (2, "b"),
        (1, "a"),
    ]


def test_of_versions_with_one_release_the_newest_has_its_pointers() -> None:
    found = versions(declared("a", "b", "a"), [moved("production", {"a": 1}), moved("canary", {"a": 1})])

    assert [each.pointers for each in found] == [("canary", "production"), (), ()]


def test_pointer_on_several_releases_is_that_of_the_one_with_most_weight() -> None:
    found = versions(declared("a", "b"), [moved("production", {"a": 1, "b": 9})])

    assert [each.pointers for each in found] == [(), ("production",)]


def test_pointer_on_a_release_that_nobody_declared_is_of_no_version() -> None:
    assert [each.pointers for each in versions(declared("a"), [moved("production", {"b": 1})])] == [()]
