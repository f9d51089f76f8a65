"""The writing methods of the ports, and how their arguments and results look on the socket.

To add one is a line in `WRITES`: argument types and result are read from the port itself.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from lasttenth.records.definitions import DEFINITIONS, Definition
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.events import EVENTS, Event
from lasttenth.records.hashing import canonical
from lasttenth.storage.ports import ProjectStore, Store

WRITES = (
    "project",
    "add_key",
    "index_spans",
    "definitions.put",
    "events.append",
    "payloads.put",
    "payloads.erase",
    "files.put",
    "files.remove",
    "traces.append",
    "traces.erase",
    "traces.expire",
    "traces.learn",
    "indexes.create",
    "indexes.drop",
    "indexes.replace",
    "indexes.put",
    "indexes.remove",
    "jobs.enqueue",
    "jobs.cancel",
    "jobs.retry",
    "jobs.limit",
    "schedules.put",
    "schedules.remove",
    "schedules.pause",
    "schedules.resume",
    "schedules.expect",
    "work.claim",
    "work.beat",
    "work.finish",
    "work.fire",
    "work.forget",
)

_KINDS: Mapping[Any, Mapping[str, type[msgspec.Struct]]] = {
    Definition: {kind.kind: kind for kind in DEFINITIONS},
    Event: {kind.kind: kind for kind in EVENTS},
}
"""Records of which the port names the common ancestor alone. They travel as they are stored: kind and canonical JSON."""

_encoder = msgspec.msgpack.Encoder()


class _Sealed(msgspec.Struct, frozen=True, array_like=True):
    kind: str
    body: bytes


class Method:
    """One writing method.

    Args:
        name: `port.method`, where the port is a project's or the store's, or the name of a method of the store itself.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.port, _, self.verb = name.rpartition(".")
        self.of_project = hasattr(ProjectStore, self.port)
        """True for a port of a project, False for one of the store, and for the store itself."""
        function = getattr(self._kind(), self.verb)
        hints = get_type_hints(function)
        self._signature = inspect.signature(function)
        self._hints = {name: hints[name] for name in self._signature.parameters if name != "self"}
        fields = [(name, _on_the_wire(hint)) for name, hint in self._hints.items()]
        self._arguments = msgspec.defstruct(self.verb, fields, array_like=True)
        # The handle of a project stays where it is: each side has its own.
        self._result = None if hints["return"] is ProjectStore else hints["return"]

    def owner(self, store: Store | ProjectStore) -> Any:
        """Return what the method is called on: a port, or the store itself."""
        return getattr(store, self.port) if self.port else store

    def _kind(self) -> Any:
        if not self.port:
            return Store
        kind = ProjectStore if self.of_project else Store
        return get_type_hints(getattr(kind, self.port).fget)["return"]

    def pack(self, *arguments: Any, **named: Any) -> bytes:
        """Return the arguments of a call as bytes. Raises InvalidRequestError for values that cannot be written out."""
        bound = self._signature.bind(None, *arguments, **named)
        bound.apply_defaults()
        try:
            return _encoder.encode([_sealed(hint, bound.arguments[name]) for name, hint in self._hints.items()])
        except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
            raise InvalidRequestError(f"What {self.name} is given cannot be written out: {error}.") from error

    def unpack(self, packed: msgspec.Raw) -> dict[str, Any]:
        """Return the arguments of a call by name. Raises msgspec.DecodeError."""
        found = msgspec.msgpack.decode(packed, type=self._arguments)
        return {name: _opened(hint, getattr(found, name)) for name, hint in self._hints.items()}

    def pack_result(self, result: Any) -> msgspec.Raw:
        """Return a result as bytes."""
        return msgspec.Raw(_encoder.encode(None if self._result is None else result))

    def unpack_result(self, packed: msgspec.Raw) -> Any:
        """Return a result. Raises msgspec.DecodeError."""
        return msgspec.msgpack.decode(packed, type=self._result)


def _on_the_wire(hint: Any) -> Any:
    if hint in _KINDS:
        return _Sealed
    return list[_Sealed] if _is_sequence(hint) else hint


def _sealed(hint: Any, value: Any) -> Any:
    if hint in _KINDS:
        return _Sealed(value.kind, canonical(value))
    return [_Sealed(each.kind, canonical(each)) for each in value] if _is_sequence(hint) else value


def _opened(hint: Any, value: Any) -> Any:
    if hint in _KINDS:
        return msgspec.json.decode(value.body, type=_KINDS[hint][value.kind])
    if not _is_sequence(hint):
        return value
    kinds = _KINDS[get_args(hint)[0]]
    return [msgspec.json.decode(each.body, type=kinds[each.kind]) for each in value]


def _is_sequence(hint: Any) -> bool:
    return get_origin(hint) is Sequence and get_args(hint)[0] in _KINDS


METHODS: Mapping[str, Method] = {name: Method(name) for name in WRITES}
