"""What `encrypted_content` holds: a thought that OpenAI has sealed, or what another provider knows its thought by."""

from lasttenth.models.translation.neutral import SEALED, Thinking

SIGNED, HIDDEN = "lasttenth:signed:", "lasttenth:hidden:"
"""What it begins with where another provider has signed a thought, or hidden it."""


def sealed(thought: Thinking) -> str:
    """Return what `encrypted_content` says of a thought, empty where its provider knows it by nothing."""
    if thought.proof.startswith(SEALED):
        return thought.proof.removeprefix(SEALED)
    if thought.hidden:
        return HIDDEN + thought.hidden
    return SIGNED + thought.signature if thought.signature else ""


def unsealed(text: str, encrypted: str) -> Thinking:
    """Return a thought of which a text can be read, with what its provider knows it by."""
    if encrypted.startswith(SIGNED):
        return Thinking(text=text, signature=encrypted.removeprefix(SIGNED))
    if encrypted.startswith(HIDDEN):
        return Thinking(text=text, hidden=encrypted.removeprefix(HIDDEN))
    if not encrypted:
        return Thinking(text=text)
    return Thinking(text=text, signature=SEALED + encrypted) if text else Thinking(hidden=SEALED + encrypted)
