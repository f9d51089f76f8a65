"""From templates in Jinja to Handlebars as Dotprompt uses it: variables, conditions and loops, and what is lost."""

import json
import re
from typing import Any, NamedTuple

from jinja2 import nodes

from lasttenth.releases.exchange.dotprompt.handlebars import Tag, is_alone
from lasttenth.releases.exchange.dotprompt.to_jinja import ITEM
from lasttenth.releases.exchange.outcomes import Remarks
from lasttenth.releases.rendering import parsed

NOTHING = Tag(place="", text="{{!}}", sign="!")
"""A comment, that keeps the tag before it from standing alone on its line."""
_LOOP = {"index0": "@index", "first": "@first", "last": "@last"}
_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*|\d+")


class Written(NamedTuple):
    """A template in Handlebars, and the values that stand in it for variables that nobody gives."""

    text: str
    defaults: dict[str, Any]


def written(text: str, remarks: Remarks, *, place: str) -> Written:
    """Return a template in Handlebars. Raises jinja2.TemplateError."""
    writer = _Writer(remarks, place)
    writer.all(parsed(text).body)
    return Written(_joined(writer.pieces), writer.defaults)


class _Lost(Exception):  # noqa: N818 - it is caught where it can be said, and is no error
    """Something in a template has no like in Handlebars."""


class _Writer:
    """One template on its way."""

    def __init__(self, remarks: Remarks, place: str) -> None:
        self.pieces: list[str | Tag] = []
        self.defaults: dict[str, Any] = {}
        self._loops: list[tuple[str, bool]] = []
        self._remarks = remarks
        self._place = place

    def all(self, body: list[nodes.Node]) -> None:
        """Write nodes."""
        for node in body:
            start = len(self.pieces)
            try:
                self._node(node)
            except _Lost as lost:
                del self.pieces[start:]
                self._remarks.lost(f"{self._place}, line {node.lineno}", f"{lost} has no like there; it was left out.")

    def _node(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                self._shown(part)
        elif isinstance(node, nodes.If):
            self._condition(node)
        elif isinstance(node, nodes.For):
            self._loop(node)
        else:
            raise _Lost(f"A tag of kind {type(node).__name__}")

    def _shown(self, node: nodes.Expr) -> None:
        if isinstance(node, nodes.TemplateData):
            self._text(node.data)
        elif isinstance(node, nodes.Const) and isinstance(node.value, str):
            self._text(node.value)
        else:
            self._expression(node)

    def _expression(self, node: nodes.Expr) -> None:
        """Write a tag that shows a value; what is lost takes nothing with it that stands beside it."""
        try:
            if isinstance(node, nodes.Filter) and node.name == "tojson" and node.node is not None:
                indent = f" indent={node.args[0].as_const()}" if node.args else ""
                self._tag("", f"json {self._path(node.node)}{indent}")
            else:
                self._tag("", self._path(node))
        except (_Lost, nodes.Impossible):
            self._remarks.lost(
                f"{self._place}, line {node.lineno}", "What it shows has no like there; it was left out."
            )

    def _text(self, text: str) -> None:
        if not text:
            return
        if self.pieces and isinstance(self.pieces[-1], str):
            text = str(self.pieces.pop()) + text
        self.pieces.append(text)

    def _tag(self, sign: str, text: str) -> None:
        shown = text if sign == "else" else f"{sign}{text}"
        self.pieces.append(Tag(place="", text=f"{{{{{shown}}}}}", sign=sign))

    def _condition(self, node: nodes.If) -> None:
        helper = self._test(node.test)
        self._tag("#", helper)
        self.all(node.body)
        for other in node.elif_:
            self._tag("else", f"else {self._test(other.test)}")
            self.all(other.body)
        if node.else_:
            self._tag("else", "else")
            self.all(node.else_)
        self._tag("/", helper.split()[0])

    def _test(self, test: nodes.Node) -> str:
        if isinstance(test, nodes.Not):
            return f"unless {self._path(_asked(test.node))}"
        if isinstance(test, nodes.Compare) and len(test.ops) == 1 and test.ops[0].op in {"eq", "ne"}:
            helper = "ifEquals" if test.ops[0].op == "eq" else "unlessEquals"
            return f"{helper} {self._operand(test.expr)} {self._operand(test.ops[0].expr)}"
        return f"if {self._path(_asked(test))}"

    def _operand(self, node: nodes.Expr) -> str:
        if not isinstance(node, nodes.Const):
            return self._path(node)
        if isinstance(node.value, str) and '"' in node.value and "'" not in node.value:
            return f"'{node.value}'"
        if isinstance(node.value, str) and re.search(r'["\\\n]', node.value):
            raise _Lost("A text with quotes")
        return json.dumps(node.value, ensure_ascii=False)

    def _loop(self, node: nodes.For) -> None:
        if not isinstance(node.target, nodes.Name) or node.test is not None or node.recursive:
            raise _Lost("A loop over pairs, with a condition, or of itself")
        path, name = self._path(node.iter), node.target.name
        is_usual = name == (f"{ITEM}{len(self._loops) + 1}" if self._loops else ITEM)
        self._tag("#", f"each {path}" if is_usual else f"each {path} as |{name}|")
        self._loops.append((name, is_usual))
        self.all(node.body)
        self._loops.pop()
        if node.else_:
            self._tag("else", "else")
            self.all(node.else_)
        self._tag("/", "each")

    def _path(self, node: nodes.Node) -> str:
        if isinstance(node, nodes.Filter) and node.name == "default" and isinstance(node.node, nodes.Name):
            self._default(node.node.name, node.args)
            return self._path(node.node)
        if isinstance(node, nodes.Name):
            return self._name(node.name)
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "loop":
            if not self._loops or node.attr not in _LOOP:
                raise _Lost(f"loop.{node.attr}")
            return _LOOP[node.attr]
        part = _part(node)
        if not isinstance(node, nodes.Getattr | nodes.Getitem) or not _PART.fullmatch(part):
            raise _Lost("An expression")
        path = self._path(node.node)
        return f"{path}/{part}" if path.endswith("..") else f"{path}.{part}"

    def _name(self, name: str) -> str:
        for up, (loop, is_usual) in enumerate(reversed(self._loops)):
            if loop == name:
                return name if not is_usual else "../" * (up - 1) + ".." if up else "this"
        return f"@root.{name}" if self._loops else name

    def _default(self, name: str, arguments: list[nodes.Expr]) -> None:
        try:
            value = arguments[0].as_const() if arguments else ""
        except nodes.Impossible as error:
            raise _Lost("A default that is no constant") from error
        if value in ("", []):
            return  # what Handlebars shows of nothing
        if self.defaults.setdefault(name, value) != value:
            self._remarks.lost(f"{self._place}, line {arguments[0].lineno}", f"{name} has another default before.")


def _asked(test: nodes.Node) -> nodes.Node:
    """Return what a condition asks for, without asking first whether it is there: Handlebars does that of itself."""
    if not isinstance(test, nodes.And):
        return test
    steps: list[nodes.Node] = [test.right]
    while isinstance(steps[-1], nodes.Getattr | nodes.Getitem):
        steps.append(steps[-1].node)
    return test.right if _asks_only_for(test.left, steps) else test


def _asks_only_for(test: nodes.Expr, steps: list[nodes.Node]) -> bool:
    if isinstance(test, nodes.And):
        return _asks_only_for(test.left, steps) and _asks_only_for(test.right, steps)
    return isinstance(test, nodes.Test) and test.name == "defined" and test.node in steps


def _part(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return str(node.arg.value)
    return ""


def _joined(pieces: list[str | Tag]) -> str:
    """Return the pieces as one text, in which each reads as what it is."""
    guarded: list[str | Tag] = []
    for place, piece in enumerate(pieces):
        guarded += [piece, NOTHING] if is_alone(pieces, place) else [piece]
    parts = []
    for place, piece in enumerate(guarded):
        if not isinstance(piece, str):
            parts.append(piece.text)
            continue
        text = (NOTHING.text if place and piece.startswith("}") else "") + _escaped(piece)
        if place + 1 < len(guarded):
            text += "\\" if text.endswith("\\") else ""
            if text.endswith("{"):
                text += " {{~!}}"
        parts.append(text)
    return "".join(parts)


def _escaped(text: str) -> str:
    """Return a text in which double braces are no tag."""
    first, *others = text.split("{{")
    done = first
    for other in others:
        done += ("\\{{!}}" if done.endswith("\\") else "") + "\\{{" + other
    return done
