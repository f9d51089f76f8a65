"""What is sent: bodies of which no two are equal, made of parts that the load tool joins.

A body is `prefix`, a number of its own, a piece of the corpus, and `suffix`. Pieces begin at ever other places of the
corpus, so that neither their beginnings nor any of their blocks repeat.
"""

import functools
import json
from pathlib import Path
from typing import NamedTuple

from benchmarks.gateway.upstream import PATH
from benchmarks.store.prose import Prose

DIGITS = 12
CORPUS = 2 * 2**20
_LAST = 1_000
"""Characters of the last message of a conversation that goes on."""


class Body(NamedTuple):
    """The parts of bodies, and how many characters each takes from the corpus."""

    prefix: str
    suffix: str
    piece: int

    @property
    def size(self) -> int:
        """Return the bytes of one body."""
        return len(self.prefix) + DIGITS + 1 + self.piece + len(self.suffix)

    def text(self, number: int, corpus: str) -> str:
        """Return the body of a request."""
        start = (number * 1_000_003) % (len(corpus) - self.piece + 1)
        return f"{self.prefix}{number:0{DIGITS}} {corpus[start : start + self.piece]}{self.suffix}"


@functools.cache
def corpus() -> str:
    """Return prose that JSON carries as it is."""
    return Prose(seed=1).text(CORPUS)


def plain(model: str, *, stream: bool = False) -> Body:
    """Return bodies of about 0.7 KB: a system prompt and a question."""
    return _body(model, [{"role": "system", "content": corpus()[:400]}], 160, stream=stream)


def fresh(model: str, size: int) -> Body:
    """Return bodies of a size in bytes, each of them new from its first words on."""
    return _body(model, [], size - _body(model, [], 0).size)


def conversation(model: str, size: int) -> Body:
    """Return bodies of a size in bytes that repeat all but their last message."""
    said: list[dict[str, str]] = []
    length = size - _body(model, [], _LAST).size
    turn, start = 2_000, 0
    while length - start > 0:
        role = "assistant" if len(said) % 2 else "user"
        said.append({"role": role, "content": corpus()[start : min(start + turn, length)]})
        start += turn + len('{"role":"assistant","content":""},')
    return _body(model, said, _LAST)


def _body(model: str, said: list[dict[str, str]], piece: int, *, stream: bool = False) -> Body:
    marked = {"role": "user", "content": "\0"}
    asked = {"model": model, "messages": [*said, marked], "temperature": 0.2, "max_tokens": 256}
    if stream:
        asked["stream"] = True
    text = json.dumps(asked, separators=(",", ":"))
    prefix, suffix = text.split("\\u0000")
    return Body(prefix, suffix, piece)


def write(folder: Path, body: Body, *, port: int, headers: dict[str, str]) -> None:
    """Write the parts for the load tool."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"POST {PATH} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()] + [f"Content-Length: {body.size}"]
    (folder / "head").write_text("\r\n".join(lines) + "\r\n\r\n", encoding="ascii", newline="")
    (folder / "prefix").write_text(body.prefix, encoding="ascii")
    (folder / "suffix").write_text(body.suffix, encoding="ascii")
    if not (folder / "corpus").exists():
        (folder / "corpus").write_text(corpus(), encoding="ascii")
