"""The extractive model: picks and quotes the sentences that answer a question, or says that the passages do not.

It has no weights beyond a few documented coefficients, writes no text of its own, and is deterministic.
"""

from collections.abc import Sequence

import numpy as np

from lasttenth.models.extractive import answerability, ranking
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
        question: A question or a claim, in English for good results.
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
    asked = ranking.read_question(question)
    pool = ranking.candidates(passages)
    if not asked.terms or not pool:
        return _NOTHING
    met = ranking.match(asked, pool, passages)
    columns = ranking.features(asked, pool, met)
    if embed is None:
        scores = ranking.scores(columns, ranking.LEXICAL)
        values = answerability.signs(asked, pool, met, scores)
        confidence, point = answerability.probability(values, answerability.LEXICAL), settings.lexical_point
    else:
        cosines = _cosines(embed, question, [one.text for one in pool])
        scores = ranking.scores({**columns, "cosine": cosines}, ranking.HYBRID)
        values = {**answerability.signs(asked, pool, met, scores), "cosine": float(cosines.max())}
        confidence, point = answerability.probability(values, answerability.HYBRID), settings.hybrid_point
    quotes = _quotes(pool, scores, settings)
    return Extraction(sentences=quotes, confidence=confidence, answered=confidence >= point)


def _cosines(embed: Embed, question: str, texts: Sequence[str]) -> ranking.Vector:
    vectors = embed([question, *texts])
    return np.asarray(vectors[1:] @ vectors[0], dtype=np.float32)


def _quotes(
    pool: Sequence[ranking.Candidate], scores: ranking.Vector, settings: ExtractiveSettings
) -> tuple[ExtractedSentence, ...]:
    """Return the best candidates, the same text once; ties keep the order of the passages."""
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
    return tuple(chosen.values())
