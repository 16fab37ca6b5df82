"""Searching the recipe, in the process that trains: trials by Optuna on folds of the examples.

Each trial is written down as it ends, so that whoever stops the process has what was found until then.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from learning.data.examples import Example
from learning.encoders.encoder import load_encoder
from learning.evaluation.metrics import score
from learning.heads import head
from learning.tasks.job import Result
from learning.tasks.progress import Progress
from learning.tasks.recipe import Balance, Recipe
from learning.training.trials import AUGMENTATION, FOLDS, Trial, TuneJob, keep

if TYPE_CHECKING:
    import optuna

SEED = 0
FLOATS = (
    ("learning_rate", 1e-5, 1e-3),
    ("head_rate", 1e-4, 1e-2),
    ("label_smoothing", 0.0, 0.2),
    ("probe", 0.5, 1.5),
)
LOGARITHMIC = ("learning_rate", "head_rate")
WHOLE = (("epochs", 1, 20), ("frozen_layers", 0, 3))
CHOICES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("batch_size", (8, 16, 32)),
    ("balance", get_args(Balance)),
    ("augmentation", (0.0, 0.05, 0.1, 0.2)),
    ("replacement", (0.0, 0.1, 0.2, 0.3)),
)
SUGGESTED = (*(name for name, _, _ in (*FLOATS, *WHOLE)), *(name for name, _ in CHOICES))

Tell = Callable[[Progress], None]


def work(folder: Path, tell: Tell) -> Result:
    """Search as the job of a folder says; what was found lies there, trial by trial."""
    from learning.fine_tuning.fine_tune import DivergedError

    try:
        _Search(TuneJob.read(folder), folder, tell).run()
    except DivergedError as error:  # by the recipe that runs go by
        return Result(failed=str(error))
    return Result()


class _Search:
    def __init__(self, job: TuneJob, folder: Path, tell: Tell) -> None:
        self._job = job
        self._folder = folder
        self._tell = tell
        self._folds = folds(job.examples, job.groups)
        self._trials: list[Trial] = []

    def run(self) -> None:
        """Try the recipe that runs go by first, then what Optuna suggests (TPE; a trial behind the median is given up).

        Raises DivergedError, UnknownArchitectureError.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=SEED),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=2),
        )
        study.enqueue_trial(self._parameters(self._job.before))
        study.optimize(self._try, n_trials=self._job.trials, callbacks=[self._keep])

    def _parameters(self, recipe: Recipe) -> dict[str, Any]:
        return {name: getattr(recipe, name) for name in SUGGESTED if name not in self._job.fixed}

    # One trial

    def _try(self, trial: optuna.Trial) -> float:
        import optuna

        from learning.fine_tuning.fine_tune import DivergedError
        from learning.fine_tuning.model import UnknownArchitectureError

        recipe = self._suggest(trial)
        scored: list[_Scored] = []
        for number, held in enumerate(self._folds):
            done = (trial.number + number / FOLDS) / self._job.trials
            told = Progress(f"trial {trial.number + 1}, fold {number + 1}", min(done, 1.0))
            self._tell(told)
            try:
                scored.append(self._score(held, recipe, told))
            except (DivergedError, UnknownArchitectureError) as error:
                if not trial.number:
                    raise  # the recipe that runs go by
                raise optuna.TrialPruned from error
            finally:
                shutil.rmtree(self._folder / "trial", ignore_errors=True)
            trial.report(float(np.mean([one.macro_f1 for one in scored])), number)
            if trial.should_prune():
                raise optuna.TrialPruned
        trial.set_user_attr("stop_after", self._stop_after(recipe, scored))
        return float(np.mean([one.macro_f1 for one in scored]))

    def _suggest(self, trial: optuna.Trial) -> Recipe:
        """A recipe of this trial. The ranges reach to where `before` lies, which is tried whatever it is."""
        job, found = self._job, dict[str, Any]()
        for name, low, high in FLOATS:
            if name not in job.fixed:
                value = getattr(job.before, name)
                ends = min(low, value), max(high, value)
                found[name] = trial.suggest_float(name, *ends, log=name in LOGARITHMIC)
        for name, least, most in WHOLE:
            if name not in job.fixed:
                found[name] = trial.suggest_int(name, least, max(most, getattr(job.before, name)))
        for name, values in CHOICES:
            if name not in job.fixed:
                every = sorted({*values, getattr(job.before, name)})
                found[name] = trial.suggest_categorical(name, every)
        if "stop_after" not in job.fixed:
            found["stop_after"] = 0  # each fold says when
        return replace(job.before, **found)

    def _stop_after(self, recipe: Recipe, scored: Sequence[_Scored]) -> int:
        """The median of the epochs whose weights the folds kept; 0 if that is the last one, or RECIPE names it."""
        if "stop_after" in self._job.fixed:
            return recipe.stop_after
        kept = round(float(np.median([one.kept_epoch for one in scored])))
        return kept if 0 < kept < recipe.epochs else 0

    def _score(self, held: NDArray[np.int64], recipe: Recipe, told: Progress) -> _Scored:
        """Macro-F1 on the held-out rows, as it would serve, stopped where these say so."""
        from learning.fine_tuning.fine_tune import fine_tune

        job = self._job
        rows = np.setdiff1d(np.arange(len(job.examples)), held)
        learned, asked = ([job.examples[row] for row in some] for some in (rows, held))
        groups = np.array(job.groups, dtype=np.int64)[rows]
        trained = fine_tune(
            job.source,
            job.targets,
            learned,
            groups,
            recipe,
            self._folder / "trial",
            job.threads,
            lambda _progress: self._tell(told),  # a trial is told of as a whole
            held=asked,
        )
        encoder = load_encoder(str(trained.folder), recipe.max_tokens, job.threads)
        row = {target.id: number for number, target in enumerate(job.targets)}
        fitted = head.fit(
            tuple(row),
            encoder.encode([target.description for target in job.targets]).vectors,
            encoder.encode([example.text for example in learned]).vectors,
            np.array([row[example.label_id] for example in learned], dtype=np.int64),
            None,
            trained.head,
        )
        probabilities = fitted.probabilities(encoder.encode([example.text for example in asked]).vectors)
        truth = np.array([row[example.label_id] for example in asked], dtype=np.int64)
        return _Scored(score(probabilities, truth, list(row), {}).macro_f1, trained.kept_epoch)

    # Between trials

    def _keep(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        """Write down what was tried; the best so far is tried without its augmentation next."""
        import optuna

        is_complete = trial.state is optuna.trial.TrialState.COMPLETE
        stop = trial.user_attrs if is_complete else {}
        recipe = replace(self._job.before, **trial.params, **stop)
        self._trials.append(Trial(recipe, trial.value if is_complete else None))
        keep(self._folder, self._trials)
        plain = dict.fromkeys((name for name in AUGMENTATION if trial.params.get(name)), 0.0)
        if is_complete and plain and study.best_trial.number == trial.number:
            study.enqueue_trial({**trial.params, **plain}, skip_if_exists=True)


@dataclass(frozen=True)
class _Scored:
    """The result of one fold."""

    macro_f1: float
    kept_epoch: float


def folds(examples: Sequence[Example], groups: Sequence[int]) -> list[NDArray[np.int64]]:
    """Rows that each fold holds out: stratified, with what says nearly the same in one of them."""
    from sklearn.model_selection import StratifiedGroupKFold

    labels = [example.label_id for example in examples]
    split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    with warnings.catch_warnings(
        action="ignore", category=UserWarning
    ):  # of labels rarer than there are folds
        return [held for _, held in split.split(labels, labels, np.array(groups))]
