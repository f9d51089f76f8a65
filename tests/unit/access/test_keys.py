"""Keys: shown once, stored as a digest, and wrong in the same words whatever is wrong."""

import asyncio
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
from tests.conftest import with_sqlite

from lasttenth.access.keys import Keyring, read_pepper
from lasttenth.records.errors import AuthenticationError, StorageError
from lasttenth.records.ids import SystemClock, system_randomness
from lasttenth.storage.ports import Store
from lasttenth.storage.watch import Watch
from lasttenth.testing import FixedClock

T = TypeVar("T")


def with_keyring(folder: Path, work: Callable[[Keyring, Store], Awaitable[T]]) -> T:
    """Run work with a keyring over a fresh store."""

    async def opened(store: Store) -> T:
        keyring = Keyring(store, pepper=b"p" * 32, clock=SystemClock(), randomness=system_randomness)
        return await work(keyring, store)

    return asyncio.run(with_sqlite(folder, opened))


def test_key_opens_its_project(tmp_path: Path) -> None:
    async def work(keyring: Keyring, _store: Store) -> str:
        key = await keyring.create("ci", project="shop")
        return (await keyring.check(key.key)).project

    assert with_keyring(tmp_path, work) == "shop"


def test_key_that_somebody_else_revokes_is_refused_once_that_is_noticed(tmp_path: Path) -> None:
    async def work(_keyring: Keyring, store: Store) -> list[bool]:
        watch = Watch(store.version, FixedClock())
        keyring = Keyring(store, pepper=b"p" * 32, clock=SystemClock(), randomness=system_randomness, watch=watch)
        key = await keyring.create("ci", project="shop")
        await watch._look()
        accepted = [await is_accepted(keyring, key.key)]
        with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
            connection.execute("UPDATE keys SET revoked = 1")
        await watch._look()
        return [*accepted, await is_accepted(keyring, key.key)]

    assert with_keyring(tmp_path, work) == [True, False]


async def is_accepted(keyring: Keyring, key: str) -> bool:
    """Tell whether a key opens anything."""
    try:
        await keyring.check(key)
    except AuthenticationError:
        return False
    return True


def test_nothing_of_the_secret_is_stored(tmp_path: Path) -> None:
    async def work(keyring: Keyring, _store: Store) -> str:
        return (await keyring.create("ci", project="shop")).key

    secret = with_keyring(tmp_path, work).rsplit("-", 1)[1]

    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_every_wrong_key_is_refused_in_the_same_words(tmp_path: Path) -> None:
    async def work(keyring: Keyring, _store: Store) -> set[str]:
        good = (await keyring.create("ci", project="shop")).key
        last = "a" if good[-1] != "a" else "b"
        wrong = ["", "lt-", good[:-1], good[:-1] + last, good.upper(), f"lt-{'a' * 16}-{'a' * 52}", "sk-something"]
        said = set()
        for key in wrong:
            with pytest.raises(AuthenticationError) as caught:
                await keyring.check(key)
            said.add(str(caught.value))
        return said

    assert len(with_keyring(tmp_path, work)) == 1


def test_key_made_under_another_pepper_is_refused(tmp_path: Path) -> None:
    async def work(keyring: Keyring, store: Store) -> None:
        key = await keyring.create("ci", project="shop")
        other = Keyring(store, pepper=b"q" * 32, clock=SystemClock(), randomness=system_randomness)
        await other.check(key.key)

    with pytest.raises(AuthenticationError):
        with_keyring(tmp_path, work)


def test_pepper_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "pepper"

    first, second = read_pepper(path, system_randomness), read_pepper(path, system_randomness)

    assert first == second
    assert len(first) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_pepper_that_is_damaged_is_refused_and_never_used(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pepper"
    path.write_bytes(content)

    with pytest.raises(StorageError, match="damaged"):
        read_pepper(path, system_randomness)


def test_all_who_come_at_once_have_one_pepper(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    found: list[bytes] = []

    def slow(size: int) -> bytes:
        found.append(read_pepper(path, system_randomness))
        return system_randomness(size)

    found.append(read_pepper(path, slow))

    assert found[0] == found[1] == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["pepper"]
