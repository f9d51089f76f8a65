"""LangChain's chat models, unchanged: by base URL and key alone, whichever protocol the model speaks."""

import asyncio
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_google_genai.chat_models import ChatGoogleGenerativeAIError
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from tests.journeys.clients.doubles import BITS, CITY, CITY_TEXT, STRANGER, Double, Place, last_asked, usage_of, weather
from tests.journeys.conversations import REFUNDS

from lasttenth.testing import RunningServer, Upstream, completion, embeddings, streamed

Chat = Callable[..., BaseChatModel]


def of_openai(server: RunningServer, model: str, key: str = "local") -> ChatOpenAI:
    return ChatOpenAI(model=model, base_url=f"{server.base_url}/v1", api_key=key, max_retries=0, stream_usage=True)


def of_responses(server: RunningServer, model: str, key: str = "local") -> ChatOpenAI:
    address = f"{server.base_url}/v1"
    return ChatOpenAI(model=model, base_url=address, api_key=key, max_retries=0, use_responses_api=True)


def of_anthropic(server: RunningServer, model: str, key: str = "local") -> ChatAnthropic:
    return ChatAnthropic(model=model, base_url=server.base_url, api_key=key, max_retries=0)


def of_google(server: RunningServer, model: str, key: str = "local") -> ChatGoogleGenerativeAI:
    return ChatGoogleGenerativeAI(model=model, base_url=server.base_url, api_key=key, max_retries=1)


CHATS = [of_openai, of_responses, of_anthropic, of_google]
REFUSED = openai.APIStatusError, anthropic.APIStatusError, ChatGoogleGenerativeAIError


@pytest.fixture(params=CHATS, ids=[each.__name__ for each in CHATS])
def chat(request: pytest.FixtureRequest, server: RunningServer) -> Chat:
    return lambda *arguments: request.param(server, *arguments)


def counted(said: AIMessage) -> tuple[int, int]:
    assert said.usage_metadata is not None
    return said.usage_metadata["input_tokens"], said.usage_metadata["output_tokens"]


def test_answers_and_counts_as_the_trace_does(
    chat: Chat, double: Double, scripted: Callable[..., str], server: RunningServer
) -> None:
    model = scripted(double.whole("Hello back."))

    said = chat(model).invoke("Hello.")

    assert said.text == "Hello back."
    assert counted(said) == usage_of(server, model) == (11, 7)


def test_streams_and_counts_as_the_trace_does(
    chat: Chat, double: Double, scripted: Callable[..., str], server: RunningServer
) -> None:
    model = scripted(double.stream(*BITS))

    chunks = list(chat(model).stream("Hello."))

    whole = AIMessageChunk(content="") + chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert [chunk.text for chunk in chunks if chunk.text] == list(BITS)
    assert counted(whole) == usage_of(server, model) == (11, 7)


def test_streams_asynchronously(
    chat: Chat, double: Double, scripted: Callable[..., str], runner: asyncio.Runner
) -> None:
    model = scripted(double.stream(*BITS))

    async def heard() -> list[str]:
        return [chunk.text async for chunk in chat(model).astream("Hello.") if chunk.text]

    assert runner.run(heard()) == list(BITS)


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_calls_a_tool_and_hears_what_it_said(
    chat: Chat, double: Double, scripted: Callable[..., str], upstream: Upstream, *, streaming: bool
) -> None:
    called = double.call_stream("weather") if streaming else double.call("weather")
    model = scripted(called, double.whole("It is sunny."))
    bound = chat(model).bind_tools([weather])
    asked: list[Any] = [HumanMessage("How is the weather in Bern?")]

    if streaming:
        chunks = list(bound.stream(asked))
        wish: Any = chunks[0]
        for chunk in chunks[1:]:
            wish += chunk
    else:
        wish = bound.invoke(asked)
    (call,) = wish.tool_calls
    answer = ToolMessage(weather(**call["args"]), tool_call_id=call["id"])
    said = bound.invoke([*asked, wish, answer])

    assert (call["name"], call["args"]) == ("weather", CITY)
    assert b"Sunny in Bern." in last_asked(upstream, model)
    assert said.text == "It is sunny."


def test_has_structured_output_by_schema(
    chat: Chat, double: Double, scripted: Callable[..., str], upstream: Upstream
) -> None:
    model = scripted(double.whole(CITY_TEXT))

    found = chat(model).with_structured_output(Place, method="json_schema").invoke("Where is it?")

    assert found == Place(city="Bern")
    assert b'"city"' in last_asked(upstream, model)


def test_has_structured_output_by_a_tool(chat: Chat, double: Double, scripted: Callable[..., str]) -> None:
    model = scripted(double.call("Place"))

    found = chat(model).with_structured_output(Place, method="function_calling").invoke("Where is it?")

    assert found == Place(city="Bern")


def test_provider_that_refuses_is_the_frameworks_own_error(
    chat: Chat, double: Double, scripted: Callable[..., str], upstream: Upstream
) -> None:
    model = scripted(double.refusal)

    with pytest.raises(REFUSED, match=r"429.*Slow down"):
        chat(model).invoke("Hello.")

    assert len(upstream.requests(model.partition("/")[2])) == 1


@pytest.mark.parametrize(
    ("key", "model", "said"),
    [
        (STRANGER, "scripted/echo", r"401.*The key is not valid"),
        ("local", "nope/any", r"404.*There is no model nope/any"),
    ],
    ids=["unknown key", "unknown model"],
)
def test_refusal_of_ours_is_the_frameworks_own_error(chat: Chat, key: str, model: str, said: str) -> None:
    with pytest.raises(REFUSED, match=said):
        chat(model, key).invoke("Hello.")


def test_task_answers_whole_and_as_a_stream(chat: Chat) -> None:
    whole = chat("task/answer").invoke(REFUNDS)
    stream = "".join(chunk.text for chunk in chat("task/answer").stream(REFUNDS))

    assert "30 days" in whole.text
    assert stream.strip() == whole.text.strip()


def test_task_has_structured_output(chat: Chat, upstream: Upstream) -> None:
    upstream.script("place", completion(CITY_TEXT), streamed(CITY_TEXT))

    found = chat("task/place").with_structured_output(Place, method="json_schema").invoke("Where is it?")

    assert found == Place(city="Bern")


def test_embeds_texts(server: RunningServer, upstream: Upstream) -> None:
    upstream.script("vectors", embeddings([0.5, 0.25], [0.25, 0.5]))
    embedder = OpenAIEmbeddings(
        model="up/vectors", base_url=f"{server.base_url}/v1", api_key="local", check_embedding_ctx_length=False
    )

    assert embedder.embed_documents(["one", "two"]) == [[0.5, 0.25], [0.25, 0.5]]
