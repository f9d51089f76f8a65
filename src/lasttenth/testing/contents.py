"""What a scripted upstream answers in Gemini's shape: what a model generates, its streams, and errors."""

from collections.abc import Mapping
from typing import Any

import msgspec

from lasttenth.models.bodies import EVENT_STREAM
from lasttenth.testing.answers import Ending, Gate, UpstreamAnswer

_USAGE = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
_HEAD = {"modelVersion": "upstream", "responseId": "upstream"}


def content(
    *parts: str | Mapping[str, Any], usage: Mapping[str, Any] | None = None, finish_reason: str = "STOP"
) -> UpstreamAnswer:
    """Return a whole answer; a text is a part with a text."""
    return UpstreamAnswer(body=(msgspec.json.encode(_said(parts, usage or _USAGE, finish_reason)),))


def content_stream(
    *pieces: str | Mapping[str, Any] | Gate | bytes,
    usage: Mapping[str, Any] | None = None,
    ending: Ending = "end",
    finished: bool = True,
    finish_reason: str = "STOP",
) -> UpstreamAnswer:
    """Return the stream of an answer: texts and parts become events, bytes are sent as they are, gates wait.

    Args:
        pieces: what the stream says, in order.
        usage: each event reports the prompt of it, the last one all.
        ending: what comes after the last piece.
        finished: False leaves out the last event, which says why the answer ends.
        finish_reason: why it ends.
    """
    counts = usage or _USAGE
    prompt = {name: counts[name] for name in ("promptTokenCount",) if name in counts}
    events: list[bytes | Gate] = [
        piece if isinstance(piece, bytes | Gate) else content_event(**_said((piece,), prompt)) for piece in pieces
    ]
    if finished:
        events.append(content_event(**_said(("",), counts, finish_reason)))
    return UpstreamAnswer(media_type=EVENT_STREAM, body=tuple(events), ending=ending)


def content_event(**fields: object) -> bytes:
    """Return one event of a stream."""
    return b"data: " + msgspec.json.encode(fields) + b"\n\n"


def content_failure(status: int, name: str, text: str, *, headers: Mapping[str, str] | None = None) -> UpstreamAnswer:
    """Return an error; `name` is its status, such as `RESOURCE_EXHAUSTED`."""
    body = {"error": {"code": status, "message": text, "status": name}}
    return UpstreamAnswer(status=status, headers=headers or {}, body=(msgspec.json.encode(body),))


def _said(
    parts: tuple[str | Mapping[str, Any], ...], usage: Mapping[str, Any], finish_reason: str = ""
) -> dict[str, Any]:
    said = [{"text": part} if isinstance(part, str) else part for part in parts]
    reason = {"finishReason": finish_reason} if finish_reason else {}
    candidate = {"content": {"parts": said, "role": "model"}, **reason, "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, **_HEAD}
