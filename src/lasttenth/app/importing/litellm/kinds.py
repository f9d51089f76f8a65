"""The providers of LiteLLM that can be called from here: where each is reached, and which variable has its key.

Source: https://docs.litellm.ai/docs/providers, one page for each provider.
"""

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """A provider as LiteLLM knows it."""

    base_url: str = ""
    """Where it is reached when nothing else is said; empty where that must be said."""
    variable: str = ""
    """The environment variable that has its key when nothing else is said."""
    suffix: str = ""
    """What LiteLLM adds to its address by itself."""
    prefix: str = ""
    """What LiteLLM adds to the names of its models by itself."""


OPENAI = "openai"
AZURE = "azure"
KINDS = {
    OPENAI: Kind("https://api.openai.com/v1", "OPENAI_API_KEY"),
    AZURE: Kind("", "AZURE_API_KEY", suffix="/openai/v1"),
    "cerebras": Kind("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "custom_openai": Kind(),
    "deepinfra": Kind("https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
    "deepseek": Kind("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks_ai": Kind(
        "https://api.fireworks.ai/inference/v1", "FIREWORKS_AI_API_KEY", prefix="accounts/fireworks/models/"
    ),
    "groq": Kind("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "hosted_vllm": Kind("", "HOSTED_VLLM_API_KEY"),
    "litellm_proxy": Kind("", "LITELLM_PROXY_API_KEY"),
    "llamafile": Kind("http://127.0.0.1:8080/v1"),
    "lm_studio": Kind("", "LM_STUDIO_API_KEY"),
    "mistral": Kind("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "moonshot": Kind("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
    "novita": Kind("https://api.novita.ai/v3/openai", "NOVITA_API_KEY"),
    "nvidia_nim": Kind("https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY"),
    "ollama": Kind("http://127.0.0.1:11434", suffix="/v1"),
    "ollama_chat": Kind("http://127.0.0.1:11434", suffix="/v1"),
    "openai_like": Kind("", "OPENAI_LIKE_API_KEY"),
    "openrouter": Kind("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "perplexity": Kind("https://api.perplexity.ai", "PERPLEXITYAI_API_KEY"),
    "sambanova": Kind("https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
    "together_ai": Kind("https://api.together.xyz/v1", "TOGETHERAI_API_KEY"),
    "xai": Kind("https://api.x.ai/v1", "XAI_API_KEY"),
    "xinference": Kind("http://127.0.0.1:9997/v1"),
}
NAMES = {"custom_openai": "server", "ollama_chat": "ollama", "openai_like": "server"}
"""What a provider is called here, where that is not its name with dashes."""
_BARE = (
    (re.compile(r"gpt-|chatgpt-|o\d|text-embedding-|ft:|\*$"), OPENAI),
    (re.compile(r"claude"), "anthropic"),
    (re.compile(r"gemini"), "gemini"),
    (re.compile(r"command|embed-"), "cohere"),
)
"""Whose models names without a provider are."""
_HINTS = ("o_series/", "gpt5_series/")
"""What may stand before the name of a deployment of Azure, and is no part of it."""


class Named(NamedTuple):
    """A model as its provider knows it; without a kind nobody knows whose it is."""

    kind: str
    model: str


def named(model: str, provider: str = "") -> Named:
    """Return whose model a name means.

    Args:
        model: as in `openai/gpt-4o`, or without a provider.
        provider: said beside the name; it goes before what the name says.
    """
    first, slash, rest = model.partition("/")
    if provider and first != provider:
        return Named(provider, model)
    if not slash:
        return Named(next((kind for pattern, kind in _BARE if pattern.match(model)), ""), model)
    hint = next((hint for hint in _HINTS if first == AZURE and rest.startswith(hint)), "")
    return Named(first, rest.removeprefix(hint))
