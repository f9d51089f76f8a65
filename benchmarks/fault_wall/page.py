"""The page of faults: what Lasttenth does is what the tests hold it to, what LiteLLM's proxy does is what was measured."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from tests.chaos.fault_wall.cells import slug
from tests.chaos.fault_wall.faults import BODIES, CALLERS, CONNECTIONS, HEADS, READ_SECONDS, REPLIES, STATUSES, STREAMS
from tests.chaos.fault_wall.outcomes import GONE, Fault, Outcome

from benchmarks.fault_wall.seeing import Seen
from benchmarks.gateway.environments import LITELLM_PACKAGE
from lasttenth.models.protocols import PROTOCOLS

RESULTS = Path(__file__).with_name("RESULTS.json")
PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "failures.md"
PARTS = {
    "Connections": CONNECTIONS,
    "Heads": HEADS,
    "Bodies": BODIES,
    "Replies": REPLIES,
    "Streams": STREAMS,
    "Errors that a provider says": STATUSES,
    "Callers": CALLERS,
}
_VERSION = LITELLM_PACKAGE.partition("==")[2]
_WORTH_SAYING = 1.5
"""Seconds from which it is said how long something took."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What callers of LiteLLM saw, by the name of the cell."""

    python: str
    litellm: dict[str, Seen]


def text() -> str:
    """Return the page."""
    measured = msgspec.json.decode(RESULTS.read_bytes(), type=Measured)
    return "\n".join(_lines(measured)) + "\n"


def _lines(measured: Measured) -> Iterator[str]:
    yield _INTRODUCTION.format(count=sum(map(len, PARTS.values())), litellm=_VERSION)
    for title, faults in PARTS.items():
        yield f"## {title}\n"
        yield "| the upstream | a whole reply | a stream | on a route | LiteLLM: whole | LiteLLM: stream | LiteLLM: route |"
        yield "|---|---|---|---|---|---|---|"
        for fault in faults:
            yield f"| {' | '.join([fault.name, *_ours(fault), *_theirs(fault, measured.litellm)])} |"
        yield ""
    yield _REPRODUCTION.format(python=measured.python, seconds=f"{READ_SECONDS:g}")


def _ours(fault: Fault) -> Iterator[str]:
    others = [f"; in {PROTOCOLS[name].owner} protocol {_said(each)}" for name, each in fault.otherwise.items()]
    yield _said(fault.whole) + _translated(fault.whole, fault)
    yield "".join([_said(fault.stream), *others, _translated(fault.stream, fault)])
    yield _together(*(each and ("another answers" if each.elsewhere else "the same") for each in _outcomes(fault)))


def _translated(outcome: Outcome | None, fault: Fault) -> str:
    if outcome is None or fault.translated is None or (fault.translated == outcome and not fault.otherwise):
        return ""
    return f"; translated {_said(fault.translated)}"


def _theirs(fault: Fault, seen: dict[str, Seen]) -> Iterator[str]:
    def cell(mode: str, way: str) -> str | None:
        found = seen.get(f"{slug(fault)}-openai-{mode}-{way}")
        if found is None:
            return None
        took = f" ({found.seconds:.0f} s)" if found.seconds >= _WORTH_SAYING and "within" not in found.what else ""
        return found.what + took

    yield cell("whole", "model") or ""
    yield cell("stream", "model") or ""
    yield _together(cell("whole", "route"), cell("stream", "route"))


def _outcomes(fault: Fault) -> tuple[Outcome | None, Outcome | None]:
    return fault.whole, fault.stream


def _together(whole: str | None, stream: str | None) -> str:
    """Return what is said of both, once where it is the same."""
    if whole is None or stream is None or whole == stream:
        return whole or stream or ""
    return f"whole: {whole}; stream: {stream}"


def _said(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    if outcome == GONE:
        return "the call is given up"
    if outcome.status != 200:
        return f"{outcome.status} `{outcome.code}`"
    if outcome.code:
        return f"ends with `{outcome.code}`"
    return "passes" if outcome.is_counted else "passes, usage unknown"


_INTRODUCTION = """\
# When something fails

Whatever a provider, the network or a caller does, a call ends in one of four ways: the answer passes, another
deployment of its [route](../guides/routes.md) answers, the caller gets an [error](../reference/errors.md) in the shape of
its own protocol, or the caller has gone and the call is given up.

- A stream that fails before its first event is answered with the status of the error, so that clients try again as they
  do elsewhere. Later the error is the last event: a stream never ends in silence.
- An error that a provider says in its protocol's shape passes as it came, with its status and its `retry-after`.
- A stream is whole once it has said its last event, whatever its connection does then. Gemini's protocol has no last
  event: there a stream has to end in order.
- The trace has the error's code, the deployments that were asked in vain, and the usage that was reported until then,
  with its cost. Usage that cannot be believed is unknown.
- Nothing is waited for longer than `timeouts` say, and no whole answer has more bytes than `limits.reply`. Connections are
  let go of however a call ends. For a caller that reads slowly the provider has to wait; little is kept in between.

Below are {count} faults, one a line. `tests/chaos/fault_wall` puts each before the server, whole and as a stream, in the
protocols of OpenAI, Anthropic and Gemini, asked in the same protocol, in [another](../guides/translation.md), and on a route
whose second deployment is well, and holds it to what stands here.

Beside it stands what LiteLLM's proxy ({litellm}) did before the same upstream, asked by the same caller in OpenAI's
protocol: what the caller saw, and after how many seconds, where that was more than one.
"""

_REPRODUCTION = """\
## Reproduction

LiteLLM was asked four questions at a time, on Python {python} and two cores with other work on them. Both gateways wait
{seconds} seconds for a connection and for the next bytes. LiteLLM makes no retries here, and its routes are models with a
fallback. Each fault without end was put before a process of its own: before a shared one, the questions that followed
them got no answer.

```
python -m benchmarks.fault_wall.run
```

LiteLLM is installed in an environment of its own, never beside the product."""
