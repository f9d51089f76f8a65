"""`lasttenth config`: look at settings, and have a running server take them."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Group
from rich.text import Text

from lasttenth.app.configuration import (
    DEFAULT_FOLDER,
    FILE_NAME,
    Settings,
    parse_settings,
    read_settings,
    settings_schema,
    settings_text,
)
from lasttenth.app.settings_history import (
    Applied,
    RunningServer,
    SettingChange,
    SettingsHistory,
    Version,
    changes,
    said,
    when,
)
from lasttenth.cli.output import AsJson, Folder, show, table
from lasttenth.records.errors import ConfigurationError, ConflictError, UpstreamTimeoutError

Config = Annotated[str, typer.Option("--config", help="The settings file, by default the running server's.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
SECONDS = 10.0
"""How long a server may take to answer that it has read its settings."""


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """What changed, and the version that holds now; empty where nothing was asked of a server."""

    changes: list[SettingChange]
    version: str = ""


def register(app: typer.Typer, name: str) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    group.callback()(lambda: None)
    group.command("schema", help="Print the JSON Schema of lasttenth.yaml.")(schema)
    group.command("check", help="Say what is wrong with the settings, or that nothing is.")(check)
    group.command("diff", help="Show how the file differs from the settings that a server took last.")(diff)
    group.command("history", help="List the settings that servers took.")(history)
    group.command("reload", help="Have the running server read its settings anew.")(reload)
    group.command("rollback", help="Put earlier settings into the file, and have the running server take them.")(
        rollback
    )
    app.add_typer(group, name=name, help="Check, compare, reload and roll back the settings.")


def schema() -> None:
    """Print the JSON Schema of lasttenth.yaml."""
    typer.echo(msgspec.json.format(msgspec.json.encode(settings_schema()), indent=2).decode())


def check(config: Config = "", folder: Folder = "", as_json: AsJson = False) -> None:
    """Read the settings as a server would."""
    place = _Place(folder, config)
    settings = place.settings(settings_text(place.path))
    names = {"providers": [*settings.providers], "routes": [*settings.routes]}
    show(names, as_json=as_json, render=lambda _: f"{place.path} is right.")


def diff(config: Config = "", folder: Folder = "", as_json: AsJson = False) -> None:
    """Compare the file with the settings that a server took last."""
    place = _Place(folder, config)
    show(place.changes(settings_text(place.path)), as_json=as_json, render=_change_lines)


def history(folder: Folder = "", as_json: AsJson = False) -> None:
    """List the versions, newest first."""
    show(_Place(folder, "").history.versions(), as_json=as_json, render=_version_lines)


def reload(config: Config = "", folder: Folder = "", dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Check the settings, then have the running server read them."""
    place = _Place(folder, config)
    found = place.changes(settings_text(place.path))
    version = "" if dry_run else place.ask_server()
    show(Reloaded(changes=found, version=version), as_json=as_json, render=_reloaded_lines)


def rollback(
    version: Annotated[
        str, typer.Argument(help="The first letters of a version, by default the one before the last.")
    ] = "",
    config: Config = "",
    folder: Folder = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write an earlier version into the file; a running server takes it."""
    place = _Place(folder, config)
    versions = place.history.versions()
    if not version and len(versions) < 2:
        raise ConflictError("There are no earlier settings.", hint="See: lasttenth config history")
    text = place.history.text_of(version or versions[1].id)
    found, taken = place.changes(text), ""
    if not dry_run:
        place.write(text)
        taken = place.ask_server() if place.server is not None else ""
    show(Reloaded(changes=found, version=taken), as_json=as_json, render=_reloaded_lines)


class _Place:
    """Where settings stand, whose they are, and who serves with them."""

    def __init__(self, folder: str, config: str) -> None:
        chosen = Path(folder) if folder else _folder_of(Path(config or FILE_NAME))
        self.folder = chosen
        self.history = SettingsHistory(chosen)
        self.server: RunningServer | None = self.history.server()
        self.path = Path(config or (self.server.settings if self.server else FILE_NAME))

    def settings(self, text: str) -> Settings:
        """Return what a text says. Raises ConfigurationError."""
        return parse_settings(text, os.environ, self.path)

    def changes(self, text: str) -> list[SettingChange]:
        """Return how a text differs from what a server took last. Raises ConfigurationError."""
        versions = self.history.versions()
        before = self.settings(self.history.text_of(versions[0].id)) if versions else Settings()
        return changes(before, self.settings(text), workers=self.server.workers if self.server else 1)

    def write(self, text: str) -> None:
        """Put a text into the file, whole or not at all. Raises ConfigurationError."""
        path = self.path.resolve()  # what a link leads to, and not the link
        new = path.with_name(f".{path.name}.new")
        try:
            new.touch(mode=0o600)
            if path.exists():
                shutil.copymode(path, new)
            new.write_text(text, encoding="utf-8")
            new.replace(path)
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}.") from error

    def ask_server(self) -> str:
        """Have the server read its settings, and return the version that it took. Raises ConfigurationError."""
        if self.server is None:
            raise ConflictError(
                f"No server runs in {self.folder}.", hint="The settings are read when it starts: lasttenth up"
            )
        before = self.history.applied()
        os.kill(self.server.pid, signal.SIGHUP)
        applied = self._answer(before)
        if applied.error:
            raise ConfigurationError(f"The server kept its settings: {applied.error}")
        return applied.version

    def _answer(self, before: Applied | None) -> Applied:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            applied = self.history.applied()
            if applied is not None and applied != before:
                return applied
            time.sleep(0.02)
        raise UpstreamTimeoutError("The server has not read its settings in time.", hint="See what it logs.")


def _folder_of(path: Path) -> Path:
    """Return the folder that settings name, the usual one where they are wrong: they may be about to be rolled back."""
    try:
        return Path(read_settings(path, os.environ).folder)
    except ConfigurationError:
        return Path(DEFAULT_FOLDER)


def _change_lines(found: list[SettingChange]) -> object:
    return Group(*(Text(said(change)) for change in found)) if found else "Nothing differs."


def _version_lines(versions: list[Version]) -> object:
    return table(
        ("Version", "Taken (UTC)"), [[each.id, when(each)] for each in versions], empty="No server has run here."
    )


def _reloaded_lines(reloaded: Reloaded) -> object:
    note = f"The server took version {reloaded.version}." if reloaded.version else ""
    return Group(_change_lines(reloaded.changes), *([note] if note else []))  # type: ignore[arg-type] # texts are shown
