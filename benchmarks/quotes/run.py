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
from string import ascii_lowercase
from typing import NamedTuple

from benchmarks.quotes import perturbations as ways
from benchmarks.quotes.perturbations import Passages, Perturbation

from lasttenth.context.documents import documents_in, parse_document
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
    made: int
    accepted: int
    seconds: float


def main() -> None:
    """Print the table."""
    options = _options()
    texts = [*_documents(options.folders), *(_abstracts(options.corpus) if options.corpus else ())]
    half = [text for text in texts if _is_held_out(text) is (options.half == "held-out")]
    known = frozenset(word for text in half for word in words(text))
    trials = Trials([_passages(text) for text in _packed(half)], options.count, Random(options.seed))
    print(f"{options.half} half: {len(half)} of {len(texts)} texts, packed into {len(trials.documents)} documents\n")
    print("| quotation | n | accepted | CPU ms per quotation |\n|---|---:|---:|---:|")
    for prefix, group in (("TRUE", TRUE), ("FALSE", FALSE)):
        for name, way in group.items():
            _print(trials.of(f"{prefix}: {name}", way))
    _print(trials.elsewhere("FALSE: other document"))
    for name, way in (("TRUE: one typo", ways.typo), ("FALSE: other word, one letter away", _neighbours(known))):
        _print(trials.of(f"{name}; vocabulary unknown", way))
        _print(trials.of(f"{name}; vocabulary known", way, known))


class Trials:
    """Quotations drawn at random from documents, changed, and looked for."""

    def __init__(self, documents: list[Passages], count: int, random: Random) -> None:
        self.documents = documents
        self._count = count
        self._random = random

    def of(self, name: str, way: Perturbation, known: frozenset[str] = frozenset()) -> Row:
        """Look for changed sentences in their own document."""
        matches: list[tuple[QuoteMatch | None, float]] = []
        for _ in range(200 * self._count):
            document = self._random.choice(self.documents)
            quote = way(document, self._random.randrange(len(document.spans)), self._random)
            if quote is not None:
                matches.append(_timed(quote, document.text, known))
            if len(matches) == self._count:
                break
        return _row(name, matches)

    def elsewhere(self, name: str) -> Row:
        """Look for unchanged sentences in another document."""
        matches: list[tuple[QuoteMatch | None, float]] = []
        for _ in range(self._count):
            one, other = self._random.sample(self.documents, 2)
            quote = one.sentence(self._random.randrange(len(one.spans)))
            matches.append(_timed(quote, other.text, frozenset()))
        return _row(name, matches)


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
        yield parse_document(path.name, path.read_bytes()).text


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


def _passages(text: str) -> Passages:
    return Passages(text, [span for span in sentences(text) if len(text[span.start : span.end].split()) >= 8])


def _neighbours(vocabulary: frozenset[str]) -> Perturbation:
    """Return a way to replace a word of four letters or more by another of the corpus in which one letter differs."""

    def replaced(passages: Passages, index: int, random: Random) -> str | None:
        parts = passages.sentence(index).split(" ")
        place = random.randrange(len(parts))
        if parts[place] not in vocabulary or len(parts[place]) < 4:
            return None
        near = sorted(_one_letter_away(parts[place]) & vocabulary)
        return " ".join([*parts[:place], random.choice(near), *parts[place + 1 :]]) if near else None

    return replaced


def _one_letter_away(word: str) -> set[str]:
    places = range(len(word))
    return {word[:place] + letter + word[place + 1 :] for place in places for letter in ascii_lowercase} - {word}


def _timed(quote: str, text: str, known: frozenset[str]) -> tuple[QuoteMatch | None, float]:
    start = time.process_time()
    match = find_quote(quote, text, known=known)
    return match, time.process_time() - start


def _row(name: str, matches: list[tuple[QuoteMatch | None, float]]) -> Row:
    accepted = sum(match is not None for match, _ in matches)
    return Row(name, len(matches), accepted, sum(seconds for _, seconds in matches))


def _print(row: Row) -> None:
    share = f"{100 * row.accepted / row.made:.1f} %" if row.made else "-"
    cost = f"{1_000 * row.seconds / row.made:.2f}" if row.made else "-"
    print(f"| {row.name} | {row.made} | {share} ({row.accepted}) | {cost} |")


if __name__ == "__main__":
    main()
