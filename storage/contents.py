"""What there is to show of a message: to people in Slack on its card, to reviewers in Argilla as a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_
from sqlmodel import Session, col, select

from storage import answers, corrections, disputes
from storage.answers import Verdict
from storage.tables import Card, Correction, Label, Message, Prediction


@dataclass(frozen=True)
class Content:
    """Everything that was said of one message, read at one moment.

    `wanted` says which state of its card this is (0 where it has none); `words` are each person's last, oldest
    first; `labels` are all that are named here, by id. `choice`: two label ids of which people were asked to take one.
    """

    wanted: int
    message: Message
    prediction: Prediction | None
    words: list[Correction]
    verdict: Verdict | None
    labels: dict[str, Label]
    choice: tuple[str, str] | None = None

    @property
    def settled(self) -> str | None:
        """The id of the label that people settled on: reviewers first, then those in Slack."""
        if self.verdict and not self.verdict.is_tied:
            return self.verdict.label_id
        return corrections.settled(self.words)


def of_message(session: Session, message_id: str) -> Content:
    """What there is to show of a message now."""
    # The card's state first: what is read after it is at least as new.
    is_its_own = and_(
        col(Prediction.message_id) == Message.id, col(Prediction.team_id) == col(Message.team_id)
    )
    said = (
        select(Card.wanted, Message, Prediction)
        .select_from(Message)
        .outerjoin(Card, col(Card.message_id) == Message.id)
        .outerjoin(Prediction, is_its_own)
        .where(Message.id == message_id)
    )
    wanted, message, prediction = session.exec(said).one()
    words = corrections.last_words(session, message_id)
    verdict = answers.verdict(answers.of_message(session, message_id))
    named = {word.label_id for word in words} | {label_id for label_id, _ in _ranked(prediction)}
    if verdict and verdict.label_id:
        named.add(verdict.label_id)
    dispute = disputes.open_question(session, message_id)
    choice = (dispute.champion_label, dispute.challenger_label) if dispute else None
    named |= set(choice or ())
    labels = session.exec(select(Label).where(Label.team_id == message.team_id, col(Label.id).in_(named)))
    by_id = {label.id: label for label in labels}
    return Content(wanted or 0, message, prediction, words, verdict, by_id, choice)


def _ranked(prediction: Prediction | None) -> list[list[Any]]:
    return prediction.ranked if prediction else []
