"""What goes into the extractive model and what comes out. Pure records; offsets are characters of a passage's text."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, one row each: the embedder that the passages were found with."""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document that retrieval found; passages are given best first."""

    document: str
    text: str
    headings: tuple[str, ...] = ()
    """The title and the headings above the text, outermost first."""


class ExtractedSentence(msgspec.Struct, frozen=True, kw_only=True):
    """A verbatim quote: `text` equals `passages[passage].text[start:end]`."""

    passage: int
    start: int
    end: int
    text: str
    score: float
    """The estimated probability, 0 to 1, that this sentence answers the question."""


class Extraction(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. The sentences are given even where the model declines: then they are what came nearest."""

    sentences: tuple[ExtractedSentence, ...]
    confidence: float
    """The estimated probability, 0 to 1, that the passages answer the question."""
    answered: bool


class ExtractiveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much to quote and from which confidence on to answer.

    The operating points are those at which, out of fold, a tenth of SciFact's unanswerable train claims and a twentieth
    of the unanswerable questions of `benchmarks/scifact` are answered.
    """

    most: int = 3
    """Quote at most this many sentences."""
    share: float = 0.25
    """Quote a further sentence only where its score reaches this share of the best one's."""
    embedded: int = 12
    """Give only so many pieces to the embedder: the best by their words."""
    lexical_point: float = 0.57
    """Answer a question from this confidence on where no embedder is given."""
    hybrid_point: float = 0.57
    """Answer a question from this confidence on where an embedder is given."""
    lexical_claim_point: float = 0.77
    """Confirm or deny a claim from this confidence on where no embedder is given."""
    hybrid_claim_point: float = 0.74
    """Confirm or deny a claim from this confidence on where an embedder is given."""
