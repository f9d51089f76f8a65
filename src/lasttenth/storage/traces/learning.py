"""When a project gets a new dictionary, and what it is trained on: spans from all times and series.

What must be shared is counted by whom the spans were for. Where nobody was named, all spans of a day count as one: a
conversation that is sent again with every turn is still the words of one person.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from lasttenth.records.ids import Clock
from lasttenth.records.totals import DAY, HOUR
from lasttenth.storage.engine import Engine
from lasttenth.storage.traces.bodies import Packer
from lasttenth.storage.traces.dictionaries import Dictionaries
from lasttenth.storage.traces.rows import SpanRows
from lasttenth.storage.traces.training import train

FIRST_AT = 1000
"""Spans from which a first dictionary is trained."""
GROWTH = 4
"""How many times as many spans there must be before the next one."""
SAMPLES = 1500
LONGEST = 16 * 1024
"""Bytes of a sample that are looked at."""
BYTES = 4 * 2**20
"""Bytes of all samples, at most: each takes five more while they are compared."""
MOST_OF_ONE = 100
"""Samples of one unit or day."""

_CELLS = "SELECT hour, series, SUM(spans) FROM rollups WHERE project = ? GROUP BY hour, series ORDER BY hour, series"
_NEXT = (
    "SELECT start, unit, dictionary, payload FROM spans "
    "WHERE project = ? AND series = ? AND start >= ? ORDER BY start LIMIT 1"
)


class Learner:
    """Train dictionaries for one project."""

    def __init__(self, engine: Engine, dictionaries: Dictionaries, rows: SpanRows, clock: Clock) -> None:
        self._engine = engine
        self._dictionaries = dictionaries
        self._rows = rows
        self._clock = clock
        self._tried_at = 0

    async def learn(self) -> bool:
        """Train if it is time to, and tell whether there is a new dictionary."""
        spans, before = await self._engine.read(self._counted)
        if spans < max(FIRST_AT, GROWTH * max(before, self._tried_at)):
            return False
        self._tried_at = spans
        number, packer, samples = await self._engine.read(self._sampled)
        body = await asyncio.to_thread(train, samples, packer)
        if body is None:
            return False
        now = self._clock.now()
        await self._engine.write(
            lambda connection: self._dictionaries.add(connection, body, after=number, spans=spans, now=now)
        )
        await self._engine.read(self._dictionaries.refresh)
        return True

    def _cells(self, connection: Connection) -> Sequence[tuple[int, int, int]]:
        return self._rows.fetch(connection, _CELLS, (self._dictionaries.project,))

    def _counted(self, connection: Connection) -> tuple[int, int]:
        spans = sum(int(count) for _, _, count in self._cells(connection))
        return spans, self._dictionaries.trained_on(connection)

    def _sampled(self, connection: Connection) -> tuple[int, Packer, list[list[bytes]]]:
        """Return packed bodies from random times, by whom they were for; where spans are dense, more of them.

        Of long payloads they hold what is left after the blocks.
        """
        cells = self._cells(connection)
        weights = [int(count) for _, _, count in cells]
        chosen = random.Random(len(cells))  # noqa: S311 - nothing secret
        samples: defaultdict[str | int, set[bytes]] = defaultdict(set)
        room = BYTES
        for hour, series, _ in chosen.choices(cells, weights, k=SAMPLES):
            start = hour * HOUR + chosen.randrange(HOUR)
            for found in self._rows.fetch(connection, _NEXT, (self._dictionaries.project, series, start)):
                begin, unit, number, payload = found
                body = self._dictionaries.packer(connection, number).unpack(bytes(payload))
                is_named = body.unit_source not in {"random", "key"}
                theirs = samples[unit if is_named else begin // DAY]
                if len(theirs) < MOST_OF_ONE and room > 0:
                    sample = msgspec.msgpack.encode(body)[:LONGEST]
                    theirs.add(sample)
                    room -= len(sample)
        number, packer = self._dictionaries.latest(connection)
        return number, packer, [sorted(each) for each in samples.values()]
