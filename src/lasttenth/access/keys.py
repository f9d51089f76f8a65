"""Keys: found by a public id, proven by a secret, and stored only as the secret's digest under a pepper.

A key reads `lt-<id>-<secret>`. The digest is HMAC-SHA-256: secrets are 256 random bits, so nothing slower is needed.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import re
import tempfile
from pathlib import Path

import msgspec

from lasttenth.records.errors import AuthenticationError, StorageError
from lasttenth.records.hashing import keyed_hash
from lasttenth.records.ids import Clock, Randomness
from lasttenth.storage.ports import KeyRecord, Store
from lasttenth.storage.watch import Kept, Watch

PEPPER_BYTES = 32
_KEY = re.compile(r"lt-([a-z2-7]{16})-([a-z2-7]{52})")


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made, whole: it is shown this once."""

    id: str
    key: str


class Keyring:
    """Make and check keys.

    Args:
        store: where the digests are.
        pepper: the installation's own secret, kept beside the store and never in it.
        watch: notices keys that others revoke, so that those that are used need not be read each time.
    """

    def __init__(
        self, store: Store, *, pepper: bytes, clock: Clock, randomness: Randomness, watch: Watch | None = None
    ) -> None:
        self._store = store
        self._proven: Kept[bytes, KeyRecord] = Kept(watch)
        """By the SHA-256 of the whole key: what was checked once need not be until anything is committed."""
        self._pepper = pepper
        self._clock = clock
        self._randomness = randomness

    async def create(self, name: str, *, project: str) -> NewKey:
        """Make a key for a project."""
        key_id, secret = _letters(self._randomness(10)), _letters(self._randomness(32))
        digest = keyed_hash(self._pepper, secret.encode())
        record = KeyRecord(id=key_id, name=name, project=project, digest=digest, created=self._clock.now())
        await self._store.add_key(record)
        return NewKey(id=key_id, key=f"lt-{key_id}-{secret}")

    async def check(self, key: str) -> KeyRecord:
        """Return the record of a key. Raises AuthenticationError, with the same words whatever is wrong with it."""
        record = await self._proven.get(hashlib.sha256(key.encode()).digest(), lambda: self._prove(key))
        if record is None:
            raise AuthenticationError("The key is not valid.", hint="Make one with: lasttenth key create NAME")
        return record

    async def _prove(self, key: str) -> KeyRecord | None:
        found = _KEY.fullmatch(key.strip())
        record = await self._store.key(found[1]) if found is not None else None
        digest = keyed_hash(self._pepper, found[2].encode() if found is not None else b"")
        stored = record.digest if record is not None else "0" * len(digest)
        if not hmac.compare_digest(digest, stored) or record is None or record.revoked is not None:
            return None
        return record


def read_pepper(path: Path, randomness: Randomness) -> bytes:
    """Return the installation's pepper, which is made on first use. Raises StorageError."""
    try:
        if not path.exists():
            _make_pepper(path, randomness)
        pepper = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be made or read: {error.strerror}.") from error
    if len(pepper) != PEPPER_BYTES:
        raise StorageError(
            f"{path} has {len(pepper)} bytes instead of {PEPPER_BYTES}: it is damaged.",
            hint="Restore it from a backup, or remove it and make new keys.",
        )
    return pepper


def _make_pepper(path: Path, randomness: Randomness) -> None:
    """Put a whole file in place at once: who comes at the same time, or after a crash, never sees a part of it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name) as file:  # for its owner alone to read
        file.write(randomness(PEPPER_BYTES))
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)


def _letters(noise: bytes) -> str:
    return base64.b32encode(noise).decode().rstrip("=").lower()
