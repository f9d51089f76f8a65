"""From Handlebars as Dotprompt uses it to messages with templates in Jinja, and what has no like there.

What Handlebars leaves empty where a variable is missing is an error in Lasttenth, so that what a schema calls optional
is given a default, and a condition asks first whether there is anything.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import Any

import msgspec

from lasttenth.releases.exchange.dotprompt.handlebars import Block, Node, Tag, Value
from lasttenth.releases.exchange.dotprompt.scopes import RESERVED, Found, Scope, find, types_of
from lasttenth.releases.exchange.outcomes import Remarks
from lasttenth.releases.rendering import QUESTION

ROLES = {"system": "system", "user": "user", "model": "assistant", "assistant": "assistant"}
ITEM = "item"
"""What a loop calls what it goes through, where the template gives it no name; within it are `item2`, `item3`, …"""
_BRACES = re.compile(r"\{(?=[{%#]|\Z)")
_TRUTH = frozenset({"string", "number", "integer", "boolean", "null", "array"})
"""Types of which the same values are true in both languages."""
_PRINTED = frozenset({"string", "number", "integer"})
"""Types that both languages print alike."""
_EQUALITY = {"ifEquals": "==", "unlessEquals": "!="}


class _Writer:
    """Templates that grow piece by piece: what is only text is kept from being read as a tag."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self._role = "user"
        self._done: list[str] = []
        self._text = ""

    def text(self, text: str) -> None:
        """Add what is shown as it is."""
        self._text += text

    def code(self, code: str) -> None:
        """Add a tag."""
        self._done += [_BRACES.sub("{{ '{' }}", self._text), code]
        self._text = ""

    def begin(self, role: str) -> None:
        """End a message and begin another one; one without text is none."""
        whole = "".join([*self._done, _BRACES.sub("{{ '{' }}", self._text)]).strip()
        if whole:
            self.messages.append({"role": self._role, "text": whole})
        self._role, self._done, self._text = role, [], ""


def messages(
    nodes: Sequence[Node], schema: dict[str, Any] | None, defaults: dict[str, str], remarks: Remarks
) -> list[dict[str, str]]:
    """Return the messages that a tree of Handlebars writes.

    Args:
        nodes: the tree.
        schema: JSON Schema of its variables.
        defaults: expressions in place of variables that nobody gives.
        remarks: where what is lost is said.
    """
    return _Translation(Scope("", schema, {}, defaults), remarks).of(nodes)


class _Translation:
    """One template on its way."""

    def __init__(self, root: Scope, remarks: Remarks) -> None:
        self._scopes = [root]
        self._blocks = 0
        self._remarks = remarks
        self._writer = _Writer()
        self._history: list[tuple[Tag, int]] = []
        self._words: frozenset[str] = frozenset()

    def of(self, nodes: Sequence[Node]) -> list[dict[str, str]]:
        """Return the messages."""
        self._words = frozenset(_words_of(nodes))
        self._all(nodes)
        self._writer.begin("user")
        found = self._writer.messages
        for tag, before in self._history:
            if before != len(found) - 1 or QUESTION not in found[-1]["text"]:
                message = "The conversation goes before a last message that reads question, else behind all of them."
                self._remarks.differs(tag.place, message)
        return found

    def _all(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if isinstance(node, str):
                self._writer.text(node)
            elif isinstance(node, Value):
                self._value(node.tag)
            else:
                self._block(node)

    def _value(self, tag: Tag) -> None:
        name, *rest = tag.words or ("",)
        if name == "role" and len(rest) == 1:
            self._role(tag, rest[0].strip("\"'"))
        elif name == "history" and not rest:
            self._writer.begin("assistant")
            self._history.append((tag, len(self._writer.messages)))
        elif name == "json" and len(rest) == 1 and (found := find(rest[0], self._scopes)):
            indent = tag.named.get("indent", "")
            self._writer.code(f"{{{{ {found.text} | tojson{f'({indent})' if indent.isdecimal() else ''} }}}}")
            self._remarks.differs(tag.place, "Its JSON has sorted keys, and writes <, >, & and ' as numbers.")
        elif not rest and not tag.named and (found := find(name, self._scopes)) and name not in {"else", "section"}:
            self._print(tag, found)
        else:
            self._lose(tag)

    def _role(self, tag: Tag, role: str) -> None:
        if self._blocks:
            self._remarks.lost(tag.place, f"{tag.text} stands in a block: a message begins for all callers or none.")
        elif role not in ROLES:
            self._remarks.lost(tag.place, f"There is no role {role}; what follows is said by the user.")
            self._writer.begin("user")
        else:
            self._writer.begin(ROLES[role])

    def _print(self, tag: Tag, found: Found) -> None:
        types = types_of(found.schema)
        if types - _PRINTED - {"null"}:
            self._remarks.differs(tag.place, f"{found.text} may be no text or number, and is shown as Python shows it.")
        if not found.doubtful or not found.is_declared:
            self._writer.code(f"{{{{ {found.text} }}}}")
        elif found.doubtful == (found.text,) and "null" not in types:
            self._writer.code(f'{{{{ {found.text} | default("") }}}}')
        elif found.doubtful == (found.text,) and types <= {"string", "null"}:
            self._writer.code(f'{{{{ {found.text} | default("", true) }}}}')
        else:
            there = [*(f"{step} is defined" for step in found.doubtful), f"{found.text} is not none"]
            self._writer.code(f"{{% if {' and '.join(there)} %}}")
            self._writer.code(f"{{{{ {found.text} }}}}")
            self._writer.code("{% endif %}")

    def _block(self, block: Block) -> None:
        name, *rest = block.tag.words or ("",)
        found = [find(word, self._scopes) for word in rest]
        values = [each for each in found if each is not None]
        if len(values) != len(found) or block.tag.sign == "^" or block.tag.named:
            self._lose(block.tag)
        elif name in {"if", "unless"} and len(values) == 1:
            self._condition(block, self._test(block.tag, values[0], negated=name == "unless"))
        elif name in _EQUALITY and len(values) == 2:
            self._condition(block, f"{values[0].text} {_EQUALITY[name]} {values[1].text}")
        elif name == "each" and len(values) == 1 and len(block.tag.names) <= 2:
            self._loop(block, values[0])
        elif name == "with" and len(values) == 1 and not block.tag.names:
            self._inside(block, values[0])
        else:
            self._lose(block.tag)

    def _test(self, tag: Tag, found: Found, *, negated: bool) -> str:
        types = types_of(found.schema)
        if not found.text.startswith("loop.") and (not types or types - _TRUTH):
            self._remarks.differs(tag.place, f"{found.text} is false here where it is an object without fields.")
        asked = _asked(found)
        if not negated:
            return asked
        return f"not ({asked})" if " and " in asked else f"not {asked}"

    def _condition(self, block: Block, test: str) -> None:
        self._blocks += 1
        self._writer.code(f"{{% {'elif' if block.tag.sign == 'else' else 'if'} {test} %}}")
        self._all(block.body)
        self._otherwise(block)
        if block.tag.sign != "else":
            self._writer.code("{% endif %}")
        self._blocks -= 1

    def _otherwise(self, block: Block) -> None:
        """Write what stands behind an else. Where that is one condition more, it goes on with an elif."""
        first = block.other[0] if block.other else None
        if isinstance(first, Block) and first.tag.sign == "else":
            if _is_condition(block.tag) and _is_condition(first.tag):
                self._block(first)
                return
            self._writer.code("{% else %}")
            self._block(first._replace(tag=msgspec.structs.replace(first.tag, sign="#")))
        elif block.other:
            self._writer.code("{% else %}")
            self._all(block.other)

    def _loop(self, block: Block, found: Found) -> None:
        if "object" in types_of(found.schema):
            self._lose(block.tag)
            return
        items = (found.schema or {}).get("items")
        schema = items if isinstance(items, dict) else None
        name = self._fresh(block.tag.names[:1])
        names = dict(
            zip(block.tag.names, [Found(name, (), schema, schema is not None), Found("loop.index0")], strict=False)
        )
        is_far = len(found.doubtful) > 1
        if is_far:
            self._writer.code(f"{{% if {_asked(found)} %}}")
        self._blocks += 1
        self._writer.code(f"{{% for {name} in {_listed(found)} %}}")
        self._scopes.append(Scope(name, schema, names, {}, in_loop=True))
        self._all(block.body)
        self._scopes.pop()
        self._otherwise(block)
        self._writer.code("{% endfor %}")
        self._blocks -= 1
        if is_far:
            self._writer.code("{% endif %}")

    def _inside(self, block: Block, found: Found) -> None:
        self._scopes.append(Scope(found.text, found.schema, {}, {}, in_loop=self._scopes[-1].in_loop))
        inner = Block(block.tag, block.body, [])
        self._condition(inner, self._test(block.tag, found, negated=False))
        self._scopes.pop()
        if block.other:
            self._lose(block.tag)

    def _fresh(self, wanted: tuple[str, ...]) -> str:
        """Return a name for what a loop goes through: its own, else one that nothing in the template has."""
        taken = {scope.this for scope in self._scopes}
        if wanted and re.fullmatch(r"[a-z][a-z0-9_]*", wanted[0]) and wanted[0] not in taken | RESERVED:
            return wanted[0]
        names = chain([ITEM], (f"{ITEM}{number}" for number in count(2)))
        return next(name for name in names if name not in taken | self._words)

    def _lose(self, tag: Tag) -> None:
        self._remarks.lost(tag.place, f"{' '.join(tag.text.split())} has no like here; it was left out.")


def _listed(found: Found) -> str:
    """Return an expression of a list that is empty where nobody gives one."""
    if found.doubtful != (found.text,):
        return found.text
    return f"{found.text} | default([]{', true' if 'null' in types_of(found.schema) else ''})"


def _is_condition(tag: Tag) -> bool:
    return tag.words[:1] in {("if",), ("unless",), *((name,) for name in _EQUALITY)}


def _words_of(nodes: Sequence[Node]) -> Iterator[str]:
    """Yield the parts of all words of all tags."""
    for node in nodes:
        if isinstance(node, str):
            continue
        yield from (part for word in node.tag.words for part in re.split(r"[./]", word))
        if isinstance(node, Block):
            yield from _words_of([*node.body, *node.other])


def _asked(found: Found) -> str:
    """Return an expression that is true where a value is there and true."""
    return " and ".join([*(f"{step} is defined" for step in found.doubtful), found.text])
