"""Searching the recipe: trials by Optuna on folds of the examples, and the recipe that wins is kept."""

from __future__ import annotations

import shutil
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learning import head
from learning.encoder import load_encoder
from learning.training.examples import Example, Target
from learning.training.lessons import TooFewExamplesError
from learning.training.metrics import score
from learning.training.progress import Progress
from learning.training.recipe import Recipe

if TYPE_CHECKING:
    import optuna

FOLDS = 3
SEED = 0


@dataclass(frozen=True)
class Tuned:
    """The best recipe and its macro-F1 on examples that it did not learn from; also that of the recipe before."""

    recipe: Recipe
    score: float
    score_before: float
    trials: int


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

    def objective(trial: optuna.Trial) -> float:
        recipe = _suggest(trial, before)
        scores: list[float] = []
        for number, held in enumerate(folds):
            done = (trial.number + number / len(folds)) / budget.trials
            tell(Progress(f"trial {trial.number + 1}, fold {number + 1}", min(done, 1.0)))
            scores.append(_score(source, targets, examples, held, recipe, folder, threads))
            trial.report(float(np.mean(scores)), number)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(scores))

    def stop(study: optuna.Study, _trial: Any) -> None:
        if budget.seconds is not None and time.monotonic() - began > budget.seconds:
            study.stop()

    study.optimize(objective, n_trials=budget.trials, callbacks=[stop])
    first = study.trials[0].value or 0.0
    return Tuned(_made(study.best_params, before), study.best_value, first, len(study.trials))


def _check(examples: Sequence[Example]) -> None:
    most = max(Counter(example.label_id for example in examples).values())
    if most < FOLDS:
        raise TooFewExamplesError(most, FOLDS)


def _parameters(recipe: Recipe) -> dict[str, Any]:
    names = (
        "epochs",
        "learning_rate",
        "head_rate",
        "batch_size",
        "label_smoothing",
        "balance",
        "frozen_layers",
    )
    return {name: getattr(recipe, name) for name in names}


def _suggest(trial: optuna.Trial, before: Recipe) -> Recipe:
    found = {
        "epochs": trial.suggest_int("epochs", 1, max(20, before.epochs)),
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-3, log=True),
        "head_rate": trial.suggest_float("head_rate", 1e-4, 1e-2, log=True),
        "batch_size": trial.suggest_categorical("batch_size", sorted({8, 16, 32, before.batch_size})),
        "label_smoothing": trial.suggest_float("label_smoothing", 0.0, 0.2),
        "balance": trial.suggest_categorical("balance", ["none", "weights", "sampling"]),
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


def _score(
    source: str | None,
    targets: Sequence[Target],
    examples: Sequence[Example],
    held: NDArray[np.int64],
    recipe: Recipe,
    folder: Path,
    threads: int,
) -> float:
    """Macro-F1 on the held-out rows, as it would serve."""
    from learning.training.fine_tune import fine_tune

    out = set(held.tolist())
    learned = [example for at, example in enumerate(examples) if at not in out]
    asked = [examples[at] for at in held]
    place = folder / "trial"
    shutil.rmtree(place, ignore_errors=True)
    try:
        trained = fine_tune(source, targets, learned, None, recipe, place, threads, _quiet)
        encoder = load_encoder(str(trained.folder), recipe.max_tokens, threads)
    finally:
        shutil.rmtree(place / "checkpoints", ignore_errors=True)
    row = {target.id: number for number, target in enumerate(targets)}
    fitted = head.fit(
        tuple(row),
        encoder.encode([target.description for target in targets]).vectors,
        encoder.encode([example.text for example in learned]).vectors,
        np.array([row[example.label_id] for example in learned], dtype=np.int64),
        None,
        trained.head,
    )
    probabilities = fitted.probabilities(encoder.encode([example.text for example in asked]).vectors)
    truth = np.array([row[example.label_id] for example in asked], dtype=np.int64)
    shutil.rmtree(place, ignore_errors=True)
    return score(probabilities, truth, list(row), {}).macro_f1


def _quiet(_progress: Progress) -> None:
    """A trial is told of as a whole."""
