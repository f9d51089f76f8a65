"""OpenAI's wire shapes: chat completions, their streams, embeddings, usage and errors, as bytes and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lasttenth.models import usage_shapes
from lasttenth.models.bodies import NULL, UNREADABLE, Fields, decode
from lasttenth.records.errors import InvalidRequestError, LasttenthError
from lasttenth.records.usage import Usage

DONE_DATA = b"[DONE]"
DONE = b"data: [DONE]\n\n"
STATUS = "lasttenth_status"
"""The field of an event that says what is being done; in every protocol the same."""
_encode = msgspec.json.Encoder().encode


class ReplyHead(msgspec.Struct, frozen=True, kw_only=True):
    """What every piece of one chat reply repeats. `created` is in Unix seconds."""

    id: str
    created: int
    model: str


class ChatBody(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a chat request that tasks and the models of this process read; all others pass them by."""

    messages: list[dict[str, Any]]
    stream_options: dict[str, Any] | None = None

    @property
    def wants_usage(self) -> bool:
        """Tell whether the stream is to end with its usage."""
        return wants_usage(self.stream_options)


class EmbeddingsBody(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an embeddings request that the embedders of this process read."""

    input: str | list[str]
    encoding_format: str | None = None


class _Groq(msgspec.Struct):
    usage: msgspec.Raw = NULL


class Said(msgspec.Struct):
    """What is read of a reply, or of an event of a stream; the rest stays bytes."""

    error: msgspec.Raw = NULL
    usage: msgspec.Raw = NULL
    choices: msgspec.Raw = NULL
    x_groq: msgspec.Raw = NULL

    @property
    def is_error(self) -> bool:
        """Tell whether it is an error, whatever the status says."""
        return self.error is not NULL and bytes(self.error) != b"null"

    @property
    def reports_usage(self) -> bool:
        """Tell whether it reports usage."""
        if self.usage is NULL and self.x_groq is NULL:  # nearly every event of a stream
            return False
        return bytes(self.reported) != b"null"

    @property
    def reported(self) -> msgspec.Raw:
        """Return what it reports, null where it reports nothing. Groq may report under a name of its own."""
        if bytes(self.usage) != b"null" or bytes(self.x_groq) == b"null":
            return self.usage
        try:
            return _groq.decode(self.x_groq).usage
        except UNREADABLE:
            return self.usage

    @property
    def consumed(self) -> Usage | None:
        """Return the usage that is reported, None where there is none or it cannot be read."""
        return usage_shapes.read_openai(self.reported)

    @property
    def is_usage_alone(self) -> bool:
        """Tell whether it reports usage and says nothing else."""
        return self.reports_usage and bytes(self.choices) in {b"[]", b"null"}


read = msgspec.json.Decoder(Said).decode
"""Return what is read of a reply or an event. Raises what `UNREADABLE` names."""

_groq = msgspec.json.Decoder(_Groq)


def stream_options_of(fields: Fields) -> dict[str, Any]:
    """Return what a chat request says about its stream. Raises InvalidRequestError."""
    options = fields.get("stream_options", NULL)
    return {} if bytes(options) == b"null" else decode(options, dict[str, Any])


def wants_usage(stream_options: Mapping[str, Any] | None) -> bool:
    """Tell whether a stream is to end with its usage."""
    return bool((stream_options or {}).get("include_usage"))


def text_of(message: dict[str, Any]) -> str:
    """Return the text of a message, whether it is plain or in parts. Raises InvalidRequestError for other content."""
    content = message.get("content")
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(_text_of_part(part) for part in content)
    raise InvalidRequestError("A message's content must be a text or a list of parts.", parameter="messages")


def _text_of_part(part: object) -> str:
    text = part.get("text") if isinstance(part, dict) and part.get("type", "text") == "text" else None
    if not isinstance(text, str):
        kind = part.get("type") if isinstance(part, dict) else type(part).__name__
        raise InvalidRequestError(
            f"Text alone can be read here, and a message holds a part of type {kind}.",
            hint="Send it to a model of a provider that reads such parts.",
            parameter="messages",
        )
    return text


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a chat completion says."""

    text: str
    refusal: str = ""
    annotations: Sequence[object] = ()
    tool_calls: Sequence[object] = ()


def annotation(citation: Mapping[str, Any]) -> dict[str, Any]:
    """Return a citation of a document, with `document` and `at`, as an annotation.

    It is a `url_citation`, since many clients refuse any other, with what it knows beyond that beside it.
    """
    document, at = citation["document"], citation["at"]
    place = {"start_index": at, "end_index": at, "url": document, "title": document}
    return {"type": "url_citation", "url_citation": place, **citation}


def completion(head: ReplyHead, said: Answer, *, usage: Usage | None, reason: str = "stop") -> bytes:
    """Return a whole chat completion."""
    text = None if (said.refusal or said.tool_calls) and not said.text else said.text
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": said.refusal or None}
    if said.tool_calls:
        message["tool_calls"] = said.tool_calls
    if said.annotations:
        message["annotations"] = said.annotations
    return _encode(
        {
            "id": head.id,
            "object": "chat.completion",
            "created": head.created,
            "model": head.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
            "usage": usage_body(usage),
        }
    )


def function_tool(name: str, description: str, parameters: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """Return a tool as a chat request has it."""
    function = {"name": name, "description": description, "parameters": parameters, "strict": strict}
    return {"type": "function", "function": {key: value for key, value in function.items() if value}}


def delta(head: ReplyHead, change: dict[str, Any], *, reason: str | None = None) -> bytes:
    """Return one event of a chat stream."""
    choices = [{"index": 0, "delta": change, "logprobs": None, "finish_reason": reason}]
    return event({**chunk_head(head), "choices": choices})


def status(head: ReplyHead, doing: str, what: str) -> bytes:
    """Return an event that says what is being done: it has no choice, as one has none that reports usage."""
    return event({**chunk_head(head), "choices": [], STATUS: {"doing": doing, "what": what}})


def final_usage(head: ReplyHead, usage: Usage | None) -> bytes:
    """Return the event that ends a stream whose caller asked for its usage."""
    return event({**chunk_head(head), "choices": [], "usage": usage_body(usage)})


def embeddings(model: str, vectors: Sequence[object], usage: Usage) -> bytes:
    """Return an embeddings reply; each vector is a list of numbers or base64 of little-endian float32."""
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    counts = {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens}
    return _encode({"object": "list", "data": data, "model": model, "usage": counts})


def event(content: object) -> bytes:
    """Return a server-sent event."""
    return b"data: " + _encode(content) + b"\n\n"


def error_body(error: LasttenthError) -> dict[str, Any]:
    """Return an error in OpenAI's shape."""
    fields = {"message": str(error), "type": error.kind, "param": error.parameter, "code": error.code}
    return {"error": fields}


def usage_body(usage: Usage | None) -> dict[str, Any] | None:
    """Return usage in OpenAI's shape."""
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def said_in(body: bytes) -> Said | None:
    """Return what is read of a reply or an event, None where it is no JSON object."""
    try:
        return read(body)
    except UNREADABLE:
        return None


def usage_in(body: bytes) -> Usage | None:
    """Return the usage that a reply reports, None where there is none or it cannot be read."""
    said = said_in(body)
    return None if said is None else said.consumed


def estimated_tokens(text: str) -> int:
    """Return the tokens that models of this process count for a text: four characters of UTF-8 each, rounded up."""
    return -(-len(text.encode()) // 4)


def chunk_head(head: ReplyHead) -> dict[str, Any]:
    return {"id": head.id, "object": "chat.completion.chunk", "created": head.created, "model": head.model}
