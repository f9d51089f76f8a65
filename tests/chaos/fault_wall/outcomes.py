"""What becomes of a fault: what the caller gets, what the trace says, and whether a route asks another deployment."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from tests.chaos.fault_wall.double import Say, Step

from lasttenth.models.port import ProtocolName

Client = Literal["reads", "leaves early", "leaves midway", "reads late"]
"""What the caller does."""
Place = Literal["plain", "tls", "tls of nobody", "tls of another", "https without tls", "closed", "nowhere"]
"""Where the upstream is: its certificate is one of a known authority, of an unknown one, or has another name."""


class Outcome(NamedTuple):
    """What becomes of one fault."""

    status: int
    """Of the reply; 0 where the caller did not wait for it."""
    code: str = ""
    """Of the error in the trace; in a reply with status 200, of its last event as well."""
    elsewhere: str = ""
    """How a route calls the attempt before it asks another deployment; empty: it stays with this one."""
    is_counted: bool = True
    """Whether a good answer's usage is known."""
    has_content: bool = True
    """Whether a good answer says anything."""
    is_spent: bool = False
    """Whether the usage of an answer that is no good is known."""


PASSES = Outcome(200)
UNCOUNTED = Outcome(200, is_counted=False)
HOLLOW = Outcome(200, has_content=False)
UNREACHABLE = Outcome(502, "upstream_error", "unreachable")
LATE = Outcome(504, "upstream_timeout", "timeout")
NO_REPLY = Outcome(502, "upstream_error", "failed")
NO_STREAM = Outcome(502, "upstream_error", "failed", is_spent=True)
STREAM_LATE = Outcome(200, "upstream_timeout")
STREAM_BREAKS = Outcome(200, "upstream_error")
GONE = Outcome(0, "client_disconnected")


def refused(status: int, elsewhere: str = "") -> Outcome:
    """Return what becomes of an error that is passed on."""
    return Outcome(status, "upstream_error", elsewhere)


class Fault(NamedTuple):
    """Something that an upstream, the network or the caller does."""

    name: str
    whole: Outcome | None
    """None where there is no such fault."""
    stream: Outcome | None
    says: Callable[[Say], Sequence[Step]] = lambda say: [say.answer(*say.pieces)]
    greets: Sequence[Step] = ()
    """What is done with a connection before anything is asked on it."""
    place: Place = "plain"
    client: Client = "reads"
    times: int = 1
    """How often it is asked, one after the other."""
    reads: bool = True
    """Whether the upstream reads the body of a request before it answers."""
    otherwise: Mapping[ProtocolName, Outcome] = {}
    """What becomes of its stream in a protocol where that differs."""
    translated: Outcome | None = None
    """What becomes of it where its answer is translated, if that differs."""

    def expected(self, protocol: ProtocolName, *, stream: bool) -> Outcome | None:
        """Return what becomes of it, untranslated."""
        return self.otherwise.get(protocol, self.stream) if stream else self.whole
