"""What holds for every document and every way of cutting it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lasttenth.context.documents import Document, line_of, parse_document
from lasttenth.context.splitting import split
from lasttenth.records.errors import DocumentError

MARKDOWN = ["# A", "## B", "=====", "---", "- item", "1. one", "> said", "```", "| a | b |", "|---|---|", "    code"]
MARKUP = ["<p>x</p>", "<script>", "</script>", "&amp;\t<b>", "<table><td>", "<head>", "<pre>", "<li>", "<!-- a", "-->"]
PROSE = ["", " ", "word", "One two. Three 3.5!", "long" * 9, "\u00e9\u00a0\u2029x"]
LINES = st.sampled_from([*MARKDOWN, *MARKUP, *PROSE])
SOURCES = st.lists(LINES, min_size=1, max_size=14).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n"]).map(lambda newline: newline.join(lines))
)
NAMES = st.sampled_from(["x.txt", "x.md", "x.html"])


def parsed(name: str, source: str) -> Document | None:
    try:
        return parse_document(name, source.encode())
    except DocumentError:
        return None


@given(NAMES, SOURCES)
def test_blocks_are_ordered_disjoint_trimmed_and_inside_the_text(name: str, source: str) -> None:
    document = parsed(name, source)
    blocks = document.blocks if document else ()

    assert all(left.end <= right.start for left, right in pairwise(blocks))
    assert all(document and document.text[block.start : block.end].strip() for block in blocks)


@given(st.sampled_from(["x.txt", "x.md"]), SOURCES)
def test_text_formats_keep_every_character(name: str, source: str) -> None:
    document = parsed(name, source)

    assert document is None or document.text == source


@given(SOURCES)
def test_html_never_moves_a_word_to_another_line(source: str) -> None:
    numbered = "\n".join(f"w{index} {line}" for index, line in enumerate(source.splitlines()))
    document = parsed("x.html", numbered)
    lines = document.text.split("\n") if document else []

    assert all(
        f"w{index}" in line.split() for index, line in enumerate(lines) if f"w{index}" in " ".join(lines).split()
    )


@given(NAMES, SOURCES, st.integers(1, 60), st.integers(0, 3))
def test_chunks_are_exact_ordered_and_not_too_long(name: str, source: str, size: int, overlap: int) -> None:
    document = parsed(name, source)
    chunks = split(document, size=size, overlap=overlap) if document else ()

    assert all(document and chunk.text == document.text[chunk.start : chunk.end] for chunk in chunks)
    assert all(document and chunk.line == line_of(document.text, chunk.start) for chunk in chunks)
    assert all(0 < len(chunk.text) <= size and chunk.text == chunk.text.strip() for chunk in chunks)
    assert all(left.start < right.start and left.end < right.end for left, right in pairwise(chunks))


@given(NAMES, SOURCES, st.integers(1, 60), st.integers(0, 3))
def test_chunks_hold_every_character_of_every_block(name: str, source: str, size: int, overlap: int) -> None:
    document = parsed(name, source)
    chunks = split(document, size=size, overlap=overlap) if document else ()

    held = {offset for chunk in chunks for offset in range(chunk.start, chunk.end)}
    blocks = document.blocks if document else ()
    assert all(
        offset in held or not document or document.text[offset].isspace()
        for block in blocks
        for offset in range(block.start, block.end)
    )
