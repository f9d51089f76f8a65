"""The providers that the models of a configuration need: one for each address and key, named once.

A key is never written: what stands in a variable is referred to, and a key that stands in the configuration becomes a
reference to a variable that nothing else there refers to.
"""

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lasttenth.app.configuration import RESERVED
from lasttenth.app.importing.litellm.kinds import AZURE, KINDS, NAMES, OPENAI, Kind, Named
from lasttenth.releases.exchange.outcomes import Remarks

ENVIRONMENT = "os.environ/"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_KEY = frozenset({"", "empty", "none"})
"""What stands in the place of a key where there is none."""
_OPERATIONS = re.compile(r"/(?:chat/completions|completions|embeddings|messages|responses)/?$")


class _Needed(NamedTuple):
    """What tells providers apart."""

    kind: str
    base_url: str
    variable: str
    secret: str
    """A key that stands in the configuration, kept only to tell it from others."""


class Providers:
    """Collects what models need.

    Args:
        taken: environment variables that are something else than the keys that stand in the configuration.
    """

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._names: dict[_Needed, str] = {}
        self._keys: dict[str, str] = {}

    def name_of(self, model: Named, parameters: dict[str, Any], remarks: Remarks, *, place: str) -> str:
        """Return the name of a model's provider, and nothing, after a remark, where it cannot be called."""
        kind = KINDS.get(model.kind)
        if kind is None:
            whose = f"of {model.kind}" if model.kind else "without a provider"
            remarks.lost(
                f"{place}.model", f"Models {whose} cannot be in a route: it leads to providers of OpenAI's protocol."
            )
            return ""
        said = parameters.get("api_base") or parameters.get("base_url")
        base_url = _base_url(kind, said, remarks, place=f"{place}.api_base")
        if not base_url:
            return ""
        own = model.kind == OPENAI and base_url != kind.base_url
        known = (
            next((name for name, each in KINDS.items() if each.base_url == base_url), "server") if own else model.kind
        )
        variable, secret = _key(parameters.get("api_key"), remarks, place=f"{place}.api_key")
        if not variable and not secret and not own:
            variable = kind.variable
        return self._named(_Needed(known, base_url, variable, secret), remarks, place=f"{place}.api_key")

    def settings(self) -> dict[str, dict[str, str]]:
        """Return the providers as they stand in the file."""
        return {name: self._settings(needed, name) for needed, name in self._names.items()}

    def _settings(self, needed: _Needed, name: str) -> dict[str, str]:
        key = self._keys[name]
        return {
            "base_url": needed.base_url,
            **({"api_key": f"${{{key}:-}}"} if key else {}),
        }

    def _named(self, needed: _Needed, remarks: Remarks, *, place: str) -> str:
        name = self._names.get(needed)
        if name is None:
            name = self._free(NAMES.get(needed.kind, needed.kind.replace("_", "-")))
            self._names[needed] = name
            self._keys[name] = self._variable(name) if needed.secret else needed.variable
        if needed.secret:
            remarks.differs(place, f"The key was not copied: put it into the variable {self._keys[name]}.")
        return name

    def _free(self, name: str) -> str:
        used = {*self._names.values(), *RESERVED}
        return next(free for number in range(1, len(used) + 2) if (free := _numbered(name, number, "-")) not in used)

    def _variable(self, name: str) -> str:
        """Return a variable for the key of a provider. It is the provider's usual one where nothing else needs that."""
        wanted = f"{name.upper().replace('-', '_')}_API_KEY"
        used = {*self._taken, *self._keys.values()}
        return next(free for number in range(1, len(used) + 2) if (free := _numbered(wanted, number, "_")) not in used)


def referred(value: object) -> str:
    """Return the environment variable that a value stands for, and nothing where it stands for itself."""
    name = value.removeprefix(ENVIRONMENT) if isinstance(value, str) and value.startswith(ENVIRONMENT) else ""
    return name if _VARIABLE.fullmatch(name) else ""


def _numbered(name: str, number: int, dash: str) -> str:
    return name if number == 1 else f"{name}{dash}{number}"


def _key(value: object, remarks: Remarks, *, place: str) -> tuple[str, str]:
    """Return the variable that has a key, or the key itself."""
    if value is None or (isinstance(value, str) and value.lower() in _NO_KEY):
        return "", ""
    if not isinstance(value, str):
        remarks.lost(place, "It is no text.")
        return "", ""
    variable = referred(value)
    return variable, "" if variable else value


def _base_url(kind: Kind, said: object, remarks: Remarks, *, place: str) -> str:
    """Return where a provider is reached, up to and including the version; nothing, after a remark, where it is not."""
    variable = referred(said)
    if variable:
        default = f":-{kind.base_url}" if kind.base_url else ""
        written = f"${{{variable}{default}}}{kind.suffix}"
        remarks.note(place, f"It is written as {written}: set {variable}, without a slash at its end.")
        return written
    if not said:
        if not kind.base_url:
            remarks.lost(place, "It does not say where the provider is reached.")
        return kind.base_url + kind.suffix if kind.base_url else ""
    found = _address(said, kind, remarks, place=place) if isinstance(said, str) else ""
    if not found:
        remarks.lost(place, "It is no address that begins with http:// or https://.")
    return found


def _address(said: str, kind: Kind, remarks: Remarks, *, place: str) -> str:
    """Return an address with its version and without what may be a secret; nothing where it is none."""
    try:
        parts = urlsplit(said.strip())
    except ValueError:
        return ""
    user, _, host = parts.netloc.rpartition("@")
    path = _OPERATIONS.sub("", parts.path).rstrip("/")
    if kind is KINDS[AZURE]:
        path = path.partition("/openai")[0]
    elif user or parts.query:
        remarks.lost(place, "A user's name and what follows a question mark were not copied: they may be secret.")
    whole = f"{parts.scheme}://{host}{path}"
    if parts.scheme not in {"http", "https"} or not host or "${" in whole:
        return ""
    return whole if whole.endswith(kind.suffix) else whole + kind.suffix
