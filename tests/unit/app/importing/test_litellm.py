"""LiteLLM's settings: what becomes of models, keys and addresses, and what is said of the rest."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from lasttenth.app.configuration import Settings, read_settings
from lasttenth.app.importing.litellm.files import read_gateway
from lasttenth.records.errors import ConfigurationError


class Result(NamedTuple):
    """What became of a configuration."""

    settings: Settings
    text: str
    names: dict[str, str]
    """What clients ask for now, by what they asked for."""
    remarks: dict[str, tuple[str, str]]
    """Kind and message by place; of several at one place, the last."""


def imported(tmp_path: Path, models: list[dict[str, Any]], **sections: Any) -> Result:
    """Read a configuration with models as (name, parameters), and what is written of it."""
    source, written = tmp_path / "config.yaml", tmp_path / "lasttenth.yaml"
    source.write_text(yaml.safe_dump({"model_list": models, **sections}))
    result = read_gateway(source)
    written.write_text(result.text)
    said = [*(remark for model in result.models for remark in model.remarks), *result.remarks]
    return Result(
        read_settings(written, {}),
        result.text,
        {model.source: model.name for model in result.models},
        {remark.place: (remark.kind, remark.message) for remark in said},
    )


def model(name: str, model: str, **parameters: Any) -> dict[str, Any]:
    """Return an entry of the list of models."""
    return {"model_name": name, "litellm_params": {"model": model, **parameters}}


def deployments(result: Result, route: str) -> list[tuple[str, float]]:
    """Return what answers a route, and by which weights."""
    return [(each.model, each.weight) for each in result.settings.routes[route].deployments]


def test_entries_of_one_name_are_deployments_with_their_weights(tmp_path: Path) -> None:
    entries = [model("fast", "gpt-4o", weight=3), model("fast", "groq/llama-3.3-70b", weight=1), model("b", "gpt-4o")]
    result = imported(tmp_path, entries)

    assert deployments(result, "fast") == [("openai/gpt-4o", 3), ("groq/llama-3.3-70b", 1)]
    assert deployments(result, "b") == [("openai/gpt-4o", 1)]
    assert result.names == {"fast": "fast", "b": "b"}
    assert result.remarks == {}


def test_rates_weigh_as_they_do_there_and_limit_nothing(tmp_path: Path) -> None:
    result = imported(tmp_path, [model("a", "gpt-4o", rpm=60), model("a", "xai/grok-4", rpm=600)])

    assert [weight for _, weight in deployments(result, "a")] == [60, 600]
    assert result.remarks["rpm, tpm"][0] == "differs"


def test_entries_that_ask_the_same_share_one_weight(tmp_path: Path) -> None:
    entries = [model("a", "gpt-4o", weight=1), model("a", "gpt-4o", weight=2), model("a", "xai/grok-4", weight=1)]

    assert deployments(imported(tmp_path, entries), "a") == [("openai/gpt-4o", 3), ("xai/grok-4", 1)]


@pytest.mark.parametrize(
    ("name", "given", "written"),
    [
        ("openai/x", None, "https://api.openai.com/v1"),
        ("openai/x", "http://vllm:8000/v1/", "http://vllm:8000/v1"),
        ("openai/x", "http://vllm:8000/v1/chat/completions", "http://vllm:8000/v1"),
        ("azure/x", "https://openai-eu.openai.azure.com/", "https://openai-eu.openai.azure.com/openai/v1"),
        (
            "azure/x",
            "https://eu.openai.azure.com/openai/deployments/x/chat/completions?api-version=1",
            "https://eu.openai.azure.com/openai/v1",
        ),
        ("ollama/x", None, "http://127.0.0.1:11434/v1"),
        ("ollama_chat/x", "http://box:11434", "http://box:11434/v1"),
        ("mistral/x", "os.environ/MISTRAL_API_BASE", "${MISTRAL_API_BASE:-https://api.mistral.ai/v1}"),
        ("ollama/x", "os.environ/OLLAMA", "${OLLAMA:-http://127.0.0.1:11434}/v1"),
    ],
)
def test_address_is_written_up_to_its_version(tmp_path: Path, name: str, given: str | None, written: str) -> None:
    parameters = {} if given is None else {"api_base": given}
    result = imported(tmp_path, [model("a", name, **parameters)])

    assert [each["base_url"] for each in yaml.safe_load(result.text)["providers"].values()] == [written]


def test_addresses_and_keys_tell_providers_apart(tmp_path: Path) -> None:
    entries = [
        model("a", "openai/x", api_key="os.environ/ONE"),
        model("a", "openai/x", api_key="os.environ/TWO"),
        model("a", "openai/x", api_base="http://one:8000/v1", api_key="none"),
        model("a", "openai/x", api_base="http://two:8000/v1", api_key="os.environ/ONE"),
        model("a", "openai/x", api_base="https://api.groq.com/openai/v1", api_key="os.environ/ONE"),
    ]
    result = imported(tmp_path, entries)

    providers = yaml.safe_load(result.text)["providers"]
    assert {name: each.get("api_key") for name, each in providers.items()} == {
        "openai": "${ONE:-}",
        "openai-2": "${TWO:-}",
        "server": None,
        "server-2": "${ONE:-}",
        "groq": "${ONE:-}",
    }
    assert len(deployments(result, "a")) == 5


def test_literal_keys_are_never_written(tmp_path: Path) -> None:
    entries = [
        model("a", "openai/x", api_key="sk-very-secret"),
        model("b", "groq/x", api_key="gsk-very-secret"),
        model("c", "groq/y"),
        model("d", "openai/z", api_base="https://me:very-secret@vllm/v1?key=very-secret", api_key="os.environ/KEY"),
    ]
    sections = {
        "general_settings": {"master_key": "sk-very-secret", "database_url": "postgresql://me:very-secret@db"},
        "environment_variables": {"TOKEN": "very-secret"},
    }
    result = imported(tmp_path, entries, **sections)

    providers = yaml.safe_load(result.text)["providers"]
    assert providers["openai"]["api_key"] == "${OPENAI_API_KEY:-}"
    assert providers["groq"]["api_key"] == "${GROQ_API_KEY_2:-}"  # the other one is that of the model c
    assert providers["groq-2"]["api_key"] == "${GROQ_API_KEY:-}"
    assert providers["server"]["base_url"] == "https://vllm/v1"
    assert "very-secret" not in result.text + repr(result.remarks)
    assert result.remarks["general_settings.master_key"][0] == "lost"
    assert result.remarks["general_settings.database_url"][0] == "lost"
    assert result.remarks["model_list.3.litellm_params.api_base"][0] == "lost"


def test_key_of_openai_is_not_sent_to_other_addresses(tmp_path: Path) -> None:
    result = imported(tmp_path, [model("a", "openai/x", api_base="http://vllm:8000/v1")])

    assert result.settings.providers["server"].api_key == ""
    assert result.remarks["model_list.0.litellm_params.api_base"] == ("differs", "The key of OpenAI is not sent there.")


@pytest.mark.parametrize(
    "name", ["gemini/x", "vertex_ai/x", "bedrock/x", "cohere/x", "gemini-2.5-pro", "command-r", "x"]
)
def test_models_that_cannot_be_called_are_lost(tmp_path: Path, name: str) -> None:
    result = imported(tmp_path, [model("a", name), model("b", "gpt-4o")])

    assert result.names == {"a": "", "b": "b"}
    assert result.remarks["model_list.0.litellm_params.model"][0] == "lost"


def test_fallbacks_are_the_models_of_the_routes_that_they_name(tmp_path: Path) -> None:
    entries = [
        model("a", "gpt-4o"),
        model("b", "groq/x"),
        model("b", "xai/x"),
        model("mistral/*", "mistral/*"),
        model("c", "gpt-5"),
    ]
    router = {"fallbacks": [{"a": ["b", "mistral/large"]}], "model_group_alias": {"z": "a"}}
    result = imported(tmp_path, entries, router_settings=router, litellm_settings={"default_fallbacks": ["b"]})

    routes = result.settings.routes
    assert routes["a"].fallbacks == ("groq/x", "mistral/large")
    assert routes["z"].fallbacks == routes["a"].fallbacks
    assert routes["c"].fallbacks == ("groq/x",)
    assert routes["b"].fallbacks == ()
    assert result.remarks["fallbacks"] == ("note", "For b it is groq/x, the first of its 2 deployments.")


def test_fallbacks_that_cannot_be_asked_are_lost(tmp_path: Path) -> None:
    result = imported(tmp_path, [model("a", "gpt-4o")], litellm_settings={"fallbacks": [{"a": ["gone"]}, {"b": ["a"]}]})

    assert result.remarks["fallbacks"] == ("lost", "gone is no model that can be asked.")
    assert result.remarks["fallbacks.b"][0] == "lost"


def test_patience_of_routes_is_that_of_the_sections(tmp_path: Path) -> None:
    entries = [model("a", "gpt-4o"), model("b", "gpt-5", timeout=30, stream_timeout=4)]
    router = {"num_retries": 12, "timeout": 20, "routing_strategy": "least-busy", "cooldown_time": 3}
    lite = {"num_retries": 1, "request_timeout": 60, "drop_params": True, "turn_off_message_logging": True}
    result = imported(tmp_path, entries, router_settings=router, litellm_settings=lite)

    routes = result.settings.routes
    assert [(each.retries, each.first_content) for each in routes.values()] == [(10, 20), (10, 30)]
    assert result.settings.timeouts.read == 60
    assert not result.settings.traces.payloads
    kinds = {place: kind for place, (kind, _) in result.remarks.items()}
    assert kinds["router_settings.routing_strategy"] == kinds["router_settings.cooldown_time"] == "note"
    assert kinds["model_list.1.litellm_params.timeout"] == "differs"
    assert kinds["litellm_settings.drop_params"] == "lost"
    assert kinds["litellm_settings.request_timeout"] == kinds["router_settings.num_retries"] == "differs"


def test_numbers_that_stand_in_the_environment_are_lost(tmp_path: Path) -> None:
    entry = model("a", "gpt-4o", timeout="os.environ/TIMEOUT")
    result = imported(tmp_path, [entry], router_settings={"num_retries": "os.environ/RETRIES"})

    assert result.remarks["model_list.0.litellm_params.timeout"][0] == "lost"
    assert result.remarks["router_settings.num_retries"][0] == "lost"
    assert result.settings.routes["a"].first_content is None


def test_names_with_slashes_are_the_providers_own_or_change(tmp_path: Path) -> None:
    entries = [model("openai/gpt-4o", "gpt-4o"), model("team/fast", "gpt-4o"), model("team-fast", "gpt-5")]
    result = imported(tmp_path, entries)

    assert result.names == {"openai/gpt-4o": "openai/gpt-4o", "team/fast": "team-fast-2", "team-fast": "team-fast"}
    assert set(result.settings.routes) == {"team-fast-2", "team-fast"}
    assert result.remarks["openai/gpt-4o"][0] == "note"
    assert result.remarks["team/fast"][0] == "lost"


def test_wildcards_need_no_route(tmp_path: Path) -> None:
    entries = [model("openai/*", "openai/*"), model("together_ai/*", "together_ai/*"), model("*", "*")]
    result = imported(tmp_path, entries)

    assert result.names == {"openai/*": "openai/*", "together_ai/*": "together-ai/*", "*": ""}
    assert set(result.settings.providers) == {"openai", "together-ai"}
    assert [result.remarks[f"model_list.{number}"][0] for number in range(3)] == ["note", "differs", "lost"]


def test_credentials_are_those_that_an_entry_names(tmp_path: Path) -> None:
    values = {"api_base": "https://eu.openai.azure.com", "api_key": "os.environ/EU_KEY"}
    listed = [{"credential_name": "eu", "credential_values": values}]
    result = imported(tmp_path, [model("a", "azure/o_series/x", litellm_credential_name="eu")], credential_list=listed)

    assert deployments(result, "a") == [("azure/x", 1)]
    assert yaml.safe_load(result.text)["providers"]["azure"] == {
        "base_url": "https://eu.openai.azure.com/openai/v1",
        "api_key": "${EU_KEY:-}",
    }


def test_what_an_entry_says_beside_its_model_is_reported(tmp_path: Path) -> None:
    entry = model("a", "fireworks_ai/qwen3", temperature=0, max_tokens=5, organization="o", input_cost_per_token=1)
    image = {**model("b", "gpt-image-1"), "model_info": {"mode": "image_generation"}}
    result = imported(tmp_path, [entry, image, {"model_name": "c"}])

    place = "model_list.0.litellm_params"
    assert deployments(result, "a") == [("fireworks-ai/accounts/fireworks/models/qwen3", 1)]
    assert {name: result.remarks[f"{place}.{name}"][0] for name in ("max_tokens", "organization")} == {
        "max_tokens": "lost",
        "organization": "lost",
    }
    assert result.remarks[f"{place}.input_cost_per_token"][0] == "differs"
    assert result.remarks["model_list.1.model_info.mode"][0] == "lost"
    assert result.remarks["model_list.2"][0] == "lost"


@pytest.mark.parametrize("text", ["", "[]", "a: 1", "model_list: []", "model_list: [", "model_list: [{}]"])
def test_files_without_models_are_no_configuration(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)

    with pytest.raises(ConfigurationError):
        read_gateway(tmp_path / "config.yaml")
