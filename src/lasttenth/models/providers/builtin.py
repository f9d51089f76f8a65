"""`builtin/…`: the extractive model, and the embedder where it is installed. Both run in this process, without a key."""

import asyncio
import base64
import html
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lasttenth.models import bodies, openai
from lasttenth.models.embeddings import SentenceEncoder
from lasttenth.models.extractive import Extraction, Passage, extract
from lasttenth.models.local import LocalAnswer, LocalReply, once, reply_with
from lasttenth.models.port import ModelInfo, ModelRequest, ProtocolName
from lasttenth.records.errors import InvalidRequestError, ModelNotFoundError
from lasttenth.records.ids import Clock
from lasttenth.records.usage import Usage

PROVIDER = "builtin"
EXTRACTIVE = "extractive"
MAX_EMBEDDED_TEXTS = 2048
"""Texts in one embeddings request, as at OpenAI."""

_DOCUMENT = re.compile(
    r'<document id="(?P<id>\d+)" name="(?P<name>[^"]*)"(?: section="(?P<section>[^"]*)")?'
    r'(?: similarity="[-\d.]+")?>\n(?P<text>.*?)\n</document>',
    re.DOTALL,
)
_QUESTION = re.compile(r"<question>\n(.*?)\n</question>", re.DOTALL)


class BuiltinProvider:
    """Serve the models that come with Lasttenth.

    Args:
        embedder: returns the installed embedder, loading it on first use, or None; called off the event loop.
    """

    protocols: tuple[ProtocolName, ...] = ("openai",)

    def __init__(self, embedder: Callable[[], SentenceEncoder | None], clock: Clock) -> None:
        self._embedder = embedder
        self._clock = clock

    async def call(self, request: ModelRequest) -> LocalReply:
        """Answer a chat from the documents in it, or embed texts. Raises ModelNotFoundError, InvalidRequestError."""
        if request.operation == "chat" and request.model == EXTRACTIVE:
            return await self._extract(request)
        if request.operation == "embeddings":
            return await self._embed(request)
        raise ModelNotFoundError(
            f"builtin/{request.model} does not serve {request.operation}.",
            hint="builtin/extractive chats; builtin/minilm embeds.",
            parameter="model",
        )

    async def models(self) -> list[ModelInfo]:
        """Return the extractive model and the embedder, where it is installed."""
        found = [ModelInfo(name=f"{PROVIDER}/{EXTRACTIVE}", provider=PROVIDER, operations=("chat",))]
        embedder = await asyncio.to_thread(self._embedder)
        if embedder is not None:
            found.append(ModelInfo(name=embedder.id, provider=PROVIDER, operations=("embeddings",)))
        return found

    async def close(self) -> None:
        """The embedder belongs to whoever opened it; there is nothing to release."""

    async def _extract(self, request: ModelRequest) -> LocalReply:
        body = bodies.decode(request.body, openai.ChatBody)
        if not body.messages:
            raise InvalidRequestError("messages is empty.", parameter="messages")
        prompt = read_prompt([openai.text_of(message) for message in body.messages])
        embedder = await asyncio.to_thread(self._embedder)
        embed = None if embedder is None else embedder.embed
        extraction = await asyncio.to_thread(extract, prompt.question, prompt.passages, embed=embed)
        pieces = _marked(extraction) if prompt.is_marked else _plain(extraction)
        usage = Usage(
            input_tokens=sum(openai.estimated_tokens(openai.text_of(message)) for message in body.messages),
            output_tokens=openai.estimated_tokens("".join(pieces)),
        )
        answer = LocalAnswer(model=f"{PROVIDER}/{EXTRACTIVE}", pieces=pieces, usage=usage)
        return reply_with(answer, request, body, self._clock)

    async def _embed(self, request: ModelRequest) -> LocalReply:
        embedder = await asyncio.to_thread(self._embedder)
        if embedder is None or embedder.id != f"{PROVIDER}/{request.model}":
            raise ModelNotFoundError(
                f"There is no embedder builtin/{request.model}.",
                hint="Install the built-in one with: lasttenth embedder install",
                parameter="model",
            )
        body = bodies.decode(request.body, openai.EmbeddingsBody)
        texts = [body.input] if isinstance(body.input, str) else body.input
        if not 1 <= len(texts) <= MAX_EMBEDDED_TEXTS:
            raise InvalidRequestError(f"input must hold 1 to {MAX_EMBEDDED_TEXTS} texts.", parameter="input")
        rows = await asyncio.to_thread(embedder.embed, texts)
        usage = Usage(input_tokens=sum(openai.estimated_tokens(text) for text in texts))
        vectors = _encoded(rows, body.encoding_format)
        return LocalReply(once(openai.embeddings(embedder.id, vectors, usage)), media_type=bodies.JSON)


class Prompt(NamedTuple):
    """What a conversation asks, and from what. `is_marked` where it came from a task, which wants each quote marked."""

    question: str
    passages: list[Passage]
    is_marked: bool


def read_prompt(texts: Sequence[str]) -> Prompt:
    """Return the question and the passages of a conversation.

    Documents are marked as the default program marks them: `<document id="1" name="…">` … `</document>`, and the
    question as `<question>` … `</question>`. In a conversation without such marks the last message is the question and
    everything before it is one document.
    """
    whole = "\n".join(texts)
    passages = [_passage(found) for found in _DOCUMENT.finditer(whole)]
    asked = _QUESTION.findall(_DOCUMENT.sub("", texts[-1]))
    if asked:
        return Prompt(asked[-1], passages, is_marked=True)
    if not passages and len(texts) > 1:
        passages = [Passage(document="conversation", text="\n\n".join(texts[:-1]))]
    return Prompt(_DOCUMENT.sub("", texts[-1]).strip(), passages, is_marked=False)


def _passage(found: re.Match[str]) -> Passage:
    section = html.unescape(found["section"] or "")
    return Passage(
        document=html.unescape(found["name"]),
        text=found["text"],
        headings=tuple(section.split(" > ")) if section else (),
    )


def _marked(extraction: Extraction) -> list[str]:
    """Return the answer in the form that the default program asks every model for: each sentence with its quote."""
    if not extraction.answered:
        return ["<declined/>"]
    return [
        f'{" ".join(one.text.split())} <quote document="{one.passage + 1}">{one.text}</quote>\n'
        for one in extraction.sentences
    ]


def _plain(extraction: Extraction) -> list[str]:
    if not extraction.answered:
        return ["The conversation does not answer this question."]
    return [" ".join(one.text.split()) + "\n" for one in extraction.sentences]


def _encoded(rows: NDArray[np.float32], encoding: str | None) -> list[object]:
    if encoding == "base64":
        return [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in rows]
    return [row.tolist() for row in rows]
