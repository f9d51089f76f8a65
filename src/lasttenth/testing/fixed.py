"""Time and randomness that a test decides."""

import hashlib


class FixedClock:
    """A clock that stands until it is told to move on. It is a `Clock`; both of its readings move together.

    Args:
        now: nanoseconds since the Unix epoch.

    Example:
        >>> clock = FixedClock(1_000)
        >>> clock.advance(5)
        >>> clock.now(), clock.monotonic()
        (1005, 5)
    """

    def __init__(self, now: int = 1_800_000_000_000_000_000) -> None:
        self._start = now
        self._passed = 0

    def now(self) -> int:
        """Return the time since the Unix epoch in nanoseconds."""
        return self._start + self._passed

    def monotonic(self) -> int:
        """Return the nanoseconds that have passed since the clock was made."""
        return self._passed

    def advance(self, nanoseconds: int) -> None:
        """Let time pass."""
        self._passed += nanoseconds


class FixedRandomness:
    """Randomness that is the same in every run: the SHA-256 of a seed and a counter. It is a `Randomness`.

    Example:
        >>> FixedRandomness(7)(4) == FixedRandomness(7)(4)
        True
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, size: int, /) -> bytes:
        """Return `size` bytes, other ones on every call."""
        found = b""
        while len(found) < size:
            found += hashlib.sha256(f"{self._seed}/{self._count}".encode()).digest()
            self._count += 1
        return found[:size]
