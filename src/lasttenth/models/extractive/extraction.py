"""The extractive model: picks and quotes the sentences that answer a question, or says that the passages do not.

It has no weights beyond a few documented coefficients, writes no text of its own, and is deterministic.
"""

from collections.abc import Sequence

import numpy as np

from lasttenth.models.extractive import answerability, ranking
from lasttenth.models.extractive.comparison import Candidate, Comparison, Vector, compare, features, read_question
from lasttenth.models.extractive.shapes import Embed, ExtractedSentence, Extraction, ExtractiveSettings, Passage

_DEFAULTS = ExtractiveSettings()
_NOTHING = Extraction(sentences=(), confidence=0.0, answered=False)


def extract(
    question: str,
    passages: Sequence[Passage],
    *,
    embed: Embed | None = None,
    settings: ExtractiveSettings = _DEFAULTS,
) -> Extraction:
    """Pick the sentences that answer a question, best first, and estimate whether they do.

    Args:
        question: A question, a claim that ends in a full stop, or words to look for; in English for good results.
        passages: What retrieval found, best first.
        embed: The embedder; sentences are compared by their words alone where it is None.
        settings: How much to quote and from which confidence on to answer.

    Returns:
        At most `settings.most` verbatim sentences and the confidence. Nothing, with confidence 0, where the question
        has no content words or no passage a quotable piece.

    Example:
        >>> policy = Passage(document="refunds.md", text="We ship daily. Refunds are possible within 30 days.")
        >>> extract("Within how many days are refunds possible?", [policy]).sentences[0].text
        'Refunds are possible within 30 days.'
    """
    asked = read_question(question)
    comparison = compare(asked, passages)
    if not asked.terms or not comparison.pool:
        return _NOTHING
    scores = ranking.scores(features(comparison), ranking.LEXICAL)
    if embed is None:
        confidence = answerability.probability(answerability.signs(comparison, scores), answerability.LEXICAL)
        point = settings.lexical_claim_point if asked.is_claim else settings.lexical_point
        return _extraction(comparison.pool, scores, confidence=confidence, point=point, settings=settings)
    near = comparison.only(best(scores, settings.embedded))
    cosines = _cosines(embed, question, near)
    scores = ranking.scores({**features(near), "cosine": cosines}, ranking.HYBRID)
    signs = {**answerability.signs(near, scores), "cosine": float(cosines.max())}
    confidence = answerability.probability(signs, answerability.HYBRID)
    point = settings.hybrid_claim_point if asked.is_claim else settings.hybrid_point
    return _extraction(near.pool, scores, confidence=confidence, point=point, settings=settings)


def best(scores: Vector, most: int) -> list[int]:
    """Return which candidates score best, at most so many, in their own order; of equal ones the first."""
    return sorted(np.argsort(-scores, kind="stable")[:most].tolist())


def _cosines(embed: Embed, question: str, comparison: Comparison) -> Vector:
    vectors = embed([question, *(one.text for one in comparison.pool)])
    return np.asarray(vectors[1:] @ vectors[0], dtype=np.float32)


def _extraction(
    pool: Sequence[Candidate], scores: Vector, *, confidence: float, point: float, settings: ExtractiveSettings
) -> Extraction:
    """Quote the best candidates, the same text once; ties keep the order of the passages."""
    chosen: dict[str, ExtractedSentence] = {}
    likely = 1.0 / (1.0 + np.exp(-scores))
    for index in np.argsort(-scores, kind="stable"):
        one = pool[index]
        if len(chosen) == settings.most or likely[index] < settings.share * likely.max():
            break
        quote = ExtractedSentence(
            passage=one.passage, start=one.start, end=one.end, text=one.text, score=float(likely[index])
        )
        chosen.setdefault(one.text, quote)
    return Extraction(sentences=tuple(chosen.values()), confidence=confidence, answered=confidence >= point)
