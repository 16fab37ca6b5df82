"""Floors: the likeness below which none of a team's labels fits a message, what questions offer, and how that went."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from storage.feedback import judged_predictions
from storage.tables.models import Floor

# "Now" is the latest messages, as for accuracy.
LATEST = 200


@dataclass(frozen=True)
class Coverage:
    """Of messages that were picked at random, that have a label, and that a floor was there for: how many got one."""

    labelled: int
    messages: int


@dataclass(frozen=True)
class Offers:
    """Of questions about such messages that offered a set of labels: from how many the right one was not missing."""

    right: int
    questions: int


def keep(session: Session, floor: Floor) -> None:
    """Put this floor in the place of the team's earlier one."""
    session.merge(floor)


def latest(session: Session, team_id: str) -> Floor | None:
    """The floor that was made last, for whatever version."""
    return session.get(Floor, team_id)


def of_version(session: Session, team_id: str, version: int) -> float | None:
    """The floor for a version; None if there is none, so that nothing is called none."""
    found = latest(session, team_id)
    return found.at if found and found.version == version else None


def offers_of_version(session: Session, team_id: str, version: int) -> float | None:
    """How likely a label must be for a version's questions to offer it; None if they offer as many each time."""
    found = latest(session, team_id)
    return found.offers_at if found and found.version == version else None


def coverage(session: Session, team_id: str) -> Coverage:
    """What came of floors on live messages: reviewers' responses came after the predictions."""
    seen = [one for one in judged_predictions.reviewed(session, team_id, most=LATEST) if one.had_floor]
    return Coverage(sum(not one.is_none for one in seen), len(seen))


def offers(session: Session, team_id: str) -> Offers:
    """What came of the labels that questions offered."""
    seen = judged_predictions.was_offered(session, team_id, LATEST)
    return Offers(sum(seen), len(seen))
