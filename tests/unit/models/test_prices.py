"""Prices and costs, against genai-prices, where the data come from."""

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from genai_prices import types
from genai_prices.data_snapshot import get_snapshot
from scripts.compile_prices import RATES, compiled

from lasttenth.models.catalogue import Rates, Tier, Tiered
from lasttenth.models.prices import Price, Prices, cost
from lasttenth.records.money import nanos
from lasttenth.records.usage import Usage

PRICES = Prices.load()
SNAPSHOT = get_snapshot()
SHAPES = (
    Usage(),
    Usage(input_tokens=1),
    Usage(input_tokens=1_000, output_tokens=333),
    Usage(input_tokens=100_001, output_tokens=7, cache_read_tokens=77_777, cache_write_tokens=1_001),
    Usage(input_tokens=5_000, output_tokens=10, cache_write_tokens=3_000, cache_write_1h_tokens=1_999),
    Usage(input_tokens=9_999, output_tokens=4_321, reasoning_tokens=4_000),
    Usage(input_tokens=1_234, output_tokens=567, input_audio_tokens=1_000, output_audio_tokens=500),
    Usage(input_tokens=1_000_003, output_tokens=65_537, cache_read_tokens=999_999),
)
TIMES = tuple(
    dt.datetime.fromisoformat(f"{moment}Z")
    for moment in ("2024-01-01T00:00", "2025-06-15T03:30", "2025-06-15T17:00", "2026-11-21T16:30", "2030-01-01T00:00")
)
NOW = 1_795_000_000_000_000_000


@pytest.mark.parametrize("usage", SHAPES, ids=lambda usage: f"{usage.input_tokens}-{usage.output_tokens}")
def test_every_model_costs_what_the_source_says(usage: Usage) -> None:
    different = [
        (provider.id, model.id, moment)
        for provider, model in _every_model()
        for moment in _moments(model)
        if _ours(provider, model, moment=moment, usage=usage) != _theirs(provider, model, moment=moment, usage=usage)
    ]

    assert different == []


def test_every_name_means_the_model_that_the_source_says() -> None:
    different = [
        (provider.id, name)
        for provider, model in _every_model()
        for text in _texts(model.match)
        for name in (text, text.upper(), f"x-{text}", f"{text}-20251211", f"{text}:free")
        if _found(provider, name) != _model_id(provider.find_model(name, all_providers=SNAPSHOT.providers))
    ]

    assert different == []


@pytest.mark.parametrize("name", ["vertex_ai", "my-openai", "xAI ", "bedrock", "huggingface/groq", "", "nobody"])
def test_provider_is_found_by_the_rules_of_the_source(name: str) -> None:
    from_source = _theirs_for_provider(name)

    found = PRICES._catalogue._provider(name.lower().strip())

    assert (found.id if found else None) == from_source


def test_shipped_list_is_what_the_script_makes_of_the_pinned_release() -> None:
    catalogue = PRICES._catalogue

    assert compiled(catalogue.date) == catalogue
    assert "MIT License" in catalogue.licence


def test_unknown_price_is_none_and_so_is_its_cost() -> None:
    usage = Usage(input_tokens=10, output_tokens=10)

    prices = [PRICES.price_of(name, at=NOW) for name in ("openai/no-such-model", "nobody/gpt-5-mini", "gpt-5-mini", "")]

    assert prices == [None] * 4
    assert cost(None, usage) is None


def test_model_charged_by_the_hour_has_no_price_by_the_token() -> None:
    assert PRICES.price_of("groq/whisper-large-v3", at=NOW) is None


@pytest.mark.parametrize("model", ["builtin/extractive", "scripted/answers", "ollama/llama3.3"])
def test_model_on_the_own_machine_costs_exactly_nothing(model: str) -> None:
    price = PRICES.price_of(model, at=NOW)

    assert cost(price, Usage(input_tokens=10**9, output_tokens=10**9, cache_read_tokens=5)) == 0


def test_price_names_its_list() -> None:
    price = PRICES.price_of("openai/gpt-5-mini", at=NOW)

    assert price is not None
    assert price.version == PRICES.version == "genai-prices/0.2.3"


def test_cost_of_a_call_comes_with_the_list_that_says_so() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=10)

    known = PRICES.cost("openai/gpt-5-mini", usage, at=NOW)
    unknown = PRICES.cost("nobody/nothing", usage, at=NOW)
    local = PRICES.cost("builtin/extractive", usage, at=NOW)

    assert (known, unknown, local) == ((270_000, PRICES.version), (None, PRICES.version), (0, "local"))


def test_cost_is_rounded_once_half_to_even() -> None:
    price = _price(input=Decimal("0.0005"), output=Decimal("0.0005"))

    costs = [cost(price, Usage(input_tokens=tokens, output_tokens=tokens)) for tokens in (1, 2, 3)]

    assert costs == [1, 2, 3]
    assert cost(price, Usage(input_tokens=1)) == 0
    assert cost(price, Usage(input_tokens=3)) == 2


def test_tier_begins_after_its_threshold_and_holds_for_every_token() -> None:
    price = _price(input=Tiered(Decimal(1), (Tier(100, Decimal(2)), Tier(200, Decimal(3)))), output=Decimal(0))

    costs = [cost(price, Usage(input_tokens=tokens)) for tokens in (100, 101, 200, 201)]

    assert costs == [100_000, 202_000, 400_000, 603_000]


def test_parts_larger_than_their_total_are_charged_and_never_refunded() -> None:
    price = _price(input=Decimal(10), output=Decimal(10), cache_read=Decimal(1))

    assert cost(price, Usage(input_tokens=5, cache_read_tokens=8)) == 8_000
    assert cost(price, Usage(input_tokens=-5)) is None


def test_context_window_is_known() -> None:
    assert PRICES.context_window_of("openai/gpt-5-mini-2025-08-07") == 400_000
    assert PRICES.context_window_of("nobody/nothing") is None


def test_loading_takes_at_most_thirty_milliseconds_of_cpu() -> None:
    seconds = []
    for _ in range(5):
        start = time.process_time()
        Prices.load()
        seconds.append(time.process_time() - start)

    assert min(seconds) <= 0.03


def test_source_package_is_never_loaded() -> None:
    program = (
        "import sys; from lasttenth.models.prices import Prices; Prices.load(); print('genai_prices' in sys.modules)"
    )

    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert output.strip() == "False"


def _every_model() -> Iterator[tuple[types.Provider, types.ModelInfo]]:
    return ((provider, model) for provider in SNAPSHOT.providers for model in provider.models)


def _moments(model: types.ModelInfo) -> Iterator[dt.datetime]:
    """Yield the times to compare at: where prices change, the very moments of change among them."""
    yield TIMES[-1]
    for price in model.prices if isinstance(model.prices, list) else ():
        yield from TIMES
        match price.constraint:
            case types.StartDateConstraint(start_date=date):
                yield dt.datetime.combine(date, dt.time(), dt.UTC)
            case types.TimeOfDateConstraint(start_time=start, end_time=end):
                yield from (dt.datetime.combine(TIMES[1], time.replace(tzinfo=dt.UTC)) for time in (start, end))


def _ours(provider: types.Provider, model: types.ModelInfo, *, moment: dt.datetime, usage: Usage) -> int | None:
    price = PRICES.price_of(f"{provider.id}/{model.id}", at=int(moment.timestamp()) * 1_000_000_000)
    return cost(price, usage)


def _theirs(provider: types.Provider, model: types.ModelInfo, *, moment: dt.datetime, usage: Usage) -> int | None:
    """Return the source's cost in nano-dollars; None where it finds no model or charges by what a usage does not count."""
    found = provider.find_model(model.id, all_providers=SNAPSHOT.providers)
    if found is None:
        return None
    prices = found.get_prices(moment)
    if all(getattr(prices, key) is None for key in RATES.values()):
        return None
    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "output_reasoning_tokens": usage.reasoning_tokens,
        "input_audio_tokens": usage.input_audio_tokens,
        "output_audio_tokens": usage.output_audio_tokens,
    }
    return nanos(prices.calc_price(types.Usage(**counts))["total_price"])


def _texts(rule: types.MatchLogic) -> Iterator[str]:
    match rule:
        case types.ClauseOr(or_=rules) | types.ClauseAnd(and_=rules):
            for inner in rules:
                yield from _texts(inner)
        case _:
            yield from (text for text in vars(rule).values() if isinstance(text, str))


def _found(provider: types.Provider, name: str) -> str | None:
    model = PRICES._catalogue.find(provider.id, name)
    return model.id if model else None


def _model_id(model: types.ModelInfo | None) -> str | None:
    return model.id if model else None


def _theirs_for_provider(name: str) -> str | None:
    try:
        return SNAPSHOT.find_provider(None, name, None).id
    except LookupError:
        return None


def _price(**rates: Decimal | Tiered) -> Price:
    return Price(model="test/model", version="test", rates=Rates(**rates))
