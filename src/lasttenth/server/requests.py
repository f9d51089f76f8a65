"""What comes in over HTTP: bodies within their limit, headers as a dictionary, and who is asking."""

import base64
from collections.abc import Mapping
from typing import NamedTuple

from starlette.types import Receive, Scope

from lasttenth.access.keys import Keyring
from lasttenth.models.protocols.gemini import KEY_HEADER
from lasttenth.records.errors import AuthenticationError, PayloadTooLargeError, PermissionDeniedError

KEY_PREFIX = "lt-"
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
DRAINED = 4
"""A body beyond the limit is still read to this many times the limit, so that the client hears why it was refused."""


ANYBODY = "somebody on this machine"
"""Who did something without a key."""


class ClientDisconnected(Exception):  # noqa: N818 - not an error of ours
    """The client went away before it had sent its request."""


class Identity(NamedTuple):
    """Who is asking: the project that the key opens, and the key's public id."""

    project: str
    key: str

    @property
    def actor(self) -> str:
        """Return who is recorded to do something."""
        return f"key {self.key}" if self.key else ANYBODY


class Door:
    """Let requests in.

    Args:
        keyring: checks keys.
        keys_required: True unless the server listens on loopback alone.
        project: of requests without a key.
    """

    def __init__(self, keyring: Keyring, *, keys_required: bool, project: str) -> None:
        self._keyring = keyring
        self._keys_required = keys_required
        self.project = project

    async def let_in(self, headers: Mapping[str, str]) -> Identity:
        """Return who is asking. Raises AuthenticationError, PermissionDeniedError.

        A key is a bearer token, an `x-api-key`, an `x-goog-api-key`, or the password of HTTP's basic authentication,
        whoever is its user.
        On loopback a request needs no key, but it must be addressed to this machine by name: a page in a browser that
        had its own host name pointed here is refused, and so is a page of another host that sends its form here.
        """
        key = _token(headers) or headers.get("x-api-key") or headers.get(KEY_HEADER, "")
        if self._keys_required or key.startswith(KEY_PREFIX):
            if not key:
                raise AuthenticationError(
                    "A key is needed.",
                    hint="Send it as: Authorization: Bearer lt-…, x-api-key: lt-…, or x-goog-api-key: lt-…",
                )
            record = await self._keyring.check(key)
            return Identity(record.project, record.id)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not _is_local(host):
            raise PermissionDeniedError(
                f"This server answers to localhost only, not to {host}.", hint="Address it as 127.0.0.1, or use a key."
            )
        if origin is not None and not _is_local(origin.partition("://")[2]):
            raise PermissionDeniedError(
                f"This server does not answer to pages of {origin}.", hint="Use a key: lasttenth key create NAME"
            )
        return Identity(self.project, "")


def _token(headers: Mapping[str, str]) -> str:
    """Return what proves who is asking. Raises AuthenticationError, PermissionDeniedError.

    A browser that knows a password sends it by itself, for pages of other hosts as well: those are refused.
    """
    authorization = headers.get("authorization", "")
    if authorization[:6].lower() != "basic ":
        return authorization.removeprefix("Bearer ").strip()
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        raise PermissionDeniedError(f"A password does not let in pages of {origin}.", hint="Send the key as a bearer.")
    try:
        _user, colon, password = base64.b64decode(authorization[6:], validate=True).decode().partition(":")
    except ValueError as error:
        raise _not_basic() from error
    if not colon:
        raise _not_basic()
    return password


def _not_basic() -> AuthenticationError:
    return AuthenticationError(
        "The basic authentication is no base64 of user:password.", hint="The password is a key: lt-…"
    )


def _is_local(host: str) -> bool:
    name = host.lower()
    return (name if name.endswith("]") else name.rsplit(":", 1)[0]) in LOOPBACK_HOSTS


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers of a request; names are in lower case, of a repeated one the last counts."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(receive: Receive, headers: Mapping[str, str], *, limit: int) -> bytes:
    """Return a request's body. Raises PayloadTooLargeError, ClientDisconnected."""
    length = announced_length(headers)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        part: bytes = message.get("body", b"")
        size += len(part)
        if max(size, length) <= limit:
            parts.append(part)
        if not message.get("more_body", False) or size > DRAINED * limit:
            break
    if max(size, length) > limit:
        raise too_large(max(size, length), limit=limit)
    return b"".join(parts)


def announced_length(headers: Mapping[str, str]) -> int:
    """Return the length that a request says its body has, 0 where it says nothing."""
    announced = headers.get("content-length", "")
    return int(announced) if announced.isdigit() else 0


def too_large(size: int, *, limit: int) -> PayloadTooLargeError:
    """Return the error of a body beyond the limit; both in bytes."""
    return PayloadTooLargeError(
        f"The body has {size:,} bytes; {limit:,} are allowed.",
        hint="Send less, or raise limits.body in lasttenth.yaml.",
    )
