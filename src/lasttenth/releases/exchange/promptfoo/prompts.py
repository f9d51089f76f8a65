"""The prompts of a promptfoo configuration: written in it, or in files that it names, as texts or as conversations."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lasttenth.records.errors import ConfigurationError
from lasttenth.releases.exchange.outcomes import Remarks
from lasttenth.releases.exchange.sources import text_of, values_of

TEXTS = frozenset({".txt", ".md", ".j2", ".jinja", ".jinja2", ".njk", ""})
CONVERSATIONS = frozenset({".json", ".yaml", ".yml"})
MOST_FILES = 1000
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_FILE = "file://"


class Prompt(NamedTuple):
    """A prompt, before it is looked at: where it stands, what it is called, its text and its own options."""

    source: str
    label: str
    text: str
    config: dict[str, Any]
    error: str = ""
    """Why it cannot be read."""


def prompts_of(listed: Any, folder: Path) -> Iterator[Prompt]:
    """Yield the prompts that a configuration lists; what cannot be read comes with an error."""
    many = listed if isinstance(listed, list) else [listed]
    for place, each in enumerate(many):
        source = f"prompts.{place}"
        entry = {"raw": each} if isinstance(each, str) else each
        if not isinstance(entry, dict):
            yield Prompt(source, "", "", {}, "It is neither a text nor an object.")
            continue
        raw, label, config = entry.get("raw", entry.get("id")), entry.get("label"), entry.get("config")
        if not isinstance(raw, str):
            yield Prompt(source, "", "", {}, "It has no text.")
            continue
        named = label if isinstance(label, str) else ""
        own = {**(config if isinstance(config, dict) else {}), **_others(entry)}
        yield from _read(Prompt(source, named, raw, own), folder)


def messages_of(text: str, remarks: Remarks, *, ending: str = "") -> list[dict[str, str]]:
    """Return the messages of a prompt: a conversation in JSON or YAML, else the text as one of the user.

    Raises:
        ConfigurationError: it is JSON after its variables are put in, and not before.
    """
    said = _conversation(text, ending)
    if said is None:
        return [{"role": "user", "text": text.strip()}]
    found = [_message(message, f"message {place + 1}", remarks) for place, message in enumerate(said)]
    return [message for message in found if message is not None]


def _others(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in {"raw", "id", "label", "config", "display"}}


def _read(prompt: Prompt, folder: Path) -> Iterator[Prompt]:
    """Yield the prompts of the files that a prompt names, else the prompt itself."""
    raw = prompt.text.strip()
    name = raw.removeprefix(_FILE)
    if not raw.startswith(_FILE) and not _looks_like_file(raw, folder):
        yield prompt._replace(text=raw, error="It is made by a program." if raw.startswith("exec:") else "")
        return
    files = _files(name, folder)
    if not files:
        yield prompt._replace(text="", error=f"There is no file {name}.")
    for file in files:
        source = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)
        yield from _of_file(prompt._replace(source=source), file)


def _looks_like_file(raw: str, folder: Path) -> bool:
    is_short = "\n" not in raw and len(raw) < 200
    return is_short and Path(raw).suffix in (TEXTS | CONVERSATIONS) - {""} and (folder / raw).is_file()


def _files(name: str, folder: Path) -> list[Path]:
    try:
        if "*" in name and not Path(name).is_absolute():
            return sorted(file for file in folder.glob(name) if file.is_file())[:MOST_FILES]
        return [folder / name] if (folder / name).is_file() else []
    except (OSError, ValueError, NotImplementedError):
        return []


def _of_file(prompt: Prompt, file: Path) -> Iterator[Prompt]:
    try:
        text = text_of(file)
    except ConfigurationError as error:
        yield prompt._replace(text="", error=error.message)
        return
    label = prompt.label or file.stem
    if file.suffix == ".csv":
        yield from _rows(prompt, text, label)
    elif file.suffix in CONVERSATIONS:
        yield prompt._replace(label=label, text=text)
    elif file.suffix in TEXTS:
        texts = _divided(text) if file.suffix == ".txt" else [text.strip()]
        names = [label] if len(texts) == 1 else [f"{label}-{number + 1}" for number in range(len(texts))]
        yield from (prompt._replace(label=name, text=each) for name, each in zip(names, texts, strict=True))
    else:
        yield prompt._replace(text="", error=f"Files that end in {file.suffix} are programs.")


def _rows(prompt: Prompt, text: str, label: str) -> Iterator[Prompt]:
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        yield prompt._replace(text="", error=f"It is no CSV: {error}.")
        return
    for number, row in enumerate(rows):
        yield prompt._replace(label=row.get("label") or f"{label}-{number + 1}", text=row.get("prompt") or "")


def _divided(text: str) -> list[str]:
    parts = [""]
    for line in text.splitlines():
        parts = [*parts, ""] if line.strip() == "---" else [*parts[:-1], f"{parts[-1]}{line}\n"]
    return [part.strip() for part in parts if part.strip()]


def _conversation(text: str, ending: str) -> list[Any] | None:
    start = text.strip()
    if ending == ".json" or start.startswith("["):
        try:
            said = json.loads(start)
        except (ValueError, RecursionError) as error:
            if ending != ".json":
                return None
            raise ConfigurationError(
                "It is JSON only once its variables are in it: write its messages as a list."
            ) from error
    elif ending in CONVERSATIONS or start.startswith("- role:"):
        said = values_of(start, source="The prompt")
    else:
        return None
    is_list = isinstance(said, list) and said and all(isinstance(each, dict) and "role" in each for each in said)
    return said if is_list else None


def _message(said: dict[str, Any], place: str, remarks: Remarks) -> dict[str, str] | None:
    role, text = ROLES.get(str(said["role"])), _text(said.get("content"))
    if role is None or text is None:
        remarks.lost(place, f"A message of {said['role']} that is not text alone has no like here; it was left out.")
        return None
    if said["role"] == "developer":
        remarks.note(place, "What the developer says is said by the system.")
    for name in said.keys() - {"role", "content"}:
        remarks.lost(f"{place}.{name}", "Nothing corresponds to it.")
    return {"role": role, "text": text.strip()}


def _text(content: Any) -> str | None:
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], dict):
        content = content[0].get("text")
    return content if isinstance(content, str) else None
