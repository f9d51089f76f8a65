"""The example policies cut at their headings, found by full-text search, as an application would have them."""

from pathlib import Path

from benchmarks.scifact import questions

from lasttenth.models.extractive import Passage

_FOLDER = Path(__file__).resolve().parents[4] / "examples" / "policies"

ANSWERS = (
    ("What is the refund window?", "within 30 days of delivery"),
    ("How do I return a lamp?", "return label"),
    ("Can I return gift cards?", "Gift cards"),
    ("How long do refunds take to arrive?", "five working days"),
    ("Are faulty lamps repaired for free?", "free of charge for two years"),
    ("Who pays the postage for a return from outside the European Union?", "pay the postage"),
    ("How much does standard shipping to Switzerland cost?", "14.90 EUR"),
    ("From which order value is shipping free?", "150 EUR"),
    ("Do you deliver to Norway?", "Norway"),
    ("When is a parcel considered lost?", "14 days without a scan"),
    ("How long must a password be?", "14 characters"),
    ("Who is the security officer?", "Mira Okafor"),
    ("Is two-factor authentication required?", "Two-factor authentication"),
    ("Where do I report a stolen laptop?", "security@nordlicht.example"),
    ("How long are orders kept?", "ten years"),
    ("How often is the database backed up?", "every night"),
    ("How many vacation days do I have per year?", "30 days of paid vacation"),
    ("How many days per week may I work from home?", "three days per week"),
    ("From which day on do I need a doctor's note?", "fourth day"),
    ("How do I start the server on another port?", "--port"),
    ("Which databases are supported?", "SQLite, PostgreSQL and MariaDB"),
    ("Where are the logs written?", "/var/log/lampshop"),
)
"""Questions that the policies answer, and what the quotes must contain."""

OUT_OF_SCOPE = (
    "What is the capital of Peru?",
    "Who won the 1998 world cup?",
    "How tall is Mount Everest?",
    "Can you write me a poem about the sea?",
    "Which vitamins are in an orange?",
    "Who painted the Mona Lisa?",
    "What is the best recipe for pancakes?",
    "How do I train a neural network?",
    "What is the weather in Hamburg tomorrow?",
    "Which team leads the Bundesliga?",
    "What does the company pension plan pay?",
    "Is there a dress code?",
)
"""Questions that the policies do not answer; the last two are close to them."""


def search(question: str) -> list[Passage]:
    """Return the sections that share words with a question, best first."""
    return questions.search(question, questions.sections(_FOLDER))
