"""Ids and time: trace ids that sort by time, span ids, and the clock and randomness they are made from.

Trace ids are UUIDv7 (RFC 9562, section 5.7) as 32 hex digits: 48 bits of Unix milliseconds, then randomness.
"""

import os
import time
from typing import Protocol

TRACE_ID_DIGITS = 32
DRAWN_AT_ONCE = 128


class Clock(Protocol):
    """Tell the time. Both readings are in nanoseconds."""

    def now(self) -> int:
        """Return the time since the Unix epoch; it may step when the machine's clock is set."""

    def monotonic(self) -> int:
        """Return a reading that never goes back, for measuring durations."""


class Randomness(Protocol):
    """Give random bytes."""

    def __call__(self, size: int, /) -> bytes:
        """Return `size` random bytes."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Return the Unix time in nanoseconds."""
        return time.time_ns()

    def monotonic(self) -> int:
        """Return the monotonic reading in nanoseconds."""
        return time.perf_counter_ns()


def system_randomness(size: int, /) -> bytes:
    """Return `size` bytes from the operating system's generator."""
    return os.urandom(size)


class DrawnAhead:
    """Randomness that is drawn for many at once, for ids: a system call costs more than making the id. No secrets.

    Args:
        randomness: where it comes from.
    """

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._pieces: dict[int, list[bytes]] = {}

    def __call__(self, size: int, /) -> bytes:
        """Return `size` bytes that nobody else gets, in whichever thread."""
        pieces = self._pieces.setdefault(size, [])
        try:
            return pieces.pop()
        except IndexError:
            drawn = self._randomness(size * DRAWN_AT_ONCE)
            pieces += [drawn[start : start + size] for start in range(size, len(drawn), size)]
            return drawn[:size]


class Ids:
    """Make ids from a clock and randomness that are passed in, so that tests can fix both."""

    def __init__(self, clock: Clock, randomness: Randomness = system_randomness) -> None:
        self._clock = clock
        self._randomness = DrawnAhead(randomness)

    def trace(self) -> str:
        """Return a new UUIDv7 as 32 hex digits; ids of later milliseconds sort after earlier ones."""
        milliseconds = self._clock.now() // 1_000_000
        noise = int.from_bytes(self._randomness(10))
        value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | noise
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return f"{value:032x}"

    def span(self) -> str:
        """Return a new span id as 16 hex digits (W3C Trace Context: random, not all zero)."""
        return self._randomness(8).hex()


def is_trace_id(text: str) -> bool:
    """Tell whether the text is a valid W3C trace id: 32 lower-case hex digits, not all zero."""
    return len(text) == TRACE_ID_DIGITS and not set(text) - set("0123456789abcdef") and set(text) != {"0"}


def trace_id_of_traceparent(header: str) -> str | None:
    """Return the trace id of a W3C `traceparent` header, or None where the header is malformed."""
    parts = header.strip().split("-")
    if len(parts) < 4 or len(parts[0]) != 2 or parts[0] == "ff" or not is_trace_id(parts[1]):
        return None
    return parts[1]
