"""Doubting: labels of a run's data that look wrong go back to people: to those who gave them, and to reviewers.

A user in Slack is asked about their own labels, a few a day: `storage/messages/label_questions.py`. Reviewers are
asked about the most suspicious first, while that pays. These cost nothing of the daily budget. What they cost is work:
so the next ones are asked about only if enough of the answers so far found a label wrong.
`docs/decisions/0036-suspicious-labels.md` has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from sqlmodel import Session

from storage.feedback import imports, questions, responses
from storage.messages import label_questions, messages
from storage.messages.label_questions import Suspicion
from storage.models import runs

# So many are asked about at a time.
PORTION = 25
# Of so many latest answers this share has to find a label wrong.
LATEST = 25
YIELD = 0.25
# Of what was asked this share has to be answered first: some messages are left aside for ever.
ANSWERED = 0.8


def begin(session: Session, team_id: str, report: Mapping[str, Any]) -> None:
    """Ask about the suspicious labels of a run's data: who gave them, and reviewers about the most suspicious."""
    if "suspects" not in report:
        return
    suspicions = _unsettled(session, report)
    held = messages.held_texts(session, [one.message_id for one in suspicions])
    label_questions.replace(session, team_id, [one for one in suspicions if one.message_id in held])
    ask(session, team_id, [one.message_id for one in suspicions])


def due(session: Session, team_id: str) -> list[str]:
    """Messages of the latest run that may be asked about next, if those before are answered and it pays."""
    run = runs.latest(session, team_id)
    report = run.report if run else {}
    suspects = {one["id"]: one["label_id"] for one in report.get("suspects", [])}
    asked = questions.doubted(session, list(suspects))
    found = _found(session, team_id, {one: suspects[one] for one in suspects if asked.get(one)})
    if not asked or len(found) < ANSWERED * len(asked) or not pays(found):
        return []
    return [one.message_id for one in _unsettled(session, report) if one.message_id not in asked]


def _unsettled(session: Session, report: Mapping[str, Any]) -> list[Suspicion]:
    """The suspicious labels, most suspicious first, but for those that the users who gave them kept when asked."""
    suspicions = [
        Suspicion(one["id"], one["label_id"], one["suggested"]) for one in report.get("suspects", [])
    ]
    kept = label_questions.kept(session, suspicions)
    return [one for one in suspicions if one not in kept]


def ask(session: Session, team_id: str, suspects: Sequence[str]) -> int:
    """Ask about the first PORTION of them, as far as they still exist; about how many.

    Not about imported ones: a file with many faults would be all that reviewers see.
    """
    imported = imports.labels(session, team_id) if suspects else {}
    left = (one for one in suspects if one not in imported and messages.is_standing(session, one))
    asked = list(islice(left, PORTION))
    for message_id in asked:
        questions.doubt(session, team_id, message_id)
    return len(asked)


def pays(found: Sequence[bool]) -> bool:
    """Were enough of the latest answers worth it? found: whether each label was wrong, the most suspicious first."""
    latest = found[-LATEST:]
    return sum(latest) >= YIELD * len(latest)


def _found(session: Session, team_id: str, answered: Mapping[str, str]) -> list[bool]:
    """Of each of these labels, by message, whether reviewers say that it is wrong."""
    verdicts = responses.verdicts(session, team_id, list(answered))
    return [
        verdicts[one].label_id != label_id
        for one, label_id in answered.items()
        if one in verdicts and not verdicts[one].is_tied
    ]
