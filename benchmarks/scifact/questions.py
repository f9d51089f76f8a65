"""Questions over three small Markdown documents, as people ask products: what SciFact's claims do not look like.

They serve only to fit the answerability model, together with the train claims. Each answerable question names a text
that the evidence contains; the unanswerable ones are partly close to the documents and partly far from them.
"""

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from lasttenth.models.extractive import Passage

FOLDER = Path(__file__).resolve().parent / "questions"

ANSWERABLE = (
    ("When is the library open on Saturday?", "10:00 to 16:00"),
    ("Is the library open on Sundays?", "closed on Sundays"),
    ("How much does a library card cost?", "18 EUR"),
    ("Do students pay for membership?", "students under 27"),
    ("What do I need to register?", "identity card"),
    ("How long can I borrow a book?", "four weeks"),
    ("How often can a loan be extended?", "twice"),
    ("How many items can I have at the same time?", "40 items"),
    ("What is the fee for late items?", "0.50 EUR"),
    ("What happens if I lose a book?", "Lost items"),
    ("Can I eat in a study room?", "Food is not allowed"),
    ("How long can I book a study room?", "three hours"),
    ("What is the price of colour printing?", "0.40 EUR"),
    ("How do I turn on the coffee machine?", "power button"),
    ("How long does heating up take?", "40 seconds"),
    ("Are the parts dishwasher-safe?", "dishwasher-safe"),
    ("How often should I descale the machine?", "three months"),
    ("Can I use vinegar for descaling?", "Vinegar"),
    ("How heavy is the machine?", "2.6 kg"),
    ("What is the capacity of the tank?", "0.9 litres"),
    ("What does the red light mean?", "too hot"),
    ("Why does no water come out?", "needle is blocked"),
    ("How long is the guarantee?", "two years"),
    ("Which Python version is required?", "Python 3.10"),
    ("How do I install the client?", "pip install"),
    ("When do access keys expire?", "90 days"),
    ("How do I revoke a key?", "harbor keys revoke"),
    ("How do I upload a whole folder?", "--recursive"),
    ("How can compression be switched off?", "--raw"),
    ("Where is the configuration file?", "~/.harbor.toml"),
    ("What is the default timeout?", "`timeout`"),
    ("How large can an object be?", "5 TB"),
    ("How many requests per second are allowed?", "50 per second"),
    ("Does the client run on Windows?", "macOS and Windows"),
    ("What do I need on Alpine Linux?", "libzstd"),
)

UNANSWERABLE = (
    "Does the library have a café?",
    "Who is the director of the library?",
    "Can I borrow an e-book reader?",
    "Is there parking near the library?",
    "Which newspapers are in the reading room?",
    "Can I reserve a study room by phone?",
    "How loud is the coffee machine?",
    "Which capsules taste best?",
    "Can the machine froth milk?",
    "Where can I buy spare parts?",
    "What colour is the machine?",
    "Does the client support encryption?",
    "How do I rename a bucket?",
    "What does storage cost per month?",
    "Is there a graphical interface?",
    "Does Harbor have an SDK for Java?",
    "How do I share a file with a colleague?",
    "What is the capital of Mongolia?",
    "Who wrote Pride and Prejudice?",
    "How far is the moon?",
    "When did the second world war end?",
    "What is the boiling point of nitrogen?",
    "How do I bake sourdough bread?",
    "Who is the president of France?",
    "What are the symptoms of the flu?",
    "How do I tie a tie?",
    "Which planet has the most moons?",
    "How many players are in a football team?",
    "What is the square root of 144?",
    "Tell me a joke about penguins.",
    "What is the exchange rate of the dollar?",
    "How do I get a visa for Japan?",
    "Which films are in the cinema today?",
    "Translate good morning into Spanish.",
    "How is the traffic on the motorway?",
)


def sections(folder: Path = FOLDER) -> list[Passage]:
    """Return a folder's Markdown documents cut at their headings, title and heading kept beside the text."""
    found: list[Passage] = []
    for path in sorted(folder.glob("*.md")):
        title, *rest = re.split(r"(?m)^#{1,2} ", path.read_text(encoding="utf-8"))[1:]
        name, _, opening = title.partition("\n")
        found.append(Passage(document=path.name, text=opening, headings=(name,)))
        for part in rest:
            heading, _, text = part.partition("\n")
            found.append(Passage(document=path.name, text=text, headings=(name, heading)))
    return found


def search(question: str, passages: Sequence[Passage], *, limit: int = 5) -> list[Passage]:
    """Return the passages that share words with a question by BM25, best first."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE sections USING fts5(number UNINDEXED, text, tokenize='porter')")
    rows = [(number, " ".join((*one.headings, one.text))) for number, one in enumerate(passages)]
    connection.executemany("INSERT INTO sections VALUES (?, ?)", rows)
    query = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question))
    statement = "SELECT number FROM sections WHERE sections MATCH ? ORDER BY bm25(sections), number LIMIT ?"
    found = [passages[int(number)] for (number,) in connection.execute(statement, (query, limit))]
    connection.close()
    return found
