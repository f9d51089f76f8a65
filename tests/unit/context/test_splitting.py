"""Chunks of a document: sections, blocks, sentences, overlap and lines."""

import pytest

from lasttenth.context.documents import parse_document
from lasttenth.context.splitting import split
from lasttenth.records.errors import InvalidRequestError


def chunk_texts(text: str, *, size: int, overlap: int = 0) -> list[str]:
    return [chunk.text for chunk in split(parse_document("x.md", text.encode()), size=size, overlap=overlap)]


def test_a_chunk_never_crosses_a_section() -> None:
    found = chunk_texts("# A\n\na\n\n# A\n\nb\n\n## C\n\nc\n", size=900)

    assert found == ["# A\n\na", "# A\n\nb", "## C\n\nc"]


def test_whole_blocks_are_packed_before_sentences_are_parted() -> None:
    text = "One two three four.\n\nFive six. Seven eight.\n\nNine ten."

    found = chunk_texts(text, size=36)

    assert found == ["One two three four.", "Five six. Seven eight.\n\nNine ten."]


def test_a_heading_stays_with_the_words_below_it() -> None:
    found = chunk_texts("# Title\n\nOne two three four. Five six seven.", size=36)

    assert found == ["# Title\n\nOne two three four.", "Five six seven."]


def test_a_continued_section_repeats_the_last_sentence() -> None:
    found = chunk_texts("One two. Three four. Five six. Seven.", size=22, overlap=1)

    assert found == ["One two. Three four.", "Three four. Five six.", "Five six. Seven."]


def test_long_sentences_and_code_lines_are_cut() -> None:
    prose = chunk_texts("one two three four five", size=10)
    code = chunk_texts("```\nshort\n" + "x" * 25 + "\n```", size=10)

    assert prose == ["one two", "three four", "five"]
    assert code == ["```\nshort", "x" * 10, "x" * 10, "xxxxx\n```"]


def test_chunks_know_their_line_and_headings() -> None:
    document = parse_document("x.md", b"# A\n\nOne two. Three four.\n\n## B\n\nc\n")

    found = [(chunk.line, chunk.headings) for chunk in split(document, size=16, overlap=1)]

    assert found == [(1, ("A",)), (3, ("A",)), (5, ("A", "B"))]


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (10, -1)])
def test_impossible_sizes_are_refused(size: int, overlap: int) -> None:
    document = parse_document("x.txt", b"a")

    with pytest.raises(InvalidRequestError, match="cannot be made"):
        split(document, size=size, overlap=overlap)
