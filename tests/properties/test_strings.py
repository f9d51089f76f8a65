"""Any string goes into PostgreSQL and comes back, and is equal there to no other."""

from hypothesis import given
from hypothesis import strategies as st

from lasttenth.storage.postgres.strings import escape, restore

texts = st.text(st.sampled_from("\0\uf8ff0a")) | st.text()


@given(text=texts)
def test_string_comes_back_without_having_held_the_one_character_that_is_refused(text: str) -> None:
    stored = escape(text)

    assert "\0" not in stored
    assert restore(stored) == text


@given(one=texts, other=texts)
def test_different_strings_stay_different(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)
