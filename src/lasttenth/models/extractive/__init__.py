"""The extractive model: quotes the sentences of given passages that answer a question, or declines."""

from lasttenth.models.extractive.extraction import extract
from lasttenth.models.extractive.shapes import Embed, ExtractedSentence, Extraction, ExtractiveSettings, Passage

__all__ = ["Embed", "ExtractedSentence", "Extraction", "ExtractiveSettings", "Passage", "extract"]
