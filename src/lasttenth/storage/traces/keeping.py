"""The blocks of one project in their table: kept as long as a span uses them.

Nothing is remembered about what is stored: another process may have removed it. Each transaction looks, and where others
write beside it, holds what it found: a block that is used anew is not removed before the transaction ends. Who removes
blocks first waits for those who hold them, and only then asks whether they are used.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from lasttenth.records.errors import StorageError
from lasttenth.records.traces import Payload
from lasttenth.storage.traces import blocks
from lasttenth.storage.traces.blocks import Block, Chain
from lasttenth.storage.traces.bodies import Body
from lasttenth.storage.traces.rows import SpanKey, SpanRows
from lasttenth.storage.traces.texts import Said

ATTEMPTS = 10
AT_ONCE = 500
"""Hashes in one question."""

_IS = "project = ? AND start = ? AND hash = ?"
_STANDING = "SELECT hash FROM blocks WHERE project = ? AND start = ? AND hash IN ({}) ORDER BY hash {}"
_BODIES = "SELECT hash, body FROM blocks WHERE project = ? AND start = ? AND hash IN (?, ?)"
_ADD = "INSERT INTO blocks (project, start, hash, parent, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_USE = "INSERT INTO block_uses (project, start, hash, trace_id, span_id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_RELEASE = f"DELETE FROM block_uses WHERE {_IS} AND trace_id = ? AND span_id = ?"  # noqa: S608 - our own words
_WALK = """
WITH RECURSIVE chain (hash, parent, place) AS (
    SELECT hash, parent, 0 FROM blocks WHERE project = ? AND start = ? AND hash = ?
    UNION ALL SELECT b.hash, b.parent, c.place + 1 FROM chain c
    JOIN blocks b ON b.project = ? AND b.start = ? AND b.hash = c.parent
) SELECT c.hash{} FROM chain c{} ORDER BY c.place{}
"""
_HASHES = _WALK.format("", "", "")
_WHOLE = _WALK.format(", b.body", " JOIN blocks b ON b.project = ? AND b.start = ? AND b.hash = c.hash", " DESC")
_REMOVE = f"""
DELETE FROM blocks WHERE {_IS}
AND NOT EXISTS (SELECT 1 FROM block_uses u WHERE u.project = ? AND u.start = ? AND u.hash = ?)
AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.project = ? AND b.start = ? AND b.parent = ?)
"""  # noqa: S608 - our own words


class Use(NamedTuple):
    """A span whose payload begins with a chain of blocks."""

    chain: Chain
    span: SpanKey


class KeptBlocks:
    """The blocks of one project."""

    def __init__(self, rows: SpanRows, project: str) -> None:
        self._rows = rows
        self._project = project

    def keep(self, connection: Connection, blocks_of: Mapping[Use, Sequence[Block]]) -> None:
        """Store the blocks of payloads that are not there yet, for spans that this transaction stores."""
        days: dict[int, list[Sequence[Block]]] = {}
        for use, chain in blocks_of.items():
            days.setdefault(use.chain.start, []).append(chain)
        for start, chains in sorted(days.items()):
            self._ensure(connection, start, chains)
        self._rows.run(connection, _USE, self._uses(blocks_of))

    def restored(self, connection: Connection, body: Body) -> Body:
        """Return a body with whole payloads. Raises StorageError where a block is missing or damaged."""
        if body.long is None:
            return body
        said = self._joined(connection, body.input, body.long.input)
        answered = self._joined(connection, body.output, body.long.output)
        return msgspec.structs.replace(body, input=said, output=answered)

    def said(self, connection: Connection, body: Body) -> list[Said]:
        """Return what the text of a span is made from. Raises StorageError where a block is missing or damaged."""
        payloads = zip((body.input, body.output), body.chains, strict=True)
        return [self._said(connection, payload, chain) for payload, chain in payloads if payload is not None]

    def release(self, connection: Connection, uses: Sequence[Use]) -> None:
        """Let blocks go that were kept for spans; those that nobody else uses are removed for good."""
        if not uses:
            return
        days: dict[int, dict[bytes, int]] = {}
        for chain in {(use.chain.start, use.chain.last): use.chain for use in uses}.values():
            days.setdefault(chain.start, {}).update(self._places(connection, chain))
        self._rows.run(connection, _RELEASE, self._uses(uses))
        for start, places in sorted(days.items()):
            if self._rows.locking:
                self._standing(connection, start, places, self._rows.locking)
            # A block comes after those that it was the parent of.
            names = sorted(places, key=places.__getitem__, reverse=True)
            self._rows.run(connection, _REMOVE, [3 * (self._project, start, name) for name in names])

    def _joined(self, connection: Connection, payload: Payload | None, chain: Chain | None) -> Payload | None:
        if payload is None or chain is None:
            return payload
        return msgspec.structs.replace(payload, body=self._whole(connection, chain) + payload.body)

    def _said(self, connection: Connection, payload: Payload, chain: Chain | None) -> Said:
        if chain is None:
            return Said(payload.media_type, payload.body)
        first, last = self._ends(connection, chain)
        return Said(payload.media_type, first, last + payload.body)

    def _whole(self, connection: Connection, chain: Chain) -> bytes:
        day = (self._project, chain.start)
        rows = self._rows.fetch(connection, _WHOLE, (*day, chain.last, *day, *day))
        found = b"".join(blocks.unpack(bytes(body)) for _, body in rows)
        if len(found) != chain.size:
            raise _missing(self._project)
        return found

    def _ends(self, connection: Connection, chain: Chain) -> tuple[bytes, bytes]:
        """Return the first block of a chain and the last one, of which all between has no part in the text."""
        parameters = (self._project, chain.start, chain.first, chain.last)
        found = {bytes(name): bytes(body) for name, body in self._rows.fetch(connection, _BODIES, parameters)}
        if chain.first not in found or chain.last not in found:
            raise _missing(self._project)
        return blocks.unpack(found[chain.first]), blocks.unpack(found[chain.last])

    def _places(self, connection: Connection, chain: Chain) -> dict[bytes, int]:
        """Return the blocks of a chain, and how many there are up to each."""
        day = (self._project, chain.start)
        rows = self._rows.fetch(connection, _HASHES, (*day, chain.last, *day))
        return {bytes(name): len(rows) - place for place, (name,) in enumerate(rows)}

    def _ensure(self, connection: Connection, start: int, chains: Sequence[Sequence[Block]]) -> None:
        wanted = {block.hash: block for chain in chains for block in chain}
        for _ in range(ATTEMPTS):
            missing = wanted.keys() - self._standing(connection, start, wanted)
            rows = [
                (self._project, start, block.hash, block.parent, blocks.pack(block.plain))
                for block in wanted.values()
                if block.hash in missing
            ]
            self._rows.run(connection, _ADD, rows)
            ends = {chain[-1].hash for chain in chains} | {wanted[name].parent or name for name in missing}
            needed = missing | ends
            if not self._rows.sharing or needed == self._standing(connection, start, needed, self._rows.sharing):
                return
        raise StorageError(
            "Blocks of a payload were removed again and again while they were stored.", hint="Try again."
        )

    def _standing(self, connection: Connection, start: int, names: Iterable[bytes], lock: str = "") -> set[bytes]:
        """Return which blocks there are, in one order, so that those who lock them do not wait in a circle."""
        asked = sorted(names)
        found: set[bytes] = set()
        for at in range(0, len(asked), AT_ONCE):
            some = asked[at : at + AT_ONCE]
            statement = _STANDING.format(", ".join("?" * len(some)), lock)
            rows = self._rows.fetch(connection, statement, (self._project, start, *some))
            found.update(bytes(name) for (name,) in rows)
        return found

    def _uses(self, uses: Iterable[Use]) -> list[tuple[object, ...]]:
        return [(self._project, use.chain.start, use.chain.last, *use.span) for use in uses]


def _missing(project: str) -> StorageError:
    return StorageError(f"A block of a payload of project {project} is missing.", hint="Restore it from a backup.")
