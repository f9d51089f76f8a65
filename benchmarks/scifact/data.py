"""The SciFact files as this benchmark reads them: abstracts as lists of sentences, claims with labels and evidence.

The files are a CSV copy of allenai/scifact: claims CC BY 4.0, abstracts ODC-By 1.0 (Wadden et al., 2020, "Fact or
Fiction: Verifying Scientific Claims"). They are read, never written.
"""

import argparse
import ast
import csv
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

Label = Literal["SUPPORT", "CONTRADICT", "NEI"]

_DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "data" / "scifact"
_VECTORS = Path(tempfile.gettempdir()) / "lasttenth-scifact-vectors.npz"
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)


class Abstract(msgspec.Struct, frozen=True, kw_only=True):
    """One document: its sentences are SciFact's own, in order."""

    document: str
    title: str
    sentences: tuple[str, ...]

    @property
    def body(self) -> str:
        """The sentences joined by one space."""
        return " ".join(self.sentences)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim: `evidence` maps a document to the sets of sentences that each suffice; it is empty for NEI."""

    number: int
    text: str
    label: Label
    cited: tuple[str, ...]
    evidence: dict[str, tuple[tuple[int, ...], ...]]

    @property
    def answerable(self) -> bool:
        """Whether some sentence of the corpus supports or contradicts the claim."""
        return self.label != "NEI"


def data_option(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options every script has: the folder of the CSV files and the file of vectors."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=_DEFAULT, help="folder of the CSV files (default: %(default)s)")
    parser.add_argument(
        "--vectors", type=Path, default=_VECTORS, help="where vectors are kept between runs (default: %(default)s)"
    )
    return parser


def abstracts(folder: Path) -> dict[str, Abstract]:
    """Return the 5,183 abstracts by document id, in the order of the file."""
    return {
        row["doc_id"]: Abstract(document=row["doc_id"], title=row["title"], sentences=_quoted(row["abstract"]))
        for row in _rows(folder / "corpus_train.csv")
    }


def claims(folder: Path, split: Literal["train", "validation"]) -> list[Claim]:
    """Return the claims of a split in the order of the file, the rows of one claim merged."""
    rows: dict[int, list[dict[str, str]]] = {}
    for row in _rows(folder / f"claims_{split}.csv"):
        rows.setdefault(int(row["id"]), []).append(row)
    return [_claim(number, same) for number, same in rows.items()]


def _claim(number: int, rows: list[dict[str, str]]) -> Claim:
    evidence: dict[str, tuple[tuple[int, ...], ...]] = {}
    label: Label = "NEI"
    for row in rows:
        if row["evidence_doc_id"]:
            label = "SUPPORT" if row["evidence_label"] == "SUPPORT" else "CONTRADICT"
            found = tuple(int(index) for index in re.findall(r"\d+", row["evidence_sentences"]))
            evidence[row["evidence_doc_id"]] = (*evidence.get(row["evidence_doc_id"], ()), found)
    cited = tuple(dict.fromkeys(re.findall(r"\d+", rows[0]["cited_doc_ids"])))
    return Claim(number=number, text=rows[0]["claim"], label=label, cited=cited, evidence=evidence)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _quoted(text: str) -> tuple[str, ...]:
    """Return the strings of a numpy array's repr: quoted with either mark, apart by spaces or line ends."""
    return tuple(str(ast.literal_eval(quoted)) for quoted in _QUOTED.findall(text.replace("\n", " ")))
