"""Rehearse failures before they happen: a model that is overloaded, and a stream that breaks.

Run it with: python examples/rehearse_failure.py
"""

import asyncio
import tempfile
from pathlib import Path

from lasttenth import App, LasttenthError

SETTINGS = """
scripts:
  moody:
    lines:
      - when: (?i)refund
        text: Refunds take 30 days.
      - status: 429
        retry_after: "2"
        text: Too many requests.
"""


async def main() -> None:
    """Ask a scripted model twice; the second time it refuses."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "lasttenth.yaml"
        configuration.write_text(SETTINGS, encoding="utf-8")
        async with App(Path(folder) / "data", configuration=configuration) as app:
            for question in ("How long does a refund take?", "And shipping?"):
                try:
                    answer = await app.chat("scripted/moody", [{"role": "user", "content": question}])
                    print(answer.text)
                except LasttenthError as error:
                    print(f"{error.code}: {error}")


if __name__ == "__main__":
    asyncio.run(main())
