"""What the extractive model takes for a term: stems of content words, how alike two are, and how much each weighs.

It knows English function words and endings, and nothing about passages or scores.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cdist

from lasttenth.records.sentences import words


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FUNCTION_WORDS = _listed(
    "a about after all also although am an and another any anything are as at be because been before being between"
    " both but by can can't cannot could couldn't did didn't do does doesn't doing don't due during each either else"
    " ever every everything few for from further get gets getting given go goes got had has hasn't have haven't having"
    " he her here hers him his how however i i'd i'll i'm i've if in into is isn't it it's its itself just least less"
    " let like make makes many may maybe me might more most much must my need needs neither no nobody none nor not"
    " nothing now of off often on once one only onto or other our ours out over own per please possible rather really"
    " same shall she should since so some someone something soon still such than that that's the their theirs them"
    " then there these they thing things this those through thus to too toward towards under until up upon us use used"
    " uses using very via was wasn't way we well were what what's when where whether which while who who's whom whose"
    " why will with within without won't would yes yet you your yours"
)
_QUESTION_WORDS = _listed(
    "am are can could describe did do does explain give how is list may must name please shall should show tell was were"
    " what when where which who whose why will would"
)
_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|long|often|far|fast|soon|late|early|old|big|large|high)|when|what time)\b", re.IGNORECASE
)
_ENDINGS = (
    ("izations", 4), ("isations", 4), ("ization", 4), ("isation", 4), ("ations", 4), ("ation", 4), ("ments", 4),
    ("ment", 4), ("ness", 4), ("ings", 3), ("ing", 3), ("ies", 3), ("ied", 3), ("ions", 4), ("ion", 4), ("ely", 4),
    ("ed", 3), ("es", 3), ("ly", 4), ("s", 3), ("e", 3), ("y", 3),
)  # fmt: skip
_ALIKE = 0.9


def is_question(text: str) -> bool:
    """Say whether a text asks rather than claims: it ends in a question mark or begins as questions and requests do."""
    first = words(text)[:1]
    return text.rstrip().endswith("?") or bool(first and first[0] in _QUESTION_WORDS)


def is_claim(text: str) -> bool:
    """Say whether a text claims rather than asks or only names a topic: it ends in a full stop."""
    return text.rstrip().endswith(".") and not is_question(text)


def wants_quantity(text: str) -> bool:
    """Say whether the answer must hold a number: "how many", "how long", "when" …"""
    return is_question(text) and _QUANTITY.search(text) is not None


def asked_terms(text: str) -> list[str]:
    """Return the distinct terms of a question or claim in order, without what only asks for a quantity ("how long")."""
    return list(dict.fromkeys(terms(_QUANTITY.sub(" ", text) if is_question(text) else text)))


def terms(text: str) -> list[str]:
    """Return the stems of a text's content words, in order; words with a digit stay as they are."""
    return [stem(word) for word in words(text) if word not in _FUNCTION_WORDS and (len(word) > 1 or word.isdigit())]


def stem(word: str) -> str:
    """Return a lower-cased English word without its ending; other languages pass nearly untouched.

    Lighter than Porter's: one ending goes and a doubled consonant with it. What is left need not be a word.

    Example:
        >>> [stem(word) for word in ("shipping", "ships", "policies", "S100A9".lower())]
        ['ship', 'ship', 'polic', 's100a9']
    """
    if not word.isalpha():
        return word.removesuffix("'s")
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least and not word.endswith(("ss", "us", "is")):
            return _undoubled(word[: -len(ending)])
    return word


def likeness(asked: Sequence[str], found: Sequence[str]) -> NDArray[np.float32]:
    """Return how far each asked stem is met by each found one, 0 to 1, as a matrix (asked, found).

    Equal stems are 1; stems alike by Jaro-Winkler ("deliver", "deliveri"; a typing error) a little less; a stem with a
    digit is met by its equal only.
    """
    if not asked or not found:
        return np.zeros((len(asked), len(found)), dtype=np.float32)
    alike = cdist(asked, found, scorer=JaroWinkler.normalized_similarity, score_cutoff=_ALIKE, dtype=np.float32)
    exact = np.array([[one == other for other in found] for one in asked])
    fixed = np.array([_is_fixed(one) for one in asked])[:, None] | np.array([_is_fixed(one) for one in found])[None, :]
    graded = np.where(fixed, 0.0, 0.8 * alike)
    return np.where(exact, 1.0, graded).astype(np.float32)


def rarity(asked: Sequence[str]) -> NDArray[np.float32]:
    """Return how much each asked stem counts: 1, or less for one that is common in written English.

    The few passages at hand do not say how rare a word is, since they were found by the words of the question; so the
    weights come from a fixed table.
    """
    return np.array([_common_terms().get(one, 1.0) for one in asked], dtype=np.float32)


@cache
def _common_terms() -> dict[str, float]:
    """Return the table beside this module: a weight and its stems per line; lines that begin with # are comments."""
    text = files("lasttenth.models.extractive").joinpath("common_terms.txt").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {one: float(weight) for weight, *stems in rows for one in stems}


def _undoubled(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls" else word


def _is_fixed(term: str) -> bool:
    return len(term) < 4 or any(letter.isdigit() for letter in term)
