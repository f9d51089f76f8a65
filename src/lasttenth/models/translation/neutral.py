"""What is asked and answered, in no protocol's words: all that two of them can both say has a place here.

A translation reads one protocol into these and writes another from them. What finds no place is named in `Lost`, by where
it stood.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from lasttenth.models.bodies import UNREADABLE
from lasttenth.records.errors import InvalidRequestError
from lasttenth.records.usage import Usage

Tree = dict[str, Any]
"""A JSON object."""

Role = Literal["user", "assistant", "system"]
"""Instructions stand before all turns; those that come in between are turns of their own."""
MediaKind = Literal["image", "audio", "document"]
Reason = Literal["stop", "stop_sequence", "length", "tool_use", "refused", "paused"]
"""Why an answer ended. `paused` is an answer that is to be continued by asking again."""
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


_EFFORTS: tuple[tuple[int, Effort], ...] = ((0, "none"), (2048, "low"), (8192, "medium"))
"""So many tokens of thought are at most such an effort; more are `high`."""
FOREIGN = "gemini:"
"""What hidden thought begins with that is another provider's signature of the call of a tool behind it."""
SEALED, GEMINI, CLAUDE = "openaisealed", "geminisealed", "claudesealed"
"""What a signature or hidden thought begins with that OpenAI, Gemini or Anthropic has sealed, and opens alone. It is
base64, as all signatures are: Gemini's clients decode them. Here Anthropic's have no mark, as in most protocols.
"""


class Lost:
    """What a translation could not carry: the places, each once, in the order of their loss."""

    def __init__(self) -> None:
        self._places: dict[str, None] = {}

    def __iter__(self) -> Iterator[str]:
        """Return the places."""
        return iter(self._places)

    def __bool__(self) -> bool:
        """Tell whether anything was lost."""
        return bool(self._places)

    def add(self, *places: str) -> None:
        """Take note of places whose content is not carried."""
        self._places.update(dict.fromkeys(places))


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """What a text rests on: a page by its address, or a passage of a document, by characters.

    `at` is where in the text of the answer it is referred to, in characters, None where it is all of its text block.
    """

    quote: str = ""
    title: str = ""
    url: str = ""
    document: str = ""
    start: int = 0
    end: int = 0
    at: int | None = None


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """Words. `cache` marks that the prompt up to here is to be kept in the provider's prompt cache."""

    text: str
    citations: tuple[Citation, ...] = ()
    cache: Tree | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What is said in the place of an answer."""

    text: str


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """An image, a sound or a document: as base64, by its address, or by the name that the provider gave a file."""

    kind: MediaKind
    media_type: str = ""
    data: str = ""
    url: str = ""
    file: str = ""
    name: str = ""
    detail: str = ""
    cache: Tree | None = None


class Thinking(msgspec.Struct, frozen=True, kw_only=True):
    """What a model thought. A `signature` proves to its provider that it did; `hidden` is thought that nobody else reads."""

    text: str = ""
    signature: str = ""
    hidden: str = ""

    @property
    def proof(self) -> str:
        """Return what its provider knows it by, empty where there is no such thing."""
        return self.hidden or self.signature


class ToolUse(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool that the caller is to make. `arguments` is JSON, as the model wrote it."""

    id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str = ""
    cache: Tree | None = None


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool said."""

    id: str
    parts: tuple[Text | Media, ...]
    is_error: bool = False
    cache: Tree | None = None


Part = Text | Refusal | Media | Thinking | ToolUse | ToolResult


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one side says before the other one speaks."""

    role: Role
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the caller offers; `schema` is the JSON Schema of its arguments."""

    name: str
    description: str = ""
    schema: Tree = {}
    strict: bool = False
    cache: Tree | None = None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Whether tools are called: as the model likes, at least one, this one, or none."""

    mode: Literal["auto", "any", "one", "none"]
    name: str = ""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer is to be: JSON, and where there is a schema, JSON that fits it."""

    schema: Tree | None = None
    name: str = ""
    strict: bool = False


class Wishes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the answer is to be made; what is None is left to the model."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    choice: Choice | None = None
    one_tool_at_a_time: bool = False
    shape: Shape | None = None
    effort: Effort | None = None
    thinking_tokens: int | None = None
    """The most that may be thought; 0 is a wish for no thinking."""
    user: str | None = None
    answers: int | None = None
    """How many answers are wanted, None for one."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request."""

    system: tuple[Text, ...] = ()
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    wishes: Wishes = Wishes()


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer as it comes: pieces of the same number belong to the same part, and their texts add up."""

    number: int
    part: Text | Refusal | Thinking | ToolUse
    answer: int = 0
    """Which of several answers it belongs to."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """An answer has begun; `created` is in Unix seconds."""

    id: str = ""
    model: str = ""
    created: int = 0


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """An answer has ended; `sequence` is the one that stopped it."""

    reason: Reason
    sequence: str = ""
    answer: int = 0


class Consumed(msgspec.Struct, frozen=True, kw_only=True):
    """What was consumed until now; a later report replaces an earlier one."""

    usage: Usage


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What is being done before the answer comes."""

    said: Tree


class Over(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing more comes."""


Event = Begun | Piece | Stopped | Consumed | Status | Over
"""What a reply consists of, whether it comes as a whole or as a stream."""


def joined(first: Part, second: Part) -> Part:
    """Return two pieces of one part as one piece."""
    match first, second:
        case Text(), Text():
            return Text(text=first.text + second.text, citations=first.citations + second.citations)
        case Refusal(), Refusal():
            return Refusal(text=first.text + second.text)
        case Thinking(), Thinking():
            return Thinking(
                text=first.text + second.text,
                signature=first.signature + second.signature,
                hidden=first.hidden + second.hidden,
            )
        case ToolUse(), ToolUse():
            return msgspec.structs.replace(
                first, arguments=first.arguments + second.arguments, signature=first.signature or second.signature
            )
    return second


def in_turns(spoken: Iterable[tuple[Role, Iterable[Part]]]) -> tuple[tuple[Text, ...], tuple[Turn, ...]]:
    """Return the instructions, and who says what: what one side says without a break is one turn."""
    system: list[Text] = []
    turns: list[tuple[Role, list[Part]]] = []
    for side, parts in spoken:
        if side == "system" and not turns:
            system += [part for part in parts if isinstance(part, Text)]
        elif turns and turns[-1][0] == side:
            turns[-1][1].extend(parts)
        else:
            turns.append((side, list(parts)))
    return tuple(system), tuple(Turn(role=role, parts=tuple(parts)) for role, parts in turns if parts)


def arguments_of(use: ToolUse) -> Tree:
    """Return the arguments of a call of a tool. Raises InvalidRequestError where they are no JSON object."""
    try:
        return msgspec.json.decode(use.arguments or "{}", type=Tree)
    except UNREADABLE as error:
        raise InvalidRequestError(
            f"The arguments of {use.name} are no JSON object: {error}.", parameter="tool_calls"
        ) from error


def effort_of(tokens: int | None) -> Effort | None:
    """Return the effort that comes nearest to so many tokens of thought, None where they are not bounded."""
    if tokens is None:
        return None
    return next((effort for most, effort in _EFFORTS if tokens <= most), "high")
