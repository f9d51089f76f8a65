"""Totals: what many spans came to, by hour, model, task or whom they were for."""

from typing import Literal, get_args

import msgspec

HOUR = 3600 * 10**9
DAY = 24 * HOUR

Label = Literal["operation", "model", "task", "release", "environment", "pointer"]
"""What spans can be grouped by besides time. A span without one has the empty string."""

LABELS: tuple[Label, ...] = get_args(Label)

Period = Literal["hour", "day"]

Payer = Literal["unit", "key"]
"""Whom requests were for: what they named, or the key that they came with."""


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """How durations were distributed, in nanoseconds, each within 1 % of the true value."""

    p50: int
    p90: int
    p95: int
    p99: int


class Total(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the spans of one group came to. `start` is the beginning of its period in Unix nanoseconds."""

    start: int = 0
    labels: dict[str, str] = {}
    spans: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost: int
    """Nano-dollars, of the spans whose price is known."""
    unpriced: int
    """Spans that consumed tokens whose price is not known."""
    duration: Quantiles
    first_token: Quantiles | None = None


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit or key came to."""

    name: str
    spans: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost: int
    """Nano-dollars, of the spans whose price is known."""
    unpriced: int
    """Spans that consumed tokens whose price is not known."""


class SearchLag(msgspec.Struct, frozen=True, kw_only=True):
    """What full-text search does not find yet: how many spans, and since when the oldest waits (Unix nanoseconds)."""

    spans: int
    since: int | None = None
