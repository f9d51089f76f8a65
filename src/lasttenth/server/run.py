"""Run the server: bind first, so that a port in use is an error before anything starts; then open, serve and close."""

import asyncio
import contextlib
import errno
import gc
import ipaddress
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from types import FrameType

import uvicorn

from lasttenth.records.errors import ConfigurationError
from lasttenth.server.application import Application
from lasttenth.server.connection import GatewayConnection

LOG_FORMAT = "%(levelname)s %(name)s: %(message)s"
BACKLOG = 2048
GRACE_SECONDS = 10
LINGER_SECONDS = 1.0
FILES = 65_536
COLLECT_AFTER = (10_000, 20, 20)
"""Objects made beyond those let go of, then runs over the younger ones, after which the collector runs."""
TURN_SECONDS = 0.001
"""After what time the thread that stores spans may interrupt the one that answers, and the other way round."""
STOP_SECONDS = 25.0
"""What a process may take to stop: its requests and its jobs end beside each other, then what waits is written."""


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises ConfigurationError."""
    return _listener(host, port, (socket.SO_REUSEADDR,))


def bind_shared(host: str, port: int, count: int) -> list[socket.socket]:
    """Return listening sockets of one port, among which the kernel shares connections out. Raises ConfigurationError."""
    with bind(host, port) as alone:  # a port that somebody else has is never shared
        port = alone.getsockname()[1]
    return [_listener(host, port, (socket.SO_REUSEADDR, socket.SO_REUSEPORT)) for _ in range(count)]


def _listener(host: str, port: int, options: Sequence[int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    for option in options:
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
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


async def serve(
    application: Application,
    listener: socket.socket,
    *,
    ready: Callable[[], None],
    stopping: Callable[[], Awaitable[None]],
    linger: float = 0.0,
) -> None:
    """Serve until the process is asked to stop.

    Args:
        application: what is served.
        listener: where connections come from.
        ready: called once requests are answered.
        stopping: called when the process is asked to stop, for what may end beside the last requests.
        linger: seconds for which connections that are open are still served, with a last answer each, once no more
            are taken; for a process whose place another one has.
    """
    configuration = uvicorn.Config(
        application,
        http=GatewayConnection,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws="none",
    )
    server = _Server(configuration, stopping, linger)
    # Once it has stopped, uvicorn raises the signal again: that must not end the process before everything is closed.
    before = signal.signal(signal.SIGTERM, _leave_it_to_uvicorn)
    watching = asyncio.get_running_loop().create_task(_when_started(server, ready))
    _allow_many_files()
    _leave_alone_what_is_there()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        await server.serve(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def _allow_many_files() -> None:
    """Raise the limit of open files as far as this process may: each request under way has two connections."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(most, FILES)
    if limit != resource.RLIM_INFINITY and limit < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _leave_alone_what_is_there() -> None:
    """Keep the garbage collector away from what stays for as long as the process runs, and let it run less often.

    A request leaves nearly nothing behind that only the collector can find, and each of its full runs would go through all
    the modules again: together about a seventh of the work of a request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


class _Server(uvicorn.Server):
    """A server that, before it hangs up, answers what is on its way on the connections that it has."""

    def __init__(self, configuration: uvicorn.Config, stopping: Callable[[], Awaitable[None]], linger: float) -> None:
        super().__init__(configuration)
        self._stopping = stopping
        self._linger = linger

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, let those that are open end with an answer, then hang up."""
        for server in self.servers:
            server.close()
        stopped = asyncio.ensure_future(self._stopping())
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._until_all_have_left(), self._linger)
        await super().shutdown(sockets)
        await stopped

    async def _until_all_have_left(self) -> None:
        while self.server_state.connections:  # noqa: ASYNC110 - uvicorn offers no event to wait for
            await asyncio.sleep(0.02)


def _leave_it_to_uvicorn(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: by then the server has stopped."""


async def _when_started(server: uvicorn.Server, ready: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.005)
    ready()
