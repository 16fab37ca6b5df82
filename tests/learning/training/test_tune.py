from __future__ import annotations

from pathlib import Path

import numpy as np

from learning.training.progress import Progress
from learning.training.recipe import Recipe
from learning.training.tune import Budget, tune
from tests.learning.tiny_models import tiny_model
from tests.learning.training.test_fine_tune import TARGETS, examples

BEFORE = Recipe(epochs=1, batch_size=8, learning_rate=1e-5, head_rate=1e-4, max_tokens=16)


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

    assert found.trials == 3
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
