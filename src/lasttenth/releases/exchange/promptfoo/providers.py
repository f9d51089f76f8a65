"""Providers of promptfoo, and the models and parameters that they stand for."""

import re
from typing import Any, NamedTuple

from lasttenth.releases.exchange.outcomes import Fields, Remarks

ECHO = "scripted/echo"
_MODES = frozenset({"chat", "completion", "messages", "responses"})
_USUAL_MODE = {"anthropic": "messages", "azure": "chat", "ollama": "chat", "openai": "chat"}
_NO_MODEL = re.compile(r"(?:https?|wss?|file|exec|python|golang|ruby|webhook|browser|mcp|package|promptfoo|sequence)\b")
_SECRET = re.compile(r"(?i)api_?key|token$|secret|password|header|cookie|api_?(?:host|base)|^basepath$|^organization$")


class Provider(NamedTuple):
    """A provider of a configuration: what it is called, its model if there is one, and what it is given."""

    name: str
    model: str
    config: dict[str, Any]
    prompts: list[str]
    """Labels of the prompts that it answers; none means all."""

    def answers(self, label: str) -> bool:
        """Tell whether the provider answers a prompt."""
        return not self.prompts or any(
            label == wanted or label.startswith(wanted.removesuffix("*").removesuffix(":") + ":")
            for wanted in self.prompts
        )


def providers_of(listed: Any) -> list[Provider]:
    """Return the providers that a configuration lists."""
    many = listed if isinstance(listed, list) else [listed] if listed else []
    return [found for each in many if (found := _provider(each)) is not None]


def parameters_of(config: dict[str, Any], remarks: Remarks, *, place: str) -> Fields:
    """Return the parameters of what a provider or a prompt is configured with."""
    found: Fields = {}
    for name, value in config.items():
        if _SECRET.search(name):
            remarks.lost(
                f"{place}.{name}", "Keys and places stand in the providers of lasttenth.yaml, and in no release."
            )
        elif "file://" in str(value) or "{{" in str(value):
            remarks.lost(f"{place}.{name}", "It is read from elsewhere; a release holds all there is.")
        else:
            found[name] = value
    return found


def provider_of(model: str) -> str:
    """Return what promptfoo calls a model."""
    provider, _, name = model.partition("/")
    if model == ECHO:
        return "echo"
    mode = _USUAL_MODE.get(provider)
    return ":".join([provider, *([mode] if mode else []), *([name] if name else [])])


def _provider(each: Any) -> Provider | None:
    if isinstance(each, str):
        return Provider(each, _model(each), {}, [])
    if not isinstance(each, dict):
        return None
    if len(each) == 1 and "id" not in each:  # a provider as the name of its options
        name, options = next(iter(each.items()))
        each = {"id": name, **(options if isinstance(options, dict) else {})}
    name, config, prompts = each.get("id"), each.get("config"), each.get("prompts")
    if not isinstance(name, str):
        return None
    labels = [label for label in prompts if isinstance(label, str)] if isinstance(prompts, list) else []
    return Provider(name, _model(name), config if isinstance(config, dict) else {}, labels)


def _model(name: str) -> str:
    """Return the model that a provider's id stands for, as provider/model; nothing where it stands for none."""
    if name == "echo":
        return ECHO
    provider, _, rest = name.partition(":")
    if not rest or _NO_MODEL.match(name):
        return ""
    mode, colon, model = rest.partition(":")
    return f"{provider}/{model if colon and mode in _MODES else rest}"
