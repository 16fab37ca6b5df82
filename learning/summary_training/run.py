"""What the training process does for summaries: train, compare with the champion on the held-out ones, and tell."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from learning.encoders.encoder import Encoder, load_encoder
from learning.summarizing.extractive import ChosenUtterances, Picker, chosen_by, describe, fit
from learning.summarizing.rouge import Rouge
from learning.summarizing.summarizer import NothingToSummarizeError, Summarizer
from learning.summary_training import card as cards
from learning.summary_training import gate
from learning.summary_training.gate import SummaryContender
from learning.summary_training.job import PICKER, WRITER, SummaryExample, SummaryJob
from learning.tasks.job import MODEL, Result
from learning.tasks.progress import Progress
from learning.writing import prompting
from learning.writing.child import ENCODER_TOKENS
from learning.writing.process import WritingProcess

if TYPE_CHECKING:
    from learning.summary_training.fine_tune import TunedSummarizer

# More than these say nothing new and take minutes.
JUDGED_MOST = 100
LIBRARIES = ("torch", "transformers", "datasets", "accelerate", "peft", "numpy", "rouge-score")
WRITING = "writing"  # the folder in which the model that writes is trained
TRAINED, JUDGED = 0.6, 0.95

Tell = Callable[[Progress], None]


def work(folder: Path, tell: Tell) -> Result:
    """Do the job of a folder. Raises LanguageModelNotFoundError, EncoderNotFoundError."""
    return _SummaryRun(SummaryJob.read(folder), folder, tell).result()


@dataclass(frozen=True)
class _Side:
    """One of the two that are compared. `writer`: the model that writes ("" for the installed one), or None."""

    picker: Picker
    writer: str | None


class _SummaryRun:
    def __init__(self, job: SummaryJob, folder: Path, tell: Tell) -> None:
        self._job = job
        self._folder = folder
        self._made = folder / MODEL
        self._tell = tell
        tell(Progress("looking at the summaries", 0.0))
        self._encoder = load_encoder(job.encoder, ENCODER_TOKENS, job.threads)

    def result(self) -> Result:
        job = self._job
        self._made.mkdir(exist_ok=True)
        picker = fit([_choice(self._encoder, one) for one in job.training])
        picker.save(self._made / PICKER)
        tuned = self._write()
        champion, challenger = self._contend(self._champion()), self._contend(self._challenger(picker))
        judgement = gate.judge(champion, challenger, job.limits, job.recipe.seed)
        curve = tuned.curve if tuned else []
        card = {
            "training": {"seconds": tuned.seconds, "device": tuned.device} if tuned else {},
            "recipe": job.recipe.to_json(),
            "examples": len(job.training),
            "scores": _scores(challenger),
            "champion_scores": _scores(champion),
            "acceptance": job.writing.acceptance if job.writing else None,
            "data": fingerprint(job.training),
            "libraries": {name: version(name) for name in LIBRARIES},
            **_picture(job.title, curve, champion, challenger),
        }
        cards.write(self._made / "README.md", job, card)
        self._tell(Progress("done", 1.0))
        rows = [["learned from", f"{len(job.training)} summaries"], ["held out", str(len(job.holdout))]]
        return Result(
            self._encoder.fingerprint,
            judgement.decision.value,
            judgement.reason,
            judgement.figures,
            {"rows": rows},
            card,
        )

    # Training

    def _write(self) -> TunedSummarizer | None:
        """Train a model that writes where that was accepted; otherwise the champion's own, if it has one, stays."""
        if self._job.writing:
            return self._tune(self._job.writing.source)
        if self._job.champion and (Path(self._job.champion) / WRITER).is_dir():
            shutil.copytree(Path(self._job.champion) / WRITER, self._made / WRITER, dirs_exist_ok=True)
        return None

    def _tune(self, source: str | None) -> TunedSummarizer | None:
        from learning.summary_training.fine_tune import Pair, fine_tune

        if (self._made / WRITER).is_dir():  # trained to its end before the process was stopped
            return None
        pairs = [Pair(prompting.transcript(one.utterances), one.text) for one in self._job.training]
        job = self._job
        tuned = fine_tune(
            source,
            pairs,
            job.recipe,
            self._folder / WRITING,
            job.threads,
            self._teller(0.0, TRAINED),
            job.report_to,
        )
        tuned.folder.rename(self._made / WRITER)
        return tuned

    def _teller(self, begin: float, end: float) -> Tell:
        return lambda told: self._tell(dataclasses.replace(told, done=begin + (end - begin) * told.done))

    # The verdict

    def _champion(self) -> _Side:
        """As it serves now. Where no model that writes is trained, only the pickers differ: they are compared."""
        job = self._job
        folder = Path(job.champion) if job.champion else None
        picker = Picker.load(folder / PICKER) if folder else Picker()
        if job.writing is None:
            return _Side(picker, None)
        tuned = folder / WRITER if folder else None
        return _Side(picker, str(tuned) if tuned and tuned.is_dir() else job.writing.source or "")

    def _challenger(self, picker: Picker) -> _Side:
        return _Side(picker, str(self._made / WRITER) if self._job.writing else None)

    def _contend(self, side: _Side) -> SummaryContender:
        job = self._job
        writes = (
            None if side.writer is None else WritingProcess(side.writer or None, job.threads, job.encoder)
        )
        summarizer = Summarizer(self._encoder, side.picker, writes, job.limit_s)
        held = sorted(job.holdout, key=lambda one: one.id)[:JUDGED_MOST]
        rouge, scores, marked, sentences, began = Rouge(), [], 0, 0, time.monotonic()
        try:
            for number, lesson in enumerate(held, 1):
                said = _said(summarizer, lesson)
                scores.append(rouge.score(lesson.text, " ".join(text for text, _ in said)))
                marked += sum(is_marked for _, is_marked in said)
                sentences += len(said)
                done = TRAINED + (JUDGED - TRAINED) * number / len(held)
                self._tell(Progress(f"comparing with the champion, {number} of {len(held)}", done))
        finally:
            if writes:
                writes.close()
        seconds = (time.monotonic() - began) / max(len(held), 1)
        return SummaryContender(np.array(scores, dtype=np.float64), marked / max(sentences, 1), seconds)


def _said(summarizer: Summarizer, lesson: SummaryExample) -> list[tuple[str, bool]]:
    """The sentences that people would read, and which of them are marked as unsupported."""
    try:
        draft = summarizer.summarize(lesson.utterances)
    except NothingToSummarizeError:
        return []
    return [(one.text, bool(one.unfounded) or not one.is_supported) for one in draft.sentences]


def _choice(encoder: Encoder, lesson: SummaryExample) -> ChosenUtterances:
    vectors = encoder.encode([one.line for one in lesson.utterances]).vectors
    return ChosenUtterances(describe(lesson.utterances, vectors), chosen_by(lesson.text, lesson.utterances))


def _scores(contender: SummaryContender) -> dict[str, Any] | None:
    if not len(contender.rouge):
        return None
    return {
        "rouge_l": float(contender.rouge.mean()),
        "unfounded": contender.unfounded,
        "seconds": contender.seconds,
        "summaries": len(contender.rouge),
    }


def _picture(
    title: str, curve: list[dict[str, float]], champion: SummaryContender, challenger: SummaryContender
) -> dict[str, str]:
    from learning.summary_training.picture import draw

    image, words = draw(title, curve, champion.rouge, challenger.rouge)
    return {"picture": base64.b64encode(image).decode(), "picture_text": words}


def fingerprint(lessons: list[SummaryExample]) -> str:
    """Changes when a conversation or its summary does."""
    digest = hashlib.sha256()
    for one in sorted(lessons, key=lambda one: one.id):
        digest.update(json.dumps([one.id, [said.line for said in one.utterances], one.text]).encode())
    return digest.hexdigest()[:16]
