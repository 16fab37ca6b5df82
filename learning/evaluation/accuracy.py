"""How often the model is right: the one figure of `status`, the Home, the digest and the metrics.

It rests on messages that were picked at random and that reviewers settled (`learning/evaluation/estimate.py` says why).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from learning.evaluation.estimate import Interval, accuracy
from storage.feedback import judged_predictions
from storage.feedback.judged_predictions import DAY_S, Reviewed

# "Now" is the latest messages: the model of a year ago was another one.
LATEST = 200
WEEK_S = 7 * DAY_S


@dataclass(frozen=True)
class Accuracy:
    """The share of right answers with its 95 % interval, and on how many messages it rests."""

    share: Interval
    messages: int


def latest(session: Session, team_id: str) -> Accuracy | None:
    """Return the accuracy of a team's model now; None until reviewers settle a randomly picked message."""
    return _of(judged_predictions.reviewed(session, team_id, most=LATEST))


def by_week(session: Session, team_id: str, weeks: int) -> list[Accuracy | None]:
    """Of the answers given in each of the last weeks, latest first; None for a week without data.

    The list ends with the first week that has data, so it is empty if there is none.
    """
    now = time.time()
    every = judged_predictions.reviewed(session, team_id, since=now - weeks * WEEK_S)
    found = [
        _of([one for one in every if now - (back + 1) * WEEK_S < one.at <= now - back * WEEK_S])
        for back in range(weeks)
    ]
    while found and found[-1] is None:
        found.pop()
    return found


def _of(reviewed: Sequence[Reviewed]) -> Accuracy | None:
    """Return the share of right labels; where the model said that none fits, it gave no label."""
    given = [one for one in reviewed if not one.is_none]
    share = accuracy(sum(one.is_right for one in given), len(given))
    return Accuracy(share, len(given)) if share else None
