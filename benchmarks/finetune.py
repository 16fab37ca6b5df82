"""Fine-tuning on few labels: Banking77 with 8 and 16 a class, our recipe as it serves.

The baseline is `AutoModelForSequenceClassification` with the TrainingArguments of transformers' guide to text
classification (rate 2e-5, batch 16, weight decay 0.01), from the same encoder, on the same examples, as often seen.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.data import MissingDataError, Row, rows
from benchmarks.report import NO_DATA, Bound, conclude, progress, refuse
from learning import head
from learning.encoder import load_encoder, source_of
from learning.head import Classes
from learning.refit import description
from learning.training.examples import Example, Target
from learning.training.fine_tune import fine_tune
from learning.training.progress import Progress
from learning.training.recipe import Recipe
from storage.tables import Label, LabelSource

LABELS_A_CLASS = (8, 16)
SEEDS = 2
MAX_TOKENS = 64
RATE, BATCH, DECAY = 2e-5, 16, 0.01
BOUNDS = (
    Bound("accuracy_8", at_least=0.85),
    Bound("ahead_8", at_least=0.001),
    Bound("ahead_16", at_least=0.001),
)


@dataclass(frozen=True)
class Problem:
    """Labels, and the test rows with their rows of `targets`."""

    targets: list[Target]
    texts: list[str]
    truth: Classes
    threads: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.finetune", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, one epoch: a smoke test")
    options = parser.parse_args(arguments)
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    recipe = Recipe(epochs=1) if options.quick else Recipe()
    numbers, seeds = ((2,), 1) if options.quick else (LABELS_A_CLASS, SEEDS)
    return conclude("finetune", measure(train, test, recipe, numbers, seeds), BOUNDS)


def measure(
    train: list[Row], test: list[Row], recipe: Recipe, numbers: Sequence[int], seeds: int
) -> dict[str, float]:
    """Mean accuracy over the seeds, ours and the baseline's, for each number of labels a class."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    names = sorted({row.label for row in train})
    labels = [Label(team_id="", name=name, source=LabelSource.FILE) for name in names]
    targets = [Target(label.name, label.name, description(label)) for label in labels]
    known = [row for row in test if row.label in set(names)]
    truth = np.array([names.index(row.label) for row in known], dtype=np.int64)
    problem = Problem(targets, [row.text for row in known], truth, os.cpu_count() or 1)
    figures: dict[str, float] = {"seeds": seeds, "test_rows": len(known), "epochs": recipe.epochs}
    for number in numbers:
        found = [_compare(problem, _sample(train, number, seed), recipe, seed) for seed in range(seeds)]
        accuracy, baseline, seconds, baseline_s = (
            float(np.mean(values)) for values in zip(*found, strict=True)
        )
        figures |= {
            f"accuracy_{number}": accuracy,
            f"baseline_accuracy_{number}": baseline,
            f"ahead_{number}": accuracy - baseline,
            f"seconds_{number}": seconds,
            f"seconds_ratio_{number}": seconds / baseline_s,
        }
    return figures


def _sample(train: list[Row], number: int, seed: int) -> list[Example]:
    """`number` rows of each class."""
    taken: dict[str, list[Row]] = {}
    for at in np.random.default_rng(seed).permutation(len(train)):
        taken.setdefault(train[at].label, []).append(train[at])
    return [
        Example(f"{label}-{at}", row.text, label)
        for label in sorted(taken)
        for at, row in enumerate(taken[label][:number])
    ]


def _compare(
    problem: Problem, examples: list[Example], recipe: Recipe, seed: int
) -> tuple[float, float, float, float]:
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        began = time.perf_counter()
        ours = _ours(problem, examples, Recipe(**{**recipe.to_json(), "seed": seed}), Path(folder) / "ours")
        between = time.perf_counter()
        theirs = _baseline(problem, examples, recipe.epochs, seed, Path(folder) / "baseline")
        ended = time.perf_counter()
    progress.print(f"{len(examples)} examples, seed {seed}: {ours:.4f}, baseline {theirs:.4f}")
    return ours, theirs, between - began, ended - between


def _ours(problem: Problem, examples: list[Example], recipe: Recipe, folder: Path) -> float:
    """Fine-tuned, loaded as a bot loads it, with the head that it then fits."""
    trained = fine_tune(None, problem.targets, examples, None, recipe, folder, problem.threads, _tell)
    encoder = load_encoder(str(trained.folder), MAX_TOKENS, problem.threads)
    row = {target.id: number for number, target in enumerate(problem.targets)}
    fitted = head.fit(
        tuple(row),
        encoder.encode([target.description for target in problem.targets]).vectors,
        encoder.encode([example.text for example in examples]).vectors,
        np.array([row[example.label_id] for example in examples], dtype=np.int64),
        None,
        trained.head,
    )
    said = fitted.probabilities(encoder.encode(problem.texts).vectors).argmax(axis=1)
    shutil.rmtree(folder)
    return float((said == problem.truth).mean())


def _tell(told: Progress) -> None:
    if told.stage != "training":
        progress.print(told.stage)


def _baseline(problem: Problem, examples: list[Example], epochs: int, seed: int, folder: Path) -> float:
    import torch
    from datasets import Dataset
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(seed)
    torch.set_num_threads(problem.threads)
    row = {target.id: number for number, target in enumerate(problem.targets)}
    tokenizer = AutoTokenizer.from_pretrained(source_of(None))
    model = AutoModelForSequenceClassification.from_pretrained(source_of(None), num_labels=len(row))

    def rows_of(texts: list[str], classes: Sequence[int]) -> Dataset:
        read = tokenizer(texts, truncation=True, max_length=MAX_TOKENS)
        return Dataset.from_dict({**read, "labels": list(classes)})

    has_gpu = torch.cuda.is_available()
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(folder),
            learning_rate=RATE,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=128,
            num_train_epochs=epochs,
            weight_decay=DECAY,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=not has_gpu,
            dataloader_pin_memory=has_gpu,
            seed=seed,
        ),
        train_dataset=rows_of(
            [example.text for example in examples], [row[example.label_id] for example in examples]
        ),
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    trainer.train()
    said = np.asarray(trainer.predict(rows_of(problem.texts, problem.truth.tolist())).predictions).argmax(
        axis=1
    )
    return float((said == problem.truth).mean())


if __name__ == "__main__":
    sys.exit(main())
