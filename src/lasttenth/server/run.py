"""Run the server: bind first, so that a port in use is an error before anything starts; then open, serve and close."""

import asyncio
import errno
import ipaddress
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from lasttenth.records.errors import ConfigurationError
from lasttenth.server.application import Application

BACKLOG = 2048
GRACE_SECONDS = 10


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises ConfigurationError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = "it is in use" if error.errno == errno.EADDRINUSE else str(error.strerror)
        raise ConfigurationError(
            f"Port {port} on {host} cannot be had: {reason}.", hint="Choose another one with --port."
        ) from error
    listener.setblocking(False)
    return listener


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def serve(application: Application, listener: socket.socket, *, ready: Callable[[], None]) -> None:
    """Serve until the process is asked to stop; `ready` is called once requests are answered."""
    configuration = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws="none",
    )
    server = uvicorn.Server(configuration)
    # Once it has stopped, uvicorn raises the signal again: that must not end the process before everything is closed.
    before = signal.signal(signal.SIGTERM, _leave_it_to_uvicorn)
    watching = asyncio.get_running_loop().create_task(_when_started(server, ready))
    try:
        await server.serve(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def _leave_it_to_uvicorn(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: by then the server has stopped."""


async def _when_started(server: uvicorn.Server, ready: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.005)
    ready()
