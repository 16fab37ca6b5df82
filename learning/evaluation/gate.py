"""The gate: champion against challenger on the holdout, with the reason in words.

It refuses what is shown to be worse and promotes what is shown to be better; what the holdout can't tell goes on to
the duel (`learning/evaluation/duel.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.tables.models import Decision

RESAMPLES = 2_000
CONFIDENCE = 0.95

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class GateLimits:
    """What a challenger may not do, whatever it gains.

    margin: macro-F1 that may be lost; label_drop: F1 of one label that has `label_support` messages in the holdout;
    calibration: by how much its error may grow; latency: by what factor one message may take longer; least: messages
    in the holdout below which it decides nothing.
    """

    margin: float = 0.01
    label_drop: float = 0.15
    label_support: int = 10
    calibration: float = 0.05
    latency: float = 1.5
    least: int = 30


@dataclass(frozen=True)
class Contender:
    """What one of the two said of the holdout.

    said: (messages,) rows of the labels; calibration: its expected error, 0 to 1; latency_s: seconds a message.
    """

    said: Rows
    calibration: float
    latency_s: float


@dataclass(frozen=True)
class Judgement:
    """What the holdout says of a challenger."""

    decision: Decision
    reason: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """Challenger minus champion, and where it lies in 95 of 100 cases."""

    value: float
    low: float
    high: float


def judge(
    champion: Contender,
    challenger: Contender,
    truth: Rows,
    names: tuple[str, ...],
    limits: GateLimits,
    seed: int,
) -> Judgement:
    """Refuse, promote, or go on.

    truth: (messages,) rows of `names`. The interval is the paired bootstrap's (Efron & Tibshirani, 1993): both are
    scored on the same resampled messages.
    """
    if len(truth) < limits.least:
        number = len(truth)
        reason = f"the holdout has {number} reviewed messages and needs {limits.least} to tell: both run side by side"
        return Judgement(Decision.GO_ON, reason, {"messages": len(truth)})
    resampled = _resamples(champion.said, challenger.said, truth, len(names), seed)
    macro = _interval(resampled.macro)
    figures = {
        "messages": len(truth),
        "macro_f1": asdict(macro),
        "calibration": [champion.calibration, challenger.calibration],
        "latency_s": [champion.latency_s, challenger.latency_s],
    }
    faults = list(_faults(champion, challenger, resampled, names, limits))
    if macro.high < -limits.margin:
        faults.insert(0, f"macro-F1 falls by {_points(-macro.value)} points ({_between(macro)})")
    if faults:
        return Judgement(Decision.REFUSE, "; ".join(faults), figures)
    if macro.low > 0:
        reason = f"macro-F1 rises by {_points(macro.value)} points on the holdout ({_between(macro)})"
        return Judgement(Decision.PROMOTE, reason, figures)
    reason = (
        f"the holdout can't tell: macro-F1 moves by {_signed(macro.value)} points ({_between(macro)}), "
        "so both run side by side"
    )
    return Judgement(Decision.GO_ON, reason, figures)


@dataclass(frozen=True)
class _Resampled:
    """Differences of F1, the first row as they are, the others resampled. labels: (1 + resamples, labels)."""

    macro: NDArray[np.float64]
    labels: NDArray[np.float64]
    support: Rows


def _resamples(champion: Rows, challenger: Rows, truth: Rows, labels: int, seed: int) -> _Resampled:
    random = np.random.default_rng(seed)
    number = len(truth)
    weights = np.vstack(
        [np.ones(number), random.multinomial(number, np.full(number, 1 / number), size=RESAMPLES)]
    )
    true = np.eye(labels)[truth]
    before, after = (
        _f1(weights, np.eye(labels)[champion], true),
        _f1(weights, np.eye(labels)[challenger], true),
    )
    seen = weights @ true > 0
    macro = (np.where(seen, after - before, 0.0).sum(axis=1)) / np.maximum(seen.sum(axis=1), 1)
    return _Resampled(macro, after - before, true.sum(axis=0).astype(np.int64))


def _f1(
    weights: NDArray[np.float64], said: NDArray[np.float64], true: NDArray[np.float64]
) -> NDArray[np.float64]:
    hits = weights @ (said * true)
    f1: NDArray[np.float64] = 2 * hits / np.maximum(weights @ said + weights @ true, 1e-9)
    return f1


def _interval(values: NDArray[np.float64]) -> Difference:
    low, high = np.quantile(values[1:], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Difference(float(values[0]), float(low), float(high))


def _faults(
    champion: Contender,
    challenger: Contender,
    resampled: _Resampled,
    names: tuple[str, ...],
    limits: GateLimits,
) -> Iterator[str]:
    for row, name in enumerate(names):
        drop = _interval(resampled.labels[:, row])
        is_supported = resampled.support[row] >= limits.label_support
        if is_supported and drop.value < -limits.label_drop and drop.high < 0:
            yield f"F1 of {name} falls by {_points(-drop.value)} points ({_between(drop)})"
    if challenger.calibration > champion.calibration + limits.calibration:
        yield (
            f"its confidence is off by {challenger.calibration:.0%}, the champion's by {champion.calibration:.0%}"
        )
    if challenger.latency_s > limits.latency * champion.latency_s:
        times = challenger.latency_s / max(champion.latency_s, 1e-9)
        yield f"it takes {times:.1f} times as long for a message"


def _between(difference: Difference) -> str:
    return f"95 %: {_signed(difference.low)} to {_signed(difference.high)}"


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}"
