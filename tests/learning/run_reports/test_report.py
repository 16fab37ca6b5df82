"""What is told of a run: its data, its scores, its picture."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from learning.data.examples import Example, LabelTarget
from learning.encoders.duplicates import groups_of
from learning.encoders.encoder import Encoder
from learning.evaluation.calibration import calibration_error, temperature
from learning.evaluation.metrics import Scores, languages_of, length_of, score
from learning.run_reports.data_report import examine
from learning.run_reports.picture import draw

TARGETS = [LabelTarget("b", "billing", "invoice"), LabelTarget("x", "export", "export")]


def test_scores_are_those_of_the_textbook_and_survive_json() -> None:
    truth = np.array([0, 0, 0, 1])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9]], dtype=np.float32)

    found = score(probabilities, truth, ["b", "x"], {"length": ["short", "short", "long", "long"]})

    assert found.accuracy == 0.75
    assert found.labels["b"].recall == pytest.approx(2 / 3)
    assert found.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert found.auc == 1.0
    assert {name: one.accuracy for name, one in found.slices["length"].items()} == {"long": 0.5, "short": 1.0}
    assert Scores.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_temperature_mends_a_model_that_is_too_sure() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 2_000)
    logits = random.normal(size=(2_000, 3)) + 1.5 * np.eye(3)[truth]
    too_sure = 4 * logits

    found = temperature(too_sure, truth)

    softmax = np.exp(too_sure / found) / np.exp(too_sure / found).sum(axis=1, keepdims=True)
    before = np.exp(too_sure) / np.exp(too_sure).sum(axis=1, keepdims=True)
    assert found > 2
    assert calibration_error(softmax, truth) < calibration_error(before, truth) / 3


def test_the_same_words_and_nearly_the_same_are_one_group() -> None:
    vectors = np.array([[1, 0], [0.99, 0.141], [0, 1], [0, 0]], dtype=np.float32)

    groups = groups_of(["Where is it", "where  it is", "thanks", "WHERE is it"], vectors)

    assert groups[0] == groups[1] == groups[3]
    assert groups[2] != groups[0]


def test_the_report_finds_wrong_labels_duplicates_and_what_is_like_nothing_else(encoder: Encoder) -> None:
    texts = {
        "b": [
            f"the invoice of {month} is too high"
            for month in ("May", "June", "July", "March", "April", "August")
        ],
        "x": [
            f"the export of {what} crashes"
            for what in ("tables", "files", "pictures", "charts", "notes", "users")
        ],
    }
    examples = [
        Example(f"{label}{at}", text, label) for label, some in texts.items() for at, text in enumerate(some)
    ]
    examples += [
        Example("wrong", "the invoice of September is too high", "x"),
        Example("again", "the export of tables crashes", "b"),
        Example("odd", "zebras dance at midnight under purple rain", "x"),
    ]
    vectors = encoder.encode([example.text for example in examples]).vectors
    groups = [int(one) for one in groups_of([example.text for example in examples], vectors)]

    found = examine(examples, groups, vectors, TARGETS, seed=0)

    assert found.counts == {"billing": 7, "export": 8}
    assert any({"x0", "again"} <= set(group) for group in found.conflicts)
    assert "wrong" in {one.id for one in found.suspects}
    assert found.outliers == ["odd"]
    assert "invoice" not in json.dumps(found.to_json())


def test_languages_and_lengths_are_told_where_they_can_be() -> None:
    texts = ["onde está a minha fatura, preciso dela hoje", "where is my invoice, I need it today", "ok"]

    assert languages_of(texts) == ["pt", "en", "unknown"]
    assert length_of("one two") == "up to 10 words"
    assert length_of("word " * 31) == "over 30 words"


def test_the_picture_says_the_same_in_words_whatever_labels_are_called() -> None:
    truth = np.array([0, 0, 1, 1])
    better = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]], dtype=np.float32)
    names = {"b": "$billing$ 💸", "x": "выгрузка"}
    champion, challenger = (score(one, truth, ["b", "x"], {}) for one in (better[::-1], better))
    curve = [{"epoch": 1.0, "loss": 0.9, "accuracy": 0.5}, {"epoch": 2.0, "loss": 0.4, "accuracy": 0.8}]

    image, words = draw("Run 1", curve, champion, challenger, names)

    assert Image.open(io.BytesIO(image)).size == (1_200, 700)
    assert words == (
        "Run 1. Over 2 epochs the loss fell from 0.90 to 0.40, and accuracy on the validation split was 0.80 at its "
        "best. On 4 held-out messages macro-F1 is 1.00, the champion's 0.00."
    )
