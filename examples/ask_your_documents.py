"""Ask questions about a folder of documents, and show where each quote stands.

Run it with: python examples/ask_your_documents.py
"""

import tempfile
from pathlib import Path

from lasttenth import SyncApp

POLICIES = Path(__file__).parent / "policies"
QUESTIONS = ("Within how many days can I return a lamp?", "What is the capital of Peru?")


def main() -> None:
    """Index the policies and ask."""
    with tempfile.TemporaryDirectory() as folder, SyncApp(folder) as app:
        app.index([POLICIES])
        for question in QUESTIONS:
            answer = app.ask(question)
            print(f"? {question}\n{answer.text.strip()}")
            for number, citation in enumerate(answer.citations, 1):
                print(f"  [{number}] {Path(citation.document).name}:{citation.line}  {citation.quote}")


if __name__ == "__main__":
    main()
