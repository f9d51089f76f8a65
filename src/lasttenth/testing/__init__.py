"""What tests of Lasttenth, and of applications on it, stand on: fixed time and ids, a scripted upstream, a real server."""

from lasttenth.testing.answers import Gate, UpstreamAnswer, completion, embeddings, failure, streamed
from lasttenth.testing.contents import content, content_event, content_failure, content_stream
from lasttenth.testing.fixed import FixedClock, FixedRandomness
from lasttenth.testing.messages import message, message_event, message_failure, message_stream
from lasttenth.testing.responses import response, response_event, response_stream
from lasttenth.testing.server import HttpAnswer, RunningServer, clean_environment, running_server
from lasttenth.testing.upstream import ReceivedRequest, Upstream
from lasttenth.testing.waiting import eventually

__all__ = [
    "FixedClock",
    "FixedRandomness",
    "Gate",
    "HttpAnswer",
    "ReceivedRequest",
    "RunningServer",
    "Upstream",
    "UpstreamAnswer",
    "clean_environment",
    "completion",
    "content",
    "content_event",
    "content_failure",
    "content_stream",
    "embeddings",
    "eventually",
    "failure",
    "message",
    "message_event",
    "message_failure",
    "message_stream",
    "response",
    "response_event",
    "response_stream",
    "running_server",
    "streamed",
]
