from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModel

from learning.classifying.examples import TooFewExamplesError
from learning.tasks.progress import Progress
from learning.tasks.recipe import Recipe
from learning.training import trials
from learning.training.trials import TuneJob
from learning.training.tune import Deadline, NotEnoughTimeError, SearchFailedError, TunedRecipe, tune
from tests.learning.tiny_models import tiny_model
from tests.learning.training.examples import QUICK, TARGETS, examples
from tests.learning.training_here import Deaths, TrainingHere

BEFORE = Recipe(epochs=1, batch_size=8, learning_rate=1e-5, head_rate=1e-4, max_tokens=16)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("training_libraries")]


def job(folder: Path, times: int = 6, **given: Any) -> TuneJob:
    """A search from a transformer of a few kilobytes."""
    some = examples(times)
    source = tiny_model(folder / "base")
    usual = {"before": BEFORE, "fixed": [], "trials": 2, "threads": 1}
    return TuneJob(
        source=source, targets=TARGETS, examples=some, groups=list(range(len(some))), **{**usual, **given}
    )


def search(of: TuneJob, folder: Path, told: list[Progress] | None = None) -> TunedRecipe:
    heard: list[Progress] = [] if told is None else told
    return tune(of, folder / "tuning", TrainingHere, None, heard.append)


def test_what_wins_is_never_worse_than_the_recipe_before(tmp_path: Path) -> None:
    told: list[Progress] = []

    found = search(job(tmp_path, trials=3), tmp_path, told)

    assert len(found.scores) == 3
    assert found.score >= found.score_before == found.scores[0]
    assert found.recipe.max_tokens == BEFORE.max_tokens
    assert {one.stage for one in told} <= {f"trial {at}, fold {of}" for at in (1, 2, 3) for of in (1, 2, 3)}
    assert not (tmp_path / "tuning" / "trial").exists()


def test_what_recipe_names_is_the_same_in_each_trial(tmp_path: Path) -> None:
    fixed = ["learning_rate", "head_rate", "label_smoothing", "probe", "epochs", "batch_size", "balance"]
    fixed += ["frozen_layers", "augmentation", "replacement"]
    unusual = Recipe(epochs=1, learning_rate=3e-3, head_rate=0.5, probe=2.0, batch_size=7, max_tokens=16)

    found = search(job(tmp_path, before=unusual, fixed=fixed), tmp_path)

    assert found.recipe == unusual
    assert not found.is_better


def test_few_examples_are_enough_to_find_out_after_which_epoch_to_stop(tmp_path: Path) -> None:
    """A recipe that has learned everything in its first epochs."""
    thorough = Recipe.from_json({**QUICK.to_json(), "epochs": 8, "averaged": 0.0, "patience": 2})
    every = ["learning_rate", "head_rate", "label_smoothing", "probe", "epochs", "batch_size", "balance"]
    every += ["frozen_layers", "augmentation", "replacement"]

    found = search(job(tmp_path, before=thorough, fixed=every), tmp_path)

    assert 0 < found.recipe.stop_after < 8


class Slow:
    """A process that does a fold each time that somebody looks, and never comes to its end."""

    status = None

    def __init__(self, folds: int) -> None:
        self._folds = folds
        self._done = 0
        self.is_stopped = False

    @property
    def progress(self) -> Progress:
        self._done = min(self._done + 1, self._folds)
        return Progress(f"trial 1, fold {self._done + 1}", self._done / 60)

    def stop(self) -> None:
        self.is_stopped = True


def test_a_trial_that_is_over_its_time_is_stopped_and_nothing_is_made_of_one_alone(tmp_path: Path) -> None:
    slow = Slow(folds=0)

    with pytest.raises(NotEnoughTimeError, match=r"0\.01 minutes are not enough time for the 2 trials"):
        tune(job(tmp_path), tmp_path / "tuning", lambda _: slow, Deadline.after(0.01), lambda _: None)

    assert slow.is_stopped


def test_a_time_that_will_never_do_is_not_waited_for(tmp_path: Path) -> None:
    slow, deadline = Slow(folds=2), Deadline(0.001, time.monotonic() + 600)

    with pytest.raises(NotEnoughTimeError, match="here they take about 1 minute"):
        tune(job(tmp_path, trials=20), tmp_path / "tuning", lambda _: slow, deadline, lambda _: None)

    assert slow.is_stopped


def test_what_was_found_before_the_time_was_over_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "tuning"

    class OverAfterTwoTrials(Deadline):
        @property
        def is_over(self) -> bool:
            return len(trials.read(folder)) == 2

    found = tune(job(tmp_path, trials=50), folder, TrainingHere, OverAfterTwoTrials(1.0, 0.0), lambda _: None)

    assert len(found.scores) >= 2
    assert found.scores[0] == found.score_before


def test_a_process_that_dies_before_anything_can_be_compared_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(SearchFailedError, match="its process died"):
        tune(job(tmp_path), tmp_path / "tuning", Deaths("trial 1, fold 1"), None, lambda _: None)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_recipe_of_now_that_can_not_be_followed_is_told_of(tmp_path: Path) -> None:
    some = job(tmp_path)
    encoder = AutoModel.from_pretrained(str(some.source))
    encoder.embeddings.word_embeddings.weight.data[5] = float("nan")
    encoder.save_pretrained(str(some.source))

    with pytest.raises(SearchFailedError, match="training diverged"):
        search(some, tmp_path)


def test_labels_with_too_few_examples_to_judge_a_recipe_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooFewExamplesError, match="labels with 3 examples"):
        search(job(tmp_path, times=2), tmp_path)
