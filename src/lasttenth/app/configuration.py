"""`lasttenth.yaml`: the installation. Everything in it is optional, and secrets stand in it by reference only.

`${NAME}` and `${NAME:-default}` are replaced from the environment, after the file was parsed: a value can never
change the file's structure.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import yaml

from lasttenth.models.port import MOST_REPLY_BYTES, ProtocolName
from lasttenth.models.providers.ruled import UnsupportedRule
from lasttenth.models.providers.scripted import Script
from lasttenth.models.routes.patience import Patience
from lasttenth.net.transport import Engine, Limits
from lasttenth.records.definitions import StructuredOutput
from lasttenth.records.errors import ConfigurationError

FILE_NAME = "lasttenth.yaml"
DEFAULT_FOLDER = ".lasttenth"
DEFAULT_PORT = 8077
MOST_WORKERS = 64
OWN = frozenset({"builtin", "scripted"})
"""The providers of this process."""
RESERVED = OWN | {"task"}
ROUTE_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._:-]*")
"""What may be the name of a route."""
OPENAIS_HOST = "api.openai.com"
"""Regions stand before it."""

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_NAME = re.compile(r"[a-z][a-z0-9-]*")


Tag = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9._-]{0,39}$")]
Tags = tuple[Tag, ...]


class ListenSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server listens. Beyond loopback it wants keys."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = DEFAULT_PORT


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server of models: what it speaks, its URL up to and including the version, and its key."""

    protocol: ProtocolName = "openai"
    base_url: Annotated[str, msgspec.Meta(pattern="^https?://[^/]")]
    api_key: str = ""
    structured_output: StructuredOutput = "json_schema"
    """How it is told what shape an answer must have: by a JSON Schema, by asking for JSON, or in the prompt alone."""
    responses: bool | None = None
    """Whether a server of OpenAI's protocol speaks its Responses protocol too; where nobody says, OpenAI's own does."""
    tags: Tags = ()
    """What holds for it, such as where it is: requests may ask for that."""
    unsupported: tuple[UnsupportedRule, ...] = ()
    """What becomes of parameters that some of its models do not take."""

    def __post_init__(self) -> None:
        if self.responses is not None and self.protocol != "openai":
            raise ValueError(f"responses belongs to the protocol openai, not to {self.protocol}")

    @property
    def protocols(self) -> tuple[ProtocolName, ...]:
        """Return what it speaks, the preferred one first."""
        if self.protocol != "openai":
            return (self.protocol,)
        is_openais = (urlsplit(self.base_url).hostname or "").endswith(OPENAIS_HOST)
        return ("openai", "responses") if self.responses or (self.responses is None and is_openais) else ("openai",)


class DeploymentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of several models that share a name: `provider/model`, and how many of the calls it has beside the others."""

    model: str
    weight: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    tags: Tags = ()
    """What holds for it beside what holds for its provider."""


class RouteSettings(Patience, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name for several models, which of them share the calls, and which are asked when all of these have failed."""

    deployments: Annotated[list[DeploymentSettings], msgspec.Meta(min_length=1)]
    fallbacks: tuple[str, ...] = ()


class ServerLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request, and a provider's whole answer, may be, in bytes."""

    body: Annotated[int, msgspec.Meta(ge=1)] = 32 * 2**20
    reply: Annotated[int, msgspec.Meta(ge=1)] = MOST_REPLY_BYTES


class TraceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is recorded of each request."""

    payloads: bool = True
    """Whether inputs and outputs are kept; without them a trace says who called what, how long it took and what it cost."""


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each process keeps of answers, for requests that opt in."""

    bytes: Annotated[int, msgspec.Meta(ge=0)] = 64 * 2**20
    seconds: Annotated[float, msgspec.Meta(gt=0)] = 3600.0


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    listen: ListenSettings = ListenSettings()
    workers: Annotated[int, msgspec.Meta(ge=1, le=MOST_WORKERS)] = 1
    """Processes that serve; with more than one, another one watches over them."""
    folder: str = DEFAULT_FOLDER
    storage: str = ""
    """Empty: a SQLite file in the folder. Else the address of a PostgreSQL database."""
    providers: dict[str, ProviderSettings] = {}
    scripts: dict[str, Script] = {}
    routes: dict[str, RouteSettings] = {}
    transport: Engine = "auto"
    """What sends requests to providers; `auto` is the faster engine where it is installed."""
    timeouts: Limits = Limits()
    limits: ServerLimits = ServerLimits()
    traces: TraceSettings = TraceSettings()
    cache: CacheSettings = CacheSettings()


def read_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """Return the settings of a file, or the defaults where there is none, with what the environment adds.

    `OPENAI_API_KEY` (with `OPENAI_BASE_URL`) adds the provider `openai`, unless the file has one, `ANTHROPIC_API_KEY`
    (with `ANTHROPIC_BASE_URL`) the provider `anthropic`, and `GOOGLE_API_KEY` or `GEMINI_API_KEY` (with
    `GOOGLE_GEMINI_BASE_URL`) the provider `google`.

    Raises:
        ConfigurationError: the file cannot be read, is no YAML, or says something unknown.
    """
    return parse_settings(settings_text(path), environment, path)


def settings_text(path: Path) -> str:
    """Return the text of a settings file, an empty one where there is none. Raises ConfigurationError."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error


def parse_settings(text: str, environment: Mapping[str, str], path: Path) -> Settings:
    """Return the settings of a text as `read_settings` does; errors name the path. Raises ConfigurationError."""
    settings = _convert(_load(text, path), environment, path)
    for name in settings.providers:
        if name in RESERVED or not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{path}: {name} cannot name a provider.",
                hint=f"Use lower-case letters, digits and dashes, and none of {', '.join(sorted(RESERVED))}.",
            )
    for name in settings.routes:
        if not ROUTE_NAME.fullmatch(name):
            raise ConfigurationError(
                f"{path}: {name} cannot name a route.",
                hint="Use letters, digits, points, colons, dashes and underscores, and no slash.",
            )
    added = {known.name: found for known in _KNOWN if (found := _from_environment(known, environment))}
    settings = msgspec.structs.replace(settings, providers={**added, **settings.providers})
    _check_routes(settings)
    return settings


def _check_routes(settings: Settings) -> None:
    """Raise ConfigurationError where a route leads to nobody."""
    known = {*OWN, *settings.providers}
    for route in settings.routes.values():
        for model in (*(each.model for each in route.deployments), *route.fallbacks):
            provider, _, name = model.partition("/")
            if not name or provider not in known:
                raise ConfigurationError(
                    f"A route leads to {model}, and there is no such provider.",
                    hint=f"Name it provider/model; providers here: {', '.join(sorted(known))}.",
                )


class _Known(NamedTuple):
    """A provider that the environment adds: its name, its protocol, and the variables that its own clients read."""

    name: str
    protocol: ProtocolName
    keys: tuple[str, ...]
    """The first that is set counts."""
    address: str
    base_url: str
    version: str = ""
    """What is added to an address without a version, where its own clients leave that out."""


_KNOWN = (
    _Known("openai", "openai", ("OPENAI_API_KEY",), "OPENAI_BASE_URL", "https://api.openai.com/v1"),
    _Known(
        "anthropic", "anthropic", ("ANTHROPIC_API_KEY",), "ANTHROPIC_BASE_URL", "https://api.anthropic.com/v1", "/v1"
    ),
    _Known(
        "google",
        "gemini",
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "GOOGLE_GEMINI_BASE_URL",
        "https://generativelanguage.googleapis.com/v1beta",
        "/v1beta",
    ),
)
_VERSION = re.compile(r"/v\d\w*$")


def _from_environment(known: _Known, environment: Mapping[str, str]) -> ProviderSettings | None:
    """Return the provider that the environment adds, None where it has no key for it."""
    key = next((value for name in known.keys if (value := environment.get(name))), "")
    if not key:
        return None
    base_url = environment.get(known.address, "").rstrip("/") or known.base_url
    base_url += "" if _VERSION.search(base_url) else known.version
    return ProviderSettings(protocol=known.protocol, base_url=base_url, api_key=key)


def settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors."""
    return msgspec.json.schema(Settings)


def resolved(value: object, environment: Mapping[str, str], path: Path) -> object:
    """Return a value with its references replaced. Raises ConfigurationError where a variable is not set."""
    if isinstance(value, dict):
        return {key: resolved(each, environment, path) for key, each in value.items()}
    if isinstance(value, list):
        return [resolved(each, environment, path) for each in value]
    return (
        _REFERENCE.sub(lambda found: _looked_up(found, environment, path), value) if isinstance(value, str) else value
    )


def _load(text: str, path: Path) -> object:
    try:
        return yaml.safe_load(text) or {}
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} has a value that cannot be read: {error}.") from None
    except yaml.YAMLError as error:
        # What YAML says of an error quotes the lines around it, where a secret may stand.
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        where = "" if mark is None else f" in line {mark.line + 1}"
        raise ConfigurationError(f"{path} is not YAML{where}.") from None


def _convert(content: object, environment: Mapping[str, str], path: Path) -> Settings:
    try:
        # Not strict: what a reference stands for is text, also where the setting is a number.
        return msgspec.convert(resolved(content, environment, path), Settings, strict=False)
    except RecursionError as error:
        raise ConfigurationError(f"{path} is nested too deep.") from error
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"{path} is wrong: {error}.", hint="lasttenth config schema prints what it may say."
        ) from error


def _looked_up(found: re.Match[str], environment: Mapping[str, str], path: Path) -> str:
    value = environment.get(found[1]) or found[2]
    if value is None:
        raise ConfigurationError(
            f"{path} refers to {found[0]}, and {found[1]} is not set.",
            hint=f"Set it, or give a default: ${{{found[1]}:-…}}",
        )
    return value
