"""How a conversation and a prompt go together: what is the question, and what stands before it and behind it."""

from typing import Any, NamedTuple

from lasttenth.models.openai import text_of
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.ports import TaskCall

Messages = tuple[dict[str, Any], ...]

_SPOKEN = frozenset({"user", "assistant", "tool"})


class Conversation(NamedTuple):
    """The question, which is the last user message, and what goes into the prompt before it and after it."""

    question: str
    before: Messages
    after: Messages = ()


def conversation_of(call: TaskCall, *, asks: bool) -> Conversation:
    """Return a conversation by its question; what comes after that are calls of tools and what they returned.

    Where neither the prompt nor an index asks for the question, the whole conversation goes in, which may be none.
    """
    spoken = tuple(message for message in call.messages if message.get("role") in _SPOKEN)
    if call.release.retrieval is None and not asks:
        return Conversation("", spoken)
    if not call.messages or call.messages[-1].get("role") not in {"user", "tool"}:
        raise InvalidRequestError(
            "The last message must be the user's question, or what a tool returned.",
            hint=f"The prompt of task {call.release.task} reads {{{{ question }}}}.",
            parameter="messages",
        )
    place = max((place for place, each in enumerate(spoken) if each["role"] == "user"), default=-1)
    question = text_of(spoken[place]).strip() if place >= 0 else ""
    if not question:
        raise InvalidRequestError("The question is empty.", parameter="messages")
    if asks:
        return Conversation(question, spoken[:place], spoken[place + 1 :])
    return Conversation(question, spoken)


def conversed(prompt: Messages, shown: Messages, history: Messages, *, asks: bool) -> Messages:
    """Return the prompt with its examples and the conversation before its last message, which asks, or else behind it."""
    if asks:
        return (*prompt[:-1], *shown, *history, prompt[-1])
    if prompt[-1]["role"] == "user":
        return (*prompt[:-1], *shown, prompt[-1], *history)
    return (*prompt, *shown, *history)


def last_said(call: TaskCall) -> str:
    """Return what the user said last, which the prompt need not read; pictures and the like say nothing."""
    said = next((each.get("content") for each in reversed(call.messages) if each["role"] == "user"), "")
    if not isinstance(said, list):
        return str(said or "")
    return "\n".join(str(part.get("text", "")) for part in said if isinstance(part, dict))
