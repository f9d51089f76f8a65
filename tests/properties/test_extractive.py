from hypothesis import given
from hypothesis import strategies as st

from lasttenth.models.extractive import Passage, extract
from lasttenth.models.extractive.pieces import pieces

_LINES = st.sampled_from(
    [
        "# Head",
        "- item one.",
        "1. two. Three!",
        "| a | b |",
        "|---|---|",
        "```",
        "plain words. More",
        "> said",
        "",
        "  in",
    ]
)
_MARKDOWN = st.one_of(st.lists(_LINES, max_size=12).map("\n".join), st.text(max_size=200))


@given(text=_MARKDOWN)
def test_pieces_are_disjoint_in_order_and_trimmed(text: str) -> None:
    spans = pieces(text)

    ends = [0, *(span.end for span in spans)]
    assert all(before <= span.start < span.end for before, span in zip(ends, spans, strict=False))
    assert all(text[span.start : span.end].strip() == text[span.start : span.end] for span in spans)


@given(
    question=st.one_of(_MARKDOWN, st.just("How many words are in item three?")), texts=st.lists(_MARKDOWN, max_size=4)
)
def test_quotes_are_verbatim_and_confidence_is_a_probability(question: str, texts: list[str]) -> None:
    passages = [Passage(document=str(number), text=text) for number, text in enumerate(texts)]

    extraction = extract(question, passages)

    assert 0.0 <= extraction.confidence <= 1.0
    assert all(quote.text == texts[quote.passage][quote.start : quote.end] for quote in extraction.sentences)
    assert len(extraction.sentences) <= 3
