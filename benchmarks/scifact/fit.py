"""Fits the coefficients of the extractive model and prints them as they stand in its source.

Fitted on `claims_train.csv` and on the questions of `questions.py`; the validation claims are never opened here. Claims
weigh three quarters as a whole, questions one quarter. The sentence model is fitted first; answerability is fitted on
scores that sentence models of the other folds give, and judged by answerability models of the other folds.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.scifact.cases import Case, claim_cases, question_cases
from benchmarks.scifact.data import abstracts, claims, data_option
from benchmarks.scifact.logistic import Array, answered, area, fit, threshold
from benchmarks.scifact.vectors import StoredVectors
from lasttenth.models.extractive import ExtractiveSettings
from lasttenth.models.extractive.answerability import signs
from lasttenth.models.extractive.extraction import best

WRONGLY = {"claims": 0.10, "questions": 0.05}
"""The share of unanswerable cases that may be answered at the operating point."""

FOLDS = 10
"""Into how many parts cases are cut for judging."""
_MIX = {"claims": 0.75, "questions": 0.25}


class Fitted(NamedTuple):
    """Coefficients by name and the out-of-fold probability of each case to be answerable."""

    sentences: dict[str, float]
    answerability: dict[str, float]
    probabilities: Array
    hits: float
    """The share of the answerable claims with evidence among the three best candidates, out of fold."""


def fit_models(cases: Sequence[Case], *, hybrid: bool) -> Fitted:
    """Fit both models on all cases, and judge each case by models of the other folds."""
    tables, folds, weights = [_table(case, hybrid=hybrid) for case in cases], fold_numbers(cases), _weights(cases)
    scores = [np.zeros(0)] * len(cases)
    for fold in range(FOLDS):
        model = _sentence_model(cases, tables, weights * (folds != fold))
        for number in np.flatnonzero(folds == fold).tolist():
            scores[number] = tables[number] @ model[:-1] + model[-1]
    rows = [_signs(case, score, hybrid=hybrid) for case, score in zip(cases, scores, strict=True)]
    design, labels = np.array([list(row.values()) for row in rows]), answerable(cases)
    names = [*cases[0].columns, "cosine"] if hybrid else [*cases[0].columns]
    return Fitted(
        sentences=_named(_sentence_model(cases, tables, weights), names),
        answerability=_named(fit(design, labels, weights), [*rows[0]]),
        probabilities=out_of_fold(design, labels, weights, folds),
        hits=_hits(cases, scores),
    )


def narrowed(cases: Sequence[Case], sentences: dict[str, float]) -> list[Case]:
    """Return the cases with the candidates that the lexical model would give to the embedder."""
    weights = np.array(list(sentences.values()))
    most = ExtractiveSettings().embedded
    scores = [_table(case, hybrid=False) @ weights[:-1] for case in cases]
    return [case.only(best(score.astype(np.float32), most)) for case, score in zip(cases, scores, strict=True)]


def answerable(cases: Sequence[Case]) -> Array:
    """Return 1 for each answerable case and 0 for the others."""
    return np.array([float(case.answerable) for case in cases])


def main() -> None:
    """Fit with and without an embedder and print everything that the source needs."""
    options = data_option("Fit the extractive model").parse_args()
    corpus, vectors = abstracts(options.data), StoredVectors(options.vectors)
    asked, extra = claims(options.data, "train"), question_cases(vectors)
    vectors.save()
    cases = [*claim_cases(asked, corpus, vectors, hybrid=False), *extra]
    lexical = fit_models(cases, hybrid=False)
    _print("LEXICAL", cases, lexical)
    cases = narrowed([*claim_cases(asked, corpus, vectors, hybrid=True), *extra], lexical.sentences)
    _print("HYBRID", cases, fit_models(cases, hybrid=True))


def _print(name: str, cases: Sequence[Case], fitted: Fitted) -> None:
    print(f"{name} sentences: {_rounded(fitted.sentences)}")
    print(f"{name} answerability: {_rounded(fitted.answerability)}")
    print(f"  train claims, out of fold: evidence in the best three {fitted.hits:.3f}")
    for kind, wrongly in WRONGLY.items():
        rows = np.array([_kind(case) == kind for case in cases])
        labels, chance = answerable(cases)[rows], fitted.probabilities[rows]
        point = threshold(labels, chance, wrongly=wrongly)
        right, wrong = answered(labels, chance, point)
        print(f"  {kind}: AUROC {area(labels, chance):.3f}; from {point:.3f} on {right:.3f} right, {wrong:.3f} wrong")


def _kind(case: Case) -> str:
    return "claims" if case.group >= 0 else "questions"


def fold_numbers(cases: Sequence[Case]) -> NDArray[np.int64]:
    """Return the fold of each case; one group is one fold's."""
    groups = sorted({case.group for case in cases})
    order = np.random.default_rng(7).permutation(len(groups))
    fold = {group: int(place) % FOLDS for group, place in zip(groups, order, strict=True)}
    return np.array([fold[case.group] for case in cases], dtype=np.int64)


def _weights(cases: Sequence[Case]) -> Array:
    kinds = [_kind(case) for case in cases]
    return np.array([_MIX[kind] * len(cases) / kinds.count(kind) for kind in kinds])


def _table(case: Case, *, hybrid: bool) -> Array:
    columns = [*case.columns.values(), case.cosines] if hybrid else [*case.columns.values()]
    return np.stack(columns, axis=1).astype(np.float64)


def _sentence_model(cases: Sequence[Case], tables: Sequence[Array], weights: Array) -> Array:
    """Fit on the cases that weigh something and have evidence among their candidates."""
    used = [number for number, case in enumerate(cases) if case.evidence.any() and weights[number]]
    labels = np.concatenate([cases[number].evidence for number in used]).astype(np.float64)
    repeated = np.concatenate([np.full(len(tables[number]), weights[number]) for number in used])
    return fit(np.concatenate([tables[number] for number in used]), labels, repeated)


def out_of_fold(design: Array, labels: Array, weights: Array, folds: NDArray[np.int64], *, ridge: float = 1.0) -> Array:
    """Return the probability of each case by the logistic model of the other folds."""
    chance = np.zeros(len(labels))
    for fold in range(FOLDS):
        own = folds == fold
        model = fit(design[~own], labels[~own], weights[~own], ridge=ridge)
        chance[own] = 1.0 / (1.0 + np.exp(-(design[own] @ model[:-1] + model[-1])))
    return chance


def _signs(case: Case, scores: Array, *, hybrid: bool) -> dict[str, float]:
    found = signs(case.comparison, scores.astype(np.float32))
    return {**found, "cosine": float(case.cosines.max())} if hybrid else found


def _hits(cases: Sequence[Case], scores: Sequence[Array]) -> float:
    asked = [pair for pair in zip(cases, scores, strict=True) if pair[0].answerable and _kind(pair[0]) == "claims"]
    return float(np.mean([case.evidence[np.argsort(-score, kind="stable")[:3]].any() for case, score in asked]))


def _named(model: Array, names: Sequence[str]) -> dict[str, float]:
    return dict(zip([*names, "bias"], model.tolist(), strict=True))


def _rounded(weights: dict[str, float]) -> str:
    return ", ".join(f'"{name}": {weight:.2f}' for name, weight in weights.items())


if __name__ == "__main__":
    main()
