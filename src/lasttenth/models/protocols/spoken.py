"""Which protocols are spoken, by name."""

from collections.abc import Mapping

from lasttenth.models.port import ProtocolName
from lasttenth.models.protocols.anthropic import ANTHROPIC
from lasttenth.models.protocols.gemini import GEMINI
from lasttenth.models.protocols.openai import OPENAI
from lasttenth.models.protocols.responses import RESPONSES
from lasttenth.models.protocols.wire import WireProtocol

PROTOCOLS: Mapping[ProtocolName, WireProtocol] = {
    "openai": OPENAI,
    "responses": RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
}
