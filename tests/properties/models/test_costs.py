"""What must hold of every cost."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.models.catalogue import Rates, Tier, Tiered
from lasttenth.models.prices import Price, cost
from lasttenth.records.usage import Usage

dollars = st.decimals(0, 200, places=6, allow_nan=False)
counts = st.integers(0, 10**9)


@st.composite
def flat_prices(draw: st.DrawFn) -> Price:
    """Return a price without tiers, in which any part may lack a rate of its own."""
    rates = {name: draw(dollars) for name in Rates.__struct_fields__ if draw(st.booleans())}
    rates.pop("thousand_requests", None)
    return Price(model="any/model", version="any", rates=Rates(**rates))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Return a usage whose parts fit into their totals."""
    fresh, read, write, hour, heard = (draw(counts) for _ in range(5))
    said, thought, spoken = (draw(counts) for _ in range(3))
    return Usage(
        input_tokens=fresh + read + write + hour + heard,
        output_tokens=said + thought + spoken,
        cache_read_tokens=read,
        cache_write_tokens=write + hour,
        cache_write_1h_tokens=hour,
        reasoning_tokens=thought,
        input_audio_tokens=heard,
        output_audio_tokens=spoken,
    )


@given(price=flat_prices(), first=usages(), second=usages())
def test_two_calls_cost_what_one_call_of_both_costs_but_for_rounding(price: Price, first: Usage, second: Usage) -> None:
    apart = (cost(price, first) or 0) + (cost(price, second) or 0)

    together = cost(price, _sum(first, second))

    assert together is not None
    assert abs(together - apart) <= 1


@given(price=flat_prices(), usage=usages(), more=usages())
def test_more_tokens_never_cost_less(price: Price, usage: Usage, more: Usage) -> None:
    before, after = cost(price, usage), cost(price, _sum(usage, more))

    assert before is not None
    assert after is not None
    assert 0 <= before <= after


@given(base=dollars, steps=st.lists(st.tuples(st.integers(1, 10**6), dollars), max_size=4), tokens=counts, more=counts)
def test_longer_input_never_costs_less_where_tiers_rise(
    base: Decimal, steps: list[tuple[int, Decimal]], tokens: int, more: int
) -> None:
    above, rate, tiers = 0, base, []
    for width, rise in steps:
        above, rate = above + width, rate + rise
        tiers.append(Tier(above, rate))
    price = Price(model="any/model", version="any", rates=Rates(input=Tiered(base, tuple(tiers))))

    costs = [cost(price, Usage(input_tokens=count)) for count in (tokens, tokens + more)]

    assert costs == sorted(costs, key=lambda amount: amount or 0)


@given(price=flat_prices(), usage=usages())
def test_price_survives_its_encoding(price: Price, usage: Usage) -> None:
    again = msgspec.json.decode(msgspec.json.encode(price), type=Price)

    assert cost(again, usage) == cost(price, usage)


def _sum(first: Usage, second: Usage) -> Usage:
    pairs = zip(msgspec.structs.astuple(first), msgspec.structs.astuple(second), strict=True)
    return Usage(**dict(zip(Usage.__struct_fields__, (left + right for left, right in pairs), strict=True)))
