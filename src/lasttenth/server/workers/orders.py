"""What a supervisor tells a worker, over the worker's standard input: first its orders, then how many they are.

The pipe says one thing more: when it ends, the supervisor has gone, however that happened, and the worker finishes.
"""

from pathlib import Path

import msgspec

from lasttenth import __version__
from lasttenth.app.configuration import Settings
from lasttenth.app.installation import Place
from lasttenth.app.views import Crew
from lasttenth.records.errors import ConfigurationError

READY = b"ready\n"
"""What a worker says, on its standard output, once it serves."""

_encoder = msgspec.json.Encoder()


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    version: str


class Orders(_Head, frozen=True, kw_only=True):
    """All that a worker needs to know. Secrets stand in its settings, so nothing of it shows in a list of processes."""

    folder: str
    cache: str
    settings: Settings
    threads: int
    writer: str
    """The socket of the process that writes; empty where every worker writes by itself."""
    listener: int = -1
    """The descriptor of the worker's own listening socket."""
    keys_required: bool

    @property
    def place(self) -> Place:
        """Return where the installation is."""
        folder, cache = Path(self.folder), Path(self.cache)
        return Place(folder=folder, cache=cache, settings=self.settings, threads=self.threads)


class StandingOrders:
    """The orders for every worker that is started, from settings that may be read anew.

    Args:
        place: where the installation is; folder and storage stay what they were at the start.
        workers: how many workers share the processors.
        writer: the socket of the process that writes, None where every worker writes by itself.
    """

    def __init__(self, place: Place, *, workers: int, writer: Path | None, keys_required: bool) -> None:
        self._orders = Orders(
            version=__version__,
            folder=str(place.folder),
            cache=str(place.cache),
            settings=place.settings,
            threads=max(1, place.threads // workers),
            writer="" if writer is None else str(writer),
            keys_required=keys_required,
        )
        self._before = self._orders

    def for_listener(self, descriptor: int) -> bytes:
        """Return the first line for a worker."""
        return line(msgspec.structs.replace(self._orders, listener=descriptor))

    def restore(self) -> None:
        """Take the settings again that held before the last ones."""
        self._orders = self._before

    def renew(self, found: Settings) -> None:
        """Take other settings for the workers that are started from now on; the storage stays what it was."""
        self._before = self._orders
        settings = msgspec.structs.replace(found, storage=self._orders.settings.storage)
        self._orders = msgspec.structs.replace(self._orders, settings=settings)


def line(message: Orders | Crew) -> bytes:
    """Return a message as a line."""
    return _encoder.encode(message) + b"\n"


def read_orders(text: bytes) -> Orders:
    """Return the first line's orders. Raises ConfigurationError where another version of the package gave them."""
    version = msgspec.json.decode(text, type=_Head).version
    if version != __version__:
        raise ConfigurationError(
            f"This is Lasttenth {__version__}, and the supervisor is still {version}.",
            hint="Stop the server and start it again.",
        )
    return msgspec.json.decode(text, type=Orders)


def read_crew(text: bytes) -> Crew:
    """Return a later line's news. Raises msgspec.DecodeError."""
    return msgspec.json.decode(text, type=Crew)
