"""Exact money: whole nano-dollars (10^-9 US dollars) in a 64-bit integer, enough for 9.2 billion dollars.

A price may be finer than a nano-dollar per token, so a cost is summed as an exact fraction and rounded once.
"""

from decimal import ROUND_HALF_EVEN, Decimal

NANOS_PER_DOLLAR = 1_000_000_000


def nanos(dollars: Decimal) -> int:
    """Return an amount in nano-dollars, rounded half to even."""
    return int((dollars * NANOS_PER_DOLLAR).to_integral_value(ROUND_HALF_EVEN))


def dollars(amount: int) -> Decimal:
    """Return nano-dollars as an exact decimal number of dollars."""
    return Decimal(amount).scaleb(-9)


def format_dollars(amount: int | None) -> str:
    """Return an amount for people: at least four decimals, more for tiny amounts; an unknown price is a question mark."""
    if amount is None:
        return "$?"
    value = dollars(amount)
    if 0 < abs(value) < Decimal("0.0001"):
        return f"${value.normalize():f}"
    return f"${value:.4f}"
