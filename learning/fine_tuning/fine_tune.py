"""Fine-tuning: a linear probe first, then the whole encoder, with Hugging Face's Trainer.

The probe is the head that serves, fitted to the labels' descriptions and the examples on the encoder's vectors as they
are: what the encoder knows is not shaken by a random classifier (Kumar et al., 2022). Then encoder and classifier are
trained together, the labels' descriptions among the examples.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.data.examples import Example, LabelTarget
from learning.encoders.encoder import Encoder, Vectors, load_encoder, source_of
from learning.evaluation.calibration import calibration_error, temperature
from learning.fine_tuning import checkpoints
from learning.fine_tuning.replacement import Replacement, close_words
from learning.fine_tuning.splitting import validation
from learning.heads import head
from learning.heads.head import Classes, Head
from learning.model_files.hub import SAFE
from learning.serving.registry import HEAD
from learning.tasks.job import MODEL
from learning.tasks.progress import Progress
from learning.tasks.recipe import Recipe

# Of a version without a validation split to calibrate it on: probabilities as they were trained.
SHARPNESS = 1.0
CHECKPOINTS = "checkpoints"


class DivergedError(ArithmeticError):
    """Training left weights that are no numbers."""

    def __init__(self, learning_rate: float) -> None:
        super().__init__(
            f"training diverged: the weights are no longer numbers. Choose a learning_rate below {learning_rate:g}"
        )
        self.learning_rate = learning_rate


@dataclass(frozen=True)
class Trained:
    """What training made: `folder` holds encoder, tokenizer and head; `curve` a row for each epoch.

    `kept_epoch`: the one whose weights it has, or the last of those whose weights were averaged.
    """

    folder: Path
    head: Head
    validation_accuracy: float | None
    curve: list[dict[str, float]]
    ece_before: float | None
    ece_after: float | None
    seconds: float
    device: str
    kept_epoch: float = 0.0


@dataclass(frozen=True)
class PreparedExamples:
    """Examples ready to learn from. validated: (examples,), which are; classes: (examples,), rows of the targets."""

    texts: list[str]
    classes: Classes
    validated: NDArray[np.bool_]

    @property
    def training(self) -> list[int]:
        return [int(row) for row in np.flatnonzero(~self.validated)]

    @property
    def validation(self) -> list[int]:
        return [int(row) for row in np.flatnonzero(self.validated)]


def fine_tune(
    source: str | None,
    targets: Sequence[LabelTarget],
    examples: Sequence[Example],
    groups: NDArray[np.int64] | None,
    recipe: Recipe,
    folder: Path,
    threads: int,
    tell: Callable[[Progress], None],
    report_to: str = "none",
    held: Sequence[Example] = (),
) -> Trained:
    """Fine-tune the encoder `source` (a folder or hub name; None is the installed one) and save it in `folder`.

    groups: (examples,), one number for texts that say nearly the same: they are never on both sides of the validation
    split. held: what to validate on instead of a split, as in cross-validation. `threads`: of the processor. Called
    again with the same arguments after it was stopped, it goes on from its last checkpoint. Raises
    EncoderNotFoundError, UnknownArchitectureError and DivergedError.
    """
    began = time.monotonic()
    tell(Progress("reading", 0.0))
    material = _material(targets, examples, groups, recipe, held)
    encoder = load_encoder(source, recipe.max_tokens, threads)
    probe = _probe(encoder, targets, material, recipe)
    replacement = _replacement(encoder, material, recipe)
    tell(Progress("probed", 0.05))
    about = checkpoints.fingerprint(source, targets, [*examples, *held], groups, recipe)
    kept = checkpoints.prepare(folder / CHECKPOINTS, about)
    training = _Training(
        source, targets, material, probe, replacement, recipe, kept, threads, tell, report_to
    )
    training.run()
    tell(Progress("saving", 0.97))
    trained = training.finish(folder / MODEL)
    shutil.rmtree(kept, ignore_errors=True)
    return replace(trained, seconds=time.monotonic() - began)


def _material(
    targets: Sequence[LabelTarget],
    examples: Sequence[Example],
    groups: NDArray[np.int64] | None,
    recipe: Recipe,
    held: Sequence[Example],
) -> PreparedExamples:
    row = {target.id: number for number, target in enumerate(targets)}
    every = [*examples, *held]
    classes = np.array([row[example.label_id] for example in every], dtype=np.int64)
    validated = (
        np.arange(len(every)) >= len(examples)
        if held
        else validation(classes, groups, recipe.validation_share, recipe.seed)
    )
    return PreparedExamples([example.text for example in every], classes, validated)


def _probe(
    encoder: Encoder, targets: Sequence[LabelTarget], material: PreparedExamples, recipe: Recipe
) -> Head:
    """The head fitted to the encoder's vectors as they are, its weights scaled as the recipe has it."""
    rows = material.training
    described = encoder.encode([target.description for target in targets]).vectors
    vectors = encoder.encode([material.texts[row] for row in rows]).vectors
    labels = tuple(target.id for target in targets)
    known = material.classes[rows]
    fitted = head.fit(labels, described, vectors, known, None, adapt=head.unadapted)
    return replace(fitted, weights=recipe.probe * fitted.weights)


def _replacement(encoder: Encoder, material: PreparedExamples, recipe: Recipe) -> Replacement | None:
    if not recipe.replacement:
        return None
    texts = [material.texts[row] for row in material.training]
    return Replacement(close_words(texts, encoder), recipe.replacement)


class _Training:
    """One run of the Trainer over one material."""

    def __init__(
        self,
        source: str | None,
        targets: Sequence[LabelTarget],
        material: PreparedExamples,
        probe: Head,
        replacement: Replacement | None,
        recipe: Recipe,
        kept: Path,
        threads: int,
        tell: Callable[[Progress], None],
        report_to: str,
    ) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer

        from learning.fine_tuning import feeding
        from learning.fine_tuning.averaging import Averaging
        from learning.fine_tuning.model import QuietTrainer, VectorClassifier, freeze, with_lora

        torch.set_num_threads(threads)
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self._kept_epoch = 0.0
        self._checkpoints = kept
        self._labels = tuple(target.id for target in targets)
        self._has_validation = bool(material.validated.any())
        self._tokenizer = AutoTokenizer.from_pretrained(source_of(source), trust_remote_code=False)
        encoder = AutoModel.from_pretrained(source_of(source), dtype=torch.float32, **SAFE)
        encoder = with_lora(encoder, recipe.lora_rank, recipe.seed)
        freeze(encoder, recipe.frozen_layers)
        weights = feeding.class_weights(material.classes[material.training], len(targets), recipe)
        self._mean = probe.mean
        self._model = VectorClassifier(
            encoder,
            torch.from_numpy(probe.weights),
            weights,
            recipe.label_smoothing,
            recipe.consistency,
            None if probe.mean is None else torch.from_numpy(probe.mean),
        )
        self._averaging = Averaging(self._model, recipe.averaged)
        read = feeding.Reading(self._tokenizer, recipe.max_tokens)
        self._validated = read.rows(
            [material.texts[row] for row in material.validation], material.classes[material.validation]
        )
        self._watch = feeding.Watch(tell, recipe.epochs)
        train = feeding.training_rows(
            read, targets, material.texts, material.classes, material.training, recipe
        )
        self._trainer = QuietTrainer(
            feeding.Augmenting(self._tokenizer, recipe, replacement),
            model=self._model,
            args=feeding.arguments(recipe, kept, self._has_validation, report_to),
            train_dataset=train,
            eval_dataset=self._validated if self._has_validation else None,
            data_collator=feeding.Collator(self._tokenizer),
            compute_metrics=feeding.accuracy,
            optimizers=(feeding.optimizer(self._model, recipe), None),
            callbacks=[
                self._watch,
                self._averaging,
                *feeding.stopping(recipe, self._has_validation),
            ],
        )

    def run(self) -> None:
        """Train to the end, from the last checkpoint on. Raises DivergedError."""
        self._trainer.train(resume_from_checkpoint=checkpoints.last(self._checkpoints))
        if not bool(self._model.weights.isfinite().all()):
            shutil.rmtree(self._checkpoints, ignore_errors=True)  # nothing good comes of going on from them
            raise DivergedError(self._recipe.learning_rate)
        self._kept_epoch = float(self._trainer.state.epoch or 0)
        if not (self._averaging.has_begun and self._average()) and self._has_validation:
            self._kept_epoch = _best(self._watch.curve(self._trainer))

    def _average(self) -> bool:
        """Take the mean of the weights, unless the validation split knows better; was it taken?"""
        before = self._validation_accuracy()
        self._averaging.exchange()
        if self._validation_accuracy() >= before:
            return True
        self._averaging.exchange()
        return False

    def _validation_accuracy(self) -> float:
        if not self._has_validation:
            return 0.0
        measured = self._trainer.evaluate(self._validated, metric_key_prefix="final")
        return float(measured["final_accuracy"])

    def finish(self, folder: Path) -> Trained:
        """Calibrate on the validation split and save."""
        from learning.fine_tuning.model import merged, save

        accuracy = before = after = None
        sharpness = SHARPNESS
        if self._has_validation:
            found = self._trainer.predict(self._validated)  # in an order of its own: by length
            logits, truth = np.asarray(found.predictions, dtype=np.float32), np.asarray(found.label_ids)
            accuracy = float((logits.argmax(axis=1) == truth).mean())
            sharpness = 1.0 / temperature(logits, truth)
            before, after = (
                calibration_error(head.softmax(scale * logits), truth) for scale in (1.0, sharpness)
            )
        weights: Vectors = self._model.weights.detach().float().cpu().numpy()
        learned = Head(self._labels, weights, sharpness, self._mean)
        device = str(self._trainer.args.device)
        save(folder, merged(self._model.encoder), self._tokenizer, learned, HEAD)
        curve = self._watch.curve(self._trainer)
        return Trained(folder, learned, accuracy, curve, before, after, 0.0, device, self._kept_epoch)


def _best(curve: Sequence[Mapping[str, float]]) -> float:
    """The first epoch with the highest accuracy on the validation split."""
    return max(curve, key=lambda row: row.get("accuracy", 0.0))["epoch"]


def describe(trained: Trained) -> dict[str, Any]:
    """What a model card says of the training."""
    return {
        "validation_accuracy": trained.validation_accuracy,
        "ece_before": trained.ece_before,
        "ece_after": trained.ece_after,
        "epochs": len(trained.curve),
        "kept_epoch": trained.kept_epoch,
        "curve": trained.curve,
        "seconds": round(trained.seconds, 1),
        "device": trained.device,
    }
