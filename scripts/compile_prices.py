"""Write the price list that ships with Lasttenth from the installed release of genai-prices.

    python -m scripts.compile_prices 2026-11-10 src/lasttenth/models/prices.json

The date is that of the release. Only what costs by the token or by the request is kept: rates for hours, pages,
pixels, characters and searches, and the variants for service tiers, are left out.
"""

import datetime as dt
import sys
from collections.abc import Sequence
from decimal import Decimal
from importlib import metadata
from pathlib import Path

import msgspec
from genai_prices import data_snapshot, types

from lasttenth.models import catalogue as ours

RATES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "reasoning": "output_reasoning_mtok",
    "input_audio": "input_audio_mtok",
    "output_audio": "output_audio_mtok",
    "thousand_requests": "requests_kcount",
}
"""Our name of every rate, and theirs."""


def compiled(date: dt.date) -> ours.Catalogue:
    """Return the installed release of genai-prices as our catalogue."""
    package = metadata.distribution("genai-prices")
    notice = next(file for file in package.files or () if file.name == "LICENSE")
    return ours.Catalogue(
        source="genai-prices",
        version=package.version,
        date=date,
        licence=Path(str(notice.locate())).read_text(encoding="utf-8"),
        providers=tuple(_provider(provider) for provider in data_snapshot.get_snapshot().providers),
    )


def main() -> None:
    """Write the catalogue, one provider a line, so that a difference can be read."""
    date, target = sys.argv[1:]
    catalogue = msgspec.to_builtins(compiled(dt.date.fromisoformat(date)))
    providers = ",\n".join(msgspec.json.encode(provider).decode() for provider in catalogue.pop("providers"))
    head = msgspec.json.encode(catalogue).decode().removesuffix("}")
    Path(target).write_text(f'{head},"providers":[\n{providers}\n]}}\n', encoding="utf-8")


def _provider(provider: types.Provider) -> ours.Provider:
    return ours.Provider(
        id=provider.id,
        models=tuple(_model(model) for model in provider.models),
        rule=_rule(provider.provider_match) if provider.provider_match else None,
        fallbacks=tuple(provider.fallback_model_providers or ()),
    )


def _model(model: types.ModelInfo) -> ours.Model:
    prices = model.prices if isinstance(model.prices, list) else [types.ConditionalPrice(prices=model.prices)]
    return ours.Model(
        id=model.id,
        rule=_rule(model.match),
        periods=tuple(_period(price) for price in prices),
        name=model.name or "",
        context_window=model.context_window,
        deprecated=bool(model.deprecated),
    )


def _period(price: types.ConditionalPrice) -> ours.Period:
    rates = ours.Rates(**{name: _rate(getattr(price.prices, key)) for name, key in RATES.items()})
    match price.constraint:
        case types.StartDateConstraint(start_date=date):
            return ours.Period(rates=rates, since=date)
        case types.TimeOfDateConstraint(start_time=start, end_time=end):
            return ours.Period(rates=rates, hours=(_utc(start), _utc(end)))
    return ours.Period(rates=rates)


def _utc(time: dt.time) -> dt.time:
    """Return a time of day in UTC, which a time without a zone is already."""
    if time.tzinfo is None:
        return time
    day = dt.date(2000, 1, 2)
    return dt.datetime.combine(day, time).astimezone(dt.UTC).time()


def _rate(price: Decimal | types.TieredPrices | None) -> ours.Rate | None:
    if isinstance(price, types.TieredPrices):
        return ours.Tiered(price.base, tuple(ours.Tier(tier.start, tier.price) for tier in price.tiers))
    return price


def _rule(clause: types.MatchLogic) -> ours.Rule:
    match clause:
        case types.ClauseOr(or_=clauses):
            return ours.AnyOf(_rules(clauses))
        case types.ClauseAnd(and_=clauses):
            return ours.AllOf(_rules(clauses))
        case types.ClauseRegex(regex=pattern):
            return ours.Regex(pattern)
    return _text_rule(clause)


def _text_rule(
    clause: types.ClauseEquals | types.ClauseStartsWith | types.ClauseEndsWith | types.ClauseContains,
) -> ours.Rule:
    """Return a rule about a text, which is compared in lower case."""
    match clause:
        case types.ClauseEquals(equals=text):
            return ours.Equals(text.lower())
        case types.ClauseStartsWith(starts_with=text):
            return ours.StartsWith(text.lower())
        case types.ClauseEndsWith(ends_with=text):
            return ours.EndsWith(text.lower())
        case types.ClauseContains(contains=text):
            return ours.Contains(text.lower())


def _rules(clauses: Sequence[types.MatchLogic]) -> tuple[ours.Rule, ...]:
    return tuple(_rule(clause) for clause in clauses)


if __name__ == "__main__":
    main()
