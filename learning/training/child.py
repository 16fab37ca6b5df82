"""What the training process does: examine the data, fine-tune, compare with the champion on the holdout, and tell."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
import sys
import threading
import time
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from learning.data.examples import Example
from learning.encoders import form
from learning.encoders.encoder import Encoder, EncoderNotFoundError, load_encoder
from learning.encoders.form import ServingForm
from learning.encoders.serving import load_small
from learning.evaluation import gate
from learning.evaluation.gate import Contender
from learning.evaluation.metrics import Scores, score, slices_of
from learning.heads import head
from learning.heads.centring import mean_of
from learning.heads.head import Head
from learning.processes.memory import is_lack_of_memory
from learning.serving.registry import HEAD
from learning.tasks.job import Result, TrainingJob, task_of
from learning.tasks.progress import Progress
from learning.training.trials import is_search
from storage.tables.models import TaskName

if TYPE_CHECKING:
    from learning.fine_tuning.fine_tune import Trained

NICENESS = 10
CHECKED_MOST = 32
TIMED = 32
LIBRARIES = ("torch", "transformers", "datasets", "accelerate", "peft", "numpy", "scikit-learn")


def main() -> None:
    """Work on the job of the folder that is named; exit status 0 where there is a result, also of a failure."""
    folder = Path(sys.argv[1])
    told = sys.stdout
    threading.Thread(target=_end_with_owner, daemon=True).start()
    with contextlib.suppress(OSError):
        os.nice(NICENESS)

    def tell(progress: Progress) -> None:
        told.write(json.dumps(dataclasses.asdict(progress)) + "\n")
        told.flush()

    with contextlib.redirect_stdout(sys.stderr):  # libraries print; what is told is read line by line
        work(folder, tell).write(folder)


def _end_with_owner() -> None:
    """Nothing is ever written to standard input: it ends when the owner does."""
    # Not through `sys.stdin`, whose lock this thread would hold when the interpreter shuts down.
    while os.read(0, 1):
        pass
    os._exit(1)


def work(folder: Path, tell: Any) -> Result:
    """Do the job of a folder."""
    from learning.fine_tuning.model import UnknownArchitectureError
    from learning.writing.language_model import LanguageModelNotFoundError

    try:
        if is_search(folder):
            from learning.training import search

            return search.work(folder, tell)
        if task_of(folder) is TaskName.SUMMARIZATION:
            from learning.summary_training import run

            return run.work(folder, tell)
        return _TrainingRun(TrainingJob.read(folder), folder, tell).result()
    except (EncoderNotFoundError, LanguageModelNotFoundError, UnknownArchitectureError) as error:
        return Result(failed=str(error))
    except Exception as error:
        if is_lack_of_memory(error):
            return Result(failed="there was not enough memory", is_out_of_memory=True)
        where = "".join(traceback.format_tb(error.__traceback__))
        return Result(
            failed=f"training failed ({type(error).__name__})", where=where
        )  # its text may quote people


@dataclasses.dataclass(frozen=True)
class _Tried:
    """One of the two as it would serve, and what came of it where something is held out."""

    encoder: Encoder
    contender: Contender | None = None
    scores: Scores | None = None

    @property
    def accuracy(self) -> float | None:
        return self.scores.accuracy if self.scores else None


class _TrainingRun:
    def __init__(self, job: TrainingJob, folder: Path, tell: Any) -> None:
        self._job = job
        self._folder = folder
        self._tell = tell
        self._labels = tuple(target.id for target in job.targets)
        self._names = {target.id: target.name for target in job.targets}
        self._row = {label: number for number, label in enumerate(self._labels)}
        self._truth = np.array([self._row[example.label_id] for example in job.holdout], dtype=np.int64)

    def result(self) -> Result:
        from learning.fine_tuning.fine_tune import describe, fine_tune

        job = self._job
        self._tell(Progress("looking at the data", 0.0))
        report = self._examine()
        trained = fine_tune(
            job.source,
            job.targets,
            job.training,
            np.array(job.groups, dtype=np.int64),
            job.recipe,
            self._folder,
            job.threads,
            lambda progress: self._tell(dataclasses.replace(progress, done=0.05 + 0.85 * progress.done)),
            job.report_to,
        )
        self._tell(Progress("comparing with the champion", 0.92))
        champion, (challenger, served) = self._champion(), self._challenger(trained)
        judgement = self._judge(champion.contender, challenger.contender)
        reason = (
            f"{judgement.reason}; so it serves by PyTorch: {served.refused}"
            if served.refused
            else judgement.reason
        )
        card = {
            "training": describe(trained),
            "recipe": job.recipe.to_json(),
            "examples": len(job.training),
            "scores": challenger.scores.to_json() if challenger.scores else None,
            "champion_scores": champion.scores.to_json() if champion.scores else None,
            "served": served.to_json(),
            "answers": self._answers(challenger.encoder, trained.head),
            "data": report["fingerprint"],
            "libraries": {name: version(name) for name in LIBRARIES},
            **self._picture(trained, champion.scores, challenger.scores),
        }
        self._write_card(trained.folder, card)
        self._tell(Progress("done", 1.0))
        return Result(
            challenger.encoder.fingerprint, judgement.decision.value, reason, judgement.figures, report, card
        )

    def _examine(self) -> dict[str, Any]:
        from learning.run_reports.data_report import examine

        job = self._job
        encoder = load_encoder(job.source, job.recipe.max_tokens, job.threads)
        vectors = encoder.encode([example.text for example in job.training]).vectors
        found = examine(job.training, job.groups, vectors, job.targets, job.recipe.seed)
        return {**found.to_json(), "fingerprint": fingerprint(job.training)}

    def _judge(self, champion: Contender | None, challenger: Contender | None) -> gate.Judgement:
        names, seed = tuple(self._names.values()), self._job.recipe.seed
        nobody = Contender(self._truth, 0.0, 0.0)
        return gate.judge(
            champion or nobody, challenger or nobody, self._truth, names, self._job.limits, seed
        )

    def _champion(self) -> _Tried:
        job = self._job
        name = job.champion or job.source
        plain = load_encoder(name, job.max_tokens, job.threads)
        served = load_small(name, job.max_tokens, job.threads, Path(job.exports)) if job.exports else plain
        return self._try(served, Head.load(Path(job.champion) / HEAD) if job.champion else None, plain)

    def _challenger(self, trained: Trained) -> tuple[_Tried, ServingForm]:
        """In the form in which it would serve; that lies in its folder from now on."""
        job = self._job
        plain = load_encoder(str(trained.folder), job.max_tokens, job.threads)
        full = self._try(plain, trained.head, plain)
        if job.exports is None:
            return full, ServingForm("torch")
        encoder, refused = form.export(plain, trained.folder, job.threads)
        if encoder is None:
            return full, ServingForm("torch", refused=refused)
        small = self._try(encoder, trained.head, plain)
        chosen = form.choose(trained.folder, full.accuracy, small.accuracy)
        return (full if chosen.refused else small), chosen

    def _try(self, encoder: Encoder, learned: Head | None, plain: Encoder) -> _Tried:
        """As it would serve, fitted to all that was said but of the holdout.

        `plain`: the same by PyTorch, which times all alike: what has to serve by it is not refused for that.
        """
        holdout, said = self._job.holdout, self._job.said
        if not holdout:
            return _Tried(encoder)
        described = encoder.encode([target.description for target in self._job.targets]).vectors
        known = encoder.encode([example.text for example in said]).vectors
        asked = encoder.encode([example.text for example in holdout]).vectors
        classes = np.array([self._row[example.label_id] for example in said], dtype=np.int64)
        mean = mean_of(np.vstack([described, known, asked]))  # the team's messages are not all here
        fitted = head.fit(self._labels, described, known, classes, None, learned, mean=mean)
        probabilities = fitted.probabilities(asked)
        scores = score(probabilities, self._truth, self._labels, slices_of(holdout))
        rows = probabilities.argmax(axis=1).astype(np.int64)
        return _Tried(encoder, Contender(rows, scores.ece, _latency(plain, holdout)), scores)

    def _answers(self, encoder: Encoder, learned: Head) -> dict[str, tuple[str, float]]:
        """What the model says of some messages, by which whoever loads it knows that it is the same."""
        stored = [*self._job.holdout, *(one for one in self._job.training if one.channel)][:CHECKED_MOST]
        if not stored:
            return {}
        found = learned.probabilities(
            np.vstack([encoder.encode([example.text]).vectors for example in stored])
        )
        return {
            example.id: (learned.labels[int(row.argmax())], round(float(row.max()), 4))
            for example, row in zip(stored, found, strict=True)
        }

    def _picture(
        self, trained: Trained, champion: Scores | None, challenger: Scores | None
    ) -> dict[str, str]:
        from learning.run_reports.picture import draw

        image, words = draw(self._job.title, trained.curve, champion, challenger, self._names)
        return {"picture": base64.b64encode(image).decode(), "picture_text": words}

    def _write_card(self, folder: Path, card: dict[str, Any]) -> None:
        from learning.run_reports.model_card import write

        write(folder / "README.md", self._job, card)


def _latency(encoder: Encoder, examples: list[Example]) -> float:
    """Seconds for one message, the median of some."""
    taken = []
    for example in (examples * TIMED)[:TIMED]:
        began = time.perf_counter()
        encoder.encode([example.text])
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def fingerprint(examples: list[Example]) -> str:
    """Changes when an example or its label does."""
    import hashlib

    digest = hashlib.sha256()
    for example in sorted(examples, key=lambda one: one.id):
        digest.update(json.dumps([example.id, example.text, example.label_id]).encode())
    return digest.hexdigest()[:16]
