"""Sketches: the promised accuracy beside numpy, for any values; merging and packing lose nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.storage.sketches import ACCURACY, Sketch

values = st.lists(st.integers(1, 2**62), min_size=1, max_size=200)


@given(values=values, q=st.floats(0, 1))
def test_estimate_is_within_the_accuracy_of_the_true_quantile(values: list[int], q: float) -> None:
    # As numpy's method "lower", whose floats cannot hold numbers of this size.
    true = sorted(values)[int(np.floor(q * (len(values) - 1)))]

    estimate = Sketch(values).quantile(q)

    # Half a unit is lost to rounding.
    assert abs(estimate - true) <= ACCURACY * true * (1 + 1e-9) + 0.5


@given(one=values, other=values)
def test_merged_sketch_is_the_sketch_of_all_values(one: list[int], other: list[int]) -> None:
    merged = Sketch(one)

    merged.merge(Sketch(other))

    assert merged == Sketch(one + other)
    assert len(merged) == len(one) + len(other)


@given(values=st.lists(st.integers(-(2**62), 2**63 - 1), max_size=200))
def test_sketch_survives_packing(values: list[int]) -> None:
    sketch = Sketch(values)

    assert Sketch.from_bytes(sketch.to_bytes()) == sketch


def test_ten_thousand_latencies_take_some_hundred_bytes_and_agree_with_numpy() -> None:
    latencies = np.random.default_rng(7).lognormal(20, 0.6, 10_000).astype(np.int64)

    sketch = Sketch(latencies.tolist())

    assert len(sketch.to_bytes()) < 1_000
    for q in (0.5, 0.9, 0.95, 0.99):
        assert sketch.quantile(q) == pytest.approx(np.quantile(latencies, q, method="lower"), rel=ACCURACY)


def test_sketch_without_values_has_no_quantiles() -> None:
    with pytest.raises(ValueError, match="without values"):
        Sketch().quantile(0.5)
