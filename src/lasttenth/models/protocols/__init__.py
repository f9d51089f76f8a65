"""The wire protocols that Lasttenth speaks, each one object."""

from lasttenth.models.protocols.anthropic import ANTHROPIC
from lasttenth.models.protocols.gemini import GEMINI
from lasttenth.models.protocols.openai import OPENAI
from lasttenth.models.protocols.responses import RESPONSES
from lasttenth.models.protocols.spoken import PROTOCOLS
from lasttenth.models.protocols.wire import Head, Reading, Said, WireProtocol

__all__ = ["ANTHROPIC", "GEMINI", "OPENAI", "PROTOCOLS", "RESPONSES", "Head", "Reading", "Said", "WireProtocol"]
