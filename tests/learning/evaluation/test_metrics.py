from __future__ import annotations

import json

import numpy as np
import pytest

from learning.encoders.encoder import Vectors
from learning.evaluation.metrics import LETTERS_LEAST, Scores, SliceScore, _identifier, language, score

LABELS = ("billing", "export", "other")


def test_labels_that_occur_nowhere_do_not_count() -> None:
    found = score(_sure_of([0, 1, 1]), np.array([0, 1, 0]), LABELS, {})

    assert set(found.labels) == {"billing", "export"}
    assert found.macro_f1 == pytest.approx(2 / 3)
    assert found.micro_f1 == pytest.approx(2 / 3)


def test_a_label_that_was_only_predicted_is_shown_as_wrong_without_a_warning() -> None:
    found = score(_sure_of([0, 2]), np.array([0, 0]), LABELS, {})

    assert found.labels["other"].support == 0
    assert found.labels["other"].f1 == 0
    assert (found.precision, found.recall) == (1.0, 0.5)


def test_the_area_under_the_curve_is_left_out_where_only_one_label_occurs() -> None:
    assert score(_sure_of([0, 1]), np.array([0, 0]), LABELS, {}).auc is None


def test_each_slice_has_figures_of_its_own() -> None:
    slices = {"channel": ["C1", "C1", "C2", "C2"]}

    found = score(_sure_of([0, 1, 1, 1]), np.array([0, 1, 0, 1]), LABELS, slices)

    first, second = found.slices["channel"]["C1"], found.slices["channel"]["C2"]
    assert (first.messages, first.accuracy, first.f1, first.auc, first.ece) == (2, 1.0, 1.0, 1.0, 0.0)
    assert (second.accuracy, second.precision, second.recall) == (0.5, 0.25, 0.5)
    assert second.f1 == pytest.approx(1 / 3)
    assert (second.auc, second.ece) == (0.5, 0.5)
    assert Scores.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_scores_that_were_kept_by_an_earlier_release_can_still_be_read() -> None:
    kept = score(_sure_of([0, 1]), np.array([0, 1]), LABELS, {"channel": ["C1", "C2"]}).to_json()
    for label in kept["labels"].values():
        del label["auc"], label["ece"]
    kept["slices"], kept["slices_f1"] = {"channel": {"C1": [0.5, 2]}}, {"channel": {"C1": 0.4}}

    read = Scores.from_json(json.loads(json.dumps(kept)))

    assert read.slices["channel"]["C1"] == SliceScore(2, 0.5, f1=0.4)
    assert read.labels["billing"].auc is None
    del kept["slices_f1"]
    assert Scores.from_json(kept).slices["channel"]["C1"].f1 is None


def test_each_label_has_a_curve_and_a_calibration_of_its_own_against_the_rest() -> None:
    probabilities = np.array([[0.6, 0.4, 0], [0.4, 0.6, 0], [0.7, 0.3, 0], [0.2, 0.8, 0]], dtype=np.float32)

    found = score(probabilities, np.array([0, 0, 1, 1]), LABELS, {})

    assert found.labels["billing"].auc == pytest.approx(0.5)
    assert found.labels["billing"].ece == pytest.approx((0.4 + 0.6 + 0.7 + 0.2) / 4)


def test_a_language_is_told_of_words_only() -> None:
    assert language("bitte die Rechnung noch einmal schicken") == "de"
    assert language("x" * (LETTERS_LEAST - 1)) == "unknown"
    assert language("asdkjh asdkjh qweoiu zmxnb qwe") == "unknown"


def test_the_model_of_languages_is_read_once() -> None:
    assert _identifier() is _identifier()


def _sure_of(rows: list[int]) -> Vectors:
    """Probabilities (messages, labels) that say these labels."""
    return np.eye(len(LABELS), dtype=np.float32)[rows]


def test_a_label_that_nothing_held_out_has_counts_in_no_mean_but_costs_the_label_it_took_from() -> None:
    truth = np.array([0, 0, 1, 1])
    said = np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]

    found = score(said, truth, ["a", "b", "c"], {})

    assert found.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    assert found.labels["c"].support == 0
