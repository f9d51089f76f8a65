"""Other ways to tell answerable claims from unanswerable ones, judged out of fold on the train claims alone.

Each way is a few numbers per claim over the five passages that hybrid search finds, weighed by a logistic model on
standardised values; ten folds, claims about one document never parted.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.scifact.cases import Case, claim_cases
from benchmarks.scifact.data import Claim, abstracts, claims, data_option
from benchmarks.scifact.fit import answerable, fold_numbers, out_of_fold
from benchmarks.scifact.logistic import Array, answered, area, threshold
from benchmarks.scifact.retrieval import Index
from benchmarks.scifact.vectors import StoredVectors
from lasttenth.models.extractive import ranking
from lasttenth.models.extractive.comparison import share
from lasttenth.models.extractive.terms import stem
from lasttenth.records.sentences import words

Signs = Mapping[str, float]

WAYS = {
    "words, uniform weights": ("plain",),
    "words of one sentence": ("sentence",),
    "words of one passage": ("passage",),
    "weakest half of the claim": ("half",),
    "numbers": ("asked numbers", "numbers"),
    "best sentence": ("best",),
    "best sentence against the rest": ("best", "rest"),
    "cosine of the nearest sentence": ("cosine",),
    "cosine against the rest": ("cosine", "cosine contrast", "cosine lead"),
    "retrieval scores": ("bm25", "bm25 lead", "dense", "dense lead"),
    "soft alignment of words": ("soft passage", "soft sentence"),
    "passage, best": ("passage", "best"),
    "passage, best, cosine (taken)": ("passage", "best", "cosine"),
    "the same with contrast": ("passage", "best", "cosine", "cosine contrast"),
    "the same with soft alignment": ("passage", "best", "cosine", "soft passage", "soft sentence"),
    "the same with retrieval scores": ("passage", "best", "cosine", "bm25", "bm25 lead", "dense", "dense lead"),
}


def main() -> None:
    """Print a row per way."""
    options = data_option("Ways to decline on SciFact").parse_args()
    corpus, vectors = abstracts(options.data), StoredVectors(options.vectors)
    asked = claims(options.data, "train")
    cases = claim_cases(asked, corpus, vectors, hybrid=True)
    index = Index(corpus, vectors)
    _learn_words(cases, asked, vectors)
    rows = [_signs(case, claim, index, vectors) for case, claim in zip(cases, asked, strict=True)]
    index.close()
    for name, signs in WAYS.items():
        _report(name, np.array([[row[sign] for sign in signs] for row in rows]), cases)
    _report("trained on pairs of vectors", _pairs(cases, asked, vectors), cases, ridge=3000.0)
    vectors.save()


def _report(name: str, design: Array, cases: Sequence[Case], *, ridge: float = 1.0) -> None:
    labels = answerable(cases)
    scaled = (design - design.mean(axis=0)) / (design.std(axis=0) + 1e-9)
    chance = out_of_fold(scaled, labels, np.ones(len(labels)), fold_numbers(cases), ridge=ridge)
    right, _ = answered(labels, chance, threshold(labels, chance, wrongly=0.10))
    print(f"| {name} | {design.shape[1]} | {area(labels, chance):.3f} | {right:.3f} |")


def _signs(case: Case, claim: Claim, index: Index, vectors: StoredVectors) -> Signs:
    comparison, weights = case.comparison, case.comparison.question.weights
    scores = ranking.scores({**case.columns, "cosine": case.cosines}, ranking.HYBRID)
    of = np.array([one.passage for one in comparison.pool])
    whole = np.stack([comparison.together[of == passage].max(axis=0) for passage in np.unique(of)])
    top, half = whole[int(np.argmax(share(whole, weights)))], max(len(weights) // 2, 1)
    return {
        "plain": float(whole.mean(axis=1).max()),
        "sentence": float(share(comparison.together, weights).max()),
        "passage": float(share(whole, weights).max()),
        "half": min(float(part.mean()) for part in (top[:half], top[-half:])),
        "asked numbers": float(len(comparison.question.numbers)),
        "numbers": float(case.columns["numbers"].max()),
        "best": float(scores.max()),
        "rest": float(scores.mean()),
        **_dense(case, of),
        **_retrieval(claim, index),
        **_soft(case, int(np.argmax(scores)), vectors),
    }


def _dense(case: Case, of: NDArray[np.int64]) -> Signs:
    nearest = sorted((float(case.cosines[of == passage].max()) for passage in np.unique(of)), reverse=True)
    return {
        "cosine": nearest[0],
        "cosine contrast": nearest[0] - float(case.cosines.mean()),
        "cosine lead": nearest[0] - nearest[min(1, len(nearest) - 1)],
    }


def _retrieval(claim: Claim, index: Index) -> Signs:
    lexical, dense = ([score for _, score in found] for found in (index.lexical(claim.text), index.dense(claim.text)))
    return {
        "bm25": lexical[0] / len(words(claim.text)),
        "bm25 lead": lexical[0] - lexical[1],
        "dense": dense[0],
        "dense lead": dense[0] - float(np.mean(dense[1:10])),
    }


def _soft(case: Case, best: int, vectors: StoredVectors) -> Signs:
    """Align every term of the claim with the nearest word, by cosine, of each passage and of the best sentence."""
    comparison = case.comparison
    asked, weights = vectors.embed(comparison.question.terms), comparison.question.weights
    texts: dict[int, list[str]] = {}
    for one in comparison.pool:
        texts.setdefault(one.passage, []).extend(one.terms)
    aligned = [(asked @ vectors.embed(text).T).max(axis=1) for text in (*texts.values(), comparison.pool[best].terms)]
    *passages, sentence = [float(row @ weights / weights.sum()) for row in aligned]
    return {"soft passage": max(passages), "soft sentence": sentence}


def _learn_words(cases: Sequence[Case], asked: Sequence[Claim], vectors: StoredVectors) -> None:
    """Give each stem the vector of one word that has it."""
    texts = [*(claim.text for claim in asked), *(one.text for case in cases for one in case.comparison.pool)]
    forms: dict[str, str] = {}
    for word in (word for text in texts for word in words(text)):
        forms.setdefault(stem(word), word)
    vectors.alias(forms)


def _pairs(cases: Sequence[Case], asked: Sequence[Claim], vectors: StoredVectors) -> Array:
    """Return |u - v| and u * v of claim and nearest sentence, 768 numbers."""
    one = vectors.embed([claim.text for claim in asked])
    two = vectors.embed([case.comparison.pool[int(np.argmax(case.cosines))].text for case in cases])
    return np.concatenate([np.abs(one - two), one * two], axis=1).astype(np.float64)


if __name__ == "__main__":
    main()
