"""What is being done before an answer comes: events for who asks for them, which no client stumbles over."""

from typing import Any

import msgspec
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import types
from openai import OpenAI
from tests.journeys.conversations import HELLO, asked

from lasttenth.testing import RunningServer

WANTED = {"x-lasttenth-status": "events"}
DONE = [{"doing": "searching", "what": "default"}, {"doing": "asking", "what": "builtin/extractive"}]
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": ("/v1/chat/completions", {"model": "task/answer", "messages": HELLO, "stream": True}),
    "anthropic": ("/v1/messages", {"model": "task/answer", "max_tokens": 9, "messages": HELLO, "stream": True}),
    "gemini": (
        "/v1beta/models/task%2Fanswer:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Hello?"}]}]},
    ),
}


def statuses(body: bytes) -> list[Any]:
    found = [line.removeprefix(b"data: ") for line in body.split(b"\n") if b"lasttenth_status" in line]
    return [msgspec.json.decode(data)["lasttenth_status"] for data in found]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("protocol", list(BODIES))
def test_status_is_said_to_who_asks_for_it(server: RunningServer, protocol: str) -> None:
    path, fields = BODIES[protocol]
    body = msgspec.json.encode(fields)

    wanted = server.request("POST", path, body=body, headers=WANTED)
    unwanted = server.request("POST", path, body=body)

    assert statuses(wanted.body) == DONE
    assert statuses(unwanted.body) == []


def test_clients_read_on(client: OpenAI, claude: Anthropic, gemini: genai.Client) -> None:
    chunks = client.chat.completions.create(
        model="task/answer", messages=asked("When can lamps be returned?"), stream=True, extra_headers=WANTED
    )
    with claude.messages.stream(model="task/answer", max_tokens=9, messages=HELLO, extra_headers=WANTED) as events:
        message = events.get_final_message()
    config = types.GenerateContentConfig(http_options=types.HttpOptions(headers=WANTED))
    replies = gemini.models.generate_content_stream(model="task/answer", contents="Hello?", config=config)

    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert message.stop_reason == "end_turn"
    assert any(reply.candidates for reply in replies)
