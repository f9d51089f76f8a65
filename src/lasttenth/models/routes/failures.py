"""How an attempt failed, and what that means for the next one."""

from typing import Literal, NamedTuple

import msgspec

from lasttenth.records.errors import UpstreamError, UpstreamTimeoutError

Kind = Literal[
    "unreachable", "timeout", "rate_limited", "overloaded", "failed", "refused", "too_long", "unsuited", "invalid"
]

PASSING: frozenset[Kind] = frozenset({"unreachable", "timeout", "rate_limited", "overloaded", "failed"})
"""What may be over in a moment: the same deployment may be asked again, and these count against its health."""
ELSEWHERE: frozenset[Kind] = PASSING | {"refused", "too_long", "unsuited"}
"""What another deployment may do better: one is unsuited for what cannot be said in its protocol, or by its rules. An
invalid request is invalid everywhere."""

_BY_STATUS: dict[int, Kind] = {
    401: "refused",
    402: "refused",
    403: "refused",
    404: "refused",
    408: "timeout",
    413: "too_long",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
_TOO_LONG = ("context_length_exceeded", "context_window_exceeded", "maximum context length", "prompt is too long")
LONGEST_WAIT = 3600.0
"""Seconds. Whoever asks for a longer pause is asked again after this one."""


class Failure(NamedTuple):
    """How an attempt failed; `retry_after` is in seconds, where the provider says when to come back."""

    kind: Kind
    retry_after: float | None = None


class _Error(msgspec.Struct):
    code: object = None
    message: object = None


class _Body(msgspec.Struct):
    error: _Error | None = None


def of_answer(status: int, body: bytes, retry_after: str = "") -> Failure:
    """Return how an answer with an error status failed. Some say the same of too long a prompt with a 400."""
    kind = _BY_STATUS.get(status, "failed" if status >= 500 else "invalid")
    if kind == "invalid" and _is_too_long(body):
        kind = "too_long"
    return Failure(kind, _seconds(retry_after))


def of_error(error: UpstreamError) -> Failure:
    """Return how an attempt failed that came to no answer, or whose answer broke off."""
    if error.upstream_status is not None and error.upstream_status >= 400:
        return of_answer(error.upstream_status, b"")
    return Failure("timeout" if isinstance(error, UpstreamTimeoutError) else "unreachable")


def _is_too_long(body: bytes) -> bool:
    try:
        error = msgspec.json.decode(body, type=_Body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    said = "" if error is None else f"{error.code} {error.message}".lower()
    return any(each in said for each in _TOO_LONG)


def _seconds(retry_after: str) -> float | None:
    """Return the seconds of a `Retry-After`; a date is not read, since clocks differ (RFC 9110, 10.2.3, allows both)."""
    try:
        seconds = float(retry_after)
    except ValueError:
        return None
    return min(seconds, LONGEST_WAIT) if seconds >= 0 else None
