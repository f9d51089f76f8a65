"""Every shape of usage in the golden table is read, and costs what it costs, to the nano-dollar.

Each row says what is charged and at which rate, apart from the product; its cost is the sum of these charges. `evidence`
says where its meaning was read: in the provider's documentation, in the provider's own code, in a text that quotes the
documentation, or off the wire. Rows whose meaning nobody documents stand under `unconfirmed`, and say why.
"""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lasttenth.models import openai
from lasttenth.models.catalogue import Rates
from lasttenth.models.prices import Price, cost
from lasttenth.models.usage_shapes import Family, UsageSoFar, read_usage
from lasttenth.records.usage import Usage

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "money.md"
TABLE = Path(__file__).parents[2] / "data" / "usage_shapes.json"


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shape, and what it means. A usage of None is a report that cannot be read."""

    id: str
    provider: str
    api: str
    family: Family
    source: str
    evidence: str
    why: str = ""
    note: str = ""
    reports: list[dict[str, Any]]
    usage: Usage | None
    rates: Rates
    charges: list[tuple[int, str, str]]
    cost: int | None


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows that are confirmed, and those that are not."""

    rows: list[Row]
    unconfirmed: list[Row]


GOLDEN = msgspec.json.decode(TABLE.read_bytes(), type=Table)
ROWS = [*GOLDEN.rows, *GOLDEN.unconfirmed]
COMPATIBLE = [row for row in ROWS if row.family == "openai" and len(row.reports) == 1]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_shape_is_read_and_costs_what_it_costs(row: Row) -> None:
    price = Price(model=f"{row.provider}/model", version="golden", rates=row.rates)

    usage = read_usage(row.family, *(json.dumps(report).encode() for report in row.reports))

    assert usage == row.usage
    assert (None if usage is None else cost(price, usage)) == row.cost


@pytest.mark.parametrize("row", [row for row in ROWS if row.cost is not None], ids=lambda row: row.id)
def test_cost_of_every_row_is_the_sum_of_its_charges(row: Row) -> None:
    total = sum((tokens * Fraction(dollars) * 1000 for tokens, dollars, _ in row.charges), Fraction(0))

    assert total == row.cost


@pytest.mark.parametrize("row", COMPATIBLE, ids=lambda row: row.id)
def test_reply_that_reports_a_shape_is_read_the_same(row: Row) -> None:
    body = json.dumps({"id": "1", "choices": [], "usage": row.reports[0]}).encode()

    assert openai.usage_in(body) == row.usage


def test_table_is_large_and_every_row_has_a_source() -> None:
    kinds = Counter(row.evidence for row in GOLDEN.rows)

    assert len({row.id for row in ROWS}) == len(ROWS)
    assert sum(kinds[each] for each in ("documentation", "provider's code", "quoted")) >= 60
    assert all(row.source.startswith("https://") for row in ROWS)
    assert all(row.why for row in GOLDEN.unconfirmed)


def test_page_names_every_provider_of_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8").lower()

    assert f"{len(GOLDEN.rows)} reports" in text
    assert {row.provider for row in ROWS if row.provider not in text} == set()


def test_groq_reports_the_usage_of_a_stream_under_its_own_name() -> None:
    first = openai.said_in(b'{"choices": [{"delta": {}}], "x_groq": {"id": "req_1"}}')
    last = openai.said_in(
        b'{"choices": [{"delta": {}, "finish_reason": "stop"}],'
        b' "x_groq": {"id": "req_1", "usage": {"prompt_tokens": 23, "completion_tokens": 19, "total_tokens": 42}}}'
    )

    assert first is not None
    assert last is not None
    assert (first.reports_usage, last.reports_usage) == (False, True)
    assert first.consumed is None
    assert last.consumed == Usage(input_tokens=23, output_tokens=19)


@pytest.mark.parametrize("said", [b'"text"', b"[1]", b'{"usage": null}', b"null"])
def test_event_with_a_name_of_groq_that_says_nothing_is_an_event_all_the_same(said: bytes) -> None:
    found = openai.said_in(b'{"choices": [], "x_groq": ' + said + b"}")

    assert found is not None
    assert not found.reports_usage


def test_usage_under_its_common_name_comes_first() -> None:
    said = b'{"usage": {"prompt_tokens": 5}, "x_groq": {"usage": {"prompt_tokens": 9}}}'

    assert openai.usage_in(said) == Usage(input_tokens=5)


@pytest.mark.parametrize("family", ["openai", "anthropic", "gemini", "bedrock", "cohere", "ollama"])
def test_nothing_reported_is_no_usage(family: Family) -> None:
    assert [read_usage(family, *reports) for reports in ((), (b"null",), (b"{}",), (b"[]",), (b"",), (b"\xff",))] == [
        None
    ] * 6


@pytest.mark.parametrize("row", [row for row in ROWS if row.usage is not None], ids=lambda row: row.id)
def test_reports_that_are_read_as_they_come_say_the_same(row: Row) -> None:
    reports = [json.dumps(report).encode() for report in row.reports]
    usage = UsageSoFar(row.family)

    found = [usage.after(report) for report in reports]

    assert found == [read_usage(row.family, *reports[: number + 1]) for number in range(len(reports))]
