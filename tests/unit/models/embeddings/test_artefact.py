"""Where the cache is, and what counts as installed."""

from pathlib import Path

from tests.unit.models.embeddings.tiny_bert import tiny_artefact

from lasttenth.models.embeddings import default_cache, is_installed
from lasttenth.models.embeddings.artefact import damaged_files, folder_of


def test_own_variable_decides_the_cache_before_all_others() -> None:
    environment = {"LASTTENTH_CACHE": "/own", "XDG_CACHE_HOME": "/xdg", "HOME": "/home/ada"}

    assert default_cache(environment) == Path("/own")
    assert default_cache({**environment, "LASTTENTH_CACHE": ""}) == Path("/xdg/lasttenth")
    assert default_cache({"HOME": "/home/ada"}) == Path("/home/ada/.cache/lasttenth")


def test_file_of_the_wrong_size_is_no_installation(tmp_path: Path) -> None:
    artefact = tiny_artefact(tmp_path / "source")
    folder = folder_of(tmp_path, artefact)
    tiny_artefact(folder)
    (folder / artefact.tokenizer.name).write_text("{}")

    assert not is_installed(tmp_path, artefact)
    assert damaged_files(folder, artefact) == (artefact.tokenizer.name,)


def test_file_of_the_right_size_with_other_content_is_damaged(tmp_path: Path) -> None:
    artefact = tiny_artefact(tmp_path)
    weights = tmp_path / artefact.weights.name
    weights.write_bytes(b"\0" * artefact.weights.size)

    assert damaged_files(tmp_path, artefact) == (artefact.weights.name,)
