"""The list of models: entries of one name become deployments, and what a deployment cannot hold is said."""

import re
from typing import Any, NamedTuple

from lasttenth.app.importing.litellm.kinds import KINDS, OPENAI, Named, named
from lasttenth.app.importing.litellm.providers import ENVIRONMENT, Providers
from lasttenth.app.importing.litellm.sections import LIMITED, NO_NUMBER, UNSAID, positive
from lasttenth.releases.exchange.outcomes import Remarks
from lasttenth.releases.exchange.sources import object_of

ANY = "*"
_REFERENCE = re.compile(rf"{ENVIRONMENT}([A-Za-z_][A-Za-z0-9_]*)")
RATES = ("weight", "rpm", "tpm")
"""What LiteLLM draws by, the first that is said."""
_WHERE = frozenset({"model", "custom_llm_provider", "api_key", "api_base", "base_url", "litellm_credential_name"})
PATIENCE = ("timeout", "stream_timeout")
"""For how many seconds an answer is waited for, whole and until it begins."""
_PARAMETERS = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "max_completion_tokens",
        "max_tokens",
        "n",
        "presence_penalty",
        "reasoning_effort",
    }
    | {"response_format", "seed", "stop", "temperature", "tool_choice", "tools", "top_k", "top_p", "user"}
)
_SERVED = frozenset({"chat", "embedding"})


class Entry(NamedTuple):
    """One entry of the list."""

    place: str
    name: str
    parameters: dict[str, Any]
    info: dict[str, Any]

    @property
    def is_wildcard(self) -> bool:
        """Tell whether it stands for all models of a provider."""
        return ANY in self.name or ANY in self.parameters["model"]


class Deployment(NamedTuple):
    """A model that can be asked, and what its entry says of it."""

    model: str
    """As `provider/model`."""
    parameters: dict[str, Any]


def entries_of(values: dict[str, Any], remarks: Remarks) -> list[Entry]:
    """Return the entries that say how a model is asked, with the credentials that they name in them."""
    listed = values.get("model_list")
    credentials = _credentials(values.get("credential_list"))
    found = []
    for number, each in enumerate(listed if isinstance(listed, list) else []):
        entry = object_of(each)
        parameters = object_of(entry.get("litellm_params"))
        place, name = f"model_list.{number}", entry.get("model_name")
        credential = parameters.get("litellm_credential_name")
        if isinstance(credential, str) and credential not in credentials:
            remarks.lost(f"{place}.litellm_credential_name", "There are no credentials of this name.")
        parameters = {**credentials.get(credential if isinstance(credential, str) else "", {}), **parameters}
        if isinstance(name, str) and name and isinstance(parameters.get("model"), str):
            found.append(Entry(place, name, parameters, object_of(entry.get("model_info"))))
        else:
            remarks.lost(place, "It does not say model_name and litellm_params.model.")
    return found


def variables_of(text: str, entries: list[Entry]) -> set[str]:
    """Return the environment variables that a configuration refers to, also where it says nothing of a key."""
    kinds = [_named(entry).kind for entry in entries if not entry.parameters.get("api_key")]
    return {*_REFERENCE.findall(text), *(KINDS[kind].variable for kind in kinds if kind in KINDS)}


def deployment_of(entry: Entry, providers: Providers, remarks: Remarks) -> Deployment | None:
    """Return how an entry's model is asked; None, after a remark, where it cannot be."""
    place, parameters = f"{entry.place}.litellm_params", entry.parameters
    mode = entry.info.get("mode", "chat")
    if mode not in _SERVED:
        remarks.lost(f"{entry.place}.model_info.mode", "Only chat and embeddings are served.")
        return None
    model = _named(entry)
    if not model.model or "${" in model.model or model.model.startswith("responses/"):
        remarks.lost(f"{place}.model", "It names no model that is asked for chat or embeddings.")
        return None
    name = providers.name_of(model, parameters, remarks, place=place)
    if not name:
        return None
    _say_of_the_rest(entry, model.kind, remarks)
    prefix = KINDS[model.kind].prefix
    whole = model.model if model.model.startswith(prefix) or entry.is_wildcard else prefix + model.model
    return Deployment(f"{name}/{whole}", parameters)


def weighed(deployments: list[Deployment], remarks: Remarks) -> list[dict[str, Any]]:
    """Return deployments as a route lists them, each model once."""
    rate = next((rate for rate in RATES if all(positive(each.parameters.get(rate)) for each in deployments)), "")
    said = {rate: any(each.parameters.get(rate) is not None for each in deployments) for rate in RATES}
    if said["weight"] and rate != "weight":
        remarks.differs("weight", "It is no number above 0 for all of them: they share the calls otherwise.")
    if said["rpm"] or said["tpm"]:
        weighs = f"{rate} only says how the calls are shared" if rate in {"rpm", "tpm"} else "They count nothing here"
        remarks.differs("rpm, tpm", f"{weighs}: nothing holds a model to a rate.")
    weights: dict[str, float] = {}
    for each in deployments:
        weights[each.model] = weights.get(each.model, 0) + (each.parameters[rate] if rate else 1)
    if len(weights) < len(deployments):
        remarks.note("model_list", "Entries that ask the same model of the same provider are one deployment.")
    if len(set(weights.values())) == 1:
        return [{"model": model} for model in weights]
    return [{"model": model, "weight": weight} for model, weight in weights.items()]


def _named(entry: Entry) -> Named:
    provider = entry.parameters.get("custom_llm_provider")
    return named(entry.parameters["model"], provider if isinstance(provider, str) else "")


def _say_of_the_rest(entry: Entry, kind: str, remarks: Remarks) -> None:
    known = {*_WHERE, *RATES}
    for name, value in entry.parameters.items():
        place = f"{entry.place}.litellm_params.{name}"
        if name in known or value in UNSAID:
            continue
        if name in PATIENCE:
            _say_of_patience(place, value, remarks)
        elif name == "api_version":
            remarks.note(place, "The address that is written needs none.")
        elif name in _PARAMETERS:
            remarks.lost(place, "A route has no parameters: send it with the request, or write it into a task.")
        elif name.endswith(("_cost_per_token", "_cost_per_second")):
            remarks.differs(place, "Prices are those of the catalogue that comes with Lasttenth.")
        else:
            remarks.lost(place, "Nothing corresponds to it.")
    if kind == OPENAI and entry.parameters.get("api_base") and not entry.parameters.get("api_key"):
        remarks.differs(f"{entry.place}.litellm_params.api_base", "The key of OpenAI is not sent there.")
    if set(entry.info) - {"id", "mode"}:
        remarks.note(f"{entry.place}.model_info", "What is known of models stands in the catalogue of Lasttenth.")


def _say_of_patience(place: str, value: object, remarks: Remarks) -> None:
    if positive(value) is None:
        remarks.lost(place, NO_NUMBER)
    else:
        remarks.differs(place, LIMITED)


def _credentials(listed: Any) -> dict[str, dict[str, Any]]:
    found = [object_of(each) for each in listed] if isinstance(listed, list) else []
    return {
        each["credential_name"]: object_of(each.get("credential_values"))
        for each in found
        if isinstance(each.get("credential_name"), str)
    }
