"""The model that the body of any request names, in JSON or in a form, and the body under another name for it."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec

from lasttenth.models import bodies
from lasttenth.models.multipart import MULTIPART, Part, parts_of
from lasttenth.serve.admit import named


class Addressed(NamedTuple):
    """The model that a body names, empty where it names none, and what writes another one in its place."""

    model: str
    body_for: Callable[[str], bytes]


def addressed(body: bytes, content_type: str) -> Addressed:
    """Return what a body names. Raises InvalidRequestError for a form that cannot be read, and for no name of a model."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == MULTIPART:
        return _in_form(body, content_type)
    if kind == bodies.JSON:
        return _in_json(body)
    return _unnamed(body)


def _in_form(body: bytes, content_type: str) -> Addressed:
    for part in parts_of(content_type, body):
        if part.name == "model" and not part.filename:
            model = body[part.start : part.end].decode(errors="replace")
            return Addressed(named(model), partial(_replaced, body, part))
    return _unnamed(body)


def _replaced(body: bytes, part: Part, model: str) -> bytes:
    return b"".join((body[: part.start], model.encode(), body[part.end :]))


def _in_json(body: bytes) -> Addressed:
    """Return what JSON names; what is no object, or has no text as its model, is for its provider to judge."""
    try:
        fields = msgspec.json.decode(body, type=bodies.Fields)
        model = msgspec.json.decode(fields["model"], type=str)
    except (*bodies.UNREADABLE, KeyError):
        return _unnamed(body)
    return Addressed(named(model), partial(_renamed, fields))


def _renamed(fields: bodies.Fields, model: str) -> bytes:
    return msgspec.json.encode({**fields, "model": msgspec.Raw(msgspec.json.encode(model))})


def _unnamed(body: bytes) -> Addressed:
    return Addressed("", lambda _: body)
