"""The shapes in which providers report what a call consumed, and how each becomes a usage that counts as ours does.

A shape belongs to a protocol, not to a provider. Where servers of one protocol count differently, the report itself
tells: by its total, or by a name that only they use. `tests/data/usage_shapes.json` has examples, each with its source.
"""

import math
from collections.abc import Callable
from functools import reduce
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from lasttenth.models.bodies import UNREADABLE
from lasttenth.records.usage import MAX_TOKENS, Usage

Family = Literal["openai", "anthropic", "gemini", "bedrock", "cohere", "ollama"]
"""The protocols whose reports can be read."""

Report = bytes | msgspec.Raw
"""What a provider reports, as JSON: its usage object, or for Ollama the whole reply."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_TOKENS)] | None
_Units = Annotated[float, msgspec.Meta(ge=0, le=MAX_TOKENS)] | None


def read_usage(family: Family, *reports: Report) -> Usage | None:
    """Return what a call consumed, None where nothing is reported or a report cannot be read.

    A stream may report several times. What it reports is what was consumed so far, so of each count the largest holds.

    Example:
        >>> usage = read_usage("anthropic", b'{"input_tokens": 4, "output_tokens": 1}', b'{"output_tokens": 9}')
        >>> (usage.input_tokens, usage.output_tokens)
        (4, 9)
    """
    shape = _SHAPES[family]
    try:
        return shape.usage(*(each for each in map(shape.decode, reports) if each is not None))
    except UNREADABLE:
        return None


class UsageSoFar:
    """The same for a stream that reports again and again: each report is read once, as it comes.

    Example:
        >>> usage = UsageSoFar("gemini")
        >>> usage.after(b'{"promptTokenCount": 4}').output_tokens
        0
        >>> usage.after(b'{"candidatesTokenCount": 9}').input_tokens
        4
    """

    def __init__(self, family: Family) -> None:
        self._shape = _SHAPES[family]
        self._found: msgspec.Struct | None = None

    def after(self, report: Report) -> Usage | None:
        """Return what was consumed so far, None where nothing is reported or the report cannot be read."""
        try:
            found = self._shape.decode(report)
        except UNREADABLE:
            return None
        if found is None:
            return None
        self._found = found if self._found is None else _largest(self._found, found)
        return self._shape.usage(self._found)


def read_openai(report: Report) -> Usage | None:
    """Return what one report in OpenAI's shape says; the same as `read_usage`, without a detour."""
    try:
        found = _decode_openai(report)
    except UNREADABLE:
        return None
    return None if found is None else _believed(_of_openai(found))


class _Writes(msgspec.Struct):
    """What was written to a cache, by how long it is kept."""

    ephemeral_5m_input_tokens: _Count = 0
    ephemeral_1h_input_tokens: _Count = 0


class _Cached(msgspec.Struct):
    audio_tokens: _Count = 0


class _InputParts(msgspec.Struct):
    cached_tokens: _Count = 0
    cache_write_tokens: _Count = 0
    cache_creation_input_tokens: _Count = 0
    audio_tokens: _Count = 0
    cache_creation: _Writes | None = None
    cached_tokens_details: _Cached | None = None


class _OutputParts(msgspec.Struct):
    reasoning_tokens: _Count = 0
    audio_tokens: _Count = 0


_NO_INPUT_PARTS = _InputParts()
_NO_OUTPUT_PARTS = _OutputParts()
_ABSENT = msgspec.Raw(b"null")
_NO_SECONDS = frozenset({b"null", b"{}", b"0"})
"""What stands for the length of audio where there is none."""


class _OpenAI(msgspec.Struct):
    """Chat, Responses, embeddings, realtime, transcriptions and images, and what compatible servers add to them."""

    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    total_tokens: _Count = None
    prompt_tokens_details: _InputParts | None = None
    completion_tokens_details: _OutputParts | None = None
    input_tokens: _Count = None
    output_tokens: _Count = None
    input_tokens_details: _InputParts | None = None
    output_tokens_details: _OutputParts | None = None
    input_token_details: _InputParts | None = None
    output_token_details: _OutputParts | None = None
    cached_tokens: _Count = 0
    prompt_cache_hit_tokens: _Count = 0
    reasoning_tokens: _Count = 0
    citation_tokens: _Count = None
    prompt_audio_seconds: msgspec.Raw = _ABSENT


def _of_openai(found: _OpenAI) -> Usage | None:
    prompt = found.input_tokens if found.prompt_tokens is None else found.prompt_tokens
    said = found.output_tokens if found.completion_tokens is None else found.completion_tokens
    if prompt is None and said is None:
        return None if found.total_tokens is None else Usage(input_tokens=found.total_tokens)
    asked, answered = prompt or 0, said or 0
    parts = found.prompt_tokens_details or found.input_tokens_details or found.input_token_details or _NO_INPUT_PARTS
    output = _output_parts(found)
    reasoning = output.reasoning_tokens or found.reasoning_tokens or 0
    if found.citation_tokens is not None:
        asked, answered = asked + found.citation_tokens, answered + reasoning
    elif reasoning > answered or (said is not None and found.total_tokens != asked + answered):
        missing = _missing_output(found, counted=asked + answered, answered=answered, reasoning=reasoning)
        answered, reasoning = answered + missing, reasoning or missing
    writes = parts.cache_creation
    return Usage(
        input_tokens=asked,
        output_tokens=answered,
        cache_read_tokens=parts.cached_tokens or found.cached_tokens or found.prompt_cache_hit_tokens or 0,
        cache_write_tokens=_written(parts.cache_write_tokens or parts.cache_creation_input_tokens, writes),
        cache_write_1h_tokens=(writes.ephemeral_1h_input_tokens or 0) if writes else 0,
        reasoning_tokens=reasoning,
        input_audio_tokens=_heard(parts),
        output_audio_tokens=output.audio_tokens or 0,
    )


def _output_parts(found: _OpenAI) -> _OutputParts:
    return (
        found.completion_tokens_details or found.output_tokens_details or found.output_token_details or _NO_OUTPUT_PARTS
    )


def _missing_output(found: _OpenAI, *, counted: int, answered: int, reasoning: int) -> int:
    """Return the output that is not in the count of output.

    xAI has reasoning in the total alone. Gemini's compatible endpoint has it there without a name, so what the total has
    in addition is output; but not where there is audio, which Mistral counts there and charges by its length.
    """
    excess = (found.total_tokens or 0) - counted
    if reasoning:
        return reasoning if reasoning > answered or reasoning == excess else 0
    has_audio = bytes(found.prompt_audio_seconds) not in _NO_SECONDS
    is_explained = has_audio or _output_parts(found) is not _NO_OUTPUT_PARTS
    return 0 if is_explained else max(excess, 0)


def _written(total: int | None, writes: _Writes | None) -> int:
    """Return what was written to a cache: the total, or its parts where only these are reported."""
    if writes is None:
        return total or 0
    return max(total or 0, (writes.ephemeral_5m_input_tokens or 0) + (writes.ephemeral_1h_input_tokens or 0))


def _heard(parts: _InputParts) -> int:
    """Return the audio that did not come from a cache: what did is charged as cached, and only once."""
    cached = parts.cached_tokens_details
    return max((parts.audio_tokens or 0) - ((cached.audio_tokens or 0) if cached else 0), 0)


class _Thinking(msgspec.Struct):
    thinking_tokens: _Count = 0


class _Anthropic(msgspec.Struct):
    """Messages: `input_tokens` are those after the last cache breakpoint alone, `output_tokens` include thinking."""

    input_tokens: _Count = None
    output_tokens: _Count = None
    cache_read_input_tokens: _Count = 0
    cache_creation_input_tokens: _Count = 0
    cache_creation: _Writes | None = None
    output_tokens_details: _Thinking | None = None


def _of_anthropic(found: _Anthropic) -> Usage | None:
    if found.input_tokens is None and found.output_tokens is None:
        return None
    read = found.cache_read_input_tokens or 0
    writes, details = found.cache_creation, found.output_tokens_details
    written = _written(found.cache_creation_input_tokens, writes)
    return Usage(
        input_tokens=(found.input_tokens or 0) + read + written,
        output_tokens=found.output_tokens or 0,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=(writes.ephemeral_1h_input_tokens or 0) if writes else 0,
        reasoning_tokens=(details.thinking_tokens or 0) if details else 0,
    )


class _Modality(msgspec.Struct, rename="camel"):
    modality: str = ""
    token_count: _Count = 0


_Modalities = tuple[_Modality, ...] | None


class _Gemini(msgspec.Struct, rename="camel"):
    """`usageMetadata`: prompt, results of tools, candidates and thoughts are apart; what is cached is in the prompt."""

    prompt_token_count: _Count = None
    tool_use_prompt_token_count: _Count = 0
    cached_content_token_count: _Count = 0
    candidates_token_count: _Count = None
    response_token_count: _Count = None
    thoughts_token_count: _Count = None
    total_token_count: _Count = None
    prompt_tokens_details: _Modalities = None
    tool_use_prompt_tokens_details: _Modalities = None
    cache_tokens_details: _Modalities = None
    candidates_tokens_details: _Modalities = None
    response_tokens_details: _Modalities = None


def _of_gemini(found: _Gemini) -> Usage | None:
    said = found.response_token_count if found.candidates_token_count is None else found.candidates_token_count
    if found.prompt_token_count is None and said is None and found.thoughts_token_count is None:
        return None
    asked = (found.prompt_token_count or 0) + (found.tool_use_prompt_token_count or 0)
    answered, thoughts = said or 0, found.thoughts_token_count or 0
    are_apart = answered < thoughts or found.total_token_count != asked + answered
    heard = _audio_in(found.prompt_tokens_details) + _audio_in(found.tool_use_prompt_tokens_details)
    return Usage(
        input_tokens=asked,
        output_tokens=answered + thoughts if are_apart else answered,
        cache_read_tokens=found.cached_content_token_count or 0,
        reasoning_tokens=thoughts,
        input_audio_tokens=max(heard - _audio_in(found.cache_tokens_details), 0),
        output_audio_tokens=_audio_in(found.candidates_tokens_details or found.response_tokens_details),
    )


def _audio_in(details: _Modalities) -> int:
    return sum(each.token_count or 0 for each in details or () if each.modality == "AUDIO")


class _Kept(msgspec.Struct, rename="camel"):
    ttl: str = ""
    input_tokens: _Count = 0


class _Bedrock(msgspec.Struct, rename="camel"):
    """Converse: `inputTokens` are those that no cache had, as with Anthropic."""

    input_tokens: _Count = None
    output_tokens: _Count = None
    cache_read_input_tokens: _Count = 0
    cache_write_input_tokens: _Count = 0
    cache_details: tuple[_Kept, ...] | None = None


def _of_bedrock(found: _Bedrock) -> Usage | None:
    if found.input_tokens is None and found.output_tokens is None:
        return None
    details = found.cache_details or ()
    read = found.cache_read_input_tokens or 0
    written = max(found.cache_write_input_tokens or 0, sum(each.input_tokens or 0 for each in details))
    return Usage(
        input_tokens=(found.input_tokens or 0) + read + written,
        output_tokens=found.output_tokens or 0,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=sum(each.input_tokens or 0 for each in details if each.ttl == "1h"),
    )


class _Tokens(msgspec.Struct):
    input_tokens: _Units = None
    output_tokens: _Units = None


class _Cohere(msgspec.Struct):
    """`usage` of a chat, `meta` of embeddings: what is billed is less than what was processed."""

    billed_units: _Tokens | None = None
    tokens: _Tokens | None = None


def _of_cohere(found: _Cohere) -> Usage | None:
    counted = found.billed_units or found.tokens
    if counted is None or (counted.input_tokens is None and counted.output_tokens is None):
        return None
    return Usage(input_tokens=math.ceil(counted.input_tokens or 0), output_tokens=math.ceil(counted.output_tokens or 0))


class _Ollama(msgspec.Struct):
    """A whole reply, or the last object of a stream."""

    prompt_eval_count: _Count = None
    eval_count: _Count = None


def _of_ollama(found: _Ollama) -> Usage | None:
    if found.prompt_eval_count is None and found.eval_count is None:
        return None
    return Usage(input_tokens=found.prompt_eval_count or 0, output_tokens=found.eval_count or 0)


_decode_openai = msgspec.json.Decoder(_OpenAI | None).decode

S = TypeVar("S", bound=msgspec.Struct)


class _Shape(Generic[S]):
    """How the reports of one family are read."""

    def __init__(self, shape: type[S], convert: Callable[[S], Usage | None]) -> None:
        decoder: msgspec.json.Decoder[S | None] = msgspec.json.Decoder(shape | None)
        self.decode = decoder.decode
        self._convert = convert

    def usage(self, *found: S) -> Usage | None:
        return _believed(self._convert(reduce(_largest, found))) if found else None


def _believed(usage: Usage | None) -> Usage | None:
    """Return a usage, None where its totals are beyond all numbers though no part of them is."""
    if usage is None or usage.input_tokens > MAX_TOKENS or usage.output_tokens > MAX_TOKENS:
        return None
    return usage


def _largest(first: S, second: S) -> S:
    """Return a report with the larger of each two counts; lists are those of the later report."""
    names = first.__struct_fields__
    return type(first)(**{name: _larger(getattr(first, name), getattr(second, name)) for name in names})


def _larger(first: Any, second: Any) -> Any:
    if first is None or second is None:
        return first if second is None else second
    if isinstance(first, msgspec.Struct):
        return _largest(first, second)
    return max(first, second) if isinstance(first, int | float) else second


_SHAPES: dict[Family, _Shape[Any]] = {
    "openai": _Shape(_OpenAI, _of_openai),
    "anthropic": _Shape(_Anthropic, _of_anthropic),
    "gemini": _Shape(_Gemini, _of_gemini),
    "bedrock": _Shape(_Bedrock, _of_bedrock),
    "cohere": _Shape(_Cohere, _of_cohere),
    "ollama": _Shape(_Ollama, _of_ollama),
}
