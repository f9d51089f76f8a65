"""The settings file: what stands in it, and what the environment adds."""

from pathlib import Path

from lasttenth.app.configuration import read_settings


def test_reference_may_stand_for_a_number(tmp_path: Path) -> None:
    file = tmp_path / "lasttenth.yaml"
    file.write_text("listen:\n  port: ${PORT:-8077}\ntimeouts:\n  read: ${SECONDS_TO_READ}\n")

    settings = read_settings(file, {"PORT": "9000", "SECONDS_TO_READ": "2.5"})

    assert settings.listen.port == 9000
    assert settings.timeouts.read == 2.5
