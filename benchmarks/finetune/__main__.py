"""Fine-tuning on few labels: Banking77 with 8 and 16 a class, our recipe as it serves.

The baseline is transformers' own recipe (`benchmarks.finetune.plain`): the same encoder and examples, and as many rows
seen. What ours adds (each label's description, and each text's second reading) is made up for by training it longer.
Told beside them: the head that serves before any fine-tuning, and the trained classifier without the head fitted to its
vectors. With a GPU also all the data: accuracy, examples a second of both, and how much of what the GPU can do is used.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.finetune.plain import Plain, train_plainly
from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from benchmarks.measuring.scores import Score, score
from learning.data.examples import Example, LabelTarget
from learning.encoders.encoder import load_encoder
from learning.fine_tuning.fine_tune import Trained, fine_tune
from learning.heads import head
from learning.heads.head import Classes, Head
from learning.heads.refit import description
from learning.tasks.progress import Progress
from learning.tasks.recipe import Recipe
from storage.tables.feedback import Label, LabelSource

LABELS_A_CLASS = (8, 16)
SEEDS = 2
MAX_TOKENS = 64
MATRIX = 8_192
BOUNDS = (
    Bound("accuracy_8", at_least=0.85),
    Bound("ahead_8", at_least=0.001),
    Bound("ahead_16", at_least=0.001),
)
QUICK_BOUNDS = (Bound("ahead_2", at_least=0.001),)


@dataclass(frozen=True)
class Problem:
    """Labels, and the test rows with their rows of `targets`."""

    targets: list[LabelTarget]
    texts: list[str]
    truth: Classes
    threads: int

    def classes(self, examples: Sequence[Example]) -> Classes:
        """Rows of `targets`, (examples,)."""
        row = {target.id: number for number, target in enumerate(self.targets)}
        return np.array([row[example.label_id] for example in examples], dtype=np.int64)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.finetune", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="2 labels a class, one seed and epoch, every tenth test row: a smoke test",
    )
    options = parser.parse_args(arguments)
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    if options.quick:
        return conclude("finetune", measure(train, test[::10], Recipe(epochs=1), (2,), 1), QUICK_BOUNDS)
    figures = measure(train, test, Recipe(), LABELS_A_CLASS, SEEDS)
    return conclude("finetune", figures | on_a_gpu(train, test, Recipe()), BOUNDS)


def measure(
    train: list[Row], test: list[Row], recipe: Recipe, numbers: Sequence[int], seeds: int
) -> dict[str, float]:
    """Means over the seeds, ours and the baseline's, for each number of labels a class."""
    problem = _problem(train, test)
    figures: dict[str, float] = {"seeds": seeds, "test_rows": len(problem.truth), "epochs": recipe.epochs}
    for number in numbers:
        found = [
            _compare(problem, _sample(train, number, seed), replace(recipe, seed=seed))
            for seed in range(seeds)
        ]
        mean = {figure: float(np.mean([one[figure] for one in found])) for figure in found[0]}
        mean["ahead"] = mean["accuracy"] - mean["baseline_accuracy"]
        figures |= {f"{figure}_{number}": value for figure, value in mean.items()}
    return figures


def _problem(train: list[Row], test: list[Row]) -> Problem:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    names = sorted({row.label for row in train})
    labels = [Label(team_id="", name=name, source=LabelSource.FILE) for name in names]
    targets = [LabelTarget(label.name, label.name, description(label)) for label in labels]
    known = [row for row in test if row.label in set(names)]
    truth = np.array([names.index(row.label) for row in known], dtype=np.int64)
    return Problem(targets, [row.text for row in known], truth, os.cpu_count() or 1)


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


def _compare(problem: Problem, examples: list[Example], recipe: Recipe) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        frozen = _served(problem, examples, None, None)
        began = time.perf_counter()
        trained = _train(problem, examples, recipe, Path(folder) / "ours")
        between = time.perf_counter()
        plain = _plain(problem, examples, recipe, Path(folder) / "baseline")
        ended = time.perf_counter()
        served = _served(problem, examples, str(trained.folder), trained.head)
        alone = _asked(problem, trained)
    found = {
        "accuracy": served.accuracy,
        "calibration_error": served.calibration_error,
        "alone_accuracy": alone.accuracy,
        "alone_calibration_error": alone.calibration_error,
        "frozen_accuracy": frozen.accuracy,
        "baseline_accuracy": float((plain.said == problem.truth).mean()),
        "seconds": between - began,
        "baseline_seconds": ended - between,  # with its answers to the test rows
    }
    told = ", ".join(f"{figure} {value:.4g}" for figure, value in found.items())
    progress.print(f"{len(examples)} examples, seed {recipe.seed}: {told}")
    return found


def _train(problem: Problem, examples: list[Example], recipe: Recipe, folder: Path) -> Trained:
    told: list[int] = []

    def tell(now: Progress) -> None:
        if now.stage != "training":
            progress.print(now.stage)
        elif int(now.epoch) not in told:
            told.append(int(now.epoch))
            progress.print(now.words)

    return fine_tune(None, problem.targets, examples, None, recipe, folder, problem.threads, tell)


def _served(problem: Problem, examples: list[Example], source: str | None, learned: Head | None) -> Score:
    """Loaded as a bot loads it, with the head that it then fits to all examples."""
    encoder = load_encoder(source, MAX_TOKENS, problem.threads)
    fitted = head.fit(
        tuple(target.id for target in problem.targets),
        encoder.encode([target.description for target in problem.targets]).vectors,
        encoder.encode([example.text for example in examples]).vectors,
        problem.classes(examples),
        None,
        learned,
    )
    return score(fitted.probabilities(encoder.encode(problem.texts).vectors), problem.truth)


def _asked(problem: Problem, trained: Trained) -> Score:
    """The classifier as it came out of training."""
    encoder = load_encoder(str(trained.folder), MAX_TOKENS, problem.threads)
    return score(trained.head.probabilities(encoder.encode(problem.texts).vectors), problem.truth)


def _plain(problem: Problem, examples: list[Example], recipe: Recipe, folder: Path) -> Plain:
    seen = recipe.epochs * _rows_of_an_epoch(problem, examples, recipe)
    return train_plainly(
        [example.text for example in examples],
        problem.classes(examples),
        len(problem.targets),
        problem.texts,
        seen / len(examples),
        recipe.seed,
        problem.threads,
        MAX_TOKENS,
        folder,
    )


def _rows_of_an_epoch(problem: Problem, examples: Sequence[Example], recipe: Recipe) -> int:
    """As the encoder sees them: twice each where the recipe asks it to be consistent."""
    return (2 if recipe.consistency else 1) * (len(examples) + len(problem.targets))


def on_a_gpu(train: list[Row], test: list[Row], recipe: Recipe) -> dict[str, float]:
    """All the data in bf16, ours and the baseline's; nothing where there is no GPU."""
    import torch

    if not torch.cuda.is_available():
        return {}
    problem, examples = _problem(train, test), _sample(train, len(train), recipe.seed)
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        trained = _train(problem, examples, recipe, Path(folder) / "ours")
        served = _served(problem, examples, str(trained.folder), trained.head)
        plain = _plain(problem, examples, recipe, Path(folder) / "baseline")
        needed = operations(str(trained.folder), [example.text for example in examples])
    seen = len(trained.curve) * _rows_of_an_epoch(problem, examples, recipe)
    speed, peak = seen / trained.seconds, matrix_peak("cuda", MATRIX)
    return {
        "full_accuracy": served.accuracy,
        "full_baseline_accuracy": float((plain.said == problem.truth).mean()),
        "full_examples_per_s": speed,  # with loading, probe, validation and saving
        "full_baseline_examples_per_s": plain.examples_per_s,
        "full_share_of_peak": speed * needed / peak,
        "full_baseline_share_of_peak": plain.examples_per_s * needed / peak,
        "matrix_peak_tflops": peak / 1e12,
    }


def operations(source: str, texts: list[str]) -> float:
    """Floating-point operations to learn from one of these texts once: 6 a weight and token (Kaplan et al., 2020).

    Embeddings are looked up, so their weights don't count; nor does padding.
    """
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(source), AutoTokenizer.from_pretrained(source)
    used: int = sum(weight.numel() for name, weight in model.named_parameters() if "embeddings" not in name)
    lengths: list[int] = [
        len(row) for row in tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]
    ]
    return 6.0 * used * float(np.mean(lengths))


def matrix_peak(device: str, size: int, times: int = 20) -> float:
    """Operations a second of bf16 products of square matrices: what the device can do, measured."""
    import torch

    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    for warm in (True, False):
        began = time.perf_counter()
        for _ in range(3 if warm else times):
            product = left @ right
        product[0, 0].item()  # waits for all of them
    seconds = time.perf_counter() - began
    return 2.0 * times * float(size) ** 3 / seconds


if __name__ == "__main__":
    sys.exit(main())
