"""Wiring: from settings to a store, providers, a pipeline and all that stands between them."""

import asyncio
import math
import os
import random
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from lasttenth import __version__
from lasttenth.access.keys import Keyring, read_pepper
from lasttenth.app.batches import BATCH_KIND, BatchOrder, batch_function
from lasttenth.app.configuration import FILE_NAME, DeploymentSettings, Settings, read_settings
from lasttenth.app.embedder import EmbedderSlot
from lasttenth.app.indexing import INDEX_KIND, IndexPaths, index_function
from lasttenth.app.views import Crew, DeploymentView, HealthView
from lasttenth.context.embedding import Embedder
from lasttenth.context.retrieval import Retriever
from lasttenth.jobs import Functions, Runner
from lasttenth.models.embeddings import default_cache
from lasttenth.models.facts import Facts
from lasttenth.models.port import ProtocolName, Provider
from lasttenth.models.prices import Prices
from lasttenth.models.providers.anthropic import AnthropicProvider
from lasttenth.models.providers.builtin import BuiltinProvider
from lasttenth.models.providers.gemini import GeminiProvider
from lasttenth.models.providers.openai_compatible import OpenAICompatibleProvider
from lasttenth.models.providers.ruled import RuledProvider
from lasttenth.models.providers.scripted import ScriptedProvider
from lasttenth.models.routes.deployments import Deployment, Terms
from lasttenth.models.routes.route import Route
from lasttenth.net.choosing import open_transport
from lasttenth.observe.recording import Recorder
from lasttenth.observe.upkeep import Upkeep
from lasttenth.records.definitions import StructuredOutput
from lasttenth.records.errors import ConfigurationError, StorageError
from lasttenth.records.hashing import content_hash
from lasttenth.records.ids import Clock, Ids, SystemClock, system_randomness
from lasttenth.records.traces import Span
from lasttenth.records.usage import Usage
from lasttenth.releases.registry import Registry
from lasttenth.serve.cache import MemoryCache
from lasttenth.serve.passthrough import Passthrough
from lasttenth.serve.pipeline import Pipeline
from lasttenth.serve.program import DefaultProgram
from lasttenth.serve.route import ROUTE, Router
from lasttenth.serve.settle import RecordSpan, Settling
from lasttenth.storage.opening import open_remote_store, open_store
from lasttenth.storage.ports import Store
from lasttenth.storage.remote import RemoteStore
from lasttenth.storage.watch import Watch

DATABASE = "lasttenth.db"
DEFAULT_PROJECT = "default"
PEPPER = "pepper"
_PROVIDERS: dict[ProtocolName, type[AnthropicProvider | GeminiProvider]] = {
    "anthropic": AnthropicProvider,
    "gemini": GeminiProvider,
}
LOCAL = "local"
"""The tag of the models of this process."""
_TYPICAL = Usage(input_tokens=3000, output_tokens=1000)
"""By what this costs deployments are compared: three parts of input to one of output."""
MOST_THREADS = 4
"""Processor threads of the embedder, where there are so many processors: the others are left to the requests."""
_HOLDING: tuple[StructuredOutput, ...] = ("json_schema", "json_object", "none")
"""How models are held to a schema, the firmest first."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an installation is: its folder, the cache of downloaded artefacts, and its settings."""

    folder: Path
    cache: Path
    settings: Settings
    threads: int
    """Processor threads of the embedder."""


class Installation:
    """Everything that is open while Lasttenth runs. Use `await Installation.open(…)`, and close it."""

    def __init__(self, place: Place, store: Store, clock: Clock) -> None:
        self.place = place
        self.store = store
        self.clock = clock
        self.embedder = EmbedderSlot(place.cache, threads=place.threads)
        pepper = read_pepper(place.folder / PEPPER, system_randomness)
        payloads = place.settings.traces.payloads
        self.recorder = Recorder(self._write_spans, folder=place.folder, payloads=payloads)
        self.upkeep = Upkeep(store, lambda: self.recorder.is_behind)
        self._watch = Watch(store.version, clock)
        self.keyring = Keyring(store, pepper=pepper, clock=clock, randomness=system_randomness, watch=self._watch)
        self._transport = open_transport(place.settings.transport, place.settings.timeouts)
        self.prices = Prices.load()
        self.facts = Facts.load(self.prices.provider_named)
        providers = self._providers()
        self._known_routes = self._routes(providers)
        self._policies = {name: content_hash(ROUTE, route) for name, route in place.settings.routes.items()}
        self.router = Router(providers, self._known_routes, tags=self._tags(), clock=clock)
        self.workers = Crew()
        self._registries: dict[str, Registry] = {}
        self._retrievers: dict[str, Retriever] = {}
        settling = Settling(clock, self.prices, self.recorder.record, self.facts)
        self.pipeline = Pipeline(
            router=self.router,
            registry_of=self.registry,
            programs={"": self.program(record=self.recorder.record)},
            settling=settling,
            cache=MemoryCache(size=place.settings.cache.bytes, seconds=place.settings.cache.seconds, clock=clock),
            reply_limit=place.settings.limits.reply,
        )
        self.passthrough = Passthrough(self.router, settling)
        self.functions = Functions()
        self.functions.add(INDEX_KIND, index_function(self._embedder), payload=IndexPaths)
        batch = batch_function(self.pipeline, self.recorder, clock=clock, randomness=system_randomness)
        self.functions.add(BATCH_KIND, batch, payload=BatchOrder)
        worker = f"{socket.gethostname()}:{os.getpid()}"
        self.runner = Runner(store, self.functions, clock=clock, randomness=system_randomness, worker=worker)

    @classmethod
    async def open(cls, place: Place, *, writer: Path | None = None) -> "Installation":
        """Open the folder, which is made when it is new. Raises StorageError, ConfigurationError.

        Args:
            place: where the installation is.
            writer: the socket of the process that writes; None writes here.
        """
        clock = SystemClock()
        store = await open_ledger(place, clock) if writer is None else _open_remote(place, writer, clock)
        try:
            installation = cls(place, store, clock)
        except BaseException:
            await store.close()
            raise
        try:
            # Made now, so that the first request finds everything in place and needs no write before its answer.
            await installation.registry(DEFAULT_PROJECT)
        except BaseException:
            await installation.close()
            raise
        installation._watch.start()
        installation.recorder.start()
        installation.upkeep.start()
        return installation

    async def registry(self, project: str) -> Registry:
        """Return the tasks, releases and pointers of a project, with the built-in ones in place."""
        registry = self._registries.get(project)
        if registry is None:
            store = await self.store.project(project)
            registry = Registry(store, ids=Ids(self.clock), clock=self.clock, watch=self._watch)
            await registry.install_builtin()
            self._registries[project] = registry
        return registry

    def program(self, *, record: RecordSpan) -> DefaultProgram:
        """Return the program that runs for tasks without one of their own."""
        return DefaultProgram(
            self.retriever,
            facts=self,
            record=record,
            clock=self.clock,
            package=__version__,
        )

    def structured_output(self, model: str) -> StructuredOutput:
        """Return how the provider of a model holds it to a schema; of a route, how the least of its deployments does."""
        settings = self.place.settings
        route = settings.routes.get(model)
        if route is not None:
            names = [*(each.model for each in route.deployments), *route.fallbacks]
            return max((self.structured_output(name) for name in names), key=_HOLDING.index)
        provider = settings.providers.get(model.partition("/")[0])
        return "none" if provider is None else provider.structured_output

    def policy(self, model: str) -> str:
        """Return the hash of what a route does, empty for a model that is none."""
        return self._policies.get(model, "")

    async def retriever(self, project: str) -> Retriever:
        """Return what searches the indexes of a project."""
        retriever = self._retrievers.get(project)
        if retriever is None:
            retriever = Retriever((await self.store.project(project)).indexes, await self._embedder())
            self._retrievers[project] = retriever
        return retriever

    def change(self, settings: Settings) -> None:
        """Take the providers, routes and scripts of other settings; all else stays.

        Calls that have begun go on as they began. A route that is the same, over the same providers, keeps what it
        knows of its deployments.
        """
        before = self.place.settings
        changed = msgspec.structs.replace(
            before, providers=settings.providers, routes=settings.routes, scripts=settings.scripts
        )
        self.place = msgspec.structs.replace(self.place, settings=changed)
        providers = self._providers()
        made = self._routes(providers)
        kept = {
            name: self._known_routes[name]
            for name, route in changed.routes.items()
            if (route, changed.providers, changed.scripts)
            == (before.routes.get(name), before.providers, before.scripts)
        }
        self._known_routes = made | kept
        self._policies = {name: content_hash(ROUTE, route) for name, route in changed.routes.items()}
        self.router.change(providers, self._known_routes, self._tags())

    def health(self) -> HealthView:
        """Return how this process stands."""
        writer = self.store.writer_health() if isinstance(self.store, RemoteStore) else None
        deployments = [
            DeploymentView(
                route=name,
                model=each.name,
                waiting=each.waiting,
                rest=each.rest,
                first_content=each.latency,
            )
            for name, route in self._known_routes.items()
            for each in route.deployments
        ]
        return HealthView(
            process=os.getpid(),
            recording=self.recorder.health(),
            workers=self.workers,
            writer=writer,
            deployments=deployments,
        )

    async def close(self) -> None:
        """Write what waits, then release files, connections and threads."""
        await self.runner.close()
        await self._watch.close()
        await self.recorder.close()
        await self.upkeep.close()
        await self.router.close()
        await self._transport.close()
        await self.store.close()
        self.embedder.close()

    async def _embedder(self) -> Embedder | None:
        return await asyncio.to_thread(self.embedder.get)

    async def _write_spans(self, project: str, spans: list[Span]) -> None:
        await (await self.store.project(project)).traces.append(spans)
        self.upkeep.wake()

    def _routes(self, providers: Mapping[str, Provider]) -> dict[str, Route]:
        return {
            name: Route(
                [self._deployment(each, providers) for each in route.deployments],
                [self._deployment(DeploymentSettings(model=model), providers) for model in route.fallbacks],
                patience=route,
                clock=self.clock,
                draw=random.random,
            )
            for name, route in self.place.settings.routes.items()
        }

    def _deployment(self, settings: DeploymentSettings, providers: Mapping[str, Provider]) -> Deployment:
        provider, _, model = settings.model.partition("/")
        tags = self._tags().get(provider, frozenset()) | {*settings.tags}
        price = self.prices.cost(settings.model, _TYPICAL, at=self.clock.now()).amount
        terms = Terms(settings.weight, tags, math.inf if price is None else price)
        return Deployment(settings.model, providers[provider], model, terms=terms, clock=self.clock)

    def _tags(self) -> dict[str, frozenset[str]]:
        """Return what holds for each provider: models of this process are where it is."""
        settings = self.place.settings.providers
        own = {"builtin": frozenset({LOCAL}), "scripted": frozenset({LOCAL})}
        return own | {name: frozenset(provider.tags) for name, provider in settings.items()}

    def _providers(self) -> dict[str, Provider]:
        settings = self.place.settings
        providers: dict[str, Provider] = {
            "builtin": BuiltinProvider(self.embedder.get, self.clock),
            "scripted": ScriptedProvider(settings.scripts, self.clock),
        }
        for name, provider in settings.providers.items():
            kind = _PROVIDERS.get(provider.protocol) or partial(OpenAICompatibleProvider, protocols=provider.protocols)
            made = kind(name, base_url=provider.base_url, api_key=provider.api_key, transport=self._transport)
            providers[name] = RuledProvider(made, provider.unsupported) if provider.unsupported else made
        return providers


async def open_ledger(place: Place, clock: Clock) -> Store:
    """Open the store of an installation, whose folder is made when it is new. Raises StorageError, ConfigurationError."""
    try:
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(f"The folder {place.folder} cannot be made: {error.strerror}.") from error
    file = place.folder / DATABASE
    return await open_store(place.settings.storage, file, clock=clock, randomness=system_randomness)


def _open_remote(place: Place, writer: Path, clock: Clock) -> Store:
    return open_remote_store(place.folder / DATABASE, writer, clock=clock, randomness=system_randomness)


def find_place(
    environment: Mapping[str, str], *, folder: Path | None = None, configuration: Path | None = None
) -> Place:
    """Return where an installation is, from what the outer doors were told. Raises ConfigurationError."""
    if configuration is not None and not configuration.exists():
        raise ConfigurationError(f"There is no settings file {configuration}.", hint="Correct --config.")
    settings = read_settings(configuration or Path(FILE_NAME), environment)
    chosen = folder or Path(environment.get("LASTTENTH_FOLDER") or settings.folder)
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    return Place(folder=chosen, cache=default_cache(environment), settings=settings, threads=threads)
