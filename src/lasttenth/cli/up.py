"""`lasttenth up`."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
import uvloop
from rich.text import Text

from lasttenth import __version__
from lasttenth.app.configuration import FILE_NAME, MOST_WORKERS, Settings
from lasttenth.app.installation import Installation, Place, find_place
from lasttenth.app.ledger import Ledger
from lasttenth.app.reloading import Reloading
from lasttenth.app.settings_history import RunningServer, SettingsHistory
from lasttenth.cli.output import Folder, console
from lasttenth.console.pages import console_routes
from lasttenth.records.errors import ConfigurationError
from lasttenth.records.ids import SystemClock
from lasttenth.server.application import Application
from lasttenth.server.run import LOG_FORMAT, bind, bind_shared, is_loopback, serve
from lasttenth.server.workers import StandingOrders, Supervisor
from lasttenth.storage.ports import Store

Host = Annotated[str, typer.Option("--host", help="Address to listen on; beyond loopback, keys are needed.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Config = Annotated[str, typer.Option("--config", help="The settings file, by default lasttenth.yaml.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, max=MOST_WORKERS, help="Processes that serve, by default one.")
]
_WORKER = (sys.executable, "-m", "lasttenth.cli.worker")


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name, help="Start the server: gateway, API and pages.")(up)


def up(host: Host = "", port: Port = None, workers: Workers = None, folder: Folder = "", config: Config = "") -> None:
    """Start the server and run until it is stopped."""
    logging.basicConfig(level=logging.WARNING, format=LOG_FORMAT)

    def find() -> Place:
        return find_place(
            os.environ,
            folder=Path(folder) if folder else None,
            configuration=Path(config) if config else None,
        )

    path = Path(config or FILE_NAME).absolute()
    place = find()
    listen = place.settings.listen
    host, port = host or listen.host, listen.port if port is None else port
    count = workers or place.settings.workers
    if count == 1:
        uvloop.run(_serve(place, bind(host, port), host, _Found(path, find)))
    else:
        uvloop.run(_supervise(place, bind_shared(host, port, count), host, _Found(path, find)))


class _Found(NamedTuple):
    """Where the settings stand, and what reads them."""

    path: Path
    place: Callable[[], Place]

    def reloading(self, place: Place, take: Callable[[Settings], None], *, workers: int = 1) -> Reloading:
        """Return what reads them anew, after it is noted with which settings is served."""
        found = Reloading(
            self.path,
            read=lambda: self.place().settings,
            take=take,
            history=SettingsHistory(place.folder),
            clock=SystemClock(),
            workers=workers,
        )
        found.begin()
        return found

    def serving(self, place: Place, *, workers: int = 1) -> AbstractContextManager[None]:
        """Return what says who serves, for as long as signals are listened to."""
        server = RunningServer(pid=os.getpid(), settings=str(self.path), workers=workers)
        return SettingsHistory(place.folder).serving(server)


async def _serve(place: Place, listener: socket.socket, host: str, found: _Found) -> None:
    with listener:
        installation = await Installation.open(place)
        try:
            reloading = found.reloading(place, installation.change)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloading.again)
            keys_required = not is_loopback(host)
            await _check_keys(installation.store, host)
            installation.runner.start()
            application = Application(installation, keys_required=keys_required, pages=console_routes())
            stopping = installation.runner.close
            with found.serving(place):
                await serve(application, listener, ready=lambda: _announce(place, listener), stopping=stopping)
        finally:
            await installation.close()


async def _supervise(place: Place, listeners: list[socket.socket], host: str, found: _Found) -> None:
    async with Ledger(place) as ledger:
        await _check_keys(ledger.store, host)
        orders = StandingOrders(
            place, workers=len(listeners), writer=ledger.socket, keys_required=not is_loopback(host)
        )
        supervisor = Supervisor(listeners, command=_WORKER, orders=orders.for_listener)
        reloading = found.reloading(place, orders.renew, workers=len(listeners))
        with found.serving(place, workers=len(listeners)):
            await supervisor.run(
                ready=lambda: _announce(place, listeners[0]), reload=reloading.again, restore=orders.restore
            )


async def _check_keys(store: Store, host: str) -> None:
    if not is_loopback(host) and not await store.has_keys():
        raise ConfigurationError(
            f"{host} can be reached from other machines, and there is no key yet.",
            hint="Make one first with: lasttenth key create NAME",
        )


def _announce(place: Place, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    names = ", ".join(["builtin", "scripted", *place.settings.providers])
    console().print(Text.assemble((f"Lasttenth {__version__}", "bold"), f"  http://{host}:{port}"))
    console().print(Text(f"  data {place.folder}   providers {names}", style="dim"))
    if not place.settings.providers:
        console().print(Text("  No API key found: builtin/extractive answers with quotes from your documents."))
    console().print(Text(f'  Try: lasttenth ask "…" --docs PATH   or any OpenAI client at http://{host}:{port}/v1'))
