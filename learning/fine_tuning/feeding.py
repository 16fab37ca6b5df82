"""What the Trainer is fed with: tokenized rows, batches, arguments, and what it tells while it trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from learning.data.examples import LabelTarget
from learning.fine_tuning.model import heights
from learning.fine_tuning.replacement import Replacement
from learning.heads.head import Classes
from learning.tasks.progress import Progress
from learning.tasks.recipe import Recipe

GPU_BATCH = 128
LOADED_SHARE, TRAINED_SHARE = 0.05, 0.95
IMPROVEMENT = 1e-3


class Reading:
    """Turns texts into rows of token ids, kept in memory: nothing that people wrote is cached on disk."""

    def __init__(self, tokenizer: Any, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens

    def rows(self, texts: Sequence[str], classes: Classes) -> Dataset:
        """Columns input_ids, labels, length, and text, which others are made of."""
        read = self._tokenizer(list(texts), truncation=True, max_length=self._max_tokens) if texts else {}
        ids = read.get("input_ids", [])
        columns = {
            "input_ids": ids,
            "labels": [int(label) for label in classes],
            "length": [len(row) for row in ids],
            "text": list(texts),
        }
        return Dataset.from_dict(columns)


def training_rows(
    reading: Reading,
    targets: Sequence[LabelTarget],
    texts: Sequence[str],
    classes: Classes,
    rows: Sequence[int],
    recipe: Recipe,
) -> Dataset:
    """What is learned from: the chosen rows, and each label's description once."""
    chosen = _balanced(classes, rows, recipe)
    read = [texts[row] for row in chosen] + [target.description for target in targets]
    return reading.rows(read, np.concatenate([classes[chosen], np.arange(len(targets))]))


def _balanced(classes: Classes, rows: Sequence[int], recipe: Recipe) -> Classes:
    """The rows, those of rare labels again until each label has the mean number."""
    chosen = np.array(rows, dtype=np.int64)
    if recipe.balance != "sampling" or not len(chosen):
        return chosen
    random = np.random.default_rng(recipe.seed)
    labels, counts = np.unique(classes[chosen], return_counts=True)
    wanted = int(np.ceil(counts.mean()))
    again = [
        random.choice(chosen[classes[chosen] == label], wanted - count)
        for label, count in zip(labels, counts, strict=True)
        if count < wanted
    ]
    return np.concatenate([chosen, *again])


def class_weights(classes: Classes, labels: int, recipe: Recipe) -> torch.Tensor | None:
    """(labels,) inverse to the square root of each label's count, of mean 1; None where none are wanted."""
    if recipe.balance != "weights":
        return None
    counts = np.bincount(classes, minlength=labels) + 1  # its description is one
    weights = 1 / np.sqrt(counts)
    return torch.tensor(weights / weights.mean(), dtype=torch.float32)


class Collator:
    """Pads a batch to its longest row."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        padded = self._tokenizer.pad({"input_ids": [self._ids(row) for row in rows]}, return_tensors="pt")
        return {
            "input_ids": padded["input_ids"],
            "attention_mask": padded["attention_mask"],
            "labels": torch.tensor([row["labels"] for row in rows]),
        }

    def _ids(self, row: dict[str, Any]) -> list[int]:
        ids: list[int] = row["input_ids"]
        return ids


class Augmenting(Collator):
    """Changes texts before they are learned from, each time another way: words are replaced, then tokens left out."""

    def __init__(self, tokenizer: Any, recipe: Recipe, replacement: Replacement | None) -> None:
        super().__init__(tokenizer)
        self._recipe = recipe
        self._replacement = replacement
        self._random = np.random.default_rng(recipe.seed)

    def _ids(self, row: dict[str, Any]) -> list[int]:
        ids = super()._ids(row)
        if self._replacement:
            text = self._replacement(row["text"], self._random)
            ids = self._tokenizer(text, truncation=True, max_length=self._recipe.max_tokens)["input_ids"]
        return self._thinned(ids) if self._recipe.augmentation else ids

    def _thinned(self, ids: list[int]) -> list[int]:
        special = set(self._tokenizer.all_special_ids)
        kept = [one for one in ids if one in special or self._random.random() >= self._recipe.augmentation]
        return kept if any(one not in special for one in kept) else ids


def optimizer(model: Any, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW, lower layers learning more slowly (Howard and Ruder, 2018).

    The classifier has a rate of its own: it begins at the probe and has far larger weights.
    """
    height = heights(model.encoder)
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for weight in model.encoder.parameters():
        if weight.requires_grad:
            decay = recipe.weight_decay if weight.dim() > 1 else 0.0
            groups.setdefault((height[id(weight)], decay), []).append(weight)
    rates = [
        {
            "params": weights,
            "weight_decay": decay,
            "lr": recipe.learning_rate * recipe.lowest_rate ** (1 - at),
        }
        for (at, decay), weights in groups.items()
    ]
    classifier = {"params": [model.weights], "weight_decay": 0.0, "lr": recipe.head_rate}
    return torch.optim.AdamW([*rates, classifier], lr=recipe.learning_rate)


def arguments(recipe: Recipe, folder: Path, has_validation: bool, report_to: str) -> TrainingArguments:
    """As the recipe says; on a GPU in bf16 where it can, with batches of GPU_BATCH at least."""
    has_gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=max(recipe.batch_size, GPU_BATCH) if has_gpu else recipe.batch_size,
        per_device_eval_batch_size=128,
        learning_rate=recipe.learning_rate,
        warmup_steps=recipe.warmup,  # below 1 it is a share
        lr_scheduler_type="linear",
        bf16=has_gpu and torch.cuda.is_bf16_supported(),
        use_cpu=not has_gpu,
        dataloader_pin_memory=has_gpu,
        eval_strategy="epoch" if has_validation else "no",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=has_validation,
        metric_for_best_model="accuracy" if has_validation else None,
        logging_strategy="epoch",
        report_to=report_to,
        run_name=folder.parent.name,
        project="corrigible",
        disable_tqdm=True,
        log_level="error",
        seed=recipe.seed,
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        remove_unused_columns=False,
        label_names=["labels"],
    )


def stopping(recipe: Recipe, has_validation: bool) -> list[TrainerCallback]:
    """Early stopping: as cross-validation found, and where there is something to stop by."""
    stops: list[TrainerCallback] = [StopAfter(recipe.stop_after)] if recipe.stop_after else []
    return [*stops, EarlyStoppingCallback(recipe.patience, IMPROVEMENT)] if has_validation else stops


class StopAfter(TrainerCallback):
    """Ends training after so many epochs, whose learning rates fall as if all of the recipe's were to come."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def on_epoch_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        control.should_training_stop |= state.epoch >= self._epochs


def accuracy(prediction: EvalPrediction) -> dict[str, float]:
    """Share of rows whose highest logit is their label's."""
    logits = np.asarray(prediction.predictions)
    return {"accuracy": float((logits.argmax(axis=1) == np.asarray(prediction.label_ids)).mean())}


class Watch(TrainerCallback):
    """Tells after each step how far the run is."""

    def __init__(self, tell: Callable[[Progress], None], epochs: int) -> None:
        self._tell = tell
        self._epochs = epochs

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        done = state.global_step / max(state.max_steps, 1)
        rows = self._rows(state.log_history)
        loss, right = (rows[-1].get("loss"), rows[-1].get("accuracy")) if rows else (None, None)
        share = LOADED_SHARE + (TRAINED_SHARE - LOADED_SHARE) * done
        self._tell(Progress("training", share, float(state.epoch or 0), loss, right))

    def curve(self, trainer: Trainer) -> list[dict[str, float]]:
        """A row for each epoch: epoch, loss, and accuracy on the validation split where there is one."""
        return self._rows(trainer.state.log_history)

    @staticmethod
    def _rows(history: list[dict[str, float]]) -> list[dict[str, float]]:
        rows: dict[float, dict[str, float]] = {}
        for entry in history:
            row = rows.setdefault(round(entry["epoch"], 2), {"epoch": round(entry["epoch"], 2)})
            row |= {"loss": entry["loss"]} if "loss" in entry else {}
            row |= {"accuracy": entry["eval_accuracy"]} if "eval_accuracy" in entry else {}
        return [row for row in rows.values() if "loss" in row]
