"""Which models are known, by which names, and at which rates: the shape of `prices.json` and how a name finds its model.

The rules of matching are those of genai-prices, where the data come from (MIT; the notice travels in the file). The
file is written by `scripts/compile_prices.py`. What a call costs is worked out in `prices`.
"""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec


class Equals(msgspec.Struct, frozen=True, array_like=True, tag="equals"):
    """The name is this text. All names and texts are in lower case."""

    text: str

    def matches(self, name: str) -> bool:
        """Tell whether the rule holds for a name in lower case."""
        return name == self.text


class StartsWith(msgspec.Struct, frozen=True, array_like=True, tag="starts_with"):
    """The name starts with this text."""

    text: str

    def matches(self, name: str) -> bool:
        """Tell whether the rule holds for a name in lower case."""
        return name.startswith(self.text)


class EndsWith(msgspec.Struct, frozen=True, array_like=True, tag="ends_with"):
    """The name ends with this text."""

    text: str

    def matches(self, name: str) -> bool:
        """Tell whether the rule holds for a name in lower case."""
        return name.endswith(self.text)


class Contains(msgspec.Struct, frozen=True, array_like=True, tag="contains"):
    """The name contains this text."""

    text: str

    def matches(self, name: str) -> bool:
        """Tell whether the rule holds for a name in lower case."""
        return self.text in name


class Regex(msgspec.Struct, frozen=True, array_like=True, tag="regex"):
    """The name contains a match of this regular expression."""

    pattern: str

    def matches(self, name: str) -> bool:
        """Tell whether the rule holds for a name in lower case."""
        return re.search(self.pattern, name) is not None


class AnyOf(msgspec.Struct, frozen=True, array_like=True, tag="or"):
    """One of the rules holds."""

    rules: "tuple[Rule, ...]"

    def matches(self, name: str) -> bool:
        """Tell whether the rule holds for a name in lower case."""
        return any(rule.matches(name) for rule in self.rules)


class AllOf(msgspec.Struct, frozen=True, array_like=True, tag="and"):
    """All of the rules hold."""

    rules: "tuple[Rule, ...]"

    def matches(self, name: str) -> bool:
        """Tell whether the rule holds for a name in lower case."""
        return all(rule.matches(name) for rule in self.rules)


Rule = Equals | StartsWith | EndsWith | Contains | Regex | AnyOf | AllOf


class Tier(msgspec.Struct, frozen=True, array_like=True):
    """A rate that replaces the base rate for *all* tokens of a call with more than `above` input tokens."""

    above: int
    dollars: Decimal


class Tiered(msgspec.Struct, frozen=True):
    """A rate that depends on the length of the input; tiers ascend."""

    base: Decimal
    tiers: tuple[Tier, ...]


Rate = Decimal | Tiered
"""US dollars per million tokens."""


class Rates(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a model costs. A part without a rate of its own is charged as the total that it belongs to."""

    input: Rate | None = None
    output: Rate | None = None
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    cache_write_1h: Rate | None = None
    reasoning: Rate | None = None
    input_audio: Rate | None = None
    output_audio: Rate | None = None
    thousand_requests: Rate | None = None

    @property
    def are_known(self) -> bool:
        """Tell whether tokens or requests are charged at all: a model may be charged by hours, pages or pixels only."""
        return any(getattr(self, name) is not None for name in self.__struct_fields__)


class Period(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Rates and when they hold: from a date on, between two times of every day, or always. All in UTC."""

    rates: Rates
    since: dt.date | None = None
    hours: tuple[dt.time, dt.time] | None = None

    def holds(self, moment: dt.datetime) -> bool:
        """Tell whether the rates hold at a moment in UTC; hours may span midnight, and their end is outside."""
        if self.since is not None:
            return moment.date() >= self.since
        if self.hours is None:
            return True
        start, end = self.hours
        time = moment.time()
        return start <= time < end if start <= end else time >= start or time < end


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A model of one provider. `context_window` is in tokens; of several periods the last one that holds counts."""

    id: str
    rule: Rule
    periods: tuple[Period, ...]
    name: str = ""
    context_window: int | None = None
    deprecated: bool = False

    def rates_at(self, moment: dt.datetime) -> Rates:
        """Return the rates at a moment in UTC; before every period, those of the first."""
        period = next((period for period in reversed(self.periods) if period.holds(moment)), self.periods[0])
        return period.rates


class Provider(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who serves models. `fallbacks` are providers whose models, and prices, it serves too."""

    id: str
    models: tuple[Model, ...]
    rule: Rule | None = None
    fallbacks: tuple[str, ...] = ()


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All providers, and where the data come from: `date` is that of the source's release."""

    source: str
    version: str
    date: dt.date
    licence: str
    providers: tuple[Provider, ...]

    def find(self, provider: str, model: str) -> Model | None:
        """Return the model that a provider's name and a model's name mean, or None."""
        owner = self._provider(provider.lower().strip())
        if owner is None:
            return None
        return self._model(owner, model.lower()) or self._model(owner, _with_dashed_date(model.lower()))

    def provider_named(self, name: str) -> str:
        """Return the id of the provider that a name means, empty where there is none."""
        found = self._provider(name.lower().strip())
        return "" if found is None else found.id

    def _provider(self, name: str) -> Provider | None:
        exact = (provider for provider in self.providers if provider.id == name)
        by_rule = (provider for provider in self.providers if provider.rule is not None and provider.rule.matches(name))
        return next(exact, None) or next(by_rule, None)

    def _model(self, owner: Provider, name: str) -> Model | None:
        return next((model for model in self._offers(owner) if model.rule.matches(name)), None)

    def _offers(self, owner: Provider) -> Iterator[Model]:
        yield from owner.models
        for fallback in owner.fallbacks:
            yield from next((provider.models for provider in self.providers if provider.id == fallback), ())


_COMPACT_DATE = re.compile(r"-(20\d{2})(\d{2})(\d{2})(?=-|:|$)")


def _with_dashed_date(name: str) -> str:
    """Write a date such as `-20251211` as `-2025-12-11`: gateways shorten the dates that providers write with dashes."""
    return _COMPACT_DATE.sub(_dashed, name)


def _dashed(match: re.Match[str]) -> str:
    try:
        return f"-{dt.date(*map(int, match.groups()))}"
    except ValueError:
        return match.group()
