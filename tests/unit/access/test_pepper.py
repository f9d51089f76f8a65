"""The pepper: made once, whole or not at all, and the same for every process."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lasttenth.access.keys import PEPPER_BYTES, read_pepper
from lasttenth.records.errors import StorageError
from lasttenth.records.ids import system_randomness


def test_pepper_is_made_once_however_many_ask_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        readings = list(pool.map(lambda _: read_pepper(tmp_path / "pepper", system_randomness), range(64)))
    again = read_pepper(tmp_path / "pepper", system_randomness)

    assert {*readings, again} == {again}
    assert len(again) == PEPPER_BYTES
    assert [path.name for path in tmp_path.iterdir()] == ["pepper"]


@pytest.mark.parametrize("content", [b"", b"short"])
def test_damaged_pepper_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pepper").write_bytes(content)

    with pytest.raises(StorageError) as caught:
        read_pepper(tmp_path / "pepper", system_randomness)

    assert "damaged" in caught.value.message
