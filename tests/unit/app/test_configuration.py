"""The settings file: what stands in it, and what the environment adds."""

from pathlib import Path

import pytest

from lasttenth.app.configuration import ProviderSettings, read_settings
from lasttenth.models.port import ProtocolName
from lasttenth.records.errors import ConfigurationError


def test_reference_may_stand_for_a_number(tmp_path: Path) -> None:
    file = tmp_path / "lasttenth.yaml"
    file.write_text("listen:\n  port: ${PORT:-8077}\ntimeouts:\n  read: ${SECONDS_TO_READ}\n")

    settings = read_settings(file, {"PORT": "9000", "SECONDS_TO_READ": "2.5"})

    assert settings.listen.port == 9000
    assert settings.timeouts.read == 2.5


@pytest.mark.parametrize(
    ("key", "name", "protocol", "base_url"),
    [
        ("OPENAI_API_KEY", "openai", "openai", "https://api.openai.com/v1"),
        ("ANTHROPIC_API_KEY", "anthropic", "anthropic", "https://api.anthropic.com/v1"),
        ("GOOGLE_API_KEY", "google", "gemini", "https://generativelanguage.googleapis.com/v1beta"),
        ("GEMINI_API_KEY", "google", "gemini", "https://generativelanguage.googleapis.com/v1beta"),
    ],
)
def test_key_in_the_environment_adds_its_provider(
    tmp_path: Path, key: str, name: str, protocol: ProtocolName, base_url: str
) -> None:
    found = read_settings(tmp_path / "none.yaml", {key: "secret"}).providers

    assert found == {name: ProviderSettings(protocol=protocol, base_url=base_url, api_key="secret")}


def test_key_that_the_client_prefers_is_that_of_the_provider(tmp_path: Path) -> None:
    found = read_settings(tmp_path / "none.yaml", {"GEMINI_API_KEY": "second", "GOOGLE_API_KEY": "first"}).providers

    assert found["google"].api_key == "first"


@pytest.mark.parametrize(
    ("key", "variable", "given", "base_url"),
    [
        ("OPENAI_API_KEY", "OPENAI_BASE_URL", "http://near/", "http://near"),
        ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "http://near/", "http://near/v1"),
        ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "http://near/v1", "http://near/v1"),
        ("GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "http://near", "http://near/v1beta"),
        ("GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "http://near/v1", "http://near/v1"),
    ],
)
def test_address_in_the_environment_may_leave_out_the_version_where_the_client_does(
    tmp_path: Path, key: str, variable: str, given: str, base_url: str
) -> None:
    (found,) = read_settings(tmp_path / "none.yaml", {key: "secret", variable: given}).providers.values()

    assert found.base_url == base_url


def test_provider_of_the_file_goes_before_that_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "lasttenth.yaml"
    file.write_text("providers: {anthropic: {base_url: 'http://own/v1', protocol: anthropic}}")

    settings = read_settings(file, {"ANTHROPIC_API_KEY": "secret", "OPENAI_API_KEY": ""})

    assert settings.providers == {"anthropic": ProviderSettings(protocol="anthropic", base_url="http://own/v1")}


@pytest.mark.parametrize(
    ("base_url", "said", "speaks"),
    [
        ("https://api.openai.com/v1", None, True),
        ("https://eu.api.openai.com/v1", None, True),
        ("https://api.openai.com/v1", False, False),
        ("http://127.0.0.1:8000/v1", None, False),
        ("http://127.0.0.1:8000/v1", True, True),
    ],
)
def test_server_of_openais_protocol_may_speak_its_responses(base_url: str, said: bool | None, speaks: bool) -> None:
    protocols = ProviderSettings(base_url=base_url, responses=said).protocols

    assert protocols == (("openai", "responses") if speaks else ("openai",))


def test_responses_belong_to_openais_protocol(tmp_path: Path) -> None:
    file = tmp_path / "lasttenth.yaml"
    file.write_text("providers: {a: {base_url: 'http://own/v1', protocol: anthropic, responses: true}}")

    with pytest.raises(ConfigurationError, match="responses belongs to the protocol openai"):
        read_settings(file, {})
