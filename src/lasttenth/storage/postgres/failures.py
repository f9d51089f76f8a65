"""What PostgreSQL's refusals mean to a user, and what to do about each."""

from typing import NamedTuple

import psycopg
from sqlalchemy.exc import DBAPIError

from lasttenth.records.errors import LasttenthError, StorageError


class _Meaning(NamedTuple):
    message: str
    hint: str
    retry_after: float | None = None


_FULL = _Meaning("The disk of {name} is full.", "Free some space; nothing acknowledged was lost.", 5.0)
_BUSY = _Meaning("{name} takes no more connections.", "Raise max_connections, or stop what holds them.", 1.0)
_STRANGER = _Meaning("{name} refused the user or the password.", "Correct `storage`, or the server's pg_hba.conf.")
_MISSING = _Meaning("There is no database {name}.", "Make it with createdb, or correct `storage`.")
_READ_ONLY = _Meaning("{name} is read-only.", "Name the primary server in `storage`, not a standby.")
_AWAY = _Meaning("{name} cannot be reached.", "Check that the server runs and that `storage` is right.", 1.0)
_GONE = _Meaning("{name} ended the connection.", "Try again once the server runs.", 1.0)
_FORBIDDEN = _Meaning("{name} does not let this user do that: {error}.", "Make the user the owner of the database.")
_NO_VECTORS = _Meaning("{name} has no pgvector.", "Install pgvector on the server: its package, or an image with it.")
_IN_THE_WAY = _Meaning("Other transactions on {name} got in the way each time.", "Try again in a moment.", 1.0)

# postgresql.org/docs/current/errcodes-appendix.html; two characters name a class.
_MEANINGS = {
    "53100": _FULL,
    "53300": _BUSY,
    "28": _STRANGER,
    "3D000": _MISSING,
    "25006": _READ_ONLY,
    "42501": _FORBIDDEN,
    "57P": _GONE,
    "08": _AWAY,
    "40": _IN_THE_WAY,
}

# A connection that never stood has no code: only the server's words say why.
_WORDS = {
    "too many": _BUSY,
    "connection slots": _BUSY,
    "authentication failed": _STRANGER,
    "no pg_hba.conf entry": _STRANGER,
    "no password supplied": _STRANGER,
    'role "': _STRANGER,
    'database "': _MISSING,
    "terminating connection": _GONE,
    "server closed the connection": _GONE,
}

_REPEATED = ("40", "23503", "23505")
"""Serialisation failures and deadlocks; and keys that another transaction made or removed since they were looked up."""


def may_be_repeated(error: Exception) -> bool:
    """Tell whether another transaction got in the way, so that the same work may succeed when it is run again."""
    found = _native(error)
    return found is not None and (found.sqlstate or "").startswith(_REPEATED)


def explain(error: Exception, name: str) -> LasttenthError | None:
    """Return the store's own error for a failure of PostgreSQL, or None where the failure is not PostgreSQL's."""
    found = _native(error)
    if found is None:
        return None
    said = str(found).strip().splitlines() or [type(found).__name__]
    meaning = _meaning(found) or _Meaning("{name} refused: {error}.", "")
    message = meaning.message.format(name=name, error=said[0].rstrip("."))
    return StorageError(message, hint=meaning.hint, retry_after=meaning.retry_after)


def _native(error: Exception) -> psycopg.Error | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause if isinstance(cause, psycopg.Error) else None


def _meaning(error: psycopg.Error) -> _Meaning | None:
    code = error.sqlstate or ""
    if 'extension "vector"' in str(error):
        return _FORBIDDEN if code == "42501" else _NO_VECTORS
    for prefix, meaning in _MEANINGS.items():
        if code.startswith(prefix):
            return meaning
    if code or not isinstance(error, psycopg.OperationalError):
        return None
    return next((meaning for words, meaning in _WORDS.items() if words in str(error)), _AWAY)
