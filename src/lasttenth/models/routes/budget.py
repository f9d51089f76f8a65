"""What a route may do beside its calls: so many at the start, and then a share of them."""


class Budget:
    """Extra calls.

    Args:
        share: of all calls so many may be extra ones.
        first: extra calls that may be made before; no more than these are saved up.
    """

    def __init__(self, *, share: float, first: float) -> None:
        self._share = share
        self._most = first
        self._left = first

    def earn(self) -> None:
        """Take note of a call."""
        self._left = min(self._left + self._share, self._most)

    def spend(self) -> bool:
        """Take an extra call, and tell whether there was one."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
