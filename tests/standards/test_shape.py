"""The shape of the code: nothing may grow a tail. The list of exceptions is empty, and may only stay empty."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_CLASS_LINES = 300
MAX_NESTING = 3
MAX_PARAMETERS = 6
MAX_PUBLIC_NAMES = 40
FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager"}
EXCEPTIONS: set[str] = set()

Function = ast.FunctionDef | ast.AsyncFunctionDef
NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_keeps_its_shape(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)

    faults = [*_file_faults(path, text, tree), *_function_faults(tree), *_class_faults(tree)]

    assert [fault for fault in faults if fault not in EXCEPTIONS] == []


def test_packages_re_export_names_and_do_nothing_else() -> None:
    packages = [path for path in SOURCES if path.name == "__init__.py" and path.parent.name != "lasttenth"]

    faults = [str(path.relative_to(ROOT)) for path in packages if not _only_re_exports(ast.parse(path.read_text()))]

    assert faults == []


def test_public_names_are_few_and_sorted() -> None:
    import lasttenth  # noqa: PLC0415 - its lazy names are what is tested

    names = lasttenth.__all__

    assert len(names) <= MAX_PUBLIC_NAMES
    assert names == sorted(names)
    assert all(getattr(lasttenth, name).__name__ == name for name in names)


def _file_faults(path: Path, text: str, tree: ast.Module) -> Iterator[str]:
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{path.name} has {lines} lines"
    if path.stem in FORBIDDEN_NAMES:
        yield f"{path.name} is named for nothing"
    if not ast.get_docstring(tree):
        yield f"{path.name} does not say what it knows"


def _function_faults(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, Function):
            continue
        lines = (node.end_lineno or 0) - node.lineno + 1
        if lines > MAX_FUNCTION_LINES:
            yield f"{node.name} has {lines} lines"
        if _depth(node) > MAX_NESTING:
            yield f"{node.name} nests {_depth(node)} deep"
        if not _is_command(node):
            yield from _parameter_faults(node)


def _parameter_faults(node: Function) -> Iterator[str]:
    positional = [*node.args.posonlyargs, *node.args.args]
    if positional and positional[0].arg in {"self", "cls"}:
        positional = positional[1:]
    if len(positional) + len(node.args.kwonlyargs) > MAX_PARAMETERS:
        yield f"{node.name} has {len(positional) + len(node.args.kwonlyargs)} parameters"


def _class_faults(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > MAX_CLASS_LINES:
                yield f"class {node.name} has {lines} lines"


def _is_command(node: Function) -> bool:
    """A command of the command line has one parameter for each of its options, and nobody calls it."""
    annotations = [argument.annotation for argument in node.args.args]
    return any(isinstance(each, ast.Name) and each.id in {"AsJson", "Folder"} for each in annotations)


def _depth(node: ast.AST, *, inside: int = 0) -> int:
    deepest = inside
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef | ast.Lambda):
            continue
        chained = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        nested = isinstance(child, NESTING) and not chained
        deepest = max(deepest, _depth(child, inside=inside + nested))
    return deepest


def _only_re_exports(tree: ast.Module) -> bool:
    body = tree.body[1:]
    return all(isinstance(node, ast.ImportFrom | ast.Assign) for node in body)


def test_no_file_carries_the_marks_of_a_merge() -> None:
    texts = [
        path
        for folder in ("src", "tests", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".js", ".css"}
    ]
    marked = ("<" * 7 + " ", ">" * 7 + " ")

    faults = [
        str(path.relative_to(ROOT))
        for path in [*texts, ROOT / "CHANGELOG.md", ROOT / "README.md", ROOT / "pyproject.toml"]
        if path.is_file() and any(line.startswith(marked) for line in path.read_text("utf-8", "replace").splitlines())
    ]

    assert faults == []
