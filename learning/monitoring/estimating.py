"""Estimates, whenever new answers have come, how often the model is right and what choosing messages saved."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from learning.evaluation import accuracy, estimate
from learning.evaluation.accuracy import Accuracy
from learning.evaluation.estimate import Savings
from learning.heads.champion import Champion
from learning.heads.refit import description
from storage.database.engine import Database
from storage.feedback import labels, questions, responses
from storage.feedback.responses import Verdict
from storage.models import predictions
from storage.reports import estimates

STEP_S = 15.0


class Estimating:
    """Keeps a team's estimate up to date; what it takes is seconds, so it has a thread of its own.

    `measured` is called with the model's accuracy whenever that may have changed.
    """

    def __init__(
        self,
        database: Database,
        team_id: str,
        champion: Champion,
        measured: Callable[[Accuracy | None], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._champion = champion
        self._measured = measured
        self._seen: dict[str, Verdict] | None = None
        self._next = 0.0

    def step(self) -> float | None:
        """Estimate again where answers have changed."""
        if time.monotonic() < self._next:
            return self._next - time.monotonic()
        self._next = time.monotonic() + STEP_S
        with self._database.reading() as session:
            picked = questions.picked(session, self._team_id)
            verdicts = responses.verdicts(session, self._team_id)
        answered = {one: verdicts[one] for one in picked if one in verdicts and verdicts[one].label_id}
        if answered != self._seen:
            figures = self._savings(picked, answered)
            with self._database.writing() as session:
                estimates.keep(session, self._team_id, figures)
                found = accuracy.latest(session, self._team_id)
            self._measured(found)
            self._seen = answered
        return STEP_S

    def _savings(self, picked: dict[str, bool], answered: dict[str, Verdict]) -> dict[str, Any]:
        served = self._champion.served
        with self._database.reading() as session:
            known = labels.active(session, self._team_id)
            vectors = predictions.vectors(session, served.encoder.fingerprint, list(answered))
        row = {label.id: number for number, label in enumerate(known)}
        used = [one for one in answered if one in vectors and answered[one].label_id in row]
        if not used or len(known) < 2:
            return {}
        found = estimate.saved(
            served.encoder.encode([description(label) for label in known]).vectors,
            np.stack([vectors[one] for one in used]),
            np.array([row[str(answered[one].label_id)] for one in used], dtype=np.int64),
            np.array([picked[one] for one in used]),
            seed=len(used),
        )
        return {"saved": _words(found)} if isinstance(found, Savings) and found.says_something else {}


def _words(found: Savings) -> str:
    # The middle is off by up to three times: only the ends are told.
    share = f"at least {found.low:.0f}" if math.isinf(found.high) else f"{found.low:.0f} to {found.high:.0f}"
    return f"{found.labels} answers do the work of {share} random ones (95 % interval)"
