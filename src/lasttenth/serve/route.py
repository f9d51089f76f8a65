"""Route: from the name in a request to who answers it."""

from collections.abc import Mapping
from typing import NamedTuple

from lasttenth.models.port import ModelInfo, Provider
from lasttenth.models.protocols import PROTOCOLS, WireProtocol
from lasttenth.models.translation.provider import speaking
from lasttenth.records.errors import InvalidRequestError, ModelNotFoundError, UpstreamError, untagged
from lasttenth.records.ids import Clock
from lasttenth.releases.pointers import PRODUCTION
from lasttenth.serve.calls import Call

TASK_PREFIX = "task/"
ROUTE = "route"
"""Who is said to provide a model that several deployments serve."""


class ModelTarget(NamedTuple):
    """A provider, and the provider's own name for the model."""

    provider: Provider
    model: str


class TaskTarget(NamedTuple):
    """A task and one of its pointers."""

    task: str
    pointer: str


class Router:
    """Know every provider by name.

    Args:
        providers: by the first part of `provider/model`.
        routes: what serves a name that stands for several models.
        aliases: names that stand for one model.
        tags: what holds for a provider, by its name.
        clock: says when a translated answer was made.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        routes: Mapping[str, Provider] | None = None,
        *,
        aliases: Mapping[str, str] | None = None,
        tags: Mapping[str, frozenset[str]] | None = None,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._tags = tags
        self._providers = dict(providers)
        self._routes = dict(routes or {})
        self._aliases = dict(aliases or {})

    def change(
        self,
        providers: Mapping[str, Provider],
        routes: Mapping[str, Provider],
        tags: Mapping[str, frozenset[str]],
    ) -> None:
        """Know others from now on; calls that have begun go on with those that they have."""
        self._providers, self._routes, self._tags = dict(providers), dict(routes), tags

    @property
    def providers(self) -> Mapping[str, Provider]:
        """Return the providers by name."""
        return self._providers

    def task_of(self, name: str) -> TaskTarget | None:
        """Return the task that a name stands for, None where it names a model."""
        if not name.startswith(TASK_PREFIX):
            return None
        task, _, pointer = name.removeprefix(TASK_PREFIX).partition("@")
        return TaskTarget(task, pointer or PRODUCTION)

    def model_of(self, name: str) -> ModelTarget:
        """Return who serves a model. Raises ModelNotFoundError."""
        route = self._routes.get(name)
        if route is not None:
            return ModelTarget(route, name)
        provider, slash, model = self._aliases.get(name, name).partition("/")
        if not slash or not model or provider not in self._providers:
            known = ", ".join(sorted(self._providers))
            raise ModelNotFoundError(
                f"There is no model {name}.",
                hint=f"Models are named provider/model or by a route; providers here: {known}. See: lasttenth models",
                parameter="model",
            )
        return ModelTarget(self._providers[provider], model)

    def target_of(self, call: Call) -> ModelTarget:
        """Return who answers a call. Raises ModelNotFoundError, InvalidRequestError.

        Who speaks another protocol than the caller is spoken to in translation; chat alone is translated.
        """
        target = self.model_of(call.model)
        if call.scope.tags and call.model not in self._routes:
            self.check_tags(call.model, call.scope.tags)
        spoken = target.provider.protocols
        if spoken and call.protocol.name not in spoken and call.operation != "chat":
            raise other_protocol(call, PROTOCOLS[spoken[0]])
        return ModelTarget(speaking(target.provider, call.protocol.name, self._clock), target.model)

    def check_tags(self, model: str, tags: frozenset[str]) -> None:
        """Raise InvalidRequestError where the provider of a model has not some tags; routes see to that themselves."""
        if self._tags is None or tags <= self._tags.get(model.partition("/")[0], frozenset()):
            return
        fit = sorted(name for name, known in self._tags.items() if tags <= known)
        raise untagged(f"{model} has not all of", tags, ", ".join(fit))

    async def models(self) -> tuple[list[ModelInfo], list[str]]:
        """Return the models of all providers, and a line for each provider that could not be asked."""
        found = [ModelInfo(name=name, provider=ROUTE) for name in self._routes]
        failures: list[str] = []
        for name, provider in self._providers.items():
            try:
                found += await provider.models()
            except UpstreamError as error:
                failures.append(f"{name}: {error}")
        return sorted(found, key=lambda model: model.name), failures

    async def close(self) -> None:
        """Release every provider."""
        for provider in self._providers.values():
            await provider.close()


def other_protocol(call: Call, spoken: WireProtocol) -> InvalidRequestError:
    """Return the refusal of a call of somebody who speaks another protocol than the caller."""
    path = spoken.version + (spoken.paths.get(call.operation) or spoken.paths["chat"])
    return InvalidRequestError(
        f"{call.model} speaks {spoken.owner} protocol, and was asked in {call.protocol.owner}.",
        hint=f"Ask it at POST {path.replace('{model}', call.model)}",
        parameter="model",
    )
