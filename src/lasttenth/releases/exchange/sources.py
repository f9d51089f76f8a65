"""Files of other tools: read as text, and as plain JSON values where they are YAML."""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from lasttenth.records.errors import ConfigurationError

MOST_CHARACTERS = 2**18
"""How long a file of prompts may be."""


def text_of(path: Path) -> str:
    """Return a file's text, with "\\n" as its line breaks. Raises ConfigurationError."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except FileNotFoundError as error:
        raise ConfigurationError(f"There is no file {path}.", hint="Check how its name is written.") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.", hint="It must be text in UTF-8.") from error
    if len(text) > MOST_CHARACTERS:
        raise ConfigurationError(f"{path} has more than {MOST_CHARACTERS:,} characters.", hint="Divide it.")
    return text


def values_of(text: str, *, source: str, line: int = 1) -> Any:
    """Return what YAML says, as JSON would say it: dates are texts, keys are texts. Raises ConfigurationError.

    Args:
        text: the YAML.
        source: names it in errors.
        line: in which line of the source it begins.
    """
    try:
        return msgspec.json.decode(msgspec.json.encode(yaml.safe_load(text)))
    except yaml.MarkedYAMLError as error:
        found = line + (error.problem_mark.line if error.problem_mark is not None else 0)
        raise ConfigurationError(f"{source} is not YAML that can be read, line {found}: {error.problem}.") from error
    except (yaml.YAMLError, msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise ConfigurationError(f"{source} is not YAML that can be read: {said}.") from error


def object_of(value: Any) -> dict[str, Any]:
    """Return a value that is an object, and an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def yaml_of(values: dict[str, Any]) -> str:
    """Return values as YAML."""
    return yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=100)
