"""Strings of any characters in PostgreSQL, whose text holds every character but U+0000.

U+0000 is stored as the escape character followed by 0, and the escape character itself as two of them: every string comes
back as it was, and two strings are equal in the database when they are equal here.
"""

from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.types.string import StrDumper, StrDumperUnknown, StrDumperVarchar, TextLoader

_ESCAPE = "\uf8ff"
_NUL = f"{_ESCAPE}0"


def escape(text: str) -> str:
    """Return a string without U+0000."""
    if "\0" in text or _ESCAPE in text:
        return text.replace(_ESCAPE, 2 * _ESCAPE).replace("\0", _NUL)
    return text


def restore(text: str) -> str:
    """Return the string that was escaped."""
    if _ESCAPE not in text:
        return text
    # What stands between two escape characters that belong together holds no other: split there first.
    return _ESCAPE.join(part.replace(_NUL, "\0") for part in text.split(2 * _ESCAPE))


def register_strings(connection: "psycopg.Connection[Any]") -> None:
    """Escape what a connection sends, and restore what it receives."""
    for dumper in (_Varchar, _Text, _Unknown):
        connection.adapters.register_dumper(str, dumper)
    for kind in ("text", "varchar"):
        connection.adapters.register_loader(kind, _Loader)


class _Text(StrDumper):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escape(obj))


class _Varchar(StrDumperVarchar):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escape(obj))


class _Unknown(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escape(obj))


class _Loader(TextLoader):
    def load(self, data: Buffer) -> str:
        return restore(bytes(data).decode())
