"""What is known of models beside their prices: how much they read and write, in which forms, and when they retire.

The data come from LiteLLM (MIT; the notice travels in the file), compiled by `scripts/compile_facts.py`.
"""

import datetime as dt
import functools
from collections.abc import Callable, Mapping
from importlib import resources

import msgspec

FORMS = ("text", "image", "audio", "video", "document", "embedding")
SOON = dt.timedelta(days=90)
"""So long before a model retires its calls are marked."""
_REMEMBERED = 1024
_DAY = 86_400 * 10**9


class ModelFacts(msgspec.Struct, frozen=True, array_like=True):
    """A model: tokens that it reads and writes at most, in which forms, and its last day; None for what is not known."""

    context: int | None = None
    output: int | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    retires: dt.date | None = None


NOTHING = ModelFacts()


class FactSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All models by provider and name, and where the data come from."""

    source: str
    version: str
    date: dt.date
    licence: str
    models: dict[str, dict[str, ModelFacts]]


class Facts:
    """What is known of models.

    Args:
        models: by the provider's name in the price list, and the model's.
        provider_of: returns that name of a provider, empty where there is none.
    """

    def __init__(self, models: Mapping[str, Mapping[str, ModelFacts]], provider_of: Callable[[str], str]) -> None:
        self._models = models
        self._provider_of = provider_of
        self._retiring = functools.lru_cache(_REMEMBERED)(self._retires_soon)

    @classmethod
    def load(cls, provider_of: Callable[[str], str]) -> "Facts":
        """Read the sheet that ships with Lasttenth."""
        data = resources.files(__package__).joinpath("facts.json").read_bytes()
        return cls(msgspec.json.decode(data, type=FactSheet).models, provider_of)

    @classmethod
    def none(cls) -> "Facts":
        """Return what knows nothing."""
        return cls({}, str)

    def of(self, model: str) -> ModelFacts:
        """Return what is known of `provider/model`."""
        provider, _, name = model.partition("/")
        return self._models.get(self._provider_of(provider), {}).get(name.lower(), NOTHING)

    def retiring(self, model: str, *, at: int) -> dt.date | None:
        """Return the last day of a model that retires soon, or has, at a time in Unix nanoseconds; else None."""
        return self._retiring(model, at // _DAY)

    def _retires_soon(self, model: str, day: int) -> dt.date | None:
        last = self.of(model).retires
        today = dt.date(1970, 1, 1) + dt.timedelta(days=day)
        return last if last is not None and last - today <= SOON else None
