"""The page of errors against the errors themselves."""

import re
from collections.abc import Iterator
from pathlib import Path

from lasttenth.cli.main import INTERRUPTED
from lasttenth.records.errors import LasttenthError
from lasttenth.serve.settle import DISCONNECTED

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", re.MULTILINE)


def test_every_error_stands_on_the_page_with_its_status_and_exit_code() -> None:
    expected = {(kind.code, str(kind.status), str(kind.exit_code)) for kind in kinds(LasttenthError)}

    described = set(ROW.findall(PAGE))

    assert described == expected


def test_every_exit_code_is_explained() -> None:
    codes = {0, INTERRUPTED} | {kind.exit_code for kind in kinds(LasttenthError)}

    explained = {int(code) for code in re.findall(r"^\| (\d+) \| [a-z]", PAGE, re.MULTILINE)}

    assert explained == codes


def test_code_that_only_traces_have_is_explained() -> None:
    assert f"`{DISCONNECTED}`" in PAGE


def kinds(kind: type[LasttenthError]) -> Iterator[type[LasttenthError]]:
    """Yield an error and all that stand below it, those of Lasttenth alone."""
    yield kind
    for each in kind.__subclasses__():
        yield from kinds(each)
