"""What a model call consumed, in tokens.

The convention is OpenAI's: `input_tokens` includes those read from or written to a prompt cache, `output_tokens`
includes reasoning. Adapters of providers that count otherwise convert.
"""

import msgspec

MAX_TOKENS = 2**40
"""What reports more tokens than this is no report: their cost would not fit into 64 bits."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Token counts of one call; the details are parts of the totals, never in addition to them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    """Those of `cache_write_tokens` that are kept for an hour: some providers charge more for them."""

    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Return what two calls consumed together."""
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})
