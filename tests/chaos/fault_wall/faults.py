"""The wall: what upstreams, networks and callers do, and what becomes of it.

Each row says its name, what becomes of a whole reply and of a stream, and what the upstream does.
"""

import gzip
import json
from collections.abc import Sequence

from tests.chaos.fault_wall.dialects import INPUT, unused
from tests.chaos.fault_wall.double import Endless, Say, Slowly, Step, Then
from tests.chaos.fault_wall.outcomes import (
    GONE,
    HOLLOW,
    LATE,
    NO_REPLY,
    NO_STREAM,
    PASSES,
    STREAM_BREAKS,
    STREAM_LATE,
    UNCOUNTED,
    UNREACHABLE,
    Fault,
    refused,
)

READ_SECONDS = 2.0
"""How long the gateway waits for the next bytes, and for a connection."""
SHORT = 0.2
"""Seconds that everybody waits for."""
REPLY_BYTES = 4 * 2**20
"""What a whole answer may have in this wall."""
LONG = 64 * 2**20
"""Bytes of a stream that nobody reads in time: more than all buffers of the system between two ends hold."""
PAGE = b"<html><head><title>Oops</title></head><body>Not what you asked for.</body></html>"
DEEP = b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
DATE = "Fri, 01 Jan 2100 00:00:00 GMT"
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
"""TLS for: this handshake has failed (RFC 8446, 6)."""


def _packed(say: Say) -> bytes:
    return gzip.compress(say.body, mtime=0)


def _begun(say: Say) -> Sequence[bytes]:
    """Return an answer that has said something and is not over."""
    return say.pieces[:2] if say.stream else (say.body[:40],)


def _event(say: Say, data: bytes) -> bytes:
    """Return the beginning of a stream with one more event, or a whole reply that is this alone."""
    return b"".join([*_begun(say), b"data: ", data, b"\n\n"]) if say.stream else data


def _with(say: Say, old: int, new: str) -> bytes:
    return say.body.replace(str(old).encode(), new.encode())


def _content(say: Say, content: object) -> bytes:
    """Return a whole reply whose content is something else."""
    return json.dumps({**say.dialect.whole, say.dialect.content: content}).encode()


def _hollow(say: Say) -> bytes:
    """Return a stream with an event whose content is null."""
    return b"".join([*say.pieces[:2], say.dialect.hollow, *say.pieces[2:]])


def _lines(say: Say, old: bytes, new: bytes) -> bytes:
    return say.body.replace(old, new)


CONNECTIONS = (
    Fault("refuses connections", UNREACHABLE, UNREACHABLE, place="closed"),
    Fault("has a name that nobody knows", UNREACHABLE, UNREACHABLE, place="nowhere"),
    Fault("has a certificate of an unknown authority", UNREACHABLE, UNREACHABLE, place="tls of nobody"),
    Fault("has a certificate of another name", UNREACHABLE, UNREACHABLE, place="tls of another"),
    Fault("ends the TLS handshake", UNREACHABLE, UNREACHABLE, place="https without tls", greets=[ALERT, Then.CLOSE]),
    Fault("never answers the TLS handshake", LATE, LATE, place="https without tls", greets=[Then.HOLD]),
    Fault("speaks plain HTTP where TLS is expected", UNREACHABLE, UNREACHABLE, place="https without tls",
          greets=[b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", Then.CLOSE]),
    Fault("speaks TLS", PASSES, PASSES, place="tls"),
    Fault("accepts and says nothing", LATE, LATE, greets=[Then.HOLD]),
    Fault("closes at once", UNREACHABLE, UNREACHABLE, greets=[Then.CLOSE]),
    Fault("resets at once", UNREACHABLE, UNREACHABLE, greets=[Then.RESET]),
    Fault("reads and says nothing", LATE, LATE, lambda _: [Then.HOLD]),
    Fault("reads and closes", UNREACHABLE, UNREACHABLE, lambda _: [Then.CLOSE]),
    Fault("reads and resets", UNREACHABLE, UNREACHABLE, lambda _: [Then.RESET]),
    Fault("reads and says that it will send nothing", UNREACHABLE, UNREACHABLE, lambda _: [Then.HALF, Then.HOLD]),
    Fault("answers, and says that it will send no more", PASSES, PASSES,
          lambda say: [say.answer(*say.pieces), Then.HALF, Then.HOLD]),
    Fault("answers, and closes without having said so", PASSES, PASSES,
          lambda say: [say.answer(*say.pieces), Then.CLOSE], times=3),
    Fault("closes a kept connection when it is used again", PASSES, PASSES,
          lambda say: [Then.CLOSE] if say.is_kept else [say.answer(*say.pieces)], times=3),
    Fault("answers before it has read the request", refused(413, "too_long"), refused(413, "too_long"),
          lambda say: [say.refusal(413, "connection: close"), Then.HOLD], reads=False),
)  # fmt: skip

HEADS = (
    Fault("sends its answer byte by byte", PASSES, PASSES, lambda say: [Slowly(say.answer(*say.pieces))]),
    Fault("stalls within the head", LATE, LATE, lambda say: [say.head()[:30], Then.HOLD]),
    Fault("closes within the head", UNREACHABLE, UNREACHABLE, lambda say: [say.head()[:30], Then.CLOSE]),
    Fault("has a header of 100 KB", UNREACHABLE, UNREACHABLE,
          lambda say: [say.sized(say.body, "x-long: " + "x" * 100_000)]),
    Fault("has a head without end", UNREACHABLE, UNREACHABLE,
          lambda _: [b"HTTP/1.1 200 OK\r\n", Endless(b"x-more: and more\r\n" * 99)]),
    Fault("has a status that is no number", UNREACHABLE, UNREACHABLE,
          lambda _: [b"HTTP/1.1 OK 200\r\n\r\n", Then.CLOSE]),
    Fault("speaks another protocol than HTTP", UNREACHABLE, UNREACHABLE, lambda _: [b"SSH-2.0-Wall\r\n", Then.CLOSE]),
    Fault("speaks HTTP/1.0 and ends by closing", PASSES, PASSES,
          lambda say: [say.head().replace(b"1.1", b"1.0", 1) + say.body, Then.CLOSE]),
    Fault("says 100 Continue first", PASSES, PASSES,
          lambda say: [b"HTTP/1.1 100 Continue\r\n\r\n", say.answer(*say.pieces)]),
    Fault("says 103 Early Hints first", PASSES, PASSES,
          lambda say: [b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", say.answer(*say.pieces)]),
    Fault("repeats its headers", PASSES, PASSES,
          lambda say: [say.sized(say.body, "x-a: 1", "x-a: 2", "set-cookie: a=b", "set-cookie: c=d")]),
    Fault("says two lengths", UNREACHABLE, UNREACHABLE,
          lambda say: [say.sized(say.body, "content-length: 7"), Then.CLOSE]),
    Fault("sends trailers", PASSES, PASSES,
          lambda say: [say.begun(*say.pieces, headers=["trailer: x-a"]) + b"0\r\nx-a: b\r\n\r\n"]),
)  # fmt: skip

BODIES = (
    Fault("stalls before the content", LATE, LATE, lambda say: [say.begun(), Then.HOLD]),
    Fault("stalls within the content", LATE, STREAM_LATE, lambda say: [say.begun(*_begun(say)), Then.HOLD]),
    Fault("pauses, and goes on in time", PASSES, PASSES,
          lambda say: [say.begun(*_begun(say)), SHORT, say.rest(say.body[len(b"".join(_begun(say))):])]),
    Fault("breaks off within a chunk", UNREACHABLE, STREAM_BREAKS,
          lambda say: [say.begun(*say.pieces[:3])[:-9], Then.CLOSE]),
    Fault("breaks off between two chunks", UNREACHABLE, STREAM_BREAKS,
          lambda say: [say.begun(*_begun(say)), Then.CLOSE]),
    Fault("ends in order before the answer does", NO_REPLY, STREAM_BREAKS, lambda say: [say.answer(*_begun(say))]),
    Fault("has a chunk whose size is no number", UNREACHABLE, STREAM_BREAKS,
          lambda say: [say.begun(*_begun(say)), SHORT, b"wall\r\n{}\r\n0\r\n\r\n", Then.CLOSE]),
    Fault("promises more bytes than it sends", UNREACHABLE, PASSES,
          lambda say: [say.sized(say.body, beyond=9), Then.CLOSE],
          otherwise={"gemini": STREAM_BREAKS}),
    Fault("sends more bytes than it promised", UNREACHABLE, UNREACHABLE, lambda say: [say.sized(say.body, beyond=-99)]),
    Fault("resets within the content", UNREACHABLE, STREAM_BREAKS,
          lambda say: [say.begun(*_begun(say)), SHORT, Then.RESET]),
    Fault("compresses though nobody asked for it", PASSES, PASSES,
          lambda say: [say.sized(_packed(say), "content-encoding: gzip")]),
    Fault("compresses half of its answer", NO_REPLY, NO_REPLY,
          lambda say: [say.sized(_packed(say)[:60], "content-encoding: gzip")]),
    Fault("says that it compresses, and does not", UNREACHABLE, UNREACHABLE,
          lambda say: [say.answer(*say.pieces, headers=["content-encoding: gzip"])]),
    Fault("answers without end", UNREACHABLE, None,
          lambda say: [say.head("transfer-encoding: chunked"), Endless(b"10000\r\n" + b" " * 2**16 + b"\r\n")]),
    Fault("streams without a line's end", None, STREAM_BREAKS,
          lambda say: [say.begun(*_begun(say), b"data: "), Endless(b"400\r\n" + b"x" * 2**10 + b"\r\n")]),
)  # fmt: skip

REPLIES = (
    Fault("answers with broken JSON", NO_REPLY, STREAM_BREAKS, lambda say: [say.answer(_event(say, b'{"choices": ["'))]),
    Fault("answers with JSON nested 100,000 deep", NO_REPLY, STREAM_BREAKS, lambda say: [say.answer(_event(say, DEEP))]),
    Fault("answers with JSON that is no object", NO_REPLY, STREAM_BREAKS, lambda say: [say.answer(_event(say, b"[]"))]),
    Fault("answers with text that is no UTF-8", PASSES, PASSES,
          lambda say: [say.answer(_lines(say, b'"m"', b'"\xff\xfe"'))], translated=NO_REPLY),
    Fault("answers with a page", NO_REPLY, NO_REPLY, lambda say: [say.sized(PAGE, "content-type: text/html")]),
    Fault("names another content type", PASSES, NO_REPLY, lambda say: [say.sized(say.body, "content-type: text/plain")]),
    Fault("answers with nothing", NO_REPLY, NO_REPLY, lambda say: [say.answer()]),
    Fault("answers 204", NO_REPLY, NO_REPLY, lambda say: [say.head(status="204 No Content")]),
    Fault("redirects", NO_REPLY, NO_REPLY,
          lambda say: [say.sized(b"", "content-type: text/html", "location: http://127.0.0.1:9/", status="302 Found")]),
    Fault("answers whole where a stream was asked for", None, NO_STREAM,
          lambda say: [say.sized(say.dialect.body, "content-type: application/json")]),
    Fault("streams where a whole reply was asked for", NO_REPLY, None,
          lambda say: [say.sized(b"".join(say.dialect.events), "content-type: text/event-stream")]),
    Fault("says an error with status 200", NO_REPLY, STREAM_BREAKS._replace(elsewhere="failed"),
          lambda say: [say.answer(say.dialect.error_event if say.stream else say.dialect.error)], translated=NO_REPLY),
    Fault("says an error after its first content", None, STREAM_BREAKS,
          lambda say: [say.answer(*_begun(say), say.dialect.error_event)]),
    Fault("says nothing, in the right shape", HOLLOW, HOLLOW,
          lambda say: [say.answer(*say.pieces[:1], *say.pieces[3:]) if say.stream else say.answer(_content(say, []))]),
    Fault("has null for content", HOLLOW, PASSES,
          lambda say: [say.answer(_hollow(say) if say.stream else _content(say, None))]),
    Fault("reports no usage", UNCOUNTED, UNCOUNTED, lambda say: [say.answer(unused(say.body))]),
    Fault("reports less than nothing", UNCOUNTED, UNCOUNTED, lambda say: [say.answer(_with(say, INPUT, f"-{INPUT}"))]),
    Fault("reports beyond all numbers", UNCOUNTED, UNCOUNTED, lambda say: [say.answer(_with(say, INPUT, "9" * 30))]),
    Fault("reports usage in texts", UNCOUNTED, UNCOUNTED, lambda say: [say.answer(_with(say, INPUT, f'"{INPUT}"'))]),
)  # fmt: skip

STREAMS = (
    Fault("ends its lines with CRLF", None, PASSES, lambda say: [say.answer(_lines(say, b"\n", b"\r\n"))]),
    Fault("sends comments between events", None, PASSES,
          lambda say: [say.answer(b": ping\n\n" + _lines(say, b"\n\n", b"\n\n: ping\n\n: ping\n\n"))]),
    Fault("spreads an event over several lines", None, PASSES, lambda say: [say.answer(_lines(say, b', "', b',\ndata: "'))]),
    Fault("leaves out the space after the colon", None, PASSES, lambda say: [say.answer(_lines(say, b"data: ", b"data:"))]),
    Fault("splits its stream at every byte", None, PASSES,
          lambda say: [say.begun(*(bytes([byte]) for byte in say.body)) + b"0\r\n\r\n"]),
    Fault("sends its stream in one piece", None, PASSES, lambda say: [say.answer(say.body)]),
    Fault("sends fields that no standard has", None, PASSES,
          lambda say: [say.answer(b"retry: 9\nid: 1\nwall\nwall: 1\n\n" + say.body)]),
    Fault("says its end twice", None, PASSES, lambda say: [say.answer(*say.pieces, say.dialect.last)]),
    Fault("leaves its last event out", None, PASSES, lambda say: [say.answer(*say.pieces[:-1])],
          otherwise={"anthropic": STREAM_BREAKS}, translated=PASSES),
    Fault("goes on after its end", None, PASSES, lambda say: [say.answer(*say.pieces, b"data: <wall>\n\n")],
          otherwise={"gemini": STREAM_BREAKS}),
    Fault("ends in order within an event", None, STREAM_BREAKS, lambda say: [say.answer(*_begun(say), b"event: wal")]),
    Fault("leaves its last border out", None, PASSES, lambda say: [say.answer(say.body.rstrip())]),
    Fault("ends, and keeps its stream open", None, PASSES, lambda say: [say.begun(*say.pieces), Then.HOLD],
          otherwise={"gemini": STREAM_LATE}),
    Fault("ends, and breaks its stream off", None, PASSES, lambda say: [say.begun(*say.pieces), Then.CLOSE],
          otherwise={"gemini": STREAM_BREAKS}),
)  # fmt: skip


def _status(status: int, elsewhere: str = "", *headers: str, note: str = "") -> Fault:
    outcome = refused(status, elsewhere)

    def says(say: Say) -> Sequence[Step]:
        return [say.refusal(status, *headers)]

    return Fault(f"answers {status}{note}", outcome, outcome, says)


STATUSES = (
    _status(400),
    _status(401, "refused"),
    _status(403, "refused"),
    _status(404, "refused"),
    _status(408, "timeout"),
    _status(409),
    _status(413, "too_long"),
    _status(422),
    _status(429, "rate_limited"),
    _status(429, "rate_limited", "retry-after: 7", note=" with Retry-After in seconds"),
    _status(429, "rate_limited", f"retry-after: {DATE}", note=" with Retry-After as a date"),
    _status(500, "failed"),
    Fault("answers 502 with a page", refused(502, "failed"), refused(502, "failed"),
          lambda say: [say.sized(PAGE, "content-type: text/html", status="502 Bad Gateway")]),
    _status(503, "overloaded", "retry-after: 7", note=" with Retry-After in seconds"),
    _status(504, "timeout"),
    _status(529, "overloaded"),
    Fault("says an error in an event stream", refused(500, "failed"), refused(500, "failed"),
          lambda say: [say.sized(say.dialect.error_event, "content-type: text/event-stream", status="500 Wall")]),
)  # fmt: skip

CALLERS = (
    Fault("is left before its answer", GONE, GONE, lambda _: [Then.HOLD], client="leaves early"),
    Fault("is left within its answer", None, GONE, lambda say: [say.begun(*_begun(say)), Then.HOLD],
          client="leaves midway"),
    Fault("is read late", None, PASSES,
          lambda say: [say.begun(*say.pieces[:2]), Endless(b"10000\r\n" + b":" * (2**16 - 2) + b"\n\n\r\n", LONG),
                       say.rest(*say.pieces[2:])], client="reads late"),
)  # fmt: skip

WALL: Sequence[Fault] = (*CONNECTIONS, *HEADS, *BODIES, *REPLIES, *STREAMS, *STATUSES, *CALLERS)
