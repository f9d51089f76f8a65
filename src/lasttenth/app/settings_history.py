"""Which settings a server has taken, one file a version, and which server runs in a folder.

The folder `settings` of an installation holds the text of every `lasttenth.yaml` that a server has started with or taken
anew, references to secrets and not the secrets, and what became of the last one.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from lasttenth.app.configuration import Settings
from lasttenth.records.errors import ConfigurationError, NotFoundError

FOLDER = "settings"
SERVER = "server.json"
APPLIED = "applied.json"
KEPT = 50
"""Versions that are kept."""
_SECRETS = ("api_key", "storage")
_ADDRESS = "base_url"
_HIDDEN = re.compile(r"(?<=://)[^/?#]*@|(?<=\?).*")
"""Parts of an address in which a secret may stand: who asks, and with what."""
_AT_ONCE = frozenset({"providers", "routes", "scripts"})
_WITH_WORKERS = frozenset({"transport", "timeouts", "limits", "traces", "cache"})


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A text of settings that was taken; `at` is when, in Unix nanoseconds."""

    id: str
    at: int


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the settings that a server read last: it took them, or it says why not."""

    at: int
    version: str = ""
    error: str = ""


class RunningServer(msgspec.Struct, frozen=True, kw_only=True):
    """The process that takes signals, where its settings stand, and how many workers it has."""

    pid: int
    settings: str
    workers: int = 1


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that differs. Secrets are never shown. `needs` says what it takes until it holds: reload or restart."""

    name: str
    before: object = None
    after: object = None
    needs: str = "reload"


class SettingsHistory:
    """The versions of one installation's settings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._server = folder / SERVER

    def keep(self, text: str, *, at: int) -> str:
        """Keep a text and return its version; the newest one is not kept twice."""
        version = hashlib.sha256(text.encode()).hexdigest()[:12]
        versions = self.versions()
        if not versions or versions[0].id != version:
            _write(self._folder / f"{at:020d}-{version}.yaml", text)
            for old in versions[KEPT - 1 :]:
                self._path(old).unlink(missing_ok=True)
        return version

    def versions(self) -> list[Version]:
        """Return the versions, newest first."""
        names = sorted((path.stem for path in self._folder.glob("*-*.yaml")), reverse=True)
        return [Version(id=name.partition("-")[2], at=int(name.partition("-")[0])) for name in names]

    def text_of(self, version: str) -> str:
        """Return the text of a version, by the first letters of its id. Raises NotFoundError."""
        for each in self.versions():
            if version and each.id.startswith(version):
                return self._path(each).read_text(encoding="utf-8")
        raise NotFoundError(f"There is no version {version} of the settings.", hint="See: lasttenth config history")

    def note(self, applied: Applied) -> None:
        """Take note of what became of the settings."""
        _write(self._folder / APPLIED, msgspec.json.encode(applied).decode())

    def applied(self) -> Applied | None:
        """Return what became of the settings that were read last."""
        try:
            return msgspec.json.decode((self._folder / APPLIED).read_bytes(), type=Applied)
        except (OSError, msgspec.DecodeError):
            return None

    @contextlib.contextmanager
    def serving(self, server: RunningServer) -> Iterator[None]:
        """Say who serves, as long as this holds. Raises ConfigurationError.

        The file is locked: that of a server which was killed is told from one that runs, whoever has its number now.
        """
        with _locked(self._server, msgspec.json.encode(server)):
            try:
                yield
            finally:
                self._server.unlink(missing_ok=True)

    def server(self) -> RunningServer | None:
        """Return who serves, None where nobody does."""
        try:
            with self._server.open("rb") as file:
                found = msgspec.json.decode(file.read(), type=RunningServer)
                return found if _is_locked(file) else None
        except (OSError, msgspec.DecodeError):
            return None

    def _path(self, version: Version) -> Path:
        return self._folder / f"{version.at:020d}-{version.id}.yaml"


def changes(before: Settings, after: Settings, *, workers: int = 1) -> list[SettingChange]:
    """Return how settings differ, field by field, in the order of their names."""
    old, new = _flat(before), _flat(after)
    return [
        SettingChange(
            name=name,
            before=_shown(name, old.get(name)),
            after=_shown(name, new.get(name)),
            needs=_needs(name, workers),
        )
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def said(change: SettingChange) -> str:
    """Return a difference as one line."""
    before, after = ("nothing" if value is None else value for value in (change.before, change.after))
    rest = "" if change.needs == "reload" else " (at the next start)"
    return f"{change.name}: {before} → {after}{rest}"


def _flat(settings: Settings) -> dict[str, object]:
    found: dict[str, object] = {}

    def walk(value: object, name: str) -> None:
        if isinstance(value, list | tuple):
            value = dict(enumerate(value))
        if isinstance(value, dict):
            for key, each in value.items():
                walk(each, f"{name}.{key}" if name else str(key))
        else:
            found[name] = value

    walk(msgspec.to_builtins(settings), "")
    return found


def _shown(name: str, value: object) -> object:
    kind = name.rpartition(".")[2]
    if kind == _ADDRESS and isinstance(value, str):
        return _HIDDEN.sub("…", value)
    return "…" if kind in _SECRETS and value else value


def _needs(name: str, workers: int) -> str:
    kind = name.partition(".")[0]
    return "reload" if kind in _AT_ONCE or (workers > 1 and kind in _WITH_WORKERS) else "restart"


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all. Raises ConfigurationError."""
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new.write_text(text, encoding="utf-8")
        new.chmod(0o600)
        new.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error


@contextlib.contextmanager
def _locked(path: Path, content: bytes) -> Iterator[None]:
    """Keep a file locked, from before it is there under its name. Raises ConfigurationError."""
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = new.open("wb", buffering=0)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        new.chmod(0o600)
        file.write(content)
        new.replace(path)
        yield


def _is_locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def when(version: Version) -> str:
    """Return when a version was taken, in UTC."""
    return f"{dt.datetime.fromtimestamp(version.at / 1e9, dt.UTC):%Y-%m-%d %H:%M:%S}"
