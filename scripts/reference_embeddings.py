"""Write the vectors that the reference implementation gives, for the test of the built-in embedder.

    python -m scripts.reference_embeddings MODEL tests/unit/models/embeddings/reference_embeddings.json

MODEL is the folder of all-MiniLM-L6-v2 as sentence-transformers reads it. That package asks for torch and is no part of
the development environment; install it elsewhere. A vector is stored as base64 of 384 little-endian float16 numbers,
which moves a cosine by less than 1e-6.
"""

# ruff: noqa: RUF001 - letters of other scripts are what these texts are for

import base64
import json
import sys
from pathlib import Path

import numpy as np

SENTENCES = (
    "",
    " ",
    "\n\t\r\n",
    ".",
    "a",
    "?!…—",
    "cat",
    "CAT",
    "The cat sits on the mat.",
    "A kitten is resting on a rug.",
    "How do I reset my card PIN at the ATM?",
    "I forgot the password for online banking, and the reset mail never arrives.",
    "Refunds are paid within 14 days of receiving the returned goods.",
    "Who may sign a contract worth more than 50,000 euros?",
    "Employees accrue 2.5 days of paid leave per month of service.",
    "The reactor must be shut down when the coolant temperature exceeds 340 °C.",
    "Boundary-layer transition on a flat plate was measured at Mach 2.5 with hot-wire anemometry.",
    "def area(radius: float) -> float:\n    return 3.14159 * radius ** 2",
    "SELECT name, SUM(amount) FROM orders GROUP BY name HAVING SUM(amount) > 1000;",
    '{"error": {"code": 429, "message": "Rate limit reached", "retry_after": 1.5}}',
    "https://example.com/path?query=1&other=two#fragment",
    "user.name+tag@example.org",
    "2026-11-21T05:10:56Z",
    "1,234,567.89",
    "0xDEADBEEF",
    "supercalifragilisticexpialidocious",
    "pneumonoultramicroscopicsilicovolcanoconiosis",
    "x" * 101,
    "unbelievable-ness_of_snake_case_and-kebab-case",
    "It's the dog's; they'd've gone, wouldn't they?",
    "naïve café résumé Ångström",
    "nai\u0308ve cafe\u0301 re\u0301sume\u0301",
    "Die Kündigungsfrist beträgt drei Monate zum Quartalsende.",
    "Straße GROẞ STRASSE",
    "El plazo de devolución es de treinta días naturales.",
    "Ποιος μπορεί να υπογράψει τη σύμβαση;",
    "Кто может подписать договор?",
    "谁可以签署合同？",
    "東京タワーは高さ333メートルです。",
    "한국어 문장도 벡터가 됩니다.",
    "من يمكنه توقيع العقد؟",
    "מי רשאי לחתום על החוזה?",
    "अनुबंध पर हस्ताक्षर कौन कर सकता है?",
    "สวัสดีชาวโลก",
    "İstanbul'da ılık bir gün",
    "🙂",
    "Great work! 🎉🚀 See you 👩‍👩‍👧‍👦 tomorrow 🇪🇺",
    "½ ① Ⅷ ﬁ ㎏ ²",
    "zero\u200bwidth\u200djoiner and soft\u00adhyphen",
    "null\u0000byte and \u0007bell and \ufffd replacement",
    "no\u00a0break\u2003em\u3000ideographic spaces",
    "[CLS] [SEP] [PAD] [MASK] [UNK]",
    "##ing ##ed ##s",
    "$100 €200 £300 ¥400 ₿5",
    "a/b\\c|d^e~f`g",
    "Yes. No. Yes. No. Yes. No. Yes. No. Yes. No. Yes. No.",
)
"""Short texts: empty ones, code, numbers, accents composed and not, other scripts, emoji, control and special tokens."""

LONG_TEXTS = 8
"""Texts around and beyond the limit of 256 tokens, so that both truncation and unequal padding are seen."""


def texts() -> list[str]:
    """Return every text of the reference, the long ones made of English sentences from the short ones."""
    english = [sentence for sentence in SENTENCES if sentence.isascii() and sentence.count(" ") > 5]
    prose = " ".join(english * 3).split(" ")
    long = [" ".join(prose[place * 9 : place * 9 + 90 + place * 25]) for place in range(LONG_TEXTS)]
    return [*SENTENCES, *long]


def main() -> None:
    """Embed the texts one by one with the model named first and write the file named second."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 no part of the development environment

    model = SentenceTransformer(sys.argv[1], device="cpu")
    vectors = model.encode(texts(), batch_size=1, normalize_embeddings=True).astype(np.dtype("<f2"))
    packed = [base64.b64encode(vector.tobytes()).decode() for vector in vectors]
    reference = [{"text": text, "vector": vector} for text, vector in zip(texts(), packed, strict=True)]
    Path(sys.argv[2]).write_text(json.dumps(reference, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
