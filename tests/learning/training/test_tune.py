from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learning.training.lessons import TooFewExamplesError
from learning.training.progress import Progress
from learning.training.recipe import Recipe
from learning.training.tune import Budget, _folds, tune
from tests.learning.tiny_models import tiny_model
from tests.learning.training.examples import TARGETS, examples

BEFORE = Recipe(epochs=1, batch_size=8, learning_rate=1e-5, head_rate=1e-4, max_tokens=16)

pytestmark = pytest.mark.slow


def test_what_wins_is_kept_and_is_never_worse_than_the_recipe_before(tmp_path: Path) -> None:
    told: list[Progress] = []

    found = tune(
        tiny_model(tmp_path / "base"),
        TARGETS,
        examples(times=9),
        np.arange(27),
        BEFORE,
        Budget(trials=3, seconds=None),
        tmp_path,
        1,
        told.append,
    )

    assert found.trials == len(found.scores) == 3
    assert found.score == max(score for score in found.scores if score is not None)
    assert found.score >= found.score_before
    assert found.recipe.max_tokens == BEFORE.max_tokens
    assert [one.stage for one in told][:3] == [f"trial 1, fold {number}" for number in (1, 2, 3)]
    assert not (tmp_path / "trial").exists()  # it held what people wrote


def test_it_stops_when_its_time_is_over(tmp_path: Path) -> None:
    found = tune(
        tiny_model(tmp_path / "base"),
        TARGETS,
        examples(times=6),
        np.arange(18),
        BEFORE,
        Budget(trials=50, seconds=0.0),
        tmp_path,
        1,
        lambda _: None,
    )

    assert found.trials == 1
    assert found.recipe == BEFORE


def test_a_recipe_outside_what_is_searched_is_tried_too(tmp_path: Path) -> None:
    unusual = Recipe(
        epochs=1, learning_rate=3e-3, head_rate=0.5, label_smoothing=0.4, probe=2.0, batch_size=7
    )

    found = tune(
        tiny_model(tmp_path / "base"),
        TARGETS,
        examples(times=6),
        np.arange(18),
        unusual,
        Budget(trials=1, seconds=None),
        tmp_path,
        1,
        lambda _: None,
    )

    assert found.recipe == unusual
    assert found.scores == (found.score,) == (found.score_before,)


def test_what_says_nearly_the_same_is_in_one_fold() -> None:
    some = examples(times=12)
    groups = np.arange(len(some)) // 2

    folds = _folds(some, groups)

    assert sorted(np.concatenate(folds).tolist()) == list(range(len(some)))
    inside = [set(groups[held].tolist()) for held in folds]
    assert not any(one & other for one in inside for other in inside if one is not other)
    assert all({some[at].label_id for at in held} == {"b", "x", "p"} for held in folds)


def test_labels_with_too_few_examples_to_judge_a_recipe_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooFewExamplesError, match="labels with 3 examples"):
        tune(
            None,
            TARGETS,
            examples(times=2),
            np.arange(6),
            BEFORE,
            Budget(trials=1, seconds=None),
            tmp_path,
            1,
            lambda _: None,
        )
