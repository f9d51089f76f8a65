"""How often the quotes hold the evidence, and how answering trades against declining, with the product's own `extract`.

Passages come from the whole corpus, or are the cited abstracts where it says so. Nothing is chosen here: coefficients
and operating points are the ones in the source.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.scifact.cases import evidence_spans, holds, passages
from benchmarks.scifact.data import Abstract, Claim, abstracts, claims, data_option
from benchmarks.scifact.logistic import answered, area, bootstrap, threshold
from benchmarks.scifact.retrieval import Index
from benchmarks.scifact.vectors import StoredVectors
from lasttenth.models.extractive import Embed, Extraction, Passage, extract

_WRONG = (0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.40, 0.50)


class _Run(NamedTuple):
    claims: Sequence[Claim]
    found: list[list[Passage]]
    extractions: list[Extraction]


def main() -> None:
    """Measure a split with and without an embedder."""
    parser = data_option("Quoting and declining on SciFact")
    parser.add_argument("--split", choices=("train", "validation"), default="validation")
    options = parser.parse_args()
    corpus, vectors = abstracts(options.data), StoredVectors(options.vectors)
    asked = claims(options.data, options.split)
    index = Index(corpus, vectors)
    for name, search, embed in (("lexical", index.lexical, None), ("hybrid", index.hybrid, vectors.embed)):
        print(f"{name}, {options.split}, {len(asked)} claims")
        run = _run(asked, [passages(corpus, search(one.text)) for one in asked], embed)
        _report_evidence("five retrieved abstracts", run, corpus)
        cited = [[_passage(corpus[document]) for document in one.evidence or one.cited] for one in asked]
        _report_evidence("the abstract with evidence", _run(asked, cited, embed), corpus)
        _report_answering(run)
    index.close()
    vectors.save()


def _passage(abstract: Abstract) -> Passage:
    return Passage(document=abstract.document, text=abstract.body, headings=(abstract.title,))


def _run(asked: Sequence[Claim], found: list[list[Passage]], embed: Embed | None) -> _Run:
    pairs = zip(asked, found, strict=True)
    return _Run(asked, found, [extract(one.text, given, embed=embed) for one, given in pairs])


def _report_evidence(name: str, run: _Run, corpus: Mapping[str, Abstract]) -> None:
    rows = [row for row in zip(run.claims, run.found, run.extractions, strict=True) if row[0].answerable]
    ranks = [_rank(claim, found, extraction, corpus) for claim, found, extraction in rows]
    first, third = np.array([rank < 1 for rank in ranks]), np.array([rank < 3 for rank in ranks])
    print(f"  evidence quoted from {name}, {len(rows)} claims:")
    print(f"    first quote {bootstrap(_mean_of(first), len(first))}, three {bootstrap(_mean_of(third), len(third))}")
    print(f"    quotes given on average {np.mean([len(row[2].sentences) for row in rows]):.2f}")


def _rank(claim: Claim, found: Sequence[Passage], extraction: Extraction, corpus: Mapping[str, Abstract]) -> int:
    """Return the place of the first quote that holds evidence, from 0; a large number where none does."""
    for rank, quote in enumerate(extraction.sentences):
        if holds(quote.start, quote.end, evidence_spans(claim, corpus[found[quote.passage].document])):
            return rank
    return 99


def _mean_of(values: NDArray[np.bool_]) -> Callable[[NDArray[np.int64]], float]:
    return lambda rows: float(values[rows].mean())


def _report_answering(run: _Run) -> None:
    labels = np.array([float(one.answerable) for one in run.claims])
    scores = np.array([one.confidence for one in run.extractions])
    said = np.array([float(one.answered) for one in run.extractions])
    size = len(labels)
    print(f"  AUROC {bootstrap(lambda rows: area(labels[rows], scores[rows]), size)}")
    print("  at the operating point: answered of the")
    print(f"    answerable   {bootstrap(lambda rows: answered(labels[rows], said[rows], 1.0)[0], size)}")
    print(f"    unanswerable {bootstrap(lambda rows: answered(labels[rows], said[rows], 1.0)[1], size)}")
    print("  risk and coverage, by threshold: unanswerable answered, answerable answered")
    for wrong in _WRONG:
        point = threshold(labels, scores, wrongly=wrong)
        right, real = answered(labels, scores, point)
        print(f"    {point:.3f}: {real:.3f} {right:.3f}")


if __name__ == "__main__":
    main()
