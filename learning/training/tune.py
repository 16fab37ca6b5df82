"""Searching the recipe: trials by Optuna on folds of the examples, and the recipe that wins is kept."""

from __future__ import annotations

import shutil
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from learning import head
from learning.encoder import load_encoder
from learning.training.examples import Example, Target
from learning.training.lessons import TooFewExamplesError
from learning.training.metrics import score
from learning.training.progress import Progress
from learning.training.recipe import Balance, Recipe

if TYPE_CHECKING:
    import optuna

FOLDS = 3
SEED = 0
FLOATS = (
    ("learning_rate", 1e-5, 1e-3),
    ("head_rate", 1e-4, 1e-2),
    ("label_smoothing", 0.0, 0.2),
    ("probe", 0.5, 1.5),
)
LOGARITHMIC = ("learning_rate", "head_rate")
SEARCHED = (*(name for name, _, _ in FLOATS), "epochs", "batch_size", "balance", "frozen_layers")


@dataclass(frozen=True)
class Tuned:
    """The best recipe and its macro-F1 on examples that it did not learn from; also that of the recipe before.

    `scores`: of each of the `trials`, in their order; None where it was given up.
    """

    recipe: Recipe
    score: float
    score_before: float
    trials: int
    scores: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Budget:
    """When to stop: after so many trials, or once so many seconds have passed. The trial under way is ended."""

    trials: int
    seconds: float | None


def tune(
    source: str | None,
    targets: Sequence[Target],
    examples: Sequence[Example],
    groups: NDArray[np.int64],
    before: Recipe,
    budget: Budget,
    folder: Path,
    threads: int,
    tell: Callable[[Progress], None],
) -> Tuned:
    """Try `before` first, then what Optuna suggests (TPE; a trial behind the median of its fold is given up).

    groups: (examples,), one number for texts that say nearly the same, which stay in one fold.
    Raises TooFewExamplesError.
    """
    import optuna

    from learning.training.fine_tune import DivergedError
    from learning.training.model import UnknownArchitectureError

    _check(examples)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folds = _folds(examples, groups)
    began = time.monotonic()
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=SEED),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2),
    )
    study.enqueue_trial(_parameters(before))
    place = folder / "trial"

    def objective(trial: optuna.Trial) -> float:
        recipe = _suggest(trial, before)
        scores: list[float] = []
        for number, held in enumerate(folds):
            done = (trial.number + number / len(folds)) / budget.trials
            tell(Progress(f"trial {trial.number + 1}, fold {number + 1}", min(done, 1.0)))
            fold = _Fold(source, targets, examples, groups, held)
            try:
                scores.append(_score(fold, recipe, place, threads))
            except (DivergedError, UnknownArchitectureError) as error:
                if not trial.number:
                    raise  # the recipe that runs go by
                raise optuna.TrialPruned from error
            finally:
                shutil.rmtree(place, ignore_errors=True)
            trial.report(float(np.mean(scores)), number)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(scores))

    def stop(study: optuna.Study, _trial: Any) -> None:
        if budget.seconds is not None and time.monotonic() - began > budget.seconds:
            study.stop()

    study.optimize(objective, n_trials=budget.trials, callbacks=[stop])
    found = [
        trial.value if trial.state is optuna.trial.TrialState.COMPLETE else None for trial in study.trials
    ]
    recipe = _made(study.best_params, before)
    return Tuned(recipe, study.best_value, found[0] or 0.0, len(found), tuple(found))


def _check(examples: Sequence[Example]) -> None:
    most = max(Counter(example.label_id for example in examples).values())
    if most < FOLDS:
        raise TooFewExamplesError(most, FOLDS)


def _parameters(recipe: Recipe) -> dict[str, Any]:
    return {name: getattr(recipe, name) for name in SEARCHED}


def _suggest(trial: optuna.Trial, before: Recipe) -> Recipe:
    """A recipe of this trial. The ranges reach to where `before` lies, which is tried whatever it is."""
    found: dict[str, Any] = {
        name: trial.suggest_float(name, min(low, value), max(high, value), log=name in LOGARITHMIC)
        for name, low, high in FLOATS
        for value in [getattr(before, name)]
    }
    found |= {
        "epochs": trial.suggest_int("epochs", 1, max(20, before.epochs)),
        "batch_size": trial.suggest_categorical("batch_size", sorted({8, 16, 32, before.batch_size})),
        "balance": trial.suggest_categorical("balance", get_args(Balance)),
        "frozen_layers": trial.suggest_int("frozen_layers", 0, max(3, before.frozen_layers)),
    }
    return _made(found, before)


def _made(found: dict[str, Any], before: Recipe) -> Recipe:
    return replace(before, **found)


def _folds(examples: Sequence[Example], groups: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Rows that each fold holds out: stratified, with what says nearly the same in one of them."""
    from sklearn.model_selection import StratifiedGroupKFold

    labels = [example.label_id for example in examples]
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    with warnings.catch_warnings(
        action="ignore", category=UserWarning
    ):  # of labels rarer than there are folds
        return [held for _, held in folds.split(labels, labels, groups)]


@dataclass(frozen=True)
class _Fold:
    """What a trial learns from, and the rows of `examples` that it is then asked about."""

    source: str | None
    targets: Sequence[Target]
    examples: Sequence[Example]
    groups: NDArray[np.int64]
    held: NDArray[np.int64]

    @property
    def learned(self) -> NDArray[np.int64]:
        """The other rows."""
        return np.setdiff1d(np.arange(len(self.examples)), self.held)


def _score(fold: _Fold, recipe: Recipe, place: Path, threads: int) -> float:
    """Macro-F1 on the held-out rows, as it would serve."""
    from learning.training.fine_tune import fine_tune

    learned = [fold.examples[row] for row in fold.learned]
    asked = [fold.examples[row] for row in fold.held]
    groups = fold.groups[fold.learned]
    trained = fine_tune(fold.source, fold.targets, learned, groups, recipe, place, threads, _quiet)
    encoder = load_encoder(str(trained.folder), recipe.max_tokens, threads)
    row = {target.id: number for number, target in enumerate(fold.targets)}
    fitted = head.fit(
        tuple(row),
        encoder.encode([target.description for target in fold.targets]).vectors,
        encoder.encode([example.text for example in learned]).vectors,
        np.array([row[example.label_id] for example in learned], dtype=np.int64),
        None,
        trained.head,
    )
    probabilities = fitted.probabilities(encoder.encode([example.text for example in asked]).vectors)
    truth = np.array([row[example.label_id] for example in asked], dtype=np.int64)
    return score(probabilities, truth, list(row), {}).macro_f1


def _quiet(_progress: Progress) -> None:
    """A trial is told of as a whole."""
