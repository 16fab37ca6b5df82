from __future__ import annotations

from pathlib import Path

import numpy as np

from learning.tasks.recipe import Recipe
from learning.training import trials
from learning.training.search import folds
from learning.training.trials import Trial, best
from tests.learning.training.examples import examples

BEFORE = Trial(Recipe(), 0.70)
PLAIN = Recipe(epochs=9)
AUGMENTED = Recipe(epochs=9, augmentation=0.1, replacement=0.2, stop_after=5)


def test_the_recipe_before_stays_unless_another_is_better() -> None:
    assert best([BEFORE, Trial(PLAIN, 0.70), Trial(PLAIN, None)]) == BEFORE
    assert best([BEFORE, Trial(PLAIN, 0.71)]).recipe == PLAIN


def test_augmentation_is_kept_only_if_it_wins_against_the_same_recipe_without_it() -> None:
    augmented = Trial(AUGMENTED, 0.80)

    assert best([BEFORE, augmented, Trial(PLAIN, 0.79)]) == augmented
    assert best([BEFORE, augmented, Trial(PLAIN, None)]) == augmented
    assert best([BEFORE, augmented, Trial(PLAIN, 0.80)]).recipe == PLAIN
    assert best([BEFORE, augmented, Trial(Recipe(epochs=8), 0.72)]).recipe == Recipe(epochs=8)
    assert best([BEFORE, augmented]) == BEFORE


def test_trials_that_were_written_down_are_read_again(tmp_path: Path) -> None:
    some = [BEFORE, Trial(AUGMENTED, None)]

    trials.keep(tmp_path, some)

    assert trials.read(tmp_path) == some
    assert trials.read(tmp_path / "nowhere") == []


def test_what_says_nearly_the_same_is_in_one_fold() -> None:
    some = examples(times=12)
    groups = np.arange(len(some)) // 2

    found = folds(some, groups.tolist())

    assert sorted(np.concatenate(found).tolist()) == list(range(len(some)))
    inside = [set(groups[held].tolist()) for held in found]
    assert not any(one & other for one in inside for other in inside if one is not other)
    assert all({some[at].label_id for at in held} == {"b", "x", "p"} for held in found)
