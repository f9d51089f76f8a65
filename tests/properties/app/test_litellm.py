"""LiteLLM's settings: whatever a file says, it becomes settings that can be read, or an error of ours."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lasttenth.app.configuration import read_settings
from lasttenth.app.importing.litellm.files import read_gateway
from lasttenth.app.importing.litellm.kinds import KINDS
from lasttenth.records.errors import ConfigurationError

in_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
words = st.text(max_size=12)
names = st.sampled_from(["a", "b", "team/a", "openai/gpt-4o", "*", "openai/*", "${HOME}", "ä"]) | words
whatever = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
addresses = st.sampled_from(
    ["http://127.0.0.1:9/v1", "https://a@b/v1?x=1", "http://[", "ftp://x", "os.environ/BASE", "http://${A}/v1"]
)
models = st.builds("/".join, st.tuples(st.sampled_from([*KINDS, "bedrock"]), names)) | names
parameters = st.fixed_dictionaries(
    {"model": models | whatever},
    optional={
        "api_base": addresses | whatever,
        "api_key": st.sampled_from(["os.environ/KEY", "sk-1", "none"]) | whatever,
        "weight": st.integers(-1, 3) | whatever,
        "rpm": whatever,
        "timeout": whatever,
        "custom_llm_provider": whatever,
        "litellm_credential_name": whatever,
        "temperature": whatever,
    },
)
entries = st.fixed_dictionaries(
    {"model_name": names | whatever, "litellm_params": parameters | whatever}, optional={"model_info": whatever}
)
fallbacks = st.lists(st.dictionaries(names, st.lists(names, max_size=3), max_size=2), max_size=2) | whatever
section = st.fixed_dictionaries(
    {},
    optional={
        "num_retries": whatever,
        "timeout": whatever,
        "stream_timeout": whatever,
        "request_timeout": whatever,
        "fallbacks": fallbacks,
        "context_window_fallbacks": fallbacks,
        "default_fallbacks": whatever,
        "model_group_alias": st.dictionaries(names, names, max_size=2) | whatever,
        "cache": whatever,
    },
)
configurations = st.fixed_dictionaries(
    {"model_list": st.lists(entries, min_size=1, max_size=4) | whatever},
    optional={
        "router_settings": section | whatever,
        "litellm_settings": section | whatever,
        "general_settings": whatever,
        "environment_variables": whatever,
        "credential_list": whatever,
    },
)


@given(configurations)
@in_folder
def test_whatever_is_written_can_be_read(tmp_path: Path, configuration: dict[str, Any]) -> None:
    source, written = tmp_path / "config.yaml", tmp_path / "lasttenth.yaml"
    source.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    try:
        result = read_gateway(source)
    except ConfigurationError:
        return

    written.write_text(result.text, encoding="utf-8")
    read = read_settings(written, dict.fromkeys(re.findall(r"\$\{(\w+)\}", result.text), "http://127.0.0.1:9"))
    asked = [each.model for route in read.routes.values() for each in route.deployments]
    asked += [name for route in read.routes.values() for name in route.fallbacks]
    assert {name.partition("/")[0] for name in asked} <= set(read.providers)
    assert all(name.partition("/")[2] for name in asked)


@given(st.text(max_size=200) | st.binary(max_size=200))
@in_folder
def test_no_file_raises_anything_but_our_errors(tmp_path: Path, content: str | bytes) -> None:
    source = tmp_path / "config.yaml"
    source.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)

    with pytest.raises(ConfigurationError):
        read_gateway(source)
