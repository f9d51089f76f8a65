"""Sentences, words, numbers and negations of texts as people write them."""

import pytest

from lasttenth.records.sentences import Span, negations, numbers, sentences, words


def split(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("Dr. J. Smith met Mr. O. Roe. They left.", ["Dr. J. Smith met Mr. O. Roe.", "They left."]),
        ("Use it, e.g. Tuesday, i.e. Today. Done.", ["Use it, e.g. Tuesday, i.e. Today.", "Done."]),
        ("See Fig. 3 and Eq. 4. Then No. 5.", ["See Fig. 3 and Eq. 4.", "Then No. 5."]),
        ("Is it? No. It is vol. 3.", ["Is it?", "No.", "It is vol. 3."]),
        (
            "Smith et al. (2019) agree. So do Roe et al. The rest do not.",
            ["Smith et al. (2019) agree.", "So do Roe et al.", "The rest do not."],
        ),
        ("The U.S. Army paid 3.5 USD for v2.0.1. It grew.", ["The U.S. Army paid 3.5 USD for v2.0.1.", "It grew."]),
        ("It is in the U.S. The rest is not.", ["It is in the U.S.", "The rest is not."]),
        ("Give vitamin C. The dose is 5 mg.", ["Give vitamin C.", "The dose is 5 mg."]),
        ('He said "Stop." Then (quietly.) She left.', ['He said "Stop."', "Then (quietly.)", "She left."]),
        ("“Why?” he asked. “Go!” he said.", ["“Why?” he asked.", "“Go!” he said."]),
        ("Wait... then go... Now.", ["Wait... then go...", "Now."]),
        ("It binds RNA.[12] Next. mRNA rose.", ["It binds RNA.[12]", "Next.", "mRNA rose."]),
        ("1. Open the box. 2. Close it.", ["1. Open the box.", "2. Close it."]),
        ("A title\n\nA line\nand more\r\n\r\nEnd", ["A title", "A line\nand more", "End"]),
        ("今日は晴れ。明日は雨\uff01本当\uff1fはい", ["今日は晴れ。", "明日は雨\uff01", "本当\uff1f", "はい"]),
        ("  \n\t", []),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_stops(text: str, expected: list[str]) -> None:
    found = split(text)

    assert found == expected


def test_sentences_of_a_part_keep_offsets_of_the_whole() -> None:
    text = "Zero. One here. Two here. Three."

    found = sentences(text, 5, 26)

    assert found == [Span(6, 15), Span(16, 25)]


def test_words_keep_numbers_and_contractions_whole() -> None:
    found = words("Don\u2019t lose 10-20% of 3.5 mg (\u22121,000) in CD33, well-known since 2020-01-15: 5mg.")

    assert found == [
        "don't",
        "lose",
        "10-20%",
        "of",
        "3.5",
        "mg",
        "\u22121,000",
        "in",
        "cd33",
        "well",
        "known",
        "since",
        "2020-01-15",
        "5",
        "mg",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 and 1000 and 1\u202f000", ["1000", "1000", "1000"]),
        ("-5 (\u22125) +5 a-5 3.50", ["-5", "-5", "5", "5", "3.50"]),
        ("10-20%, 10 % and 10", ["10", "20%", "10%", "10"]),
        ("CD33 S100A9 x_1 p53", []),
        ("5mg, 2nd, 1e-5 and 3E6", ["5", "2", "1e-5", "3e6"]),
        ("1,2 or 1,23", ["1", "2", "1", "23"]),
        ("2020-01-15 at 10:30", ["2020", "01", "15", "10", "30"]),
    ],
)
def test_numbers_are_written_one_way(text: str, expected: list[str]) -> None:
    assert numbers(text) == expected


def test_negations_are_found_in_every_spelling() -> None:
    found = negations("It isn't, wasn\u2019t, cannot, is not; no, never, neither nor, none without. Unable, known.")

    assert found == ["not", "not", "not", "not", "no", "never", "neither", "nor", "none", "without"]
