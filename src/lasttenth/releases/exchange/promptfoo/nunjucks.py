"""Nunjucks and Jinja, which are almost one language: what has another name there, and what means something else.

Source: https://mozilla.github.io/nunjucks/templating.html.
"""

from collections.abc import Iterator
from typing import NamedTuple

from jinja2 import Environment, TemplateError, nodes

from lasttenth.releases.exchange.drafts import UNREADABLE
from lasttenth.releases.exchange.outcomes import Remarks
from lasttenth.releases.rendering import MARKS, compiled, parsed

_FILTERS = {"dump": "tojson"}
_BLOCKS = {"elseif": "elif", "verbatim": "raw", "endverbatim": "endraw"}
_NAMES = {"null": "none", "undefined": "none"}
_ONLY_HERE = frozenset(
    {"filesizeformat", "format", "items", "map", "max", "min", "pprint", "unique", "wordwrap", "xmlattr"}
)
"""Filters of Jinja that Nunjucks has not."""
_LEXER = Environment(autoescape=False)  # noqa: S701 - it renders nothing


class _Token(NamedTuple):
    kind: str
    text: str


def to_jinja(text: str, remarks: Remarks, *, place: str) -> str:
    """Return a template of Nunjucks in Jinja; a text that is neither is left as it is."""
    try:
        tokens = [_Token(kind, value) for _, kind, value in _LEXER.lex(text)]
    except (TemplateError, RecursionError):
        return text
    written = "".join(_renamed(tokens)) if "".join(token.text for token in tokens) == text else text
    try:
        compiled(written)
    except UNREADABLE:
        return written  # whoever makes a task of it says why it cannot be
    tree = parsed(written)
    for said in _differences(tree):
        remarks.differs(place, said)
    for name in tree.find_all(nodes.Name):
        if name.name == "env":
            remarks.lost(f"{place}, line {name.lineno}", "No template reads the environment: give it as a variable.")
        if name.name == "_conversation":
            remarks.lost(
                f"{place}, line {name.lineno}", "The conversation is put in of itself: take _conversation out."
            )
    return written


def from_jinja(text: str, remarks: Remarks, *, place: str) -> str:
    """Return a template of Jinja in Nunjucks. Raises jinja2.TemplateError."""
    tree = parsed(text)
    for found in tree.find_all(nodes.Filter):
        if found.name in MARKS | _ONLY_HERE:
            remarks.lost(f"{place}, line {found.lineno}", f"There is no filter {found.name} there.")
    for name in _asked(tree):
        remarks.differs(place, f"{name} is true there where it is an empty list or object.")
    filters = {ours: theirs for theirs, ours in _FILTERS.items()}
    tokens = [_Token(kind, value) for _, kind, value in _LEXER.lex(text)]
    return "".join(
        filters.get(token.text, token.text) if _follows(tokens, place, "|") else token.text
        for place, token in enumerate(tokens)
    )


def _renamed(tokens: list[_Token]) -> Iterator[str]:
    is_code, has_compared = False, False
    for place, token in enumerate(tokens):
        if token.kind in {"variable_begin", "block_begin", "variable_end", "block_end"}:
            is_code = token.kind.endswith("_begin")
        was_compared, has_compared = has_compared, is_code and token.text in {"==", "!="}
        if is_code and was_compared and token.text == "=":
            continue  # === and !== are == and != here
        yield _other_name(tokens, place) if token.kind == "name" else _other_sign(tokens, place)


def _other_name(tokens: list[_Token], place: int) -> str:
    name = tokens[place].text
    if _follows(tokens, place, "|"):
        return _FILTERS.get(name, name)
    if name == "length" and _follows(tokens, place, "."):
        return name
    if _before(tokens, place).kind == "block_begin":
        return _BLOCKS.get(name, name)
    return name if _follows(tokens, place, ".") else _NAMES.get(name, name)


def _other_sign(tokens: list[_Token], place: int) -> str:
    after = tokens[place + 1] if place + 1 < len(tokens) else _Token("", "")
    is_length = tokens[place] == _Token("operator", ".") and after == _Token("name", "length")
    return "|" if is_length else tokens[place].text


def _follows(tokens: list[_Token], place: int, sign: str) -> bool:
    return tokens[place].kind == "name" and _before(tokens, place) == _Token("operator", sign)


def _before(tokens: list[_Token], place: int) -> _Token:
    """Return the token before a place that is no white space."""
    before = place - 1
    while before >= 0 and tokens[before].kind == "whitespace":
        before -= 1
    return tokens[before] if before >= 0 else _Token("", "")


def _differences(tree: nodes.Template) -> Iterator[str]:
    """Yield what means something else in Jinja."""
    for name in _asked(tree):
        yield f"{name} is false here where it is an empty list or object, and must be given."
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.target, nodes.Tuple) and isinstance(loop.iter, nodes.Name):
            yield f"A loop over the names and values of {loop.iter.name} needs {loop.iter.name}.items() here."
    for found in tree.find_all(nodes.Filter):
        if found.name == "tojson":
            yield "Its JSON has sorted keys, and writes <, >, & and ' as numbers."


def _asked(tree: nodes.Template) -> Iterator[str]:
    """Yield the variables that conditions ask for as they are."""
    tests = [each.test for each in tree.find_all(nodes.If)] + [each.test for each in tree.find_all(nodes.CondExpr)]
    yield from (test.name for test in tests if isinstance(test, nodes.Name))
