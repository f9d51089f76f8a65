"""Content hashes of records: SHA-256 over one canonical encoding, so that equal content has one name everywhere."""

import hashlib
import hmac
from typing import Any

import msgspec

SHOWN = 12
"""Digits of a hash that people are shown."""

_encoder = msgspec.json.Encoder(order="deterministic")


def canonical(value: object) -> bytes:
    """Return the canonical JSON of a struct or of plain data: keys sorted, no white space, UTF-8."""
    return _encoder.encode(value)


def content_hash(kind: str, value: object) -> str:
    """Return the hex SHA-256 of a definition. The kind is part of it: a task and a card never share a hash."""
    return hashlib.sha256(kind.encode() + b"\0" + canonical(value)).hexdigest()


def with_order(value: Any) -> Any:
    """Return plain data in which the order of a JSON Schema's properties counts: models write in that order."""
    if isinstance(value, dict):
        return {
            name: [[key, with_order(each)] for key, each in below.items()]
            if name == "properties" and isinstance(below, dict)
            else with_order(below)
            for name, below in value.items()
        }
    return [with_order(each) for each in value] if isinstance(value, list | tuple) else value


def text_hash(text: str) -> str:
    """Return the hex SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def keyed_hash(key: bytes, data: bytes) -> str:
    """Return the hex HMAC-SHA-256 of a payload: without the project's key nobody can test a guess against it."""
    return hmac.digest(key, data, "sha256").hex()
