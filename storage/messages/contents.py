"""What there is to show of a message: to people in Slack on its card, to reviewers in Argilla as a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_
from sqlmodel import Session, col, select

from storage.feedback import corrections, responses
from storage.feedback.corrections import Spoken
from storage.feedback.responses import Verdict
from storage.models import disagreements
from storage.tables.deliveries import Card
from storage.tables.feedback import Label
from storage.tables.messages import Message
from storage.tables.models import Prediction


@dataclass(frozen=True)
class Content:
    """Everything that was said of one message, read at one moment.

    `wanted` says which state of its card this is (0 where it has none); `words` are each person's last, oldest
    first; `labels` are at least those that are named here, by id. `choice`: two label ids of which people were asked
    to take one. `earlier_words`, `earlier_verdict`: what was said of earlier texts, and does not count.
    """

    wanted: int
    message: Message
    prediction: Prediction | None
    words: list[Spoken]
    verdict: Verdict | None
    labels: dict[str, Label]
    choice: tuple[str, str] | None = None
    earlier_words: list[Spoken] = field(default_factory=list)
    earlier_verdict: Verdict | None = None

    @property
    def settled(self) -> str | None:
        """The id of the label that people settled on: reviewers first, then those in Slack."""
        if self.verdict and not self.verdict.is_tied:
            return self.verdict.label_id
        return corrections.settled(self.words)

    @property
    def still(self) -> str | None:
        """The id of the label that people chose before a small edit, while it is open whether it fits still."""
        is_open = not self.settled and not self.verdict and not self.words
        return self.message.still if is_open and self.message.still in self.labels else None

    @property
    def current(self) -> str | None:
        """The id of the label that is shown now."""
        predicted = self.prediction.label_id if self.prediction and not self.prediction.is_none else None
        return self.settled or self.still or predicted

    @property
    def shown(self) -> Label | None:
        """The label that is shown now; None if none was said to fit."""
        return self.labels[self.current] if self.current else None


def of_message(session: Session, message_id: str) -> Content:
    """What there is to show of a message now."""
    return of_messages(session, [message_id])[message_id]


def of_messages(session: Session, message_ids: Sequence[str]) -> dict[str, Content]:
    """What there is to show now of each of these messages, which are of one team, by message id."""
    # The cards' states first: what is read after them is at least as new.
    read = _read(session, message_ids)
    if not read:
        return {}
    team_id = read[0][1].team_id
    words = corrections.words(session, team_id, message_ids)
    verdicts = responses.verdicts(session, team_id, message_ids)
    choices = disagreements.choices(session, message_ids)
    edited = [message.id for _, message, _ in read if message.edited_ts or message.meaning]
    before = corrections.earlier(session, team_id, edited) if edited else {}
    answered = responses.earlier(session, team_id, edited) if edited else {}
    named = _named([one for _, _, one in read if one], words, verdicts, choices) | _named(
        [], before, answered, {}
    )
    named |= {message.still for _, message, _ in read if message.still}
    labels = session.exec(select(Label).where(Label.team_id == team_id, col(Label.id).in_(named)))
    by_id = {label.id: label for label in labels}
    return {
        message.id: Content(
            wanted or 0,
            message,
            prediction,
            words.get(message.id, []),
            verdicts.get(message.id),
            by_id,
            choices.get(message.id),
            before.get(message.id, []),
            answered.get(message.id),
        )
        for wanted, message, prediction in read
    }


def _read(
    session: Session, message_ids: Sequence[str]
) -> Sequence[tuple[int | None, Message, Prediction | None]]:
    is_its_own = and_(
        col(Prediction.message_id) == Message.id, col(Prediction.team_id) == col(Message.team_id)
    )
    chosen = (
        select(Card.wanted, Message, Prediction)
        .select_from(Message)
        .outerjoin(Card, col(Card.message_id) == Message.id)
        .outerjoin(Prediction, is_its_own)
        .where(col(Message.id).in_(message_ids))
    )
    return session.exec(chosen).all()


def _named(
    predictions: Iterable[Prediction],
    words: Mapping[str, Sequence[Spoken]],
    verdicts: Mapping[str, Verdict],
    choices: Mapping[str, tuple[str, str]],
) -> set[str]:
    """Ids of all labels that anybody speaks of."""
    ranked = {label_id for prediction in predictions for label_id, _ in prediction.ranked}
    said = {word.label_id for every in words.values() for word in every}
    settled = {verdict.label_id for verdict in verdicts.values() if verdict.label_id}
    return ranked | said | settled | {label_id for choice in choices.values() for label_id in choice}
