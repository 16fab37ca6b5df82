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

from learning.encoders.encoder import Vectors
from learning.heads import adapter
from learning.heads.adapter import adapted
from learning.heads.centring import centred, intercept, mean_of

ZERO_SHOT_SCALE = 8.5
PRIOR_SCALE = 5.0
PRECISION = 0.03
# What is best for accuracy leaves probabilities too flat (expected calibration error): by this factor with few
# examples, and by less and less with more; with FALLEN_BY a label by half of what is above 1.
SHARPNESS = 1.6
FALLEN_BY = 12
# Labels with many examples have long weights, which outbid others. When probabilities are computed, each label's are
# multiplied by (median length / their length) ** TAU (Kang et al., 2020), and those of a label with less than
# FEW_EXAMPLES, if others have more, by a power up to 1: else a label that was added later would hardly be predicted.
TAU = 0.5
FEW_EXAMPLES = 3
MAX_SCALE = 3.0
# With so few labels examples are weighted by one over their label's number, so that a rare one is learned.
FEW_LABELS = 5
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
# Label ids with probabilities, likeliest first.
Ranked = tuple[tuple[str, float], ...]
# From centred embeddings, (vectors, dimensions), and their labels' rows to a projection of them, or none.
Adapt = Callable[[Vectors, Classes], Vectors | None]


def adapter_of(vectors: Vectors, rows: Classes) -> Vectors | None:
    """The projection learned from these, or None if there are too few besides a description of each label.

    Nor is there one of very many: it would gain nothing (0.1 points less with 20,000), and somebody waits.
    """
    labels = len(np.unique(rows))
    examples = len(rows) - labels
    is_enough = labels >= adapter.MIN_LABELS and examples >= adapter.MIN_EXAMPLES
    return adapter.learn(vectors, rows) if is_enough and is_quick(labels, examples) else None


def unadapted(vectors: Vectors, rows: Classes) -> None:
    """No projection."""


@dataclass(frozen=True)
class Head:
    """`labels`: the id of each row of `weights`, (labels, dimensions), which are for embeddings that are centred.

    mean: (dimensions,), what centring subtracts; None for weights that were learned without centring. projection:
    (dimensions, dimensions), what is done with what is centred, None for nothing. scale: (labels,), what each label's
    weights are multiplied by for probabilities; None leaves them as they are.
    """

    labels: tuple[str, ...]
    weights: Vectors
    sharpness: float = SHARPNESS
    mean: Vectors | None = None
    scale: Vectors | None = None
    projection: Vectors | None = None

    def probabilities(self, vectors: Vectors) -> Vectors:
        """(messages, labels) for embeddings as the encoder gives them, (messages, dimensions); each row sums to 1."""
        return softmax(self.sharpness * self.logits(vectors))

    def ranked(self, vectors: Vectors, most: int) -> list[Ranked]:
        """The `most` likeliest labels of each message, likeliest first."""
        probabilities = self.probabilities(vectors)
        order = np.argsort(-probabilities, axis=1)[:, :most]
        return [
            tuple((self.labels[label], float(probabilities[row, label])) for label in order[row])
            for row in range(len(vectors))
        ]

    def logits(self, vectors: Vectors) -> Vectors:
        """The same before sharpness: (messages, labels) for (messages, dimensions)."""
        logits: Vectors = _placed(vectors, self.mean, self.projection) @ self._scaled().T
        return logits

    def likeness(self, vectors: Vectors) -> Vectors:
        """How well any label fits: (messages,) for (messages, dimensions), close to a cosine.

        The highest logit, by the median length of the labels' weights: these grow with what is learned.
        """
        length = np.median(np.linalg.norm(self._scaled(), axis=1))
        best: Vectors = self.logits(vectors).max(axis=1) / max(float(length), SHORTEST)
        return best

    def _scaled(self) -> Vectors:
        return self.weights if self.scale is None else self.scale[:, None] * self.weights

    def fits(self, dimensions: int) -> bool:
        """Has it a row for each label, and is it for embeddings of this width?"""
        number = len(self.labels)
        is_mean_right = self.mean is None or self.mean.shape == (dimensions,)
        is_scale_right = self.scale is None or self.scale.shape == (number,)
        is_projection_right = self.projection is None or self.projection.shape == (dimensions, dimensions)
        are_parts_right = is_mean_right and is_scale_right and is_projection_right
        return are_parts_right and self.weights.shape == (number, dimensions)

    def save(self, path: Path) -> None:
        """Write it as safetensors, labels and sharpness in its metadata."""
        from safetensors.numpy import save_file

        about = {"labels": json.dumps(self.labels), "sharpness": repr(self.sharpness)}
        tensors = {
            "weights": self.weights,
            "mean": self.mean,
            "scale": self.scale,
            "projection": self.projection,
        }
        kept = {name: np.ascontiguousarray(one) for name, one in tensors.items() if one is not None}
        save_file(kept, path, metadata=about)

    @staticmethod
    def load(path: Path) -> Head:
        """Read what `save` wrote. Raises OSError, KeyError or ValueError where it is something else."""
        from safetensors import safe_open

        with safe_open(path, framework="np") as file:
            about = file.metadata()
            found = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
        labels, sharpness = tuple(json.loads(about["labels"])), float(about["sharpness"])
        # Heads of earlier releases have weights alone.
        parts = (found.get(name) for name in ("mean", "scale", "projection"))
        return Head(labels, found["weights"], sharpness, *parts)


def fit(
    labels: tuple[str, ...],
    descriptions: Vectors,
    examples: Vectors,
    classes: Classes,
    start: Head | None,
    learned: Head | None = None,
    go_on: Callable[[], bool] | None = None,
    iterations: int = ITERATIONS,
    mean: Vectors | None = None,
    adapt: Adapt = adapter_of,
    counts: Vectors | None = None,
) -> Head:
    """A head for `labels`, fitted to their descriptions and to examples.

    descriptions: (labels, dimensions); examples: (examples, dimensions), both as the encoder gives them; classes:
    (examples,), rows of `descriptions`; mean: (dimensions,), that of the team's messages, or None if there are too few:
    then that of descriptions and examples.

    `start`: an earlier head to begin from, which saves time and does not change the result. `learned`: the head that a
    fine-tuned encoder was trained with: its weights are the prior of the labels it knows, its mean is what centres.
    `adapt` says how embeddings are projected. counts: (examples,), as how many each of them counts; None for one each.
    Examples that it answers rightly hold it where it is, others move it: what was said since moves the head, what was
    learned stays. `go_on` is asked from time to time; where it says no, the fit ends early, nearer than it began.
    """
    problem = _problem(labels, descriptions, examples, classes, learned, mean, adapt, counts)
    if not len(classes) and _fitting(learned, descriptions) is None:
        return Head(labels, ZERO_SHOT_SCALE * problem.vectors, SHARPNESS, problem.mean)
    weights = _minimize(problem, _beginning(labels, problem.prior, start), iterations, go_on)
    return problem.head(labels, weights)


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
    mean: Vectors | None = None,
    counts: Vectors | None = None,
) -> Head:
    """A head near that of `fit`, in a fraction of its time: what was said since `start` is learned, the rest stays.

    Only the weights of the labels move at which the examples pull hardest, at most MOST_PULLED at a time; with the
    others fixed these few are fitted to all examples. `fit` from here comes to what it always comes to.
    """
    problem = _problem(
        labels,
        descriptions,
        examples,
        classes,
        learned,
        mean,
        lambda _vectors, _rows: start.projection,
        counts,
    )
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
    return problem.head(labels, weights)


@dataclass(frozen=True)
class _Problem:
    """What weights are fitted to. `prior`, `settled`: (labels, dimensions); `rows`: the label of each of `vectors`,
    which are centred by `mean` and have an intercept.

    `counts`: (vectors,), as how many examples each of them counts; `is_scaled`: is each label's length evened out?
    `others`: (vectors,), what the labels that stay as they are come to together, as one more label; `rows` may name it.
    """

    prior: Vectors
    vectors: Vectors
    rows: Classes
    settled: Vectors
    counts: Vectors
    sharpness: float
    mean: Vectors | None
    projection: Vectors | None
    is_scaled: bool
    others: Vectors | None = None

    def head(self, labels: tuple[str, ...], weights: Vectors) -> Head:
        """The head with these weights, (labels, dimensions)."""
        number = np.bincount(self.rows, minlength=len(labels)) - 1  # each label's description is no example
        scale = _scale(weights, number) if self.is_scaled else None
        return Head(labels, weights, self.sharpness, self.mean, scale, self.projection)

    def loss_and_gradient(self, weights: Vectors) -> tuple[float, Vectors]:
        away = weights - self.prior
        logits = self.vectors @ weights.T
        likelihood = softmax(logits if self.others is None else np.column_stack([logits, self.others]))
        truth = (np.arange(len(self.rows)), self.rows)
        # Sums of many small numbers in double precision: what one example changes would be lost in their rounding.
        loss = (
            -(self.counts * np.log(likelihood[truth] + 1e-12)).sum(dtype=np.float64)
            + PRECISION / 2 * np.square(away).sum(dtype=np.float64)
            - (self.settled * away).sum(dtype=np.float64)
        )
        likelihood[truth] -= 1.0
        likelihood *= self.counts[:, None]
        return float(loss), self.gradient(likelihood[:, : len(weights)], weights)

    def residual(self, logits: Vectors) -> Vectors:
        """What the likelihood of each label is too high or too low by, as often as it counts: (vectors, labels)."""
        residual = softmax(logits)
        residual[np.arange(len(self.rows)), self.rows] -= 1.0
        residual *= self.counts[:, None]
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
            counts=self.counts[is_involved],
            others=_log_sum_exp(stay) if stay.shape[1] else None,
        )


def _problem(
    labels: tuple[str, ...],
    descriptions: Vectors,
    examples: Vectors,
    classes: Classes,
    learned: Head | None,
    mean: Vectors | None,
    adapt: Adapt,
    counts: Vectors | None,
) -> _Problem:
    learned = _fitting(learned, descriptions)
    vectors = np.vstack([descriptions, examples])
    rows = np.concatenate([np.arange(len(labels)), classes])
    if learned:
        return _beside(learned, labels, vectors, rows)
    if mean is None:
        mean = mean_of(vectors)
    vectors = centred(vectors, mean)
    projection = adapt(vectors, rows)
    vectors = adapted(vectors, projection)
    vectors += intercept(mean)
    prior = PRIOR_SCALE * vectors[: len(labels)]
    counts = np.ones(len(classes), dtype=np.float32) if counts is None else counts
    sharpness = 1.0 + (SHARPNESS - 1.0) / (1.0 + float(counts.sum()) / len(labels) / FALLEN_BY)
    return _Problem(
        prior,
        vectors,
        rows,
        np.zeros_like(prior),
        _counts(rows, len(labels), counts),
        sharpness,
        mean,
        projection,
        is_scaled=True,
    )


def _beside(learned: Head, labels: tuple[str, ...], vectors: Vectors, rows: Classes) -> _Problem:
    """What moves a head that was trained with its encoder, and places embeddings as that one does."""
    vectors = _placed(vectors, learned.mean, learned.projection)
    prior = _beginning(labels, _prior_scale(learned) * vectors[: len(labels)], learned)
    return _Problem(
        prior,
        vectors,
        rows,
        _settled(labels, vectors, rows, learned),
        np.ones(len(rows), dtype=np.float32),
        learned.sharpness,
        learned.mean,
        learned.projection,
        is_scaled=False,
    )


def _counts(rows: Classes, labels: int, of_examples: Vectors) -> Vectors:
    """As how many examples each one counts, (rows,): of few labels each counts as much as any other, in all.

    rows: of the labels' descriptions, which count as one, and then of examples. of_examples: (examples,).
    """
    counts = np.concatenate([np.ones(labels, dtype=np.float32), of_examples])
    if labels > FEW_LABELS:
        return counts
    number = np.bincount(rows, weights=counts, minlength=labels)
    balanced: Vectors = (counts * (counts.sum() / labels / number)[rows]).astype(np.float32)
    return balanced


def _scale(weights: Vectors, number: Classes) -> Vectors:
    """What evens the lengths of weights out, (labels,). number: (labels,), of examples."""
    lengths = np.maximum(np.linalg.norm(weights, axis=1), 1e-6)
    usual = min(
        float(np.median(number)), FEW_EXAMPLES
    )  # a query strategy asks little about labels that are easily told
    known = np.minimum(number / usual, 1.0) if usual else np.ones(len(number))
    scale = (np.median(lengths) / lengths) ** (1.0 - (1.0 - TAU) * known**2)
    found: Vectors = np.minimum(scale, MAX_SCALE).astype(np.float32)
    return found


def _placed(vectors: Vectors, mean: Vectors | None, projection: Vectors | None) -> Vectors:
    """Embeddings as weights take them: centred, projected, with an intercept."""
    if mean is None:
        return vectors
    placed = adapted(centred(vectors, mean), projection)
    placed += intercept(mean)  # of thousands of embeddings, while somebody waits: no copy more than needed
    return placed


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


def _prior_scale(learned: Head) -> float:
    """How long the weights of a label are of which only the description is known.

    As long as those that were learned, or a label that was added since would hardly ever be said: recall 0.33 at
    PRIOR_SCALE, 0.5 to 0.6 so (7 of Banking77's labels added to 70 learned from 8 examples each, one seed).
    """
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
