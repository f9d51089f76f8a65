"""Secrets of the configuration: they come from the environment, and no message shows them."""

import asyncio
from pathlib import Path

import pytest

from lasttenth.app.configuration import read_settings
from lasttenth.models.port import ModelRequest
from lasttenth.models.providers.openai_compatible import OpenAICompatibleProvider
from lasttenth.net.aiohttp_transport import AiohttpTransport
from lasttenth.net.transport import Limits
from lasttenth.records.errors import ConfigurationError, UpstreamError

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "content",
    [
        f'providers:\n  up:\n    base_url: "http://x"\n    api_key: "{SECRET}\n',
        f"providers:\n  up:\n    api_key: {SECRET}: {SECRET}\n",
        f"providers:\n  up:\n    base_url: 1\n    api_key: {SECRET}\n",
        f"listen: {SECRET}\n",
        f"timeouts:\n  conect: {SECRET}\n",
    ],
)
def test_message_about_a_wrong_file_shows_nothing_of_what_stands_in_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lasttenth.yaml"
    path.write_text(content)

    with pytest.raises(ConfigurationError) as caught:
        read_settings(path, {})

    assert SECRET not in str(caught.value)
    assert str(path) in str(caught.value)


def test_value_from_the_environment_never_changes_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "lasttenth.yaml"
    path.write_text("providers:\n  up:\n    base_url: ${URL:-http://x/v1}\n    api_key: ${KEY}\n")

    settings = read_settings(path, {"KEY": f'"\nscripts: {{}}\n${{URL}}{SECRET}'})

    assert settings.providers["up"].base_url == "http://x/v1"
    assert settings.providers["up"].api_key == f'"\nscripts: {{}}\n${{URL}}{SECRET}'


@pytest.mark.parametrize(
    "base_url", [f"http://user:{SECRET}@127.0.0.1:9/v1", f"http://user:{SECRET}@127.0.0.1:x/v1", SECRET]
)
def test_password_in_a_url_never_reaches_the_caller(base_url: str) -> None:
    async def call() -> None:
        transport = AiohttpTransport(Limits())
        provider = OpenAICompatibleProvider("up", base_url=base_url, api_key="", transport=transport)
        try:
            await provider.call(ModelRequest(operation="chat", model="m", body=b"{}"))
        finally:
            await transport.close()

    with pytest.raises(UpstreamError) as caught:
        asyncio.run(call())

    assert SECRET not in str(caught.value)


def test_key_that_was_read_from_a_file_with_a_line_end_is_sent_without_it() -> None:
    async def call() -> None:
        transport = AiohttpTransport(Limits())
        provider = OpenAICompatibleProvider("up", base_url="http://127.0.0.1:9", api_key="key\n", transport=transport)
        try:
            await provider.call(ModelRequest(operation="chat", model="m", body=b"{}"))
        finally:
            await transport.close()

    with pytest.raises(UpstreamError, match="cannot be reached"):
        asyncio.run(call())
