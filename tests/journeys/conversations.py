"""What the journeys of the OpenAI client say and look at."""

from typing import Any

import msgspec

from lasttenth.testing import RunningServer

POLICY = """# Refunds

You can return any lamp within 30 days of delivery and get the full price back.

# Shipping

Standard shipping to Switzerland costs 14.90 EUR.
"""
REFUNDS = "Within how many days of delivery can I return a lamp?"
HELLO: Any = [{"role": "user", "content": "Hello."}]


def asked(question: str) -> Any:
    return [{"role": "user", "content": question}]


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def annotations_of(message: Any) -> list[Any]:
    return msgspec.convert(message.to_dict(), dict[str, Any]).get("annotations") or []


def spans_of(server: RunningServer, trace_id: str) -> list[Any]:
    answer = server.request("GET", f"/api/traces/{trace_id}")
    return list(answer.json()) if answer.status == 200 else []
