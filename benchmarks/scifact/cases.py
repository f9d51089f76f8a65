"""What the extractive model sees of a question and what was right: the rows that fitting and measuring share."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.scifact import questions
from benchmarks.scifact.data import Abstract, Claim
from benchmarks.scifact.retrieval import Index, Ranking
from benchmarks.scifact.vectors import StoredVectors
from lasttenth.models.extractive import Passage
from lasttenth.models.extractive.comparison import Comparison, compare, features, read_question

DEPTH = 5
"""How many passages the extractive model is given."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A question over the passages that were found for it."""

    comparison: Comparison
    cosines: NDArray[np.float32]
    evidence: NDArray[np.bool_]
    """Whether each candidate holds at least half of an evidence sentence, or the expected answer."""
    answerable: bool
    group: int
    """Cases that share it are never parted between fitting and judging: claims about one document."""

    @property
    def columns(self) -> dict[str, NDArray[np.float32]]:
        """The lexical features by name."""
        return features(self.comparison)

    def only(self, rows: list[int]) -> "Case":
        """Return the case with some of the candidates."""
        return msgspec.structs.replace(
            self, comparison=self.comparison.only(rows), cosines=self.cosines[rows], evidence=self.evidence[rows]
        )


def passages(corpus: Mapping[str, Abstract], ranking: Ranking) -> list[Passage]:
    """Return the first documents of a ranking as passages, the title as their heading."""
    return [
        Passage(document=document, text=corpus[document].body, headings=(corpus[document].title,))
        for document, _ in ranking[:DEPTH]
    ]


def evidence_spans(claim: Claim, abstract: Abstract) -> list[tuple[int, int]]:
    """Return where the evidence sentences of a claim lie in the body of an abstract."""
    wanted = {number for group in claim.evidence.get(abstract.document, ()) for number in group}
    starts = np.cumsum([0, *(len(sentence) + 1 for sentence in abstract.sentences)]).tolist()
    return [(starts[number], starts[number] + len(abstract.sentences[number])) for number in sorted(wanted)]


def holds(start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Say whether a quote holds at least half of one of the spans."""
    return any(min(end, last) - max(start, first) >= 0.5 * (last - first) for first, last in spans)


def claim_case(claim: Claim, corpus: Mapping[str, Abstract], found: Sequence[Passage], vectors: StoredVectors) -> Case:
    """Return a claim over abstracts as a case."""
    comparison = compare(read_question(claim.text), found)
    spans = [evidence_spans(claim, corpus[one.document]) for one in found]
    return Case(
        comparison=comparison,
        cosines=_cosines(claim.text, comparison, vectors),
        evidence=np.array([holds(one.start, one.end, spans[one.passage]) for one in comparison.pool], dtype=np.bool_),
        answerable=claim.answerable,
        group=min(map(int, claim.cited)),
    )


def claim_cases(
    asked: Sequence[Claim], corpus: Mapping[str, Abstract], vectors: StoredVectors, *, hybrid: bool
) -> list[Case]:
    """Return claims as cases over the passages that lexical or hybrid search finds in the whole corpus."""
    index = Index(corpus, vectors)
    search = index.hybrid if hybrid else index.lexical
    cases = [claim_case(one, corpus, passages(corpus, search(one.text)), vectors) for one in asked]
    index.close()
    return cases


def question_cases(vectors: StoredVectors) -> list[Case]:
    """Return the questions over Markdown documents as cases."""
    sections = questions.sections()
    asked = [*questions.ANSWERABLE, *((text, "") for text in questions.UNANSWERABLE)]
    cases = []
    for number, (text, answer) in enumerate(asked):
        comparison = compare(read_question(text), questions.search(text, sections, limit=DEPTH))
        if comparison.pool:
            case = Case(
                comparison=comparison,
                cosines=_cosines(text, comparison, vectors),
                evidence=np.array([bool(answer) and answer in one.text for one in comparison.pool], dtype=np.bool_),
                answerable=bool(answer),
                group=-1 - number,
            )
            cases.append(case)
    return cases


def _cosines(text: str, comparison: Comparison, vectors: StoredVectors) -> NDArray[np.float32]:
    rows = vectors.embed([text, *(one.text for one in comparison.pool)])
    return np.asarray(rows[1:] @ rows[0], dtype=np.float32)
