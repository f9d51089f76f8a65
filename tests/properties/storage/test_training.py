"""Dictionaries: nothing that fewer units share than promised enters them; what many share saves bytes."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from lasttenth.storage.traces.bodies import Packer
from lasttenth.storage.traces.training import SHARED_BY, WINDOW, shared_fragments, train

pieces = st.lists(st.sampled_from([bytes([65 + n]) * 9 + bytes(range(n, n + 30)) for n in range(6)]), max_size=5)


@given(samples=st.lists(pieces.map(b"".join) | st.binary(max_size=60), max_size=14), shared_by=st.integers(1, 5))
@settings(deadline=None)
def test_every_window_of_a_fragment_stands_in_enough_samples(samples: list[bytes], shared_by: int) -> None:
    for fragment in shared_fragments([[each] for each in samples], shared_by=shared_by):
        assert len(fragment) >= WINDOW
        for start in range(len(fragment) - WINDOW + 1):
            window = fragment[start : start + WINDOW]
            assert sum(window in sample for sample in samples) >= shared_by


@given(samples=st.lists(pieces.map(b"".join), max_size=14), shared_by=st.integers(1, 5))
@settings(deadline=None)
def test_every_window_that_enough_samples_share_is_in_a_fragment(samples: list[bytes], shared_by: int) -> None:
    fragments = shared_fragments([[each] for each in samples], shared_by=shared_by)

    for sample in samples:
        for start in range(len(sample) - WINDOW + 1):
            window = sample[start : start + WINDOW]
            if sum(window in other for other in samples) >= shared_by:
                assert any(window in fragment for fragment in fragments)


def test_dictionary_saves_what_many_share_and_holds_nothing_of_one() -> None:
    chance = random.Random(3)
    prompts = [_letters(chance, 600) for _ in range(4)]
    secrets = [_letters(chance, 200) for _ in range(400)]
    samples = [chance.choice(prompts) + secret for secret in secrets]

    trained = train([[each] for each in samples], Packer())

    assert trained is not None
    before, after = (sum(len(packer.compress(each)) for each in samples) for packer in (Packer(), Packer(trained)))
    assert after < before / 2
    assert not any(secret[start : start + WINDOW] in trained for secret in secrets for start in range(0, 176, 8))


def test_nothing_is_trained_on_what_nobody_shares() -> None:
    chance = random.Random(3)

    assert train([[_letters(chance, 500)] for _ in range(100)], Packer()) is None
    assert train([], Packer()) is None


def test_what_one_person_repeats_is_the_word_of_one() -> None:
    chance = random.Random(3)
    confession = _letters(chance, 300)
    samples = [[confession + _letters(chance, 50) for _ in range(60)], *([_letters(chance, 300)] for _ in range(60))]

    assert shared_fragments(samples) == []


def test_nothing_is_trained_that_saves_nothing_beside_what_is_in_use() -> None:
    chance = random.Random(3)
    prompt = _letters(chance, 600)
    samples = [prompt + _letters(chance, 100) for _ in range(4 * SHARED_BY)]
    first = train([[each] for each in samples], Packer())
    assert first is not None

    assert train([[each] for each in samples], Packer(first)) is None


def _letters(chance: random.Random, count: int) -> bytes:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=count)).encode()
