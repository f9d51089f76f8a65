"""What a caller saw of a gateway, in a few words."""

import json
import re

import msgspec
from tests.chaos.fault_wall.caller import Heard
from tests.chaos.fault_wall.cells import Cell
from tests.chaos.fault_wall.dialects import has_content

PATIENCE = 20.0
"""Seconds after which a call hangs."""
_ERROR = re.compile(rb'"error":\s*\{')


class Seen(msgspec.Struct, frozen=True):
    """What a caller saw, and after how many seconds it knew."""

    what: str
    seconds: float


def seen(cell: Cell, heard: Heard, *, is_held: bool) -> Seen:
    """Return what a caller saw of a cell; `is_held` tells whether the upstream is not let go of."""
    if heard.ending == "left":
        what = "the call goes on" if is_held else "the call is given up"
    elif heard.ending == "whole":
        what = _answered(cell, heard)
    else:
        status = f"{heard.status}, " if heard.status else ""
        what = status + (f"no end within {PATIENCE:g} s" if heard.ending == "hung" else "broken off")
    return Seen(what, round(heard.seconds, 1))


def _answered(cell: Cell, heard: Heard) -> str:
    if heard.status != 200:
        return str(heard.status)
    if _ERROR.search(heard.body):
        return "200, ends with an error" if cell.stream else "200 with an error"
    if has_content(heard.body) or not cell.outcome.has_content:
        return "passes"
    if cell.stream:
        return "200, ends early without an error"
    return "200 without the answer" if _is_json(heard.body) else "200, no JSON"


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
