"""LlamaIndex's models, unchanged: by base URL and key alone, whichever protocol the model speaks."""

import asyncio
from collections.abc import Callable

import anthropic
import openai
import pytest
from google.genai.errors import APIError
from google.genai.types import HttpOptions
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.google_genai import GoogleGenAI
from llama_index.llms.openai_like import OpenAILike
from tests.journeys.clients.doubles import (
    BITS,
    CITY_TEXT,
    DOUBLES,
    STRANGER,
    Double,
    Place,
    last_asked,
    usage_of,
    weather,
)
from tests.journeys.conversations import REFUNDS

from lasttenth.testing import RunningServer, Upstream, completion, embeddings

Chat = Callable[..., FunctionCallingLLM]
HELLO = [ChatMessage("Hello.")]
ROUTED = "claude-haiku-4-5"


def of_openai(server: RunningServer, model: str, key: str = "local") -> OpenAILike:
    return OpenAILike(
        model=model,
        api_base=f"{server.base_url}/v1",
        api_key=key,
        max_retries=0,
        is_chat_model=True,
        is_function_calling_model=True,
        should_use_structured_outputs=True,
        additional_kwargs={"stream_options": {"include_usage": True}},
    )


def of_google(server: RunningServer, model: str, key: str = "local") -> GoogleGenAI:
    options = HttpOptions(base_url=server.base_url)
    return GoogleGenAI(model=model, api_key=key, http_options=options, max_retries=0)


def of_anthropic(server: RunningServer, model: str, key: str = "local") -> Anthropic:
    return Anthropic(model=model, base_url=server.base_url, api_key=key, max_retries=0)


CHATS = [of_openai, of_google]
REFUSED = openai.APIStatusError, anthropic.APIStatusError, APIError


@pytest.fixture(params=CHATS, ids=[each.__name__ for each in CHATS])
def chat(request: pytest.FixtureRequest, server: RunningServer) -> Chat:
    return lambda *arguments: request.param(server, *arguments)


def counted(said: ChatResponse) -> tuple[int, int]:
    return said.additional_kwargs["prompt_tokens"], said.additional_kwargs["completion_tokens"]


def test_answers_and_counts_as_the_trace_does(
    chat: Chat, double: Double, scripted: Callable[..., str], server: RunningServer
) -> None:
    model = scripted(double.whole("Hello back."))

    said = chat(model).chat(HELLO)

    assert said.message.content == "Hello back."
    assert counted(said) == usage_of(server, model) == (11, 7)


def test_streams_and_counts_as_the_trace_does(
    chat: Chat, double: Double, scripted: Callable[..., str], server: RunningServer
) -> None:
    model = scripted(double.stream(*BITS))

    pieces = list(chat(model).stream_chat(HELLO))

    assert [piece.delta for piece in pieces if piece.delta] == list(BITS)
    assert pieces[-1].message.content == "Bit by bit."
    assert counted(pieces[-1]) == usage_of(server, model) == (11, 7)


def test_streams_asynchronously(
    chat: Chat, double: Double, scripted: Callable[..., str], runner: asyncio.Runner
) -> None:
    model = scripted(double.stream(*BITS))

    async def heard() -> list[str]:
        return [piece.delta async for piece in await chat(model).astream_chat(HELLO) if piece.delta]

    assert runner.run(heard()) == list(BITS)


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_agent_calls_a_tool_and_hears_what_it_said(
    chat: Chat,
    double: Double,
    scripted: Callable[..., str],
    upstream: Upstream,
    runner: asyncio.Runner,
    *,
    streaming: bool,
) -> None:
    called = double.call_stream("weather") if streaming else double.call("weather")
    model = scripted(called, double.stream(*BITS) if streaming else double.whole("Bit by bit."))

    async def answered() -> str:
        return str(await FunctionAgent(tools=[weather], llm=chat(model), streaming=streaming).run("How is it in Bern?"))

    assert runner.run(answered()) == "Bit by bit."
    assert b"Sunny in Bern." in last_asked(upstream, model)


def test_has_structured_output(chat: Chat, double: Double, scripted: Callable[..., str], upstream: Upstream) -> None:
    model = scripted(double.whole(CITY_TEXT))

    found = chat(model).as_structured_llm(Place).chat(HELLO)

    assert found.raw == Place(city="Bern")
    assert b'"city"' in last_asked(upstream, model)


def test_provider_that_refuses_is_the_sdks_own_error(
    chat: Chat, double: Double, scripted: Callable[..., str], upstream: Upstream
) -> None:
    model = scripted(double.refusal)

    with pytest.raises(REFUSED, match=r"429.*Slow down"):
        chat(model).chat(HELLO)

    assert len(upstream.requests(model.partition("/")[2])) == 1


@pytest.mark.parametrize(
    ("key", "model", "said"),
    [
        (STRANGER, "scripted/echo", r"401.*The key is not valid"),
        ("local", "nope/any", r"404.*There is no model nope/any"),
    ],
    ids=["unknown key", "unknown model"],
)
def test_refusal_of_ours_is_the_sdks_own_error(chat: Chat, key: str, model: str, said: str) -> None:
    with pytest.raises(REFUSED, match=said):
        chat(model, key).chat(HELLO)


def test_task_answers_whole_and_as_a_stream(chat: Chat) -> None:
    whole = chat("task/answer").chat([ChatMessage(REFUNDS)]).message.content
    pieces = list(chat("task/answer").stream_chat([ChatMessage(REFUNDS)]))

    assert "30 days" in (whole or "")
    assert pieces[-1].message.content == whole


def test_task_has_structured_output(chat: Chat, upstream: Upstream) -> None:
    upstream.script("place", completion(CITY_TEXT))

    assert chat("task/place").as_structured_llm(Place).chat(HELLO).raw == Place(city="Bern")


def test_model_of_anthropic_is_a_route_of_its_name(
    server: RunningServer, upstream: Upstream, runner: asyncio.Runner
) -> None:
    double = DOUBLES["openai"]
    answers = double.whole("Hello back."), double.stream(*BITS), double.whole(CITY_TEXT), double.call("weather")
    upstream.script("routed", *answers, double.whole("It is sunny."), double.refusal)
    claude = of_anthropic(server, ROUTED)

    async def answered() -> str:
        return str(await FunctionAgent(tools=[weather], llm=claude, streaming=False).run("How is it in Bern?"))

    assert claude.chat(HELLO).message.content == "Hello back."
    assert usage_of(server, "up/routed") == (11, 7)
    assert [piece.delta for piece in claude.stream_chat(HELLO) if piece.delta] == list(BITS)
    assert claude.as_structured_llm(Place).chat(HELLO).raw == Place(city="Bern")
    assert runner.run(answered()) == "It is sunny."
    with pytest.raises(anthropic.RateLimitError, match="Slow down"):
        claude.chat(HELLO)


def test_embeds_texts(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("vectors", embeddings([0.5, 0.25], [0.25, 0.5]))
    embedder = OpenAIEmbedding(model_name="up/vectors", api_base=f"{server.base_url}/v1", api_key="local")

    assert embedder.get_text_embedding_batch(["one", "two"]) == [[0.5, 0.25], [0.25, 0.5]]
