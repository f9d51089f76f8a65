"""What the paths of the gateway stand for."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, unquote_to_bytes

import msgspec

from lasttenth.models.bodies import Fields
from lasttenth.models.port import ModelOperation
from lasttenth.models.protocols import ANTHROPIC, GEMINI, OPENAI, PROTOCOLS, WireProtocol
from lasttenth.models.protocols.gemini import EMBED_BATCH, KEY_HEADER, METHODS, STREAM

MODEL = "{model}"
PATHS = tuple(f"{protocol.version}{path}" for protocol in PROTOCOLS.values() for path in protocol.paths.values())


class Endpoint(NamedTuple):
    """What a path of the gateway stands for."""

    protocol: WireProtocol
    operation: ModelOperation
    beside: Fields | None = None
    """What the path says and not the body: the model, and for chats whether the answer is a stream."""
    key: str = ""
    """The key that stands in the URL."""
    is_array: bool = False
    """Whether a stream is one JSON array of its events."""


HOT: Mapping[bytes, Endpoint] = {
    f"{protocol.version}{path}".encode(): Endpoint(protocol, operation)
    for protocol in PROTOCOLS.values()
    for operation, path in protocol.paths.items()
    if MODEL not in path
}
"""Paths that name no model."""
_NAMING = (f"{GEMINI.version}/models/".encode(), b"/v1/models/")
"""What stands before the model in those that name one."""
_OPERATIONS: Mapping[str, ModelOperation] = {
    **{method: operation for operation, method in METHODS.items()},
    STREAM: "chat",
    EMBED_BATCH: "embeddings",
}


def endpoint_of(url: bytes) -> Endpoint | None:
    """Return what a path stands for to which something is sent, None where it is none of the gateway's."""
    path, _, query = url.partition(b"?")
    return HOT.get(path) or (_naming(path, query) if path.startswith(_NAMING) else None)


def protocol_of(path: str, headers: Mapping[str, str]) -> WireProtocol:
    """Return the protocol of whoever asks at a path, which may be none of the gateway's."""
    if path.startswith(f"{ANTHROPIC.version}{ANTHROPIC.paths['chat']}"):
        return ANTHROPIC
    return GEMINI if path.startswith(GEMINI.version) or KEY_HEADER in headers else OPENAI


def _naming(path: bytes, query: bytes) -> Endpoint | None:
    """Return what a path of Gemini's stands for: a model, which may be percent-encoded, and behind a colon a method."""
    prefix = next(each for each in _NAMING if path.startswith(each))
    model, _, method = unquote_to_bytes(path.removeprefix(prefix)).decode(errors="replace").rpartition(":")
    operation = _OPERATIONS.get(method)
    if operation is None:
        return None
    said = {name: values[-1] for name, values in parse_qs(query.decode("latin-1")).items()}
    beside = {"model": msgspec.Raw(msgspec.json.encode(model))}
    if operation == "chat":
        beside["stream"] = msgspec.Raw(b"true" if method == STREAM else b"false")
    return Endpoint(GEMINI, operation, beside, said.get("key", ""), method == STREAM and said.get("alt") != "sse")
