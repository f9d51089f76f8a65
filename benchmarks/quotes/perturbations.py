"""Ways to write a quotation otherwise: faithful ones that must be accepted and false ones that must not be.

Each takes a document, the number of a sentence in it and a generator, and returns the quotation, or None where the
sentence does not allow the change.
"""

import re
import string
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from lasttenth.records.sentences import Span, negations

LIMITS = re.compile(
    r"\b(?:absen(?:t|ce)|den(?:y|ied|ies)|except|excluding|fail(?:s|ed)?|false|if|instead|lack(?:s|ed|ing)?|least|less|only"
    r"|rather|unless|unlikely|until)\b",
    re.IGNORECASE,
)
AUXILIARIES = ("was", "were", "is", "are", "has", "have", "can", "may", "will", "did", "does")
PAIRS = (
    "increase decrease|increases decreases|increased decreased|increasing decreasing|high low|higher lower|more less"
    "|positive negative|before after|gain loss|active inactive|able unable|sensitive insensitive|dependent independent"
    "|significant insignificant|hypertension hypotension|hyperglycemia hypoglycemia|upregulated downregulated"
    "|upstream downstream|early late|with without|present absent|typical atypical|symptomatic asymptomatic"
    "|causal casual|microvascular macrovascular|afferent efferent|mortality morality|male female"
    "|inhibits activates|acute chronic|presence absence|common uncommon|stable unstable|intracellular intercellular"
    "|many few|large small|best worst"
)
OPPOSITES = {one: other for pair in PAIRS.split("|") for one, other in (pair.split(), pair.split()[::-1])}


class Passages(NamedTuple):
    """A document's text and where its sentences lie."""

    text: str
    spans: list[Span]

    def sentence(self, index: int) -> str:
        """Return one sentence."""
        return self.text[self.spans[index].start : self.spans[index].end]


Perturbation = Callable[[Passages, int, Random], str | None]


def verbatim(passages: Passages, index: int, _random: Random) -> str:
    """Change nothing."""
    return passages.sentence(index)


def case_and_space(passages: Passages, index: int, random: Random) -> str:
    """Change case, white space, quotation marks and dashes."""
    changed = random.choice([str.upper, str.lower, str.title, str.swapcase])(passages.sentence(index))
    changed = re.sub(" ", lambda _: random.choice([" ", "  ", "\n", "\u00a0"]), changed)
    return changed.replace("'", "\u2019").replace("-", "\u2013")


def elided(passages: Passages, index: int, random: Random) -> str | None:
    """Leave out two to six words inside the sentence, but nothing that limits it."""
    return _without_middle(passages.sentence(index), random, limiting=False)


def elided_sentences(passages: Passages, index: int, random: Random) -> str | None:
    """Leave out one whole sentence between two."""
    if index + 2 >= len(passages.spans):
        return None
    return f"{passages.sentence(index)} {random.choice(['...', '[...]'])} {passages.sentence(index + 2)}"


def typo(passages: Passages, index: int, random: Random) -> str | None:
    """Make one slip of the finger in one word of four letters or more."""
    return _with_typos(passages.sentence(index), random, 1)


def two_typos(passages: Passages, index: int, random: Random) -> str | None:
    """Make slips in two words of a longer sentence."""
    sentence = passages.sentence(index)
    return _with_typos(sentence, random, 2) if len(sentence.split()) >= 14 else None


def number_changed(passages: Passages, index: int, random: Random) -> str | None:
    """Replace one digit by another."""
    sentence = passages.sentence(index)
    places = [match.start() for match in re.finditer(r"\d", sentence)]
    if not places:
        return None
    place = random.choice(places)
    digit = random.choice([other for other in string.digits if other != sentence[place]])
    return sentence[:place] + digit + sentence[place + 1 :]


def unit_changed(passages: Passages, index: int, random: Random) -> str | None:
    """Replace or drop what follows or precedes a number: percent, milligrams, "less than"."""
    sentence = passages.sentence(index)
    units = {
        "%": "",
        "mg": "kg",
        "ml": "l",
        "kg": "g",
        "mM": "nM",
        "<": ">",
        ">": "<",
        "\u00b1": "",
        "\u2265": "\u2264",
    }
    places = re.findall(r"(?<=\d)%|(?<=\d )(?:mg|ml|kg|mM)\b|[<>\u00b1\u2265](?= ?\d)", sentence)
    if not places:
        return None
    unit = random.choice(places)
    return re.sub(rf"(?<=\d){unit}|(?<=\d ){unit}\b|{unit}(?= ?\d)", units[unit], sentence, count=1)


def negation_added(passages: Passages, index: int, random: Random) -> str | None:
    """Put a negation after an auxiliary verb."""
    words = passages.sentence(index).split(" ")
    places = [place for place, word in enumerate(words[:-1]) if word in AUXILIARIES]
    if not places:
        return None
    place = random.choice(places)
    return " ".join([*words[: place + 1], random.choice(["not", "never", "no longer"]), *words[place + 1 :]])


def negation_removed(passages: Passages, index: int, random: Random) -> str | None:
    """Drop a negation, or turn it into its contrary."""
    words = passages.sentence(index).split(" ")
    places = [place for place, word in enumerate(words) if word in {"not", "no", "without", "nor", "never", "cannot"}]
    if not places or len(words) < 5:
        return None
    place = random.choice(places)
    instead = {"without": ["with"], "cannot": ["can"]}.get(words[place], [])
    return " ".join([*words[:place], *instead, *words[place + 1 :]]) if 0 < place < len(words) - 1 else None


def words_swapped(passages: Passages, index: int, random: Random) -> str | None:
    """Exchange two different words."""
    words = passages.sentence(index).split(" ")
    one, other = sorted(random.sample(range(len(words)), 2))
    bare = [words[place].strip(string.punctuation).lower() for place in (one, other)]
    if bare[0] == bare[1] or not all(bare):
        return None
    words[one], words[other] = words[other], words[one]
    return " ".join(words)


def word_inserted(passages: Passages, index: int, random: Random) -> str:
    """Put a word in that is not there."""
    words = passages.sentence(index).split(" ")
    place = random.randrange(1, len(words))
    return " ".join([*words[:place], random.choice(["strongly", "human", "often", "in", "mortality"]), *words[place:]])


def word_removed(passages: Passages, index: int, random: Random) -> str | None:
    """Drop a word inside the sentence without an ellipsis."""
    words = passages.sentence(index).split(" ")
    place = random.randrange(1, len(words) - 1)
    if not any(letter.isalnum() for letter in words[place]):
        return None
    return " ".join([*words[:place], *words[place + 1 :]])


def opposite(passages: Passages, index: int, random: Random) -> str | None:
    """Replace a word by its opposite, or by a look-alike that means something else."""
    words = passages.sentence(index).split(" ")
    places = [place for place, word in enumerate(words) if word in OPPOSITES]
    if not places:
        return None
    place = random.choice(places)
    return " ".join([*words[:place], OPPOSITES[words[place]], *words[place + 1 :]])


def elided_negation(passages: Passages, index: int, random: Random) -> str | None:
    """Leave out words among which is a negation, "unless", "except", "only" or "if"."""
    return _without_middle(passages.sentence(index), random, limiting=True)


def spliced(passages: Passages, index: int, random: Random) -> str | None:
    """Join the beginning of one sentence to the end of the next."""
    if index + 1 >= len(passages.spans):
        return None
    one, other = (passages.sentence(place).split(" ") for place in (index, index + 1))
    if min(len(one), len(other)) < 8:
        return None
    cut = random.randrange(3, len(one) - 2)
    if " ".join(one[:cut]) in " ".join(other):
        return None
    return f"{' '.join(one[:cut])} ... {' '.join(other[random.randrange(2, len(other) - 3) :])}"


def _without_middle(sentence: str, random: Random, *, limiting: bool) -> str | None:
    words = sentence.split(" ")
    if len(words) < 10:
        return None
    spots = [(start, start + size) for start in range(3, len(words) - 5) for size in range(2, 7)]
    random.shuffle(spots)
    for start, end in spots:
        middle = " ".join(words[start:end])
        whole = re.search(r"\w$", words[start - 1]) and re.match(r"\w", words[min(end, len(words) - 1)])
        if end <= len(words) - 3 and whole and bool(negations(middle) or LIMITS.search(middle)) is limiting:
            mark = random.choice(["...", "\u2026", "[...]"])
            return f"{' '.join(words[:start])} {mark} {' '.join(words[end:])}"
    return None


def _with_typos(sentence: str, random: Random, count: int) -> str | None:
    words = sentence.split(" ")
    places = [place for place, word in enumerate(words) if len(word) >= 4 and word.isalpha() and word.islower()]
    if len(places) < count:
        return None
    for place in random.sample(places, count):
        words[place] = _slip(words[place], random)
    return " ".join(words)


def _slip(word: str, random: Random) -> str:
    changed = word
    while changed == word:
        place = random.randrange(len(word) - 1)
        letter = random.choice(string.ascii_lowercase)
        changed = random.choice(
            [
                word[:place] + letter + word[place + 1 :],
                word[:place] + word[place + 1 :],
                word[:place] + letter + word[place:],
                word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            ]
        )
    return changed
