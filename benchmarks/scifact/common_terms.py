"""Writes the table of common stems that the extractive model ships with: in how many of the abstracts each one stands.

Only the 5,183 abstracts are counted, never a claim. Stems that stand in more than a tenth of them weigh a quarter, in
more than a twentieth three eighths, in more than a fiftieth a half; every other stem weighs 1. Numbers are left out.
"""

import textwrap
from collections import Counter
from importlib.resources import files
from pathlib import Path

from benchmarks.scifact.data import abstracts, data_option
from lasttenth.models.extractive.terms import terms

_TIERS = ((0.1, 1.0, 0.25), (0.05, 0.1, 0.375), (0.02, 0.05, 0.5))
_HEADER = (
    "# Stems that are common in written English, with the weight of each as a term of a question: any other weighs 1.",
    "# Counted in the abstracts of SciFact (ODC-By 1.0) by benchmarks/scifact/common_terms.py.",
)


def main() -> None:
    """Count and write."""
    corpus = abstracts(data_option(__doc__ or "").parse_args().data)
    counts = Counter(stem for one in corpus.values() for stem in set(terms(f"{one.title} {one.body}")))
    shares = {stem: count / len(corpus) for stem, count in counts.items() if not any(map(str.isdigit, stem))}
    lines = list(_HEADER)
    for least, most, weight in _TIERS:
        stems = sorted(stem for stem, part in shares.items() if least < part <= most)
        lines += textwrap.wrap(" ".join(stems), 110, initial_indent=f"{weight} ", subsequent_indent=f"{weight} ")
        print(f"weight {weight}: {len(stems)} stems")
    target = files("lasttenth.models.extractive").joinpath("common_terms.txt")
    Path(str(target)).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
