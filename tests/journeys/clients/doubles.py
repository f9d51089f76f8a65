"""Providers of three protocols that say the same, what frameworks ask of them, and what Lasttenth has recorded of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import BaseModel

from lasttenth.models import openai
from lasttenth.records.usage import Usage
from lasttenth.testing import (
    RunningServer,
    Upstream,
    UpstreamAnswer,
    completion,
    content,
    content_failure,
    content_stream,
    eventually,
    failure,
    message,
    message_event,
    message_failure,
    message_stream,
    streamed,
)

CITY = {"city": "Bern"}
CITY_TEXT = '{"city":"Bern"}'
STRANGER = f"lt-{'a' * 16}-{'b' * 52}"
HEAD = openai.ReplyHead(id="chatcmpl-1", created=1, model="upstream")
USAGE = Usage(input_tokens=11, output_tokens=7)
BITS = ("Bit ", "by ", "bit.")


class Place(BaseModel):
    """Where it is."""

    city: str


def weather(city: str) -> str:
    """Say the weather."""
    return f"Sunny in {city}."


class Double(NamedTuple):
    """What a provider of one protocol says."""

    provider: str
    whole: Callable[[str], UpstreamAnswer]
    stream: Callable[..., UpstreamAnswer]
    call: Callable[[str], UpstreamAnswer]
    """A call of the tool that is named, with `CITY`."""
    call_stream: Callable[[str], UpstreamAnswer]
    refusal: UpstreamAnswer


def _openais_call(name: str) -> Any:
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": CITY_TEXT}}


def _openais(name: str) -> UpstreamAnswer:
    said = openai.Answer(text="", tool_calls=[_openais_call(name)])
    return UpstreamAnswer(body=(openai.completion(HEAD, said, usage=USAGE, reason="tool_calls"),))


def _openais_stream(name: str) -> UpstreamAnswer:
    return streamed(openai.delta(HEAD, {"tool_calls": [{"index": 0, **_openais_call(name)}]}))


def _anthropics(name: str) -> UpstreamAnswer:
    return message({"type": "tool_use", "id": "toolu_1", "name": name, "input": CITY}, stop_reason="tool_use")


def _anthropics_stream(name: str) -> UpstreamAnswer:
    block = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
    delta = {"type": "input_json_delta", "partial_json": CITY_TEXT}
    return message_stream(
        message_event("content_block_start", index=0, content_block=block),
        message_event("content_block_delta", index=0, delta=delta),
        message_event("content_block_stop", index=0),
        stop_reason="tool_use",
    )


def _geminis_call(name: str) -> Any:
    return {"functionCall": {"name": name, "args": CITY}}


DOUBLES = {
    "openai": Double("up", completion, streamed, _openais, _openais_stream, failure(429, "Slow down.")),
    "anthropic": Double(
        "anthropic",
        message,
        message_stream,
        _anthropics,
        _anthropics_stream,
        message_failure(429, "rate_limit_error", "Slow down."),
    ),
    "gemini": Double(
        "google",
        content,
        content_stream,
        lambda name: content(_geminis_call(name)),
        lambda name: content_stream(_geminis_call(name)),
        content_failure(429, "RESOURCE_EXHAUSTED", "Slow down."),
    ),
}


def usage_of(server: RunningServer, model: str) -> tuple[int, int]:
    """Return the tokens that the last trace of a model counts, of its input and of its output."""

    def traces() -> list[Any]:
        return [trace for trace in server.get("/api/traces?limit=1000") if trace["model"] == model]

    latest = eventually(traces)[0]
    return latest["input_tokens"], latest["output_tokens"]


def last_asked(upstream: Upstream, model: str) -> bytes:
    """Return the body that a provider was last asked with."""
    return upstream.requests(model.partition("/")[2])[-1].body
