from pathlib import Path

import numpy as np
import pytest
from benchmarks.scifact.cases import evidence_spans, holds
from benchmarks.scifact.data import Abstract, abstracts, claims
from benchmarks.scifact.logistic import answered, area, bootstrap, fit, threshold
from benchmarks.scifact.retrieval import fuse, ndcg, recall


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus_train.csv").write_text(
        "doc_id,title,abstract,structured\n"
        '7,"On salt, again","[\'Salt isn\\\'t sugar.\'\n ""It\'s white.""\n \'Both are sweet, no?\']",False\n',
        encoding="utf-8",
    )
    (tmp_path / "claims_train.csv").write_text(
        "id,claim,evidence_doc_id,evidence_label,evidence_sentences,cited_doc_ids\n"
        "1,Salt is sweet.,,,[],[7 7]\n"
        "2,Salt is white.,7,SUPPORT,[1 2],[7 9]\n"
        "2,Salt is white.,7,SUPPORT,[0],[7 9]\n",
        encoding="utf-8",
    )
    return tmp_path


def test_abstract_written_as_an_array_is_read_sentence_by_sentence(folder: Path) -> None:
    corpus = abstracts(folder)

    assert corpus["7"].sentences == ("Salt isn't sugar.", "It's white.", "Both are sweet, no?")


def test_rows_of_one_claim_are_merged_and_its_documents_counted_once(folder: Path) -> None:
    unanswerable, answerable = claims(folder, "train")

    assert (unanswerable.answerable, unanswerable.cited) == (False, ("7",))
    assert (answerable.label, answerable.evidence) == ("SUPPORT", {"7": ((1, 2), (0,))})


def test_quote_holds_evidence_when_half_of_the_sentence_is_in_it(folder: Path) -> None:
    abstract, claim = abstracts(folder)["7"], claims(folder, "train")[1]

    spans = evidence_spans(claim, abstract)

    assert [abstract.body[start:end] for start, end in spans] == list(abstract.sentences)
    assert holds(0, 9, spans)
    assert not holds(0, 8, spans)


def test_fusion_puts_first_what_both_rankings_know(folder: Path) -> None:
    claim = claims(folder, "train")[1]

    fused = fuse([([("3", 9.0), ("7", 8.0)], 0.5), ([("4", 0.9), ("7", 0.8)], 0.5)], constant=5)

    assert fused[0][0] == "7"
    assert fused[0][1] == pytest.approx(1 / 7)
    assert recall(fused, claim) == 0.5
    assert ndcg(fused, claim) == pytest.approx(1 / (1 + 1 / np.log2(3)))


def test_logistic_model_finds_the_coefficients_that_made_the_cases() -> None:
    generator = np.random.default_rng(1)
    features = generator.normal(size=(20_000, 2))
    labels = (generator.random(20_000) < 1 / (1 + np.exp(-(features @ [2.0, -1.0] + 0.5)))).astype(np.float64)

    model = fit(features, labels, np.ones(20_000))

    assert model.tolist() == pytest.approx([2.0, -1.0, 0.5], abs=0.1)


def test_threshold_lets_no_more_than_the_allowed_share_through() -> None:
    labels = np.array([0.0] * 10 + [1.0] * 10)
    scores = np.concatenate([np.arange(10.0), np.arange(5.0, 15.0)])

    right, wrong = answered(labels, scores, threshold(labels, scores, wrongly=0.1))

    assert (right, wrong) == (0.6, 0.1)
    assert area(labels, scores) == pytest.approx(0.875)


def test_interval_of_a_mean_holds_it_and_is_the_same_again() -> None:
    values = np.arange(100.0)

    first, again = (bootstrap(lambda rows: float(values[rows].mean()), 100) for _ in range(2))

    assert first == again
    assert first.low < first.value == 49.5 < first.high


def test_abstract_joins_its_sentences_with_one_space() -> None:
    abstract = Abstract(document="1", title="t", sentences=("A b.", "C d."))

    assert abstract.body == "A b. C d."
