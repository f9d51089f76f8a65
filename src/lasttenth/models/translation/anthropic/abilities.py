"""What models of Anthropic's protocol know, by their generation, and what may be asked of them: thought, and how words
are drawn."""

import re

import msgspec

from lasttenth.models.translation.given import said
from lasttenth.models.translation.neutral import (
    GEMINI,
    SEALED,
    Asked,
    Effort,
    Lost,
    Thinking,
    ToolUse,
    Tree,
    Wishes,
)

_GENERATION = re.compile(r"claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)")
_BUDGETS: dict[Effort, int] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 32768,
    "max": 32768,
}
"""Tokens of thought that stand for an effort, for models that know no other measure."""
_LEAST_BUDGET = 1024
EFFORTS: dict[Effort, str] = {each: each for each in ("low", "medium", "high", "xhigh", "max")} | {"minimal": "low"}


class Abilities(msgspec.Struct, frozen=True):
    """What a model of this protocol knows, by its generation. Models of unknown names are taken for new ones.

    Sources: Anthropic's migration guide (4.7: no sampling parameters, no budgets of thought), "Adaptive thinking"
    (from 4.6), "Mid-conversation system messages" (from 4.8).
    """

    samples: bool
    adapts: bool
    hears_system: bool


def abilities_of(model: str) -> Abilities:
    """Return what a model knows."""
    found = _GENERATION.search(model)
    generation = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    return Abilities(samples=generation < (4, 7), adapts=generation >= (4, 6), hears_system=generation >= (4, 8))


def sampling(wishes: Wishes, knows: Abilities, *, thinks: bool, lost: Lost) -> Tree:
    """Return how words are drawn: not at all for new models, and not while one thinks."""
    wanted = said({"temperature": wishes.temperature, "top_p": wishes.top_p, "top_k": wishes.top_k})
    if not knows.samples or thinks:
        lost.add(*wanted)
        return {}
    if wanted.get("temperature", 0.0) > 1.0:
        lost.add("temperature")  # it ends at 1 here
        wanted["temperature"] = 1.0
    return wanted


def is_anthropics(thought: Thinking) -> bool:
    """Tell whether Anthropic may have signed a thought: its servers refuse all other."""
    return bool(thought.proof) and not thought.proof.startswith((SEALED, GEMINI))


def thinking_of(asked: Asked, knows: Abilities, lost: Lost) -> tuple[Tree | None, int]:
    """Return the wish for thought, and the tokens that are set aside for it."""
    wishes = asked.wishes
    if wishes.thinking_tokens == 0 or wishes.effort == "none":
        return {"type": "disabled"}, 0
    if wishes.effort is None and wishes.thinking_tokens is None:
        return None, 0
    if wishes.choice is not None and wishes.choice.mode in {"any", "one"}:
        lost.add("reasoning_effort")  # who must call a tool may not think first
        return None, 0
    if knows.adapts:
        return {"type": "adaptive"}, 0
    budget = max(wishes.thinking_tokens or _BUDGETS[wishes.effort or "medium"], _LEAST_BUDGET)
    if wishes.max_tokens is not None:
        budget = min(budget, wishes.max_tokens - 1)
    if budget < _LEAST_BUDGET or not _begins_with_thought(asked):
        lost.add("reasoning_effort")
        return None, 0
    return {"type": "enabled", "budget_tokens": budget}, budget


def _begins_with_thought(asked: Asked) -> bool:
    """Tell whether the last answer may be thought on: one with calls of tools has to begin with its own thought
    ("Extended thinking", Preserving thinking blocks; models that adapt do not want it).
    """
    last = next((turn.parts for turn in reversed(asked.turns) if turn.role == "assistant"), ())
    calls = any(isinstance(part, ToolUse) for part in last)
    return not calls or (isinstance(last[0], Thinking) and is_anthropics(last[0]))
