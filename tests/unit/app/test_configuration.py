"""The settings file: what stands in it, and what the environment adds."""

from pathlib import Path

import pytest

from lasttenth.app.configuration import ProviderSettings, read_settings
from lasttenth.models.port import ProtocolName


def test_reference_may_stand_for_a_number(tmp_path: Path) -> None:
    file = tmp_path / "lasttenth.yaml"
    file.write_text("listen:\n  port: ${PORT:-8077}\ntimeouts:\n  read: ${SECONDS_TO_READ}\n")

    settings = read_settings(file, {"PORT": "9000", "SECONDS_TO_READ": "2.5"})

    assert settings.listen.port == 9000
    assert settings.timeouts.read == 2.5


@pytest.mark.parametrize(
    ("name", "default", "given", "base_url"),
    [
        ("openai", "https://api.openai.com/v1", "http://near/v2", "http://near/v2"),
        ("anthropic", "https://api.anthropic.com/v1", "http://near/", "http://near/v1"),
        ("anthropic", "https://api.anthropic.com/v1", "http://near/v1", "http://near/v1"),
    ],
)
def test_key_in_the_environment_adds_its_provider(
    tmp_path: Path, name: ProtocolName, default: str, given: str, base_url: str
) -> None:
    key = {f"{name.upper()}_API_KEY": "secret"}

    usual = read_settings(tmp_path / "none.yaml", key).providers
    other = read_settings(tmp_path / "none.yaml", {**key, f"{name.upper()}_BASE_URL": given}).providers

    assert usual == {name: ProviderSettings(protocol=name, base_url=default, api_key="secret")}
    assert other[name].base_url == base_url


def test_provider_of_the_file_goes_before_that_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "lasttenth.yaml"
    file.write_text("providers: {anthropic: {base_url: 'http://own/v1', protocol: anthropic}}")

    settings = read_settings(file, {"ANTHROPIC_API_KEY": "secret", "OPENAI_API_KEY": ""})

    assert settings.providers == {"anthropic": ProviderSettings(protocol="anthropic", base_url="http://own/v1")}
