"""Forms of several parts: where their fields stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasttenth.models.multipart import MOST_PARTS, Part, parts_of
from lasttenth.records.errors import InvalidRequestError

TYPE = "multipart/form-data; boundary=b0"
DISPOSITION = b"Content-Disposition: form-data; "


def form(*fields: tuple[bytes, bytes]) -> bytes:
    """Return a form: each field is what stands behind its disposition, and its value."""
    parts = [b"--b0\r\n" + DISPOSITION + said + b"\r\n\r\n" + value + b"\r\n" for said, value in fields]
    return b"".join(parts) + b"--b0--\r\n"


def values(body: bytes, content_type: str = TYPE) -> dict[str, bytes]:
    return {part.name: body[part.start : part.end] for part in parts_of(content_type, body)}


@given(st.lists(st.binary().filter(lambda value: b"--b0" not in value), max_size=5))
def test_values_are_found_as_they_were_written(wanted: list[bytes]) -> None:
    body = form(*((b'name="f%d"' % number, value) for number, value in enumerate(wanted)))

    assert list(values(body).values()) == wanted


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_are_refused(body: bytes) -> None:
    try:
        parts = parts_of(TYPE, body)
    except InvalidRequestError:
        return
    assert all(0 <= part.start <= part.end <= len(body) for part in parts)


@pytest.mark.parametrize(
    ("said", "name", "filename"),
    [
        (b'name="file"; filename="a b.wav"\r\nContent-Type: audio/wav', "file", "a b.wav"),
        (b'filename="name=x"; name="file"', "file", "name=x"),
        (b"name=file; filename=a.wav", "file", "a.wav"),
        (b'name="model"', "model", ""),
        ('name="é"'.encode(), "é", ""),
    ],
)
def test_name_and_file_name_are_read_however_they_are_written(said: bytes, name: str, filename: str) -> None:
    (part,) = parts_of(TYPE, form((said, b"x")))

    assert (part.name, part.filename) == (name, filename)


def test_what_stands_before_the_first_part_and_behind_the_last_is_nothing() -> None:
    body = b"before\r\n" + form((b'name="a"', b"1")) + b"--b0\r\nbehind"

    assert values(body) == {"a": b"1"}


def test_boundary_may_be_quoted() -> None:
    body = form((b'name="a"', b"")).replace(b"b0", b"b 0")

    assert parts_of('multipart/form-data; charset=utf-8; boundary="b 0"', body)[0][:2] == Part("a", "", 0, 0)[:2]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "breaks off"),
        (form((b'name="a"', b"1"))[:-6], "breaks off"),
        (b"--b0\r\nno head", "no head"),
        (form((b"x" * 20_000, b"")), "too long"),
        (form((b'filename="a"', b"1")), "no name"),
        (form(*[(b'name="a"', b"")] * (MOST_PARTS + 1)), "more than 1000 parts"),
    ],
    ids=["nothing", "cut", "no head", "long head", "no name", "many"],
)
def test_broken_form_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        parts_of(TYPE, body)


def test_form_without_a_boundary_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="names no boundary"):
        parts_of("multipart/form-data", b"")
