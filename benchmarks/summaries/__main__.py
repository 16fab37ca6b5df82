"""Summaries of DialogSum's test split: ROUGE and an embedding score, beside LEAD-3, LexRank and TextRank.

Ours are those that people get: the model that ships, before any training and after fine-tuning on 600 examples, and the
sentence picker that speaks in its place, each with the check against the dialogue. Scores are F1 (ROUGE with stemming),
averaged over a dialogue's references. `--speed` summarizes a thread of 200 messages instead.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import psutil

from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from benchmarks.summaries import plain
from benchmarks.summaries.dialogues import Dialogue, MissingDialoguesError, dialogues
from learning.encoders.encoder import Encoder, load_encoder
from learning.summarizing.extractive import ChosenUtterances as Chosen
from learning.summarizing.extractive import Picker, chosen_by, describe, fit
from learning.summarizing.summarizer import Summarizer, SummaryEngine
from learning.summary_training.fine_tune import Pair, fine_tune
from learning.summary_training.recipe import SummaryRecipe
from learning.tasks.progress import Progress
from learning.writing import prompting
from learning.writing.process import WritingProcess
from learning.writing.thread import Utterance, spoken

MEASURES = ("rouge1", "rouge2", "rougeL")
LIMIT_S = 120.0
QUICK = 12
LONG_THREAD = 200
PASSES = 3
EVERY = 25
BOUNDS = (
    Bound("default_ahead_of_lead_rougeL", at_least=0.001),
    Bound("default_ahead_of_lexrank_rougeL", at_least=0.001),
    Bound("gain_by_training_rougeL", at_least=3.0),
)
SPEED_BOUNDS = (Bound("memory_growth_mb", at_most=300.0), Bound("seconds", at_most=120.0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.summaries", description=__doc__)
    parser.add_argument("--speed", action="store_true", help="a thread of 200 messages: seconds and tokens/s")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} dialogues, hardly any training")
    parser.add_argument(
        "--rows", type=int, help="only every so many-th dialogue of the test split", default=1
    )
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    try:
        train, test = dialogues("dialogsum_train_small.jsonl"), dialogues("dialogsum_test.jsonl")
    except MissingDialoguesError as error:
        return refuse(error, NO_DATA)
    if options.speed:
        return conclude("summaries --speed", speed(test, options.threads), SPEED_BOUNDS)
    if options.quick:
        figures = measure(train[:QUICK], test[:QUICK], SummaryRecipe(epochs=1), options.threads)
        return conclude("summaries", figures, ())
    return conclude(
        "summaries", measure(train, test[:: options.rows], SummaryRecipe(), options.threads), BOUNDS
    )


class Judge:
    """Scores summaries against what people wrote."""

    def __init__(self, encoder: Encoder) -> None:
        from rouge_score.rouge_scorer import RougeScorer

        self._encoder = encoder
        self._rouge = RougeScorer(MEASURES, use_stemmer=True)

    def scores(self, name: str, said: Sequence[str], test: Sequence[Dialogue]) -> dict[str, float]:
        """Points of 100, means over dialogues and references."""
        found: dict[str, list[float]] = {measure: [] for measure in (*MEASURES, "embedding")}
        for text, dialogue in zip(said, test, strict=True):
            rouge = [self._rouge.score(reference, text) for reference in dialogue.summaries]
            for measure in MEASURES:
                found[measure].append(float(np.mean([one[measure].fmeasure for one in rouge])))
            ours, *theirs = self._encoder.encode([text or " ", *dialogue.summaries]).vectors
            found["embedding"].append(float(np.mean([ours @ vector for vector in theirs])))
        scores = {f"{name}_{measure}": 100 * float(np.mean(values)) for measure, values in found.items()}
        progress.print(name, {key: round(value, 2) for key, value in scores.items()})
        return scores


def measure(
    train: Sequence[Dialogue], test: Sequence[Dialogue], recipe: SummaryRecipe, threads: int
) -> dict[str, float]:
    """All scores by name."""
    encoder = load_encoder(None, 256, threads)
    judge = Judge(encoder)
    figures: dict[str, float] = {"dialogues": len(test)}
    baselines: dict[str, Callable[[Dialogue], str]] = {
        "lead": plain.lead,
        "lexrank": plain.lexrank,
        "textrank": plain.textrank,
    }
    for name, baseline in baselines.items():
        figures |= judge.scores(name, [baseline(one) for one in test], test)
    figures |= judge.scores("picked", _ours(encoder, Picker(), None, test)[0], test)
    figures |= judge.scores("picked_trained", _ours(encoder, _picker(encoder, train), None, test)[0], test)
    figures |= _generated("default", encoder, judge, None, test, threads)
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        pairs = [Pair(prompting.transcript(spoken(one.utterances)), one.summaries[0]) for one in train]
        tuned = fine_tune(None, pairs, recipe, Path(folder), threads, _tell)
        figures["training_seconds"] = time.monotonic() - began
        figures |= _generated("trained", encoder, judge, str(tuned.folder), test, threads)
    for other in ("lead", "lexrank", "textrank"):
        figures[f"default_ahead_of_{other}_rougeL"] = figures["default_rougeL"] - figures[f"{other}_rougeL"]
    figures["gain_by_training_rougeL"] = figures["trained_rougeL"] - figures["default_rougeL"]
    return figures


def _generated(
    name: str, encoder: Encoder, judge: Judge, model: str | None, test: Sequence[Dialogue], threads: int
) -> dict[str, float]:
    writing = WritingProcess(model, threads)
    began = time.monotonic()
    try:
        said, generated = _ours(encoder, Picker(), writing, test)
    finally:
        writing.close()
    seconds = (time.monotonic() - began) / len(test)
    return {
        **judge.scores(name, said, test),
        f"{name}_share_written": generated / len(test),
        f"{name}_seconds": seconds,
    }


def _ours(
    encoder: Encoder, picker: Picker, writing: WritingProcess | None, test: Sequence[Dialogue]
) -> tuple[list[str], int]:
    """What people would read, and how many of them the model wrote itself."""
    summarizer = Summarizer(encoder, picker, writing, LIMIT_S)
    said: list[str] = []
    generated = 0
    for number, dialogue in enumerate(test, 1):
        draft = summarizer.summarize(dialogue.utterances)
        said.append(" ".join(sentence.text for sentence in draft.sentences))
        generated += draft.engine is SummaryEngine.GENERATIVE
        if writing and number % EVERY == 0:
            progress.print(f"{number} of {len(test)} dialogues")
    return said, generated


def _picker(encoder: Encoder, train: Sequence[Dialogue]) -> Picker:
    choices = []
    for dialogue in train:
        said = spoken(dialogue.utterances)
        features = describe(said, encoder.encode([one.line for one in said]).vectors)
        choices.append(Chosen(features, chosen_by(dialogue.summaries[0], said)))
    return fit(choices)


def _tell(told: Progress) -> None:
    if told.stage != "training" or round(1_000 * told.done) % 100 == 0:
        progress.print(f"{told.stage}: {told.done:.0%}")


def speed(test: Sequence[Dialogue], threads: int) -> dict[str, float]:
    """A thread of LONG_THREAD messages, PASSES times: seconds, tokens/s, and memory of the model's process."""
    utterances = [one for dialogue in test for one in dialogue.utterances]
    thread = [Utterance(str(n), one.speaker, one.text) for n, one in enumerate(utterances[:LONG_THREAD])]
    writing = WritingProcess(None, threads)
    try:
        first = writing.write(thread[:10], LIMIT_S)
        process = psutil.Process(writing.pid)
        before = process.memory_info().rss / 1e6
        runs, memory = [], [before]
        for _ in range(PASSES):
            runs.append(writing.write(thread, LIMIT_S))
            memory.append(process.memory_info().rss / 1e6)
    finally:
        writing.close()
    seconds = float(np.median([one.seconds for one in runs]))
    return {
        "messages": LONG_THREAD,
        "seconds": seconds,
        "tokens_per_s": float(np.median([(one.read + one.written) / one.seconds for one in runs])),
        "written_tokens_per_s": float(np.median([one.written / one.seconds for one in runs])),
        "short_thread_seconds": first.seconds,
        "memory_mb": max(memory),
        "memory_growth_mb": memory[-1] - memory[1],
    }


if __name__ == "__main__":
    sys.exit(main())
