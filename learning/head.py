"""The head: a softmax classifier on the encoder's vectors, drawn towards what the labels' descriptions say.

With no example it is the nearest description by cosine (zero-shot). With examples it is multinomial logistic
regression whose weights have a Gaussian prior around PRIOR_SCALE times the vector of each label's description,
instead of around zero. `docs/decisions/0003-head.md` has the figures behind the numbers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learning.encoder import Vectors

ZERO_SHOT_SCALE = 10.0
PRIOR_SCALE = 5.0
PRECISION = 0.03
# What is best for accuracy leaves probabilities too flat by this factor (expected calibration error).
SHARPNESS = 1.6
ITERATIONS = 60

Classes = NDArray[np.int64]


@dataclass(frozen=True)
class Head:
    """`labels`: the id of each row of `weights`, (labels, dimensions)."""

    labels: tuple[str, ...]
    weights: Vectors
    sharpness: float = SHARPNESS

    def probabilities(self, vectors: Vectors) -> Vectors:
        """(messages, labels) for (messages, dimensions); each row sums to 1."""
        return softmax(self.sharpness * (vectors @ self.weights.T))

    def save(self, path: Path) -> None:
        """Write it as safetensors, labels and sharpness in its metadata."""
        from safetensors.numpy import save_file

        about = {"labels": json.dumps(self.labels), "sharpness": repr(self.sharpness)}
        save_file({"weights": np.ascontiguousarray(self.weights)}, path, metadata=about)

    @staticmethod
    def load(path: Path) -> Head:
        """Read what `save` wrote. Raises OSError, KeyError or ValueError where it is something else."""
        from safetensors import safe_open

        with safe_open(path, framework="np") as file:
            about = file.metadata()
            weights = file.get_tensor("weights").astype(np.float32)
        return Head(tuple(json.loads(about["labels"])), weights, float(about["sharpness"]))


def fit(
    labels: tuple[str, ...],
    descriptions: Vectors,
    examples: Vectors,
    classes: Classes,
    start: Head | None,
    learned: Head | None = None,
) -> Head:
    """A head for `labels`, fitted to their descriptions and to examples.

    descriptions: (labels, dimensions); examples: (examples, dimensions); classes: (examples,), rows of
    `descriptions`. `start`: an earlier head to begin from, which saves time and does not change the result.
    `learned`: the head that a fine-tuned encoder was trained with: its weights are the prior of the labels it knows.
    Examples that it answers rightly hold it where it is, others move it: what was said since moves the head, what was
    learned stays.
    """
    if learned is not None and learned.weights.shape[1] != descriptions.shape[1]:
        learned = None  # it belongs to another encoder
    if not len(classes) and learned is None:
        return Head(labels, ZERO_SHOT_SCALE * descriptions)
    prior = _beginning(labels, _prior_scale(learned) * descriptions, learned)
    sharpness = learned.sharpness if learned else SHARPNESS
    vectors = np.vstack([descriptions, examples])
    rows = np.concatenate([np.arange(len(labels)), classes])
    settled = _settled(labels, vectors, rows, learned) if learned else np.zeros_like(prior)
    weights = _minimize(prior, vectors, rows, settled, _beginning(labels, prior, start))
    return Head(labels, weights, sharpness)


def _settled(labels: tuple[str, ...], vectors: Vectors, rows: Classes, learned: Head) -> Vectors:
    """The gradient at the learned weights of what these answer rightly: (labels, dimensions), 0 for other labels.

    Without it the same examples would be learned from twice, at a loss: 0.1 points of accuracy with 8 examples a label.
    """
    column = {label: number for number, label in enumerate(learned.labels)}
    known = np.array([column.get(label, -1) for label in labels])
    likelihood = softmax(vectors @ learned.weights.T)
    is_right = likelihood.argmax(axis=1) == known[rows]
    residual, right = likelihood[is_right], known[rows[is_right]]
    residual[np.arange(len(right)), right] -= 1.0
    gradient = residual.T @ vectors[is_right]
    found: Vectors = np.where(known[:, None] >= 0, gradient[known], 0.0).astype(np.float32)
    return found


def _prior_scale(learned: Head | None) -> float:
    """How long the weights of a label are of which only the description is known.

    As long as those that were learned, or a label that was added since would hardly ever be said: recall 0.33 at
    PRIOR_SCALE, 0.5 to 0.6 so (7 of Banking77's labels added to 70 learned from 8 examples each, one seed).
    """
    if learned is None:
        return PRIOR_SCALE
    return float(np.linalg.norm(learned.weights, axis=1).mean())


def _beginning(labels: tuple[str, ...], prior: Vectors, start: Head | None) -> Vectors:
    if start is None or start.weights.shape[1] != prior.shape[1]:
        return prior
    known = dict(zip(start.labels, start.weights, strict=True))
    return np.stack([known.get(label, row) for label, row in zip(labels, prior, strict=True)])


def _minimize(prior: Vectors, vectors: Vectors, rows: Classes, settled: Vectors, start: Vectors) -> Vectors:
    from scipy.optimize import minimize

    truth = (np.arange(len(rows)), rows)

    def loss_and_gradient(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(prior.shape).astype(np.float32)
        away = weights - prior
        likelihood = softmax(vectors @ weights.T)
        loss = (
            -np.log(likelihood[truth] + 1e-12).sum()
            + PRECISION / 2 * np.square(away).sum()
            - (settled * away).sum()
        )
        likelihood[truth] -= 1.0
        gradient = likelihood.T @ vectors + PRECISION * away - settled
        return float(loss), gradient.ravel().astype(np.float64)

    options = {"maxiter": ITERATIONS, "ftol": 1e-6}
    found = minimize(
        loss_and_gradient, start.ravel().astype(np.float64), jac=True, method="L-BFGS-B", options=options
    )
    weights: Vectors = found.x.reshape(prior.shape).astype(np.float32)
    return weights


def softmax(logits: Vectors) -> Vectors:
    """Rows of probabilities for rows of logits."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    rows: Vectors = shifted / shifted.sum(axis=1, keepdims=True)
    return rows
