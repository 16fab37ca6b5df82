"""The head: a softmax classifier on the encoder's vectors, drawn towards what the labels' descriptions say.

With no example it is the nearest description by cosine (zero-shot). With examples it is multinomial logistic
regression whose weights have a Gaussian prior around PRIOR_SCALE times the vector of each label's description,
instead of around zero. `docs/decisions/0003-head.md` has the figures behind the numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
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
# Labels times examples up to which a whole fit takes a few tenths of a second on one core.
QUICK = 200_000
# A nudge: how many labels move at once, how hard one must be pulled against the hardest and at least (by an example
# that is surely something else: 1), and from what likelihood of a label an example has to do with it.
MOST_PULLED = 8
PULLED = 0.1
PULLED_AT_LEAST = 0.1
INVOLVED = 1e-2
ITERATIONS_OF_FEW = 10
ROUNDS = 2
SHORTEST = 1e-6

Classes = NDArray[np.int64]


@dataclass(frozen=True)
class Head:
    """`labels`: the id of each row of `weights`, (labels, dimensions)."""

    labels: tuple[str, ...]
    weights: Vectors
    sharpness: float = SHARPNESS

    def probabilities(self, vectors: Vectors) -> Vectors:
        """(messages, labels) for (messages, dimensions); each row sums to 1."""
        return softmax(self.sharpness * self.logits(vectors))

    def logits(self, vectors: Vectors) -> Vectors:
        """(messages, labels) for (messages, dimensions), before sharpness."""
        logits: Vectors = vectors @ self.weights.T
        return logits

    def likeness(self, vectors: Vectors) -> Vectors:
        """How well any label fits: (messages,) for (messages, dimensions), the cosine to a description at first.

        The highest logit, by the median length of the labels' weights: these grow with what is learned.
        """
        length = np.median(np.linalg.norm(self.weights, axis=1))
        best: Vectors = self.logits(vectors).max(axis=1) / max(float(length), SHORTEST)
        return best

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
    go_on: Callable[[], bool] | None = None,
    iterations: int = ITERATIONS,
) -> Head:
    """A head for `labels`, fitted to their descriptions and to examples.

    descriptions: (labels, dimensions); examples: (examples, dimensions); classes: (examples,), rows of
    `descriptions`. `start`: an earlier head to begin from, which saves time and does not change the result.
    `learned`: the head that a fine-tuned encoder was trained with: its weights are the prior of the labels it knows.
    Examples that it answers rightly hold it where it is, others move it: what was said since moves the head, what was
    learned stays. `go_on` is asked from time to time; where it says no, the fit ends early, nearer than it began.
    """
    if not len(classes) and _fitting(learned, descriptions) is None:
        return Head(labels, ZERO_SHOT_SCALE * descriptions)
    problem = _problem(labels, descriptions, examples, classes, learned)
    weights = _minimize(problem, _beginning(labels, problem.prior, start), iterations, go_on)
    return Head(labels, weights, problem.sharpness)


def is_quick(labels: int, examples: int) -> bool:
    """Does a fit to so many take so little time that somebody may wait for it?"""
    return labels * examples <= QUICK


def nudge(
    labels: tuple[str, ...],
    descriptions: Vectors,
    examples: Vectors,
    classes: Classes,
    start: Head,
    learned: Head | None = None,
) -> Head:
    """A head near that of `fit`, in a fraction of its time: what was said since `start` is learned, the rest stays.

    Only the weights of the labels move at which the examples pull hardest, at most MOST_PULLED at a time; with the
    others fixed these few are fitted to all examples. `fit` from here comes to what it always comes to.
    """
    problem = _problem(labels, descriptions, examples, classes, learned)
    weights = _beginning(labels, problem.prior, start).copy()
    for _round in range(ROUNDS):
        logits = problem.vectors @ weights.T
        residual = problem.residual(logits)
        pull = np.linalg.norm(problem.gradient(residual, weights), axis=1)
        pulled = np.argsort(-pull)[:MOST_PULLED]
        pulled = pulled[pull[pulled] >= max(PULLED * pull.max(), PULLED_AT_LEAST)]
        if len(pulled):
            weights[pulled] = _minimize(
                problem.part(pulled, logits, residual), weights[pulled], ITERATIONS_OF_FEW
            )
        if len(pulled) < MOST_PULLED:  # nobody else pulls as hard
            break
    return Head(labels, weights, problem.sharpness)


@dataclass(frozen=True)
class _Problem:
    """What weights are fitted to. `prior`, `settled`: (labels, dimensions); `rows`: the label of each of `vectors`.

    `others`: (vectors,), what the labels that stay as they are come to together, as one more label; `rows` may name it.
    """

    prior: Vectors
    vectors: Vectors
    rows: Classes
    settled: Vectors
    sharpness: float
    others: Vectors | None = None

    def loss_and_gradient(self, weights: Vectors) -> tuple[float, Vectors]:
        away = weights - self.prior
        logits = self.vectors @ weights.T
        likelihood = softmax(logits if self.others is None else np.column_stack([logits, self.others]))
        truth = (np.arange(len(self.rows)), self.rows)
        # Sums of many small numbers in double precision: what one example changes would be lost in their rounding.
        loss = (
            -np.log(likelihood[truth] + 1e-12).sum(dtype=np.float64)
            + PRECISION / 2 * np.square(away).sum(dtype=np.float64)
            - (self.settled * away).sum(dtype=np.float64)
        )
        likelihood[truth] -= 1.0
        return float(loss), self.gradient(likelihood[:, : len(weights)], weights)

    def residual(self, logits: Vectors) -> Vectors:
        """What the likelihood of each label is too high or too low by: (vectors, labels)."""
        residual = softmax(logits)
        residual[np.arange(len(self.rows)), self.rows] -= 1.0
        return residual

    def gradient(self, residual: Vectors, weights: Vectors) -> Vectors:
        """Of the loss: (labels, dimensions)."""
        gradient: Vectors = residual.T @ self.vectors + PRECISION * (weights - self.prior) - self.settled
        return gradient

    def part(self, labels: Classes, logits: Vectors, residual: Vectors) -> _Problem:
        """The same for some labels, the others as they are. `logits`, `residual`: (vectors, labels), of all of them.

        Examples that have next to nothing to do with these labels pull as they do now, however the weights move.
        """
        theirs = residual[:, labels]
        is_involved = np.abs(theirs).max(axis=1) >= INVOLVED
        still = theirs[~is_involved].T @ self.vectors[~is_involved]
        column = np.full(logits.shape[1], len(labels))
        column[labels] = np.arange(len(labels))
        stay = np.delete(logits[is_involved], labels, axis=1)
        return replace(
            self,
            prior=self.prior[labels],
            vectors=self.vectors[is_involved],
            rows=column[self.rows[is_involved]],
            settled=self.settled[labels] - still,
            others=_log_sum_exp(stay) if stay.shape[1] else None,
        )


def _problem(
    labels: tuple[str, ...], descriptions: Vectors, examples: Vectors, classes: Classes, learned: Head | None
) -> _Problem:
    learned = _fitting(learned, descriptions)
    prior = _beginning(labels, _prior_scale(learned) * descriptions, learned)
    vectors = np.vstack([descriptions, examples])
    rows = np.concatenate([np.arange(len(labels)), classes])
    settled = _settled(labels, vectors, rows, learned) if learned else np.zeros_like(prior)
    return _Problem(prior, vectors, rows, settled, learned.sharpness if learned else SHARPNESS)


def _fitting(learned: Head | None, descriptions: Vectors) -> Head | None:
    """None where it belongs to another encoder."""
    return learned if learned and learned.weights.shape[1] == descriptions.shape[1] else None


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


def _minimize(
    problem: _Problem, start: Vectors, iterations: int, go_on: Callable[[], bool] | None = None
) -> Vectors:
    from scipy.optimize import minimize

    def loss_and_gradient(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        loss, gradient = problem.loss_and_gradient(flat.reshape(start.shape).astype(np.float32))
        return loss, gradient.ravel().astype(np.float64)

    def after_each(_flat: NDArray[np.float64]) -> None:
        if go_on and not go_on():
            raise StopIteration

    found = minimize(
        loss_and_gradient,
        start.ravel().astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        callback=after_each,
        options={"maxiter": iterations, "ftol": 1e-6},
    )
    weights: Vectors = found.x.reshape(start.shape).astype(np.float32)
    return weights


def _log_sum_exp(logits: Vectors) -> Vectors:
    highest = logits.max(axis=1)
    total: Vectors = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return total


def softmax(logits: Vectors) -> Vectors:
    """Rows of probabilities for rows of logits."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    rows: Vectors = shifted / shifted.sum(axis=1, keepdims=True)
    return rows
