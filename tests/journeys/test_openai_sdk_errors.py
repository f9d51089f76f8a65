"""The official OpenAI client, unchanged: whatever fails is raised as the client's own error."""

import openai
import pytest
from openai import OpenAI
from tests.journeys.conversations import HELLO
from tests.journeys.refusals import errors_of

from lasttenth.testing import RunningServer, Upstream, UpstreamAnswer, completion, eventually, failure, streamed

REFUSALS = [
    (400, openai.BadRequestError),
    (401, openai.AuthenticationError),
    (403, openai.PermissionDeniedError),
    (404, openai.NotFoundError),
    (409, openai.ConflictError),
    (422, openai.UnprocessableEntityError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
    (503, openai.InternalServerError),
]


@pytest.mark.parametrize(("status", "kind"), REFUSALS)
def test_refusal_of_an_upstream_is_the_clients_own_error(
    client: OpenAI, upstream: Upstream, status: int, kind: type[openai.APIStatusError]
) -> None:
    upstream.script(f"refusing-{status}", failure(status, "The upstream says no.", headers={"retry-after": "3"}))

    with pytest.raises(kind) as caught:
        client.chat.completions.create(model=f"up/refusing-{status}", messages=HELLO)

    assert "The upstream says no." in caught.value.message
    assert caught.value.response.headers["retry-after"] == "3"
    assert caught.value.request_id


def test_scripted_refusal_relays_when_to_come_back(client: OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="scripted/crowded", messages=HELLO)

    assert caught.value.response.headers["retry-after"] == "7"


def test_client_retries_what_an_upstream_refuses_for_a_moment(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("moment", failure(503, "Busy.", headers={"retry-after": "0.01"}), completion("Now."))

    reply = client.with_options(max_retries=1).chat.completions.create(model="up/moment", messages=HELLO)

    assert reply.choices[0].message.content == "Now."


def test_upstream_that_is_gone_is_a_server_error(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="gone/any", messages=HELLO)

    assert caught.value.status_code == 502
    assert caught.value.code == "upstream_error"


def test_upstream_that_is_silent_is_a_gateway_timeout(client: OpenAI, upstream: Upstream) -> None:
    upstream.script("silent", UpstreamAnswer(head=upstream.gate()))

    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="up/silent", messages=HELLO)

    assert (caught.value.status_code, caught.value.code) == (504, "upstream_timeout")


def test_client_that_gives_up_cancels_the_upstream_and_is_recorded(
    client: OpenAI, upstream: Upstream, server: RunningServer
) -> None:
    upstream.script("slow-head", UpstreamAnswer(head=upstream.gate()))

    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.3).chat.completions.create(model="up/slow-head", messages=HELLO)

    assert eventually(lambda: upstream.requests("slow-head")[0].abandoned)
    assert eventually(lambda: errors_of(server, "up/slow-head")) == ["client_disconnected"]


@pytest.mark.parametrize("model", ["scripted/broken", "up/breaking"])
def test_stream_that_breaks_raises_in_the_client(client: OpenAI, upstream: Upstream, model: str) -> None:
    upstream.script("breaking", streamed("One ", "two ", ending="cut", finished=False))
    chunks = client.chat.completions.create(model=model, messages=HELLO, stream=True)
    first = next(chunk for chunk in chunks if chunk.choices[0].delta.content)

    with pytest.raises(openai.APIError) as caught:
        list(chunks)

    assert first.choices[0].delta.content == "One "
    assert caught.value.code == "upstream_error"


@pytest.mark.parametrize("model", ["task/answer@nope", "task/unknown", "nope/model", "scripted/nope", "gpt-5-mini"])
def test_unknown_name_is_not_found(client: OpenAI, model: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model=model, messages=HELLO)

    assert caught.value.code in {"task_not_found", "model_not_found"}
    assert model.removeprefix("scripted/") in caught.value.message


def test_invalid_key_is_refused_even_on_loopback(server: RunningServer) -> None:
    with (
        OpenAI(base_url=f"{server.base_url}/v1", api_key=f"lt-{'a' * 16}-{'b' * 52}", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        stranger.chat.completions.create(model="scripted/echo", messages=HELLO)

    assert caught.value.code == "invalid_api_key"
