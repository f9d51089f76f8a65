"""The shape that a request asks a task's answer to have, as OpenAI's `response_format` says it."""

from typing import Any

import msgspec

from lasttenth.models import bodies
from lasttenth.records.errors import ConfigurationError, InvalidRequestError
from lasttenth.records.hashing import in_order
from lasttenth.releases.schemas import schema_of

RESPONSE_FORMAT = "response_format"
MOST_BYTES = 32 * 2**10
"""Each new shape is a release, which is kept."""


class _JsonSchema(msgspec.Struct):
    schema: dict[str, Any]


class _AsText(msgspec.Struct, tag_field="type", tag="text"):
    pass


class _AsObject(msgspec.Struct, tag_field="type", tag="json_object"):
    pass


class _AsSchema(msgspec.Struct, tag_field="type", tag="json_schema"):
    json_schema: _JsonSchema


class _Asked(msgspec.Struct):
    response_format: _AsText | _AsObject | _AsSchema | None


def output_schema_of(fields: bodies.Fields) -> dict[str, Any] | None:
    """Return the schema that a request asks its answer to fit, None where it asks for none. Raises InvalidRequestError."""
    given = fields.get(RESPONSE_FORMAT)
    if given is None:
        return None
    if len(given) > MOST_BYTES:
        raise InvalidRequestError(
            f"response_format may have {MOST_BYTES:,} bytes.",
            hint="Declare a task with this output_schema.",
            parameter=RESPONSE_FORMAT,
        )
    asked = bodies.decode(msgspec.json.encode({RESPONSE_FORMAT: given}), _Asked).response_format
    if isinstance(asked, _AsObject):
        return {"type": "object"}
    if not isinstance(asked, _AsSchema):
        return None
    try:
        schema: dict[str, Any] = in_order(asked.json_schema.schema)
        schema_of(schema)
    except RecursionError as error:
        raise InvalidRequestError("The schema is nested too deep.", parameter=RESPONSE_FORMAT) from error
    except ConfigurationError as error:
        raise InvalidRequestError(error.message, parameter=RESPONSE_FORMAT) from error
    return schema
