"""Deployments: the one with less to wait for is asked, and one that fails again and again rests."""

import random
from collections import Counter

from lasttenth.models.providers.scripted import ScriptedProvider
from lasttenth.models.routes.deployments import Deployment, Terms, at_home, choose
from lasttenth.models.routes.failures import Failure, Kind, of_answer
from lasttenth.testing import FixedClock

SECOND = 10**9


def deployments(clock: FixedClock, *weights: float) -> list[Deployment]:
    provider = ScriptedProvider({}, clock)
    return [
        Deployment(f"up/{number}", provider, str(number), terms=Terms(weight), clock=clock)
        for number, weight in enumerate(weights)
    ]


def drawn(found: list[Deployment], draw: random.Random) -> str:
    chosen = choose(found, tried=(), draw=draw.random)
    return "" if chosen is None else chosen.name


def test_slower_deployment_is_asked_less_and_a_heavier_one_more() -> None:
    clock, draw = FixedClock(), random.Random(1)
    fast, slow = deployments(clock, 1.0, 1.0)
    for deployment, seconds in ((fast, 0.1), (slow, 2.0)):
        deployment.answered(seconds)

    assert {drawn([fast, slow], draw) for _ in range(50)} == {"up/0"}
    for _ in range(25):
        fast.begin()
    assert {drawn([fast, slow], draw) for _ in range(50)} == {"up/1"}

    counts = Counter(drawn(deployments(clock, 3.0, 1.0, 1.0), draw) for _ in range(600))
    assert counts["up/0"] > counts["up/1"] + counts["up/2"]


def test_slow_answer_is_forgotten() -> None:
    clock = FixedClock()
    (deployment,) = deployments(clock, 1.0)
    deployment.answered(2.0)

    before = deployment.wait
    clock.advance(60 * SECOND)

    assert deployment.wait < before / 100


def fail(deployment: Deployment, kind: Kind, times: int, retry_after: float | None = None) -> None:
    for _ in range(times):
        deployment.failed(Failure(kind, retry_after))


def test_deployment_that_fails_again_and_again_rests_longer_each_time_and_is_then_tried_by_one() -> None:
    clock = FixedClock()
    (deployment,) = deployments(clock, 1.0)

    fail(deployment, "failed", 2)
    assert deployment.rest == 0
    fail(deployment, "failed", 1)
    assert 0.9 < deployment.rest <= 1
    fail(deployment, "timeout", 4)
    assert 15.9 < deployment.rest <= 16
    fail(deployment, "failed", 20)
    assert deployment.rest <= 60

    clock.advance(61 * SECOND)
    assert choose([deployment], tried=(), draw=random.random) is deployment
    deployment.begin()
    assert choose([deployment], tried=(), draw=random.random) is None
    deployment.answered(0.1)
    deployment.begin()
    assert choose([deployment], tried=(), draw=random.random) is deployment


def test_who_asks_to_be_left_alone_is_and_what_callers_do_wrong_counts_for_nothing() -> None:
    clock = FixedClock()
    crowded, other = deployments(clock, 1.0, 1.0)

    fail(crowded, "rate_limited", 1, retry_after=7)
    fail(other, "invalid", 20)
    fail(other, "too_long", 20)

    assert {drawn([crowded, other], random.Random(seed)) for seed in range(20)} == {"up/1"}
    clock.advance(8 * SECOND)
    assert {drawn([crowded, other], random.Random(seed)) for seed in range(20)} == {"up/0", "up/1"}


def test_failures_are_told_apart() -> None:
    too_long = b'{"error": {"code": "context_length_exceeded", "message": "x"}}'
    wordy = b'{"error": {"message": "This model\'s maximum context length is 8192 tokens."}}'

    assert [of_answer(status, b"").kind for status in (400, 401, 404, 413, 422, 429, 500, 503, 504, 529)] == [
        "invalid", "refused", "refused", "too_long", "invalid", "rate_limited", "failed", "overloaded", "timeout",
        "overloaded",
    ]  # fmt: skip
    assert {of_answer(400, body).kind for body in (too_long, wordy)} == {"too_long"}
    assert {of_answer(400, body).kind for body in (b"", b"[" * 9999, b'{"error": "no"}')} == {"invalid"}
    assert [of_answer(429, b"", after).retry_after for after in ("7", "0.5", "-1", "soon", "1e9", "nan")] == [
        7.0, 0.5, None, None, 3600.0, None,
    ]  # fmt: skip


def homes(found: list[Deployment]) -> list[str]:
    homes = (at_home(found, str(number).encode()) for number in range(400))
    return ["" if home is None else home.name for home in homes]


def test_what_begins_alike_is_at_home_in_one_place_by_weight_and_moves_only_where_that_rests() -> None:
    clock = FixedClock()
    found = deployments(clock, 3.0, 1.0, 1.0)

    before = homes(found)
    fail(found[1], "failed", 3)
    after = homes(found)

    assert homes(found) == after
    assert 0.5 < Counter(before)["up/0"] / 400 < 0.7
    assert [new for old, new in zip(before, after, strict=True) if old not in {"up/1", new}] == []
    assert "up/1" not in after


def test_nobody_is_at_home_where_it_is_much_more_crowded_than_elsewhere() -> None:
    one, other = deployments(FixedClock(), 1.0, 1.0)
    for _ in range(5):
        one.begin()

    assert set(homes([one, other])) == {"", "up/1"}
    assert other.rest == 0
