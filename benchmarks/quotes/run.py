"""Measure how many faithful quotations are accepted and how many false ones, and what one costs.

Documents are parted in two halves by hash. Rules were made while looking at the one ("development"); the other
("held-out") is reported. Run with --help for the options; RESULTS.md has the command that made it.
"""

import argparse
import ast
import csv
import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks.quotes import perturbations as ways
from benchmarks.quotes.perturbations import Passages, Perturbation
from lasttenth.context.documents import documents_in, read_document
from lasttenth.context.quotes import QuoteMatch, find_quote
from lasttenth.records.sentences import sentences, words

SIZE = 5_000
LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
TRUE: dict[str, Perturbation] = {
    "verbatim": ways.verbatim,
    "case, space, marks": ways.case_and_space,
    "elided inside a sentence": ways.elided,
    "elided sentence": ways.elided_sentences,
    "one typo": ways.typo,
    "two typos": ways.two_typos,
}
FALSE: dict[str, Perturbation] = {
    "number changed": ways.number_changed,
    "unit or comparison changed": ways.unit_changed,
    "negation added": ways.negation_added,
    "negation removed": ways.negation_removed,
    "words swapped": ways.words_swapped,
    "word inserted": ways.word_inserted,
    "word removed": ways.word_removed,
    "opposite or look-alike": ways.opposite,
    "negation or limit elided": ways.elided_negation,
    "two sentences spliced": ways.spliced,
}


class Row(NamedTuple):
    """What was measured for one way of changing quotations; `seconds` is CPU time over all of them."""

    name: str
    count: int
    accepted: int
    seconds: float


def main() -> None:
    """Print the table."""
    options = _options()
    texts = [*_documents(options.folders), *(_abstracts(options.corpus) if options.corpus else ())]
    half = [text for text in texts if _is_held_out(text) is (options.half == "held-out")]
    documents = [Passages(text, _long_sentences(text)) for text in _packed(half)]
    random = Random(options.seed)
    print(
        f"{options.half} half: {len(half)} of {len(texts)} texts in {len(documents)} documents of about {SIZE} characters\n"
    )
    print("| quotation | n | accepted | CPU ms per quotation |\n|---|---:|---:|---:|")
    for prefix, group in (("TRUE", TRUE), ("FALSE", FALSE)):
        for name, way in group.items():
            _print(_measure(f"{prefix}: {name}", way, documents, options.count, random))
    _print(_measure_elsewhere(documents, options.count, random))
    _print(_measure("HARD: another word of the corpus", _neighbours(half), documents, options.count, random))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[Path("docs")], help="folders of documents")
    parser.add_argument("--corpus", type=Path, help="a CSV file with a column `abstract` (SciFact)")
    parser.add_argument("--count", type=int, default=1_000, help="quotations per row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", choices=["development", "held-out"], default="held-out")
    return parser.parse_args()


def _documents(folders: list[Path]) -> Iterator[str]:
    for path in documents_in(folder for folder in folders if folder.exists()):
        yield read_document(path).text


def _abstracts(path: Path) -> Iterator[str]:
    """Yield abstracts; each is written as a list of quoted sentences."""
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield " ".join(ast.literal_eval(literal) for literal in LITERAL.findall(row["abstract"]))


def _is_held_out(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def _packed(texts: list[str]) -> Iterator[str]:
    packed = ""
    for text in texts:
        packed = f"{packed}\n\n{text}" if packed else text
        if len(packed) >= SIZE:
            yield packed
            packed = ""


def _long_sentences(text: str) -> list[ways.Span]:
    return [span for span in sentences(text) if len(text[span.start : span.end].split()) >= 8]


def _measure(name: str, way: Perturbation, documents: list[Passages], count: int, random: Random) -> Row:
    made = accepted = tries = 0
    seconds = 0.0
    while made < count and tries < 200 * count:
        tries += 1
        document = random.choice(documents)
        index = random.randrange(len(document.spans))
        quote = way(document, index, random)
        if quote is None:
            continue
        match, cost = _timed(quote, document.text)
        made += 1
        seconds += cost
        accepted += match is not None
    return Row(name, made, accepted, seconds)


def _measure_elsewhere(documents: list[Passages], count: int, random: Random) -> Row:
    accepted = 0
    seconds = 0.0
    for _ in range(count):
        one, other = random.sample(documents, 2)
        match, cost = _timed(one.sentence(random.randrange(len(one.spans))), other.text)
        accepted += match is not None
        seconds += cost
    return Row("FALSE: other document", count, accepted, seconds)


def _neighbours(texts: list[str]) -> Perturbation:
    """Return a way to replace a word by another that the corpus uses, one letter away and no mere inflection."""
    vocabulary = {
        word for text in texts for word in words(text) if word.isalpha() and word.isascii() and len(word) >= 4
    }

    def replaced(passages: Passages, index: int, random: Random) -> str | None:
        parts = passages.sentence(index).split(" ")
        place = random.randrange(len(parts))
        if parts[place] not in vocabulary:
            return None
        near = [word for word in _one_letter_away(parts[place]) if word in vocabulary]
        return " ".join([*parts[:place], random.choice(near), *parts[place + 1 :]]) if near else None

    return replaced


def _one_letter_away(word: str) -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        word[:place] + letter + word[place + 1 :]
        for place in range(len(word))
        for letter in letters
        if letter != word[place]
    ]


def _timed(quote: str, text: str) -> tuple[QuoteMatch | None, float]:
    start = time.process_time()
    match = find_quote(quote, text)
    return match, time.process_time() - start


def _print(row: Row) -> None:
    share = f"{100 * row.accepted / row.count:.1f} %" if row.count else "-"
    cost = f"{1_000 * row.seconds / row.count:.2f}" if row.count else "-"
    print(f"| {row.name} | {row.count} | {share} ({row.accepted}) | {cost} |")


if __name__ == "__main__":
    main()
