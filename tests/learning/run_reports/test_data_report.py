from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from learning.data.examples import Example, LabelTarget
from learning.encoders.duplicates import groups_of
from learning.encoders.encoder import Vectors
from learning.run_reports.data_report import Examination, examine
from tests.learning.conftest import Banking


def test_most_labels_that_were_mixed_up_are_found_and_little_else(banking: Banking) -> None:
    mixed_up = np.random.default_rng(0).choice(240, 12, replace=False)
    classes = banking.classes.copy()
    classes[mixed_up] = (classes[mixed_up] + 3) % 10

    found = _examine(banking.vectors, classes, 10)

    suspected = {int(one.id) for one in found.suspects}
    assert len(suspected & set(mixed_up.tolist())) >= 9
    assert len(suspected) <= 18
    right = {str(at): f"label{banking.classes[at]}" for at in mixed_up}
    assert np.mean([one.suggested == right[one.id] for one in found.suspects if one.id in right]) > 0.7


def test_the_report_is_the_same_again_and_nothing_is_printed(
    banking: Banking, capfd: pytest.CaptureFixture[str]
) -> None:
    first, second = (_examine(banking.vectors[::3], banking.classes[::3], 10) for _ in range(2))

    assert first == second
    assert capfd.readouterr() == ("", "")


def test_labels_with_few_examples_are_not_suspected() -> None:
    vectors = _unit(np.vstack([_around(0, 20), _around(1, 20), _around(0, 4)]))
    classes = np.repeat([0, 1, 2], [20, 20, 4])

    found = _examine(vectors, classes, 4)

    assert found.counts == {"name0": 20, "name1": 20, "name2": 4, "name3": 0}
    assert all(one.label_id != "label2" for one in found.suspects)


def test_every_label_that_looks_wrong_is_told_of_the_most_suspicious_first() -> None:
    classes = np.repeat([0, 1], 300)
    vectors = _unit(np.vstack([_around(0, 300), _around(1, 300)]))
    classes[:70], classes[300:370] = 1, 0

    found = _examine(vectors, classes, 2).suspects

    wrong = {str(at) for at in (*range(70), *range(300, 370))}
    assert len({one.id for one in found} & wrong) >= 130
    assert {one.id for one in found[:50]} <= wrong


def test_where_most_are_copies_the_others_are_not_all_outliers() -> None:
    others = _unit(_around(1, 40))
    copies = np.repeat(others[:1], 80, axis=0)
    odd = -others[:1]

    found = _examine(np.vstack([copies, others, odd]), np.zeros(121, dtype=np.int64), 1)

    assert found.outliers == ["120"]


def test_no_text_is_kept(banking: Banking) -> None:
    found = _examine(banking.vectors[:30], banking.classes[:30], 10)

    assert json.loads(json.dumps(found.to_json())) == json.loads(json.dumps(dataclasses.asdict(found)))
    assert "secret" not in json.dumps(found.to_json())


def _examine(vectors: Vectors, classes: np.ndarray, labels: int) -> Examination:
    texts = [f"secret {at}" for at in range(len(classes))]
    examples = [Example(str(at), texts[at], f"label{one}") for at, one in enumerate(classes)]
    targets = [LabelTarget(f"label{one}", f"name{one}", "") for one in range(labels)]
    return examine(examples, groups_of(texts, vectors).tolist(), vectors, targets, seed=0)


def _around(axis: int, number: int) -> np.ndarray:
    """Rows in a cloud around an axis of 32, no two of them near-duplicates."""
    cloud = np.random.default_rng(axis).normal(size=(number, 32)) * 0.12
    cloud[:, axis] += 1
    return cloud


def _unit(vectors: np.ndarray) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
