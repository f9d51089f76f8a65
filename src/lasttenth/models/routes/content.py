"""The first content of a stream: until it is there, another deployment may still answer in the place of this one."""

from collections.abc import AsyncIterator

import msgspec

from lasttenth.models.bodies import UNREADABLE

MOST_BEFORE = 256 * 2**10
"""Bytes without content after which a stream is taken as it is."""
_DONE = b"[DONE]"


class _Delta(msgspec.Struct):
    content: object = None
    refusal: object = None
    tool_calls: object = None
    reasoning_content: object = None
    reasoning: object = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: object = None


class _Event(msgspec.Struct):
    choices: list[_Choice] | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")


class NoContent(Exception):  # noqa: N818 - how a stream turned out, not an error of ours
    """The stream has ended, or says that it failed, before it has said anything."""


async def until_content(chunks: AsyncIterator[bytes]) -> bytes:
    """Return what a stream says up to its first content, its chunk whole. Raises NoContent."""
    said = b""
    async for chunk in chunks:
        said += chunk
        if _has_content(said) or len(said) > MOST_BEFORE:
            return said
    raise NoContent


def _has_content(said: bytes) -> bool:
    """Tell whether an event that is whole says something. Raises NoContent for one that says it failed."""
    for line in said.split(b"\n")[:-1]:
        data = line.strip().removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
        if not data:
            continue
        if data == _DONE:
            raise NoContent
        try:
            event = msgspec.json.decode(data, type=_Event)
        except UNREADABLE as error:
            raise NoContent from error
        if bytes(event.error) != b"null":
            raise NoContent
        if any(_says(choice) for choice in event.choices or ()):
            return True
    return False


def _says(choice: _Choice) -> bool:
    delta = choice.delta or _Delta()
    return bool(
        delta.content
        or delta.refusal
        or delta.tool_calls
        or delta.reasoning_content
        or delta.reasoning
        or choice.finish_reason
    )
