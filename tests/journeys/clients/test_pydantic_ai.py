"""pydantic-ai's models, unchanged: by base URL and key alone, whichever protocol the model speaks."""

import asyncio
from collections.abc import Callable, Iterator
from typing import NamedTuple, Self

import pytest
from anthropic import AsyncAnthropic
from google import genai
from google.genai.types import HttpOptions
from openai import AsyncOpenAI
from pydantic_ai import Agent, Embedder, ModelHTTPError, NativeOutput, RunUsage
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider
from tests.journeys.clients.doubles import BITS, CITY_TEXT, STRANGER, Double, Place, last_asked, usage_of, weather
from tests.journeys.conversations import REFUNDS

from lasttenth.testing import RunningServer, Upstream, completion, embeddings

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""Google's SDK is warned for how it uses aiohttp."""

Chat = Callable[..., Model]


class Sdks(NamedTuple):
    """The vendors' clients, without retries; they are the framework's transport."""

    openai: AsyncOpenAI
    anthropic: AsyncAnthropic
    google: genai.Client

    @classmethod
    def of(cls, server: RunningServer, key: str) -> Self:
        return cls(
            AsyncOpenAI(base_url=f"{server.base_url}/v1", api_key=key, max_retries=0),
            AsyncAnthropic(base_url=server.base_url, api_key=key, max_retries=0),
            genai.Client(api_key=key, http_options=HttpOptions(base_url=server.base_url)),
        )

    async def close(self) -> None:
        await self.openai.close()
        await self.anthropic.close()
        await self.google.aio.aclose()
        self.google.close()


def of_openai(sdks: Sdks, model: str) -> OpenAIChatModel:
    return OpenAIChatModel(model, provider=OpenAIProvider(openai_client=sdks.openai))


def of_responses(sdks: Sdks, model: str) -> OpenAIResponsesModel:
    return OpenAIResponsesModel(model, provider=OpenAIProvider(openai_client=sdks.openai))


def of_anthropic(sdks: Sdks, model: str) -> AnthropicModel:
    return AnthropicModel(model, provider=AnthropicProvider(anthropic_client=sdks.anthropic))


def of_google(sdks: Sdks, model: str) -> GoogleModel:
    return GoogleModel(model, provider=GoogleProvider(client=sdks.google))


CHATS = [of_openai, of_responses, of_anthropic, of_google]


@pytest.fixture(scope="module")
def sdks(server: RunningServer, runner: asyncio.Runner) -> Iterator[dict[str, Sdks]]:
    """Return the clients of a key that is taken on loopback, and of one that is not."""
    opened = {key: Sdks.of(server, key) for key in ("local", STRANGER)}
    yield opened
    for each in opened.values():
        runner.run(each.close())


@pytest.fixture(params=CHATS, ids=[each.__name__ for each in CHATS])
def chat(request: pytest.FixtureRequest, sdks: dict[str, Sdks]) -> Chat:
    return lambda model, key="local": request.param(sdks[key], model)


def counted(usage: RunUsage) -> tuple[int, int]:
    return usage.input_tokens, usage.output_tokens


def test_answers_and_counts_as_the_trace_does(
    chat: Chat, double: Double, scripted: Callable[..., str], server: RunningServer, runner: asyncio.Runner
) -> None:
    model = scripted(double.whole("Hello back."))

    said = runner.run(Agent(chat(model)).run("Hello."))

    assert said.output == "Hello back."
    assert counted(said.usage) == usage_of(server, model) == (11, 7)


def test_streams_and_counts_as_the_trace_does(
    chat: Chat, double: Double, scripted: Callable[..., str], server: RunningServer, runner: asyncio.Runner
) -> None:
    model = scripted(double.stream(*BITS))

    async def heard() -> tuple[list[str], RunUsage]:
        async with Agent(chat(model)).run_stream("Hello.") as stream:
            return [piece async for piece in stream.stream_text(delta=True, debounce_by=None)], stream.usage

    pieces, usage = runner.run(heard())
    assert pieces == list(BITS)
    assert counted(usage) == usage_of(server, model) == (11, 7)


def test_calls_a_tool_and_hears_what_it_said(
    chat: Chat, double: Double, scripted: Callable[..., str], upstream: Upstream, runner: asyncio.Runner
) -> None:
    model = scripted(double.call("weather"), double.whole("It is sunny."))

    said = runner.run(Agent(chat(model), tools=[weather]).run("How is the weather in Bern?"))

    assert said.output == "It is sunny."
    assert counted(said.usage) == (22, 14)
    assert b"Sunny in Bern." in last_asked(upstream, model)


def test_calls_a_tool_of_a_stream(
    chat: Chat, double: Double, scripted: Callable[..., str], upstream: Upstream, runner: asyncio.Runner
) -> None:
    model = scripted(double.call_stream("weather"), double.stream(*BITS))

    async def heard() -> str:
        async with Agent(chat(model), tools=[weather]).run_stream("How is the weather in Bern?") as stream:
            return await stream.get_output()

    assert runner.run(heard()) == "Bit by bit."
    assert b"Sunny in Bern." in last_asked(upstream, model)


def test_has_structured_output_by_a_tool(
    chat: Chat, double: Double, scripted: Callable[..., str], runner: asyncio.Runner
) -> None:
    model = scripted(double.call("final_result"))

    assert runner.run(Agent(chat(model), output_type=Place).run("Where is it?")).output == Place(city="Bern")


@pytest.mark.parametrize("chat", [of_openai, of_google], indirect=True, ids=["of_openai", "of_google"])
def test_has_structured_output_by_schema(
    chat: Chat, double: Double, scripted: Callable[..., str], upstream: Upstream, runner: asyncio.Runner
) -> None:
    model = scripted(double.whole(CITY_TEXT))

    found = runner.run(Agent(chat(model), output_type=NativeOutput(Place)).run("Where is it?"))

    assert found.output == Place(city="Bern")
    assert b'"city"' in last_asked(upstream, model)


def test_provider_that_refuses_is_the_frameworks_own_error(
    chat: Chat, double: Double, scripted: Callable[..., str], upstream: Upstream, runner: asyncio.Runner
) -> None:
    model = scripted(double.refusal)

    with pytest.raises(ModelHTTPError, match="Slow down") as caught:
        runner.run(Agent(chat(model)).run("Hello."))

    assert caught.value.status_code == 429
    assert len(upstream.requests(model.partition("/")[2])) == 1


@pytest.mark.parametrize(
    ("key", "model", "status", "said"),
    [
        (STRANGER, "scripted/echo", 401, "The key is not valid"),
        ("local", "nope/any", 404, "There is no model nope/any"),
    ],
    ids=["unknown key", "unknown model"],
)
def test_refusal_of_ours_is_the_frameworks_own_error(
    chat: Chat, runner: asyncio.Runner, key: str, model: str, status: int, said: str
) -> None:
    with pytest.raises(ModelHTTPError, match=said) as caught:
        runner.run(Agent(chat(model, key)).run("Hello."))

    assert caught.value.status_code == status


def test_task_answers_whole_and_as_a_stream(chat: Chat, runner: asyncio.Runner) -> None:
    agent = Agent(chat("task/answer"))

    async def heard() -> str:
        async with agent.run_stream(REFUNDS) as stream:
            return await stream.get_output()

    whole = runner.run(agent.run(REFUNDS)).output
    assert "30 days" in whole
    assert runner.run(heard()) == whole


@pytest.mark.parametrize("chat", [of_openai, of_google], indirect=True, ids=["of_openai", "of_google"])
def test_task_has_structured_output(chat: Chat, upstream: Upstream, runner: asyncio.Runner) -> None:
    upstream.script("place", completion(CITY_TEXT))
    agent = Agent(chat("task/place"), output_type=NativeOutput(Place))

    assert runner.run(agent.run("Where is it?")).output == Place(city="Bern")


def test_embeds_texts(sdks: dict[str, Sdks], upstream: Upstream, runner: asyncio.Runner) -> None:
    upstream.script("vectors", embeddings([0.5, 0.25], [0.25, 0.5]))
    provider = OpenAIProvider(openai_client=sdks["local"].openai)
    embedder = Embedder(OpenAIEmbeddingModel("up/vectors", provider=provider))

    found = runner.run(embedder.embed_documents(["one", "two"]))

    assert [list(vector) for vector in found.embeddings] == [[0.5, 0.25], [0.25, 0.5]]
    assert found.usage.input_tokens == 3
