"""What a scripted upstream answers in the shape of OpenAI's Responses: responses, and their streams."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lasttenth.models.bodies import EVENT_STREAM
from lasttenth.testing.answers import Ending, Gate, UpstreamAnswer

_USAGE = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}


def response(
    *items: str | Mapping[str, Any], usage: Mapping[str, Any] | None = None, status: str = "completed"
) -> UpstreamAnswer:
    """Return a whole response; a text is an item that is a message with that text."""
    return UpstreamAnswer(body=(msgspec.json.encode(_response(_items(items), status, usage or _USAGE)),))


def response_stream(
    *pieces: str | Gate | bytes,
    usage: Mapping[str, Any] | None = None,
    ending: Ending = "end",
    finished: bool = True,
) -> UpstreamAnswer:
    """Return the stream of a response: texts become pieces of one message, bytes are sent as they are, gates wait.

    Args:
        pieces: what the stream says, in order.
        usage: reported in the last event.
        ending: what comes after the last piece.
        finished: False leaves out what ends the message and the response.
    """
    place = {"item_id": "msg_upstream", "output_index": 0, "content_index": 0}
    (message,) = _items(["".join(piece for piece in pieces if isinstance(piece, str))])
    empty = {"type": "output_text", "text": "", "annotations": []}
    events: list[bytes | Gate] = [
        response_event("response.created", response=_response([], "in_progress", None)),
        response_event("response.output_item.added", output_index=0, item={**message, "content": []}),
        response_event("response.content_part.added", **place, part=empty),
    ]
    events += [
        response_event("response.output_text.delta", **place, delta=piece) if isinstance(piece, str) else piece
        for piece in pieces
    ]
    if finished:
        events.append(response_event("response.output_item.done", output_index=0, item=message))
        whole = _response([message], "completed", usage or _USAGE)
        events.append(response_event("response.completed", response=whole))
    return UpstreamAnswer(media_type=EVENT_STREAM, body=tuple(events), ending=ending)


def response_event(kind: str, **fields: object) -> bytes:
    """Return one event of a stream."""
    return f"event: {kind}\ndata: ".encode() + msgspec.json.encode({"type": kind, **fields}) + b"\n\n"


def _items(items: Sequence[str | Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [_message(item) if isinstance(item, str) else item for item in items]


def _message(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": "msg_upstream", "type": "message", "status": "completed", "role": "assistant", "content": content}


def _response(items: Sequence[Mapping[str, Any]], status: str, usage: Mapping[str, Any] | None) -> dict[str, Any]:
    head = {"id": "resp_upstream", "object": "response", "created_at": 1, "model": "upstream", "status": status}
    return {**head, "error": None, "incomplete_details": None, "output": items, "usage": usage}
