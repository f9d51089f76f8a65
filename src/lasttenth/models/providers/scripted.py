"""`scripted/…`: a model that says what its script says, with the delays and failures that the script asks for.

It is made for tests, demonstrations and rehearsals of failure; it never pretends to understand.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping

import msgspec

from lasttenth.models import openai
from lasttenth.models.local import LocalReply, once
from lasttenth.models.port import ModelInfo, ModelRequest
from lasttenth.records.errors import InvalidRequestError, ModelNotFoundError, UpstreamError
from lasttenth.records.ids import Clock
from lasttenth.records.usage import Usage

ECHO = "echo"
_PIECE = re.compile(r"\S+\s*|\s+")


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reply of a script. The first line whose pattern is found in the last user message is taken.

    Delays are in seconds: before the first piece, and between pieces of a stream.
    """

    when: str = ""
    """A regular expression; empty matches everything."""
    text: str = ""
    """`{input}` stands for the last user message."""
    first_delay: float = 0.0
    delay: float = 0.0
    status: int = 200
    """From 400 on, the reply is an error with this HTTP status and the text as its message."""
    retry_after: str = ""
    breaks_after: int | None = None
    """Break the connection after this many pieces of a stream."""
    usage: Usage | None = None
    """Token counts to report; counted from the texts where none are given."""
    finish_reason: str = "stop"

    def __post_init__(self) -> None:
        try:
            re.compile(self.when)
        except re.error as error:
            raise ValueError(f"{self.when} is no regular expression: {error}") from error


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lines of one scripted model, tried in order."""

    lines: tuple[Line, ...]


class ScriptedProvider:
    """Serve scripts by name, and `scripted/echo`, which repeats the last user message."""

    def __init__(self, scripts: Mapping[str, Script], clock: Clock) -> None:
        self._scripts = {ECHO: Script(lines=(Line(text="{input}"),)), **scripts}
        self._clock = clock

    async def call(self, request: ModelRequest) -> LocalReply:
        """Answer as the script says. Raises ModelNotFoundError, InvalidRequestError."""
        script = self._scripts.get(request.model)
        if script is None:
            raise ModelNotFoundError(
                f"There is no script {request.model}.", hint=f"Known scripts: {', '.join(sorted(self._scripts))}."
            )
        if request.operation != "chat":
            raise InvalidRequestError(f"scripted/{request.model} only chats.", parameter="model")
        body = openai.decode(request.body, openai.ChatBody)
        prompt = _last_user_text(body)
        line = next((line for line in script.lines if re.search(line.when, prompt)), None)
        if line is None:
            raise InvalidRequestError(f"No line of script {request.model} matches the message.", parameter="messages")
        await asyncio.sleep(line.first_delay)
        if line.status >= 400:
            error = {"message": line.text, "type": "scripted_error", "param": None, "code": None}
            failure = msgspec.json.encode({"error": error})
            return LocalReply(once(failure), media_type=openai.JSON, status=line.status, retry_after=line.retry_after)
        return self._speak(line, request, body)

    async def models(self) -> list[ModelInfo]:
        """Return the scripts by name."""
        return [
            ModelInfo(name=f"scripted/{name}", provider="scripted", operations=("chat",))
            for name in sorted(self._scripts)
        ]

    async def close(self) -> None:
        """There is nothing to release."""

    def _speak(self, line: Line, request: ModelRequest, body: openai.ChatBody) -> LocalReply:
        prompt = _last_user_text(body)
        text = line.text.replace("{input}", prompt)
        sent = "".join(openai.text_of(message) for message in body.messages)
        counted = Usage(input_tokens=openai.estimated_tokens(sent), output_tokens=openai.estimated_tokens(text))
        usage = line.usage or counted
        head = openai.ReplyHead(
            id=f"chatcmpl-{self._clock.now():x}", created=self._clock.now() // 10**9, model=f"scripted/{request.model}"
        )
        if not request.stream:
            whole = openai.completion(head, text, usage=usage, reason=line.finish_reason)
            return LocalReply(once(whole), media_type=openai.JSON)
        end = [openai.delta(head, {}, reason=line.finish_reason)]
        if body.wants_usage:
            end.append(openai.final_usage(head, usage))
        return LocalReply(_stream(line, head, text, end), media_type=openai.EVENT_STREAM)


async def _stream(line: Line, head: openai.ReplyHead, text: str, end: list[bytes]) -> AsyncIterator[bytes]:
    yield openai.delta(head, {"role": "assistant", "content": ""})
    for number, piece in enumerate(_PIECE.findall(text)):
        if number == line.breaks_after:
            raise UpstreamError("The script broke the connection.", hint="This failure was asked for.")
        if number:
            await asyncio.sleep(line.delay)
        yield openai.delta(head, {"content": piece})
    for event in end:
        yield event
    yield openai.DONE


def _last_user_text(body: openai.ChatBody) -> str:
    for message in reversed(body.messages):
        if message.get("role") == "user":
            return openai.text_of(message)
    return ""
