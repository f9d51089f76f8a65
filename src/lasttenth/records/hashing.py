"""Content hashes of records: SHA-256 over one canonical encoding, so that equal content has one name everywhere."""

import hashlib
import hmac
from typing import Any

import msgspec

SHOWN = 12
"""Digits of a hash that people are shown."""

PROPERTIES = "properties"
_encoder = msgspec.json.Encoder(order="deterministic")


def canonical(value: object) -> bytes:
    """Return the canonical JSON of a struct or of plain data: keys sorted, no white space, UTF-8."""
    return _encoder.encode(value)


def content_hash(kind: str, value: object) -> str:
    """Return the hex SHA-256 of a definition. The kind is part of it: a task and a card never share a hash."""
    return body_hash(kind, canonical(value))


def body_hash(kind: str, body: bytes) -> str:
    """Return the hex SHA-256 of a definition whose canonical form is at hand."""
    return hashlib.sha256(kind.encode() + b"\0" + body).hexdigest()


def in_order(value: Any) -> Any:
    """Return plain data with its keys sorted, but for the properties of JSON Schemas: models write in their order."""
    if isinstance(value, dict):
        return {
            name: {key: in_order(each) for key, each in value[name].items()}
            if name == PROPERTIES and isinstance(value[name], dict)
            else in_order(value[name])
            for name in sorted(value)
        }
    return [in_order(each) for each in value] if isinstance(value, list | tuple) else value


def text_hash(text: str) -> str:
    """Return the hex SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def keyed_hash(key: bytes, data: bytes) -> str:
    """Return the hex HMAC-SHA-256 of a payload: without the project's key nobody can test a guess against it."""
    return hmac.digest(key, data, "sha256").hex()
