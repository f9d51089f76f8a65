"""What every provider of models offers. Requests and replies are bytes in the shape of the protocol that the provider
speaks, so that what nobody needs to look at is never decoded."""

from collections.abc import AsyncIterator, Mapping
from typing import Literal, NamedTuple, Protocol

import msgspec

from lasttenth.records.attempts import Attempt
from lasttenth.records.usage import Usage

ModelOperation = Literal["chat", "completions", "embeddings", "count_tokens", "moderations", "passthrough"]
"""`completions` continue a text; they are what came before chat. A passthrough is a path known to its provider alone."""
ProtocolName = Literal["openai", "responses", "anthropic", "gemini"]
MOST_REPLY_BYTES = 256 * 2**20
"""Bytes that a whole answer may have, where nobody says otherwise."""


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A call of one model; `model` is the provider's own name for it, and already stands in the body, or belongs into the
    path.
    """

    operation: ModelOperation
    protocol: ProtocolName = "openai"
    """What it is said in."""
    model: str
    body: bytes
    stream: bool = False
    lost: tuple[str, ...] = ()
    """What a translation could not carry into it."""
    tags: frozenset[str] = frozenset()
    """What has to hold for whoever answers."""
    headers: Mapping[str, str] = {}
    """Those of the caller that the protocol passes on; names are in lower case."""
    reply_limit: int = MOST_REPLY_BYTES
    """Bytes that a whole answer may have."""


class Answered(NamedTuple):
    """Which deployment of a route has answered, as `provider/model`, and which were asked before it in vain."""

    model: str
    attempts: tuple[Attempt, ...]


class Translation(msgspec.Struct, kw_only=True):
    """What is known of a call whose words were changed on the way; it grows as the reply is read."""

    lost: list[str]
    """What could not be carried, by where it stood."""
    unsaid: set[str] = set()
    """What of this need not be said to the caller."""
    crosses: bool = True
    """Whether the provider speaks another protocol than its caller, in its errors as well."""
    usage: Usage | None = None
    """What the provider reports, in full: the reply may say less."""


class ModelReply(Protocol):
    """A provider's answer, read as it arrives."""

    @property
    def status(self) -> int:
        """Return the HTTP status; from 400 on, the body is an error in its protocol's shape, or what the provider sent."""
        ...

    @property
    def media_type(self) -> str:
        """Return the body's media type: JSON, or `text/event-stream`."""
        ...

    @property
    def retry_after(self) -> str:
        """Return the provider's `Retry-After` header, or an empty text."""
        ...

    @property
    def translation(self) -> Translation | None:
        """Return what a translation has noted, None where this is what the provider sent."""
        ...

    async def read(self, limit: int) -> bytes:
        """Return the whole body. Raises UpstreamError when it breaks off, or has more than so many bytes."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises UpstreamError when it breaks off."""
        ...

    async def close(self) -> None:
        """Give up the rest of the answer."""
        ...


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A model as it is listed: `provider/model`."""

    name: str
    provider: str
    operations: tuple[ModelOperation, ...] = ()
    """Empty where the provider does not say."""


class Provider(Protocol):
    """Somebody who serves models."""

    @property
    def protocols(self) -> tuple[ProtocolName, ...]:
        """Return what it speaks, the preferred one first; nothing where it answers in whatever it is asked."""
        ...

    async def call(self, request: ModelRequest) -> ModelReply:
        """Call a model and return once its answer begins. Raises UpstreamError, ModelNotFoundError, InvalidRequestError."""
        ...

    async def models(self) -> list[ModelInfo]:
        """Return the models that the provider names. Raises UpstreamError."""
        ...

    async def close(self) -> None:
        """Release what the provider holds."""
        ...
