"""`scripted/…`: a model that says what its script says, with the delays and failures that the script asks for.

It is made for tests, demonstrations and rehearsals of failure; it never pretends to understand.
"""

import asyncio
import re
from collections.abc import Mapping

import msgspec

from lasttenth.models import bodies, openai
from lasttenth.models.local import LocalAnswer, LocalReply, once, reply_with
from lasttenth.models.port import ModelInfo, ModelRequest, ProtocolName
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

    async def pause(self, number: int) -> None:
        """Wait before a piece of a stream. Raises UpstreamError where the connection is to break."""
        if number == self.breaks_after:
            raise UpstreamError("The script broke the connection.", hint="This failure was asked for.")
        if number:
            await asyncio.sleep(self.delay)


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lines of one scripted model, tried in order."""

    lines: tuple[Line, ...]


class ScriptedProvider:
    """Serve scripts by name, and `scripted/echo`, which repeats the last user message."""

    protocols: tuple[ProtocolName, ...] = ("openai",)

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
        body = bodies.decode(request.body, openai.ChatBody)
        prompt = _last_user_text(body)
        line = next((line for line in script.lines if re.search(line.when, prompt)), None)
        if line is None:
            raise InvalidRequestError(f"No line of script {request.model} matches the message.", parameter="messages")
        await asyncio.sleep(line.first_delay)
        if line.status >= 400:
            error = {"message": line.text, "type": "scripted_error", "param": None, "code": None}
            failure = msgspec.json.encode({"error": error})
            return LocalReply(once(failure), media_type=bodies.JSON, status=line.status, retry_after=line.retry_after)
        text = line.text.replace("{input}", prompt)
        answer = LocalAnswer(
            model=f"scripted/{request.model}",
            pieces=_PIECE.findall(text),
            usage=line.usage or _counted(body, text),
            reason=line.finish_reason,
            pause=line.pause,
        )
        return reply_with(answer, request, body, self._clock)

    async def models(self) -> list[ModelInfo]:
        """Return the scripts by name."""
        return [
            ModelInfo(name=f"scripted/{name}", provider="scripted", operations=("chat",))
            for name in sorted(self._scripts)
        ]

    async def close(self) -> None:
        """There is nothing to release."""


def _counted(body: openai.ChatBody, text: str) -> Usage:
    sent = "".join(openai.text_of(message) for message in body.messages)
    return Usage(input_tokens=openai.estimated_tokens(sent), output_tokens=openai.estimated_tokens(text))


def _last_user_text(body: openai.ChatBody) -> str:
    for message in reversed(body.messages):
        if message.get("role") == "user":
            return openai.text_of(message)
    return ""
