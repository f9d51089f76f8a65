"""Templates: Jinja2 in its sandbox, where an undefined variable is an error and material cannot close its own tags."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from jinja2 import (
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
    meta,
    nodes,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lasttenth.records.definitions import Message, Release
from lasttenth.records.errors import ConfigurationError, InvalidRequestError

QUESTION, PASSAGES = "question", "passages"
GIVEN = frozenset({QUESTION, PASSAGES})
"""Variables of a prompt that come from the conversation and from the index, and never from the caller's own."""

MARKS = frozenset({"attribute", "material"})
"""Filters that Jinja has not: they keep a text of others from passing for a part of the prompt."""

MOST_STEPS = 100_000
"""Steps of all ranges that one message uses."""
_PLAIN = Message(role="user", text="{{ question }}")
_TAG = re.compile(r"<(?=/?\s*(?:document|question|quote|declined)\b)", re.IGNORECASE)


def render(release: Release, variables: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the release's messages in OpenAI's shape.

    Raises:
        InvalidRequestError: a variable is missing.
        ConfigurationError: a template does not render.
    """
    return tuple(_rendered(release, message, variables) for message in release.messages)


def examples(release: Release, shown: Collection[int] | None = None) -> tuple[dict[str, Any], ...]:
    """Return a release's examples as a conversation: the last user message with the input of each, and its output.

    Where the prompt does not end with the user, the user says what the input names `question`.

    Args:
        release: whose they are.
        shown: the places of those that are wanted; None wants all.
    """
    asking = release.messages[-1] if release.messages[-1].role == "user" else _PLAIN
    turns = (
        (
            _rendered(release, asking, {QUESTION: "", PASSAGES: [], **example.input}),
            {"role": "assistant", "content": example.output},
        )
        for place, example in enumerate(release.examples)
        if shown is None or place in shown
    )
    return tuple(message for turn in turns for message in turn)


def _rendered(release: Release, message: Message, variables: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"role": message.role, "content": _template(message.text).render(variables, range=_BoundedRange())}
    except UndefinedError as error:
        raise InvalidRequestError(
            f"A prompt of task {release.task} needs what the call does not give: {error}.",
            hint="Give it in metadata.lasttenth_variables, or on the command line with --variable.",
            parameter="variables",
        ) from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise InvalidRequestError(
            f"A prompt of task {release.task} cannot use what the call gives: {error}.",
            hint="Look at what the template does with its variables.",
            parameter="variables",
        ) from error
    except TemplateError as error:
        raise ConfigurationError(f"A prompt of task {release.task} does not render: {error}.") from error


def variables_of(release: Release) -> frozenset[str]:
    """Return the names of the variables that a release's templates read. Raises ConfigurationError."""
    try:
        return frozenset().union(*(_names(message.text) for message in release.messages))
    except TemplateSyntaxError as error:
        raise ConfigurationError(
            f"A prompt of task {release.task} cannot be read, line {error.lineno}: {str(error.message).rstrip('.')}."
        ) from error
    except TemplateError as error:
        raise ConfigurationError(f"A prompt of task {release.task} cannot be read: {error}.") from error


def parsed(text: str) -> nodes.Template:
    """Return a template's tree. Raises jinja2.TemplateError."""
    return _environment().parse(text)


def compiled(text: str) -> Template:
    """Return a template that knows its filters and tests, which `parsed` does not ask for. Raises jinja2.TemplateError."""
    return _template(text)


def material(text: str) -> str:
    """Return a document's text with a blank behind every `<` that would open or close one of the prompt's own tags."""
    return _TAG.sub("< ", text)


def attribute(text: str) -> str:
    """Return a text that may stand between double quotes in a tag."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("\n", " ")


class _BoundedRange:
    """A `range` of which all that one rendering uses together is bounded: loops within loops end in time."""

    def __init__(self) -> None:
        self._left = MOST_STEPS

    def __call__(self, *bounds: int) -> range:
        """Return a range. Raises OverflowError."""
        found = range(*bounds)
        self._left -= len(found)
        if self._left < 0:
            raise OverflowError(f"its ranges have more than {MOST_STEPS:,} steps together")
        return found


@lru_cache(maxsize=256)
def _template(text: str) -> Template:
    return _environment().from_string(text)


@lru_cache(maxsize=256)
def _names(text: str) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(parsed(text)))


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    # Prompts are text for a model, not HTML: nothing is escaped except by the filters that a template names.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, loader=FunctionLoader(_nothing)
    )
    environment.filters["material"] = material
    environment.filters["attribute"] = attribute
    return environment


def _nothing(_name: str) -> None:
    """Load no other template: a release is all there is."""
