import pytest

from lasttenth.models.extractive.pieces import pieces


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two!", ["One.", "Two!"]),
        ("A sentence that\nruns on. Next.", ["A sentence that\nruns on.", "Next."]),
        ("# Heading\nText.", ["Text."]),
        ("- first\n- [x] second\n1. third", ["first", "second", "third"]),
        ("Items:\n* one\n  goes on\n* two", ["Items:", "one\n  goes on", "two"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ["| a | b |", "| 1 | 2 |"]),
        ("Run:\n```sh\nlampshop serve\n# all of it\n```\nDone.", ["Run:", "lampshop serve", "# all of it", "Done."]),
        ("> quoted words\n> go on", ["quoted words", "go on"]),
        ("Above\n\n---\n\nBelow", ["Above", "Below"]),
        ("", []),
        ("\r\nWindows line.\r\n- item\r\n", ["Windows line.", "item"]),
    ],
)
def test_markdown_is_cut_into_what_can_be_quoted(text: str, expected: list[str]) -> None:
    spans = pieces(text)

    assert [text[start:end] for start, end in spans] == expected
