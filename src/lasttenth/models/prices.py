"""What a call costs: the price of a model at a time, and the cost of its usage in whole nano-dollars.

Prices come from the snapshot that ships with Lasttenth; nothing is fetched. Models that run on the installation's own
machines cost nothing, and which providers those are is known here. A model without a known price costs None, never 0.
Image, video and citation tokens are charged as other tokens of their direction; searches and service tiers are not known.
"""

import datetime as dt
import functools
from decimal import Decimal
from importlib import resources
from typing import NamedTuple

import msgspec

from lasttenth.models.catalogue import Catalogue, Rate, Rates, Tiered
from lasttenth.records.money import nanos
from lasttenth.records.usage import Usage

LOCAL_PROVIDERS = frozenset({"builtin", "ollama", "scripted"})
"""Providers whose models cost exactly nothing, because they run here."""

_FREE = Rates(input=Decimal(0), output=Decimal(0))
_REMEMBERED = 1024
_MINUTE = 60 * 10**9
"""Nanoseconds. No price changes within one."""


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of a model at a time.

    `version` names the price list. It is stored with each span: with it, the model, the time and the usage, the cost can
    be worked out again.
    """

    model: str
    version: str
    rates: Rates


class Cost(NamedTuple):
    """What a call costs in nano-dollars, None where no price is known, and the price list that says so."""

    amount: int | None
    version: str


class Prices:
    """A price list. Finding a price is cheap the second time: the last thousand names are remembered.

    Attributes:
        version: the name of the price list, such as `genai-prices/0.2.3`.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.version = f"{catalogue.source}/{catalogue.version}"
        self._find = functools.lru_cache(_REMEMBERED)(catalogue.find)
        self._price_in = functools.lru_cache(_REMEMBERED)(self._find_price)

    @classmethod
    def load(cls) -> "Prices":
        """Read the snapshot that ships with Lasttenth."""
        data = resources.files(__package__).joinpath("prices.json").read_bytes()
        return cls(msgspec.json.decode(data, type=Catalogue))

    def price_of(self, model: str, *, at: int) -> Price | None:
        """Return what a model cost at a time, or None where that is not known.

        Args:
            model: `provider/model`, such as `openai/gpt-5-mini`.
            at: Nanoseconds since the Unix epoch: prices change, some of them with the hour.
        """
        return self._price_in(model, at // _MINUTE)

    def cost(self, model: str, usage: Usage, *, at: int) -> Cost:
        """Return the cost of a call of `provider/model` at a time in Unix nanoseconds."""
        price = self.price_of(model, at=at)
        return Cost(cost(price, usage), price.version if price else self.version)

    def _find_price(self, model: str, minute: int) -> Price | None:
        provider, _, name = model.partition("/")
        if provider in LOCAL_PROVIDERS:
            return Price(model=model, version="local", rates=_FREE)
        found = self._find(provider, name)
        if found is None:
            return None
        rates = found.rates_at(dt.datetime.fromtimestamp(minute * 60, dt.UTC))
        return Price(model=model, version=self.version, rates=rates) if rates.are_known else None

    def provider_named(self, name: str) -> str:
        """Return the price list's id of the provider that a name means, empty where there is none."""
        return self._catalogue.provider_named(name)

    def context_window_of(self, model: str) -> int | None:
        """Return how many tokens a model takes, or None where that is not known."""
        provider, _, name = model.partition("/")
        found = self._find(provider, name)
        return found.context_window if found else None


def cost(price: Price | None, usage: Usage) -> int | None:
    """Return the cost of a call in nano-dollars: the exact sum, rounded once, half to even. Unknown prices cost None.

    A part that has a rate of its own is taken out of its total. Where a provider reports parts larger than the total,
    the parts are charged and the rest of the total is nothing. A negative count has no cost: it must not refund a budget.
    """
    if price is None or min(msgspec.structs.astuple(usage)) < 0:
        return None
    rates, length = price.rates, usage.input_tokens
    total = Decimal(0)
    for whole, rate, parts in _parts(rates, usage):
        charged = sum(tokens for tokens, own in parts if own is not None)
        total += max(whole - charged, 0) * _dollars(rate, length)
        total += sum(tokens * _dollars(own, length) for tokens, own in parts)
    requests = _dollars(rates.thousand_requests, length)
    return nanos(total.scaleb(-6) + requests.scaleb(-3))


_Part = tuple[int, Rate | None]


def _parts(rates: Rates, usage: Usage) -> tuple[tuple[int, Rate | None, tuple[_Part, ...]], ...]:
    """Return the two totals, each with its rate and the parts that may have rates of their own."""
    long_writes = min(usage.cache_write_1h_tokens, usage.cache_write_tokens) if rates.cache_write_1h is not None else 0
    input_parts = (
        (usage.cache_read_tokens, rates.cache_read),
        (usage.cache_write_tokens - long_writes, rates.cache_write),
        (long_writes, rates.cache_write_1h),
        (usage.input_audio_tokens, rates.input_audio),
    )
    output_parts = ((usage.reasoning_tokens, rates.reasoning), (usage.output_audio_tokens, rates.output_audio))
    return (usage.input_tokens, rates.input, input_parts), (usage.output_tokens, rates.output, output_parts)


def _dollars(rate: Rate | None, length: int) -> Decimal:
    """Return the rate of a call with so many input tokens: the highest tier that they exceed holds for every token."""
    if rate is None:
        return Decimal(0)
    if isinstance(rate, Tiered):
        exceeded = (tier.dollars for tier in reversed(rate.tiers) if length > tier.above)
        return next(exceeded, rate.base)
    return rate
