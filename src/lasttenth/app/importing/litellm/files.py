"""LiteLLM: one configuration in YAML, that of its proxy. Each name that clients ask for becomes a route.

Source: https://docs.litellm.ai/docs/proxy/configs and the pages beside it.
"""

import re
from pathlib import Path
from typing import Any

from lasttenth.app.configuration import ROUTE_NAME
from lasttenth.app.importing.litellm.models import (
    ANY,
    PATIENCE,
    Deployment,
    Entry,
    deployment_of,
    entries_of,
    variables_of,
    weighed,
)
from lasttenth.app.importing.litellm.providers import Providers
from lasttenth.app.importing.litellm.sections import Calls, calls_of, positive, say_of_other_sections
from lasttenth.app.importing.outcomes import ImportedModel, SettingsImport
from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.outcomes import Fields, Remarks
from lasttenth.releases.exchange.sources import text_of, values_of, yaml_of

_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9._:-]+")


def read_gateway(place: Path) -> SettingsImport:
    """Return what becomes of a configuration. Raises ConfigurationError."""
    text = text_of(place)
    values = values_of(text, source=str(place))
    if not isinstance(values, dict):
        raise ConfigurationError(f"{place} is no mapping of names to values.", hint="Is it LiteLLM's config.yaml?")
    remarks = Remarks()
    entries = entries_of(values, remarks)
    if not entries:
        raise ConfigurationError(f"{place} lists no models.", hint="Is it the config.yaml of LiteLLM's proxy?")
    providers = Providers(variables_of(text, entries))
    gateway = _Gateway(calls_of(values, remarks), remarks)
    for entry in entries:
        gateway.add(entry, providers)
    gateway.add_aliases()
    say_of_other_sections(values, remarks)
    routes, models = gateway.routes()
    whole: Fields = {"providers": providers.settings(), "routes": routes, **gateway.settings()}
    written = yaml_of({name: value for name, value in whole.items() if value})
    return SettingsImport(text=written, models=models, remarks=remarks.all())


class _Gateway:
    """What clients may ask for, and what answers it."""

    def __init__(self, calls: Calls, remarks: Remarks) -> None:
        self._calls = calls
        self._remarks = remarks
        self._said: dict[str, Remarks] = {}
        self._deployments: dict[str, list[Deployment]] = {}
        self._wildcards: dict[str, str] = {}
        """What stands before a star, and what is written in its place."""
        self._renamed: set[str] = set()

    def add(self, entry: Entry, providers: Providers) -> None:
        """Take an entry of the list."""
        remarks = self._said.setdefault(entry.name, Remarks())
        if entry.is_wildcard and entry.parameters["model"] == ANY:
            remarks.lost(entry.place, "Declare the providers: each of their models is there as provider/model.")
            return
        deployment = deployment_of(entry, providers, remarks)
        if deployment is None:
            return
        if entry.is_wildcard:
            self._add_wildcard(entry, deployment.model, remarks)
        else:
            self._deployments.setdefault(entry.name, []).append(deployment)

    def add_aliases(self) -> None:
        """Take the names that stand for others."""
        for alias, name in self._calls.aliases.items():
            if name in self._deployments and alias not in self._deployments:
                self._said[alias] = Remarks()
                self._deployments[alias] = self._deployments[name]
                self._said[alias].note("model_group_alias", f"It is a route with the deployments of {name}.")
            else:
                self._remarks.lost(f"model_group_alias.{alias}", f"There is no model {name}, or {alias} is one itself.")

    def routes(self) -> tuple[dict[str, Fields], tuple[ImportedModel, ...]]:
        """Return the routes by their names, and what became of each model."""
        routes: dict[str, Fields] = {}
        models = []
        names = {name: self._name(name) for name in self._said}
        for source, name in names.items():
            remarks = self._said[source]
            if name and ROUTE_NAME.fullmatch(name) and source in self._deployments:
                routes[name] = self._route(source, remarks)
            models.append(ImportedModel(source=source, name=name, remarks=remarks.all()))
        for name in self._calls.fallbacks:
            if name not in self._said and name != ANY:
                self._remarks.lost(f"fallbacks.{name}", "There is no model of this name.")
        return routes, tuple(models)

    def settings(self) -> Fields:
        """Return the settings beside providers and routes."""
        calls = self._calls
        return {
            "timeouts": {} if calls.read is None else {"read": calls.read},
            "traces": {} if calls.payloads else {"payloads": False},
        }

    def _add_wildcard(self, entry: Entry, model: str, remarks: Remarks) -> None:
        before = entry.name.partition(ANY)[0]
        here = model.partition(ANY)[0]
        self._wildcards.setdefault(before, here)
        if before == here:
            remarks.note(entry.place, f"All models of {here.partition('/')[0]} are there without a route.")
        else:
            remarks.differs(entry.place, f"Clients ask for {model} instead of {entry.name}.")

    def _name(self, source: str) -> str:
        """Return what clients ask for in the place of a name; nothing where nothing answers it."""
        remarks = self._said[source]
        deployments = self._deployments.get(source)
        if deployments is None:
            here = self._wildcards.get(source.partition(ANY)[0]) if ANY in source else None
            return "" if here is None else f"{here}{ANY}"
        if len({each.model for each in deployments}) == 1 and deployments[0].model == source:
            remarks.note(source, "It is the name of a provider and its model, and needs no route.")
            if self._calls.fallbacks.get(source):
                remarks.lost("fallbacks", "Only routes have fallbacks, and the name of a route has no slash.")
            return source
        if ROUTE_NAME.fullmatch(source):
            return source
        name = _NOT_IN_A_NAME.sub("-", source).strip("-._:") or "model"
        free, number = name, 2
        while free in self._said or free in self._renamed:
            free, number = f"{name}-{number}", number + 1
        self._renamed.add(free)
        remarks.lost(source, f"It cannot name a route: clients ask for {free} instead.")
        return free

    def _route(self, source: str, remarks: Remarks) -> Fields:
        deployments = self._deployments[source]
        route: Fields = {"deployments": weighed(deployments, remarks)}
        fallbacks = self._fallbacks(source, remarks)
        first_content = self._first_content(deployments)
        return {
            **route,
            **({"fallbacks": fallbacks} if fallbacks else {}),
            **({} if self._calls.retries is None else {"retries": self._calls.retries}),
            **({} if first_content is None else {"first_content": first_content}),
        }

    def _fallbacks(self, source: str, remarks: Remarks) -> list[str]:
        calls = self._calls
        own = calls.fallbacks.get(source) or calls.fallbacks.get(calls.aliases.get(source, ""))
        others = own or calls.fallbacks.get(ANY) or calls.any_fallbacks
        found = [self._first_model(other, remarks) for other in others if other != source]
        return list(dict.fromkeys(model for model in found if model))

    def _first_model(self, name: str, remarks: Remarks) -> str:
        """Return the model that is asked for a name, which may stand for several."""
        deployments = self._deployments.get(name)
        if deployments:
            model = deployments[0].model
            rest = f", the first of its {len(deployments)} deployments" if len(deployments) > 1 else ""
            remarks.note("fallbacks", f"For {name} it is {model}{rest}.")
            return model
        before = next((before for before in self._wildcards if before and name.startswith(before)), None)
        if before is None:
            remarks.lost("fallbacks", f"{name} is no model that can be asked.")
            return ""
        return self._wildcards[before] + name.removeprefix(before)

    def _first_content(self, deployments: list[Deployment]) -> float | None:
        """Return for how long the first content may be waited for: as long as the most patient deployment allows."""
        own = [_patience(each.parameters) for each in deployments]
        found = [self._calls.first_content if each is None else each for each in own]
        known = [each for each in found if each is not None]
        return max(known) if len(known) == len(found) else None


def _patience(parameters: dict[str, Any]) -> float | None:
    said = [positive(parameters.get(name)) for name in PATIENCE]
    return max((each for each in said if each is not None), default=None)
