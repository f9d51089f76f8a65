"""The extractive model as it is called without a task: plain sentences, or a plain no."""

import asyncio

import msgspec

from lasttenth.models.port import ModelRequest
from lasttenth.models.providers.builtin import BuiltinProvider
from lasttenth.testing import FixedClock


def said(*messages: str) -> str:
    """Return what the model says to messages."""
    content = [{"role": "user", "content": message} for message in messages]
    body = msgspec.json.encode({"model": "extractive", "messages": content})

    async def call() -> bytes:
        provider = BuiltinProvider(lambda: None, FixedClock())
        reply = await provider.call(ModelRequest(operation="chat", model="extractive", body=body))
        return b"".join([chunk async for chunk in reply.chunks()])

    text: str = msgspec.json.decode(asyncio.run(call()))["choices"][0]["message"]["content"]
    return text


def test_answer_is_the_sentence_without_marks() -> None:
    document = "The warehouse ships on weekdays. Parcels leave before noon."

    assert said(document, "When do parcels leave?") == "Parcels leave before noon.\n"


def test_what_is_not_answered_is_said_in_words() -> None:
    assert said("Parcels leave before noon.", "Who won in 1998?") == "The conversation does not answer this question."
