"""What a scripted upstream answers in Anthropic's shape: messages, their streams, and errors."""

from collections.abc import Mapping
from typing import Any

import msgspec

from lasttenth.models.bodies import EVENT_STREAM
from lasttenth.testing.answers import Ending, Gate, UpstreamAnswer

_USAGE = {"input_tokens": 11, "output_tokens": 7}
_HEAD = {"id": "msg_upstream", "type": "message", "role": "assistant", "model": "upstream"}


def message(
    *blocks: str | Mapping[str, Any], usage: Mapping[str, Any] | None = None, stop_reason: str = "end_turn"
) -> UpstreamAnswer:
    """Return a whole message; a text is a block of text."""
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    fields = {"content": content, "stop_reason": stop_reason, "stop_sequence": None, "usage": usage or _USAGE}
    return UpstreamAnswer(body=(msgspec.json.encode({**_HEAD, **fields}),))


def message_stream(
    *pieces: str | Gate | bytes,
    usage: Mapping[str, Any] | None = None,
    ending: Ending = "end",
    finished: bool = True,
    stop_reason: str = "end_turn",
) -> UpstreamAnswer:
    """Return the stream of a message: texts become pieces of one block of text, bytes are sent as they are, gates wait.

    Args:
        pieces: what the stream says, in order.
        usage: reported as the stream begins, with one token of output, and as it ends.
        ending: what comes after the last piece.
        finished: False leaves out the end of the block and of the message.
        stop_reason: why the message ends.
    """
    counts = usage or _USAGE
    head: dict[str, Any] = {
        **_HEAD,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**counts, "output_tokens": 1},
    }
    events: list[bytes | Gate] = [message_event("message_start", message=head)]
    has_texts = any(isinstance(piece, str) for piece in pieces)
    if has_texts:
        events.append(message_event("content_block_start", index=0, content_block={"type": "text", "text": ""}))
        events.append(message_event("ping"))
    events += [_piece(piece) if isinstance(piece, str) else piece for piece in pieces]
    if finished:
        events += [message_event("content_block_stop", index=0)] if has_texts else []
        delta = {"stop_reason": stop_reason, "stop_sequence": None}
        events.append(message_event("message_delta", delta=delta, usage=counts))
        events.append(message_event("message_stop"))
    return UpstreamAnswer(media_type=EVENT_STREAM, body=tuple(events), ending=ending)


def message_event(kind: str, **fields: object) -> bytes:
    """Return one event of a stream."""
    return f"event: {kind}\ndata: ".encode() + msgspec.json.encode({"type": kind, **fields}) + b"\n\n"


def message_failure(status: int, kind: str, text: str, *, headers: Mapping[str, str] | None = None) -> UpstreamAnswer:
    """Return an error; `kind` is its type, such as `overloaded_error`."""
    body = {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_upstream"}
    return UpstreamAnswer(status=status, headers=headers or {}, body=(msgspec.json.encode(body),))


def _piece(text: str) -> bytes:
    return message_event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
