"""`lasttenth up`."""

import logging
import os
import socket
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.text import Text

from lasttenth import __version__
from lasttenth.app.installation import Installation, Place, find_place
from lasttenth.cli.output import Folder, console
from lasttenth.console.pages import console_routes
from lasttenth.records.errors import ConfigurationError
from lasttenth.server.application import Application
from lasttenth.server.run import bind, is_loopback, serve

Host = Annotated[str, typer.Option("--host", help="Address to listen on; beyond loopback, keys are needed.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Config = Annotated[str, typer.Option("--config", help="The settings file, by default lasttenth.yaml.")]


def register(app: typer.Typer, name: str) -> None:
    """Add the command."""
    app.command(name, help="Start the server: gateway, API and pages.")(up)


def up(
    host: Host = "",
    port: Port = None,
    folder: Folder = "",
    config: Config = "",
) -> None:
    """Start the server and run until it is stopped."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    place = find_place(
        os.environ,
        folder=Path(folder) if folder else None,
        configuration=Path(config) if config else None,
    )
    listen = place.settings.listen
    host = host or listen.host
    listener = bind(host, listen.port if port is None else port)
    uvloop.run(_run(place, listener, host))


async def _run(place: Place, listener: socket.socket, host: str) -> None:
    with listener:
        installation = await Installation.open(place)
        try:
            keys_required = not is_loopback(host)
            if keys_required and not await installation.store.has_keys():
                raise ConfigurationError(
                    f"{host} can be reached from other machines, and there is no key yet.",
                    hint="Make one first with: lasttenth key create NAME",
                )
            installation.runner.start()
            application = Application(installation, keys_required=keys_required, pages=console_routes())
            await serve(application, listener, ready=lambda: _announce(installation, listener))
        finally:
            await installation.close()


def _announce(installation: Installation, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    place = installation.place
    names = ", ".join(["builtin", "scripted", *place.settings.providers])
    console().print(Text.assemble((f"Lasttenth {__version__}", "bold"), f"  http://{host}:{port}"))
    console().print(Text(f"  data {place.folder}   providers {names}", style="dim"))
    if not place.settings.providers:
        console().print(Text("  No API key found: builtin/extractive answers with quotes from your documents."))
    console().print(Text(f'  Try: lasttenth ask "…" --docs PATH   or any OpenAI client at http://{host}:{port}/v1'))
