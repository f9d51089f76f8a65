"""What must hold of batches whatever the texts are."""

from hypothesis import given
from hypothesis import strategies as st

from lasttenth.models.embeddings.sentence_encoder import batches


@given(lengths=st.lists(st.integers(2, 300)), limit=st.integers(1, 1000))
def test_every_text_is_in_one_batch_and_no_batch_of_several_exceeds_the_limit(lengths: list[int], limit: int) -> None:
    groups = list(batches(lengths, limit=limit))

    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    assert all(len(group) == 1 or len(group) * max(lengths[place] for place in group) <= limit for group in groups)


@given(lengths=st.lists(st.integers(2, 300)), limit=st.integers(1, 1000))
def test_a_batch_is_never_longer_than_the_next(lengths: list[int], limit: int) -> None:
    order = [lengths[place] for group in batches(lengths, limit=limit) for place in group]

    assert order == sorted(order)
