"""What an upstream says in each protocol: a good answer, whole and as a stream, and an error: one entry each."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lasttenth.models.port import ProtocolName

INPUT, OUTPUT = 1234, 567
"""Tokens that a good answer reports. No other number in it looks like these."""
FIRST, SECOND = "Hel", "lo."
"""What a stream says, in two pieces."""
HELLO = FIRST + SECOND
ASKED = "Hello?"


class Dialect(NamedTuple):
    """One protocol, as an upstream speaks it."""

    name: ProtocolName
    model: str
    """A model of it that has a price."""
    path: str
    """Where it is asked; `{model}` and `{method}` stand for those that a path names."""
    mark: str
    """What stands in its paths, and in no other's."""
    whole: Mapping[str, Any]
    """A whole reply."""
    content: str
    """The field of it that holds what is said."""
    opening: bytes
    """The events of a stream before its content."""
    pieces: tuple[bytes, bytes]
    """The events that say something."""
    closing: bytes
    """The events that say why it ends, and what it consumed."""
    last: bytes
    """The event that ends it."""
    hollow: bytes
    """An event whose content is null."""
    error: bytes
    """An error, as JSON."""
    asks: Callable[[str], dict[str, Any]]
    """Return what a request holds that says something beside its question."""
    begun: tuple[int, int] | None = None
    """Input and output that are reported before the content; None where nothing is."""

    def request(self, model: str, *, stream: bool, said: str) -> tuple[str, bytes]:
        """Return the path and the body of a request that says something beside its question."""
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        named = {} if "{model}" in self.path else {"model": model, "stream": stream}
        return self.path.format(model=model, method=method), json.dumps({**named, **self.asks(said)}).encode()

    @property
    def body(self) -> bytes:
        """Return a whole reply as JSON."""
        return json.dumps(self.whole).encode()

    @property
    def events(self) -> tuple[bytes, ...]:
        """Return a whole stream."""
        return self.opening, *self.pieces, self.closing, self.last

    @property
    def error_event(self) -> bytes:
        """Return an error as an event of a stream."""
        return b"event: error\ndata: " + self.error + b"\n\n"


def events(*contents: Mapping[str, Any], named: bool = False) -> bytes:
    """Return events, under their type where the protocol names them."""
    names = [f"event: {content['type']}\n" if named else "" for content in contents]
    return "".join(f"{n}data: {json.dumps(c)}\n\n" for n, c in zip(names, contents, strict=True)).encode()


def has_content(answer: bytes) -> bool:
    """Tell whether an answer, whole or a stream, says all that a good one says."""
    return 0 <= answer.find(FIRST.encode()) < answer.rfind(SECOND.encode())


def unused(text: bytes) -> bytes:
    """Return an answer that reports no usage."""
    return re.sub(rb'"usage\w*"', b'"unused"', text)


def _messages(said: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text} for text in (ASKED, said)], "max_tokens": 99}


def _chunk(delta: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-wall", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


_USAGE = {"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT}
OPENAI = Dialect(
    name="openai",
    model="gpt-5-mini",
    path="/v1/chat/completions",
    mark="/chat/completions",
    whole={
        "id": "chatcmpl-wall",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": HELLO}, "finish_reason": "stop"}],
        "usage": _USAGE,
    },
    content="choices",
    opening=events(_chunk({"role": "assistant", "content": ""})),
    pieces=(events(_chunk({"content": FIRST})), events(_chunk({"content": SECOND}))),
    closing=events(_chunk({}, "stop"), {**_chunk({}), "choices": [], "usage": _USAGE}),
    last=b"data: [DONE]\n\n",
    hollow=events({**_chunk({}), "choices": None}),
    error=b'{"error":{"message":"The wall.","type":"server_error","param":null,"code":"wall"}}',
    asks=_messages,
)


def _said(text: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}


_MESSAGE = {"id": "msg_wall", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
ANTHROPIC = Dialect(
    name="anthropic",
    model="claude-sonnet-4-5",
    path="/v1/messages",
    mark="/messages",
    whole={
        **_MESSAGE,
        "content": [{"type": "text", "text": HELLO}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": INPUT, "output_tokens": OUTPUT},
    },
    content="content",
    opening=events(
        {
            "type": "message_start",
            "message": {
                **_MESSAGE,
                "content": [],
                "stop_reason": None,
                "usage": {"input_tokens": INPUT, "output_tokens": 1},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        named=True,
    ),
    pieces=(events(_said(FIRST), named=True), events(_said(SECOND), named=True)),
    closing=events(
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": OUTPUT}},
        named=True,
    ),
    last=events({"type": "message_stop"}, named=True),
    hollow=events({"type": "content_block_delta", "index": 0, "delta": None}, named=True),
    error=b'{"type":"error","error":{"type":"api_error","message":"The wall."},"request_id":"req_wall"}',
    asks=_messages,
    begun=(INPUT, 1),
)


def _contents(said: str) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]} for text in (ASKED, said)]}


def _candidate(text: str, reason: str | None = None, output: int = 0) -> dict[str, Any]:
    candidate = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
    counts = {"promptTokenCount": INPUT, "candidatesTokenCount": output, "totalTokenCount": INPUT + output}
    finished = {"finishReason": reason} if reason else {}
    return {"candidates": [{**candidate, **finished}], "usageMetadata": counts, "modelVersion": "m"}


GEMINI = Dialect(
    name="gemini",
    model="gemini-2.5-flash",
    path="/v1beta/models/{model}:{method}",
    mark="/models/",
    whole=_candidate(HELLO, "STOP", OUTPUT),
    content="candidates",
    opening=events({**_candidate(""), "candidates": []}),
    pieces=(events(_candidate(FIRST)), events(_candidate(SECOND))),
    closing=events(_candidate("", "STOP", OUTPUT)),
    last=b"",
    hollow=events({"candidates": None}),
    error=b'{"error":{"code":500,"message":"The wall.","status":"INTERNAL"}}',
    asks=_contents,
    begun=(INPUT, 0),
)

DIALECTS = (OPENAI, ANTHROPIC, GEMINI)
