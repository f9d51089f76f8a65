"""Write what is known of models beside their prices, from the data of a release of LiteLLM.

    python -m scripts.compile_facts litellm-1.109.1-….whl 2026-11-20 src/lasttenth/models/facts.json

The date is that of the release. The wheel is read as the archive that it is, and nothing of it is installed or run. Kept
are the models of providers whose names are ours: how much they read and write, in which forms, and when they retire.
"""

import datetime as dt
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import msgspec

from lasttenth.models.facts import FORMS, FactSheet, ModelFacts

PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "perplexity": "perplexity",
    "together_ai": "together",
    "xai": "x-ai",
}
"""Their name of a provider, and that of our price list."""
DATA = "litellm/model_prices_and_context_window_backup.json"
_WHEEL = re.compile(r"litellm-([^-]+)-")
_READS = {"supports_vision": "image", "supports_audio_input": "audio", "supports_pdf_input": "document"}
_WRITES = {"image_generation": "image", "audio_speech": "audio", "embedding": "embedding", "video_generation": "video"}


def main() -> None:
    """Write the sheet, one provider a line, so that a difference can be read."""
    wheel, date, target = sys.argv[1:]
    found = _WHEEL.match(Path(wheel).name)
    with zipfile.ZipFile(wheel) as archive:
        data = msgspec.json.decode(archive.read(DATA), type=dict[str, dict[str, Any]])
        notice = next(name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
        licence = archive.read(notice).decode()
    models: dict[str, dict[str, ModelFacts]] = {}
    for name, said in sorted(data.items()):
        provider = PROVIDERS.get(str(said.get("litellm_provider")))
        if provider is not None:
            models.setdefault(provider, {})[_name(name, str(said["litellm_provider"]))] = _facts(said)
    sheet = FactSheet(
        source="litellm",
        version=found[1] if found else "",
        date=dt.date.fromisoformat(date),
        licence=licence,
        models={},
    )
    head = msgspec.json.encode(sheet).decode().removesuffix('"models":{}}')
    lines = ",\n".join(
        f"{msgspec.json.encode(name).decode()}:{msgspec.json.encode(each).decode()}" for name, each in models.items()
    )
    Path(target).write_text(f'{head}"models":{{\n{lines}\n}}}}\n', encoding="utf-8")


def _name(name: str, provider: str) -> str:
    """Return a model's name without its provider's, in lower case."""
    return name.lower().removeprefix(f"{provider}/")


def _facts(said: dict[str, Any]) -> ModelFacts:
    listed = [str(form) for form in said.get("supported_modalities") or ()]
    reads = ["text", *listed, *(form for key, form in _READS.items() if said.get(key))]
    mode = str(said.get("mode"))
    writes = [str(form) for form in said.get("supported_output_modalities") or ()] or [_WRITES.get(mode, "text")]
    return ModelFacts(
        context=_number(said.get("max_input_tokens")),
        output=_number(said.get("max_output_tokens")),
        reads=tuple(form for form in FORMS if form in reads),
        writes=tuple(form for form in FORMS if form in writes),
        retires=_day(said.get("deprecation_date")),
    )


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value > 0 else None


def _day(value: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None


if __name__ == "__main__":
    main()
