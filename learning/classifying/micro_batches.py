"""Classify the messages that wait: one micro-batch at a time, each answer stored with the version that gave it."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass

from sqlmodel import Session

from learning.heads.champion import Champion, Ranking, Served
from learning.heads.offering import offered
from storage.database.engine import Database
from storage.deliveries import cards, outbox
from storage.messages import edit_questions, messages
from storage.models import floors, predictions
from storage.tables.deliveries import Kind
from storage.tables.messages import Lane, Message, Mode
from storage.tables.models import Prediction

log = logging.getLogger(__name__)

BATCH = 32
# And so many characters, of which the encoder reads LONGEST of one message: what comes next never waits for long.
BATCH_CHARACTERS = 8_000
LONGEST = 13_000


@dataclass(frozen=True)
class Batch:
    """Messages that were dealt with; how many of them the model could not read, and how many it read again.

    `is_full`: more may wait than fitted into it.
    """

    messages: list[Message]
    unreadable: int
    again: int
    is_full: bool = False


class Classifier:
    """Predicts what waits in one lane of the database for one team."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        champion: Champion,
        ask_below_margin: float,
        lane: Lane = Lane.HEARD,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._champion = champion
        self._ask_below_margin = ask_below_margin
        self._lane = lane

    def predict_waiting(self) -> Batch:
        """Predict up to BATCH waiting messages and store vectors, predictions and cards."""
        with self._database.reading() as session:
            found = messages.waiting(session, self._team_id, BATCH, self._lane)
            if not found:
                return Batch([], 0, 0)
            served = self._champion.served
            floor = floors.of_version(session, self._team_id, served.version)
            offers_at = floors.offers_of_version(session, self._team_id, served.version)
        batch = _bounded(found)
        rankings = _rank(served, batch)
        with self._database.writing() as session:
            taken = messages.take(session, batch)
            read = [
                (message, ranking)
                for message, ranking in zip(batch, rankings, strict=True)
                if ranking is not None and message.id in taken
            ]
            made = [self._prediction(message, ranking, served, floor, offers_at) for message, ranking in read]
            again = self._store(session, read, made, served)
        is_full = len(found) == BATCH or len(batch) < len(found)
        return Batch(batch, rankings.count(None), again, is_full)

    def _store(
        self,
        session: Session,
        read: list[tuple[Message, Ranking]],
        made: list[Prediction],
        served: Served,
    ) -> int:
        """Store vectors, predictions and cards; how many of the messages had an earlier prediction?"""
        vectors = {message.id: ranking.vector for message, ranking in read}
        predictions.keep_vectors(session, served.encoder.fingerprint, vectors)
        _look_again(session, read)
        again = predictions.put(session, made)
        for message_id in again:
            cards.want(session, message_id)
            if outbox.knows(session, message_id):
                outbox.append(session, self._team_id, message_id, Kind.EDIT)
        shown = [
            message for (message, _), one in zip(read, made, strict=True) if self._is_shown(message, one)
        ]
        predictions.show(session, shown)
        return len(again)

    def _is_shown(self, message: Message, made: Prediction) -> bool:
        if message.mode is Mode.ASK:
            return made.is_none or self._is_unsure(made) or message.still is not None
        if message.mode not in (Mode.REPLY, Mode.QUIET):
            return False
        # Nobody asked, and there is no label to say; after an edit people are asked whether theirs fits still.
        return not made.is_none or message.is_addressed or message.still is not None

    def _is_unsure(self, made: Prediction) -> bool:
        return made.margin < self._ask_below_margin

    def _prediction(
        self,
        message: Message,
        ranking: Ranking,
        served: Served,
        floor: float | None,
        offers_at: float | None,
    ) -> Prediction:
        made = Prediction(
            message_id=message.id,
            team_id=message.team_id,
            version=served.version,
            revision=served.revision,
            label_id=ranking.label_id,
            confidence=ranking.confidence,
            margin=ranking.margin,
            ranked=[list(pair) for pair in ranking.ranked],
            cut=ranking.cut,
            mode=message.mode,
            likeness=ranking.likeness,
            floor=floor,
            is_none=ranking.is_none(floor),
        )
        is_asked = message.mode is Mode.ASK and self._is_unsure(made) and not made.is_none
        if is_asked and offers_at is not None:
            made.offered = offered(ranking.ranked, offers_at)
        return made


def _look_again(session: Session, read: list[tuple[Message, Ranking]]) -> None:
    """Of edited messages: where the model changes its mind about the label that people chose, nobody is asked whether
    it fits still. In quiet mode, where no card asks, the user who chose it is asked.
    """
    asked = [(message, ranking) for message, ranking in read if message.still]
    if not asked:
        return
    before = predictions.labels_said(session, [message.id for message, _ in asked])
    for message, ranking in asked:
        if before.get(message.id) == message.still != ranking.label_id:
            messages.stop_asking(session, message.id)
            message.still = None
        elif message.mode is Mode.QUIET:
            edit_questions.ask(session, message)


def _bounded(found: list[Message]) -> list[Message]:
    """As many of these, from the first on, as BATCH_CHARACTERS allow; one at least."""
    read = itertools.accumulate(min(len(message.text), LONGEST) for message in found)
    return [
        message
        for number, (message, total) in enumerate(zip(found, read, strict=True))
        if not number or total <= BATCH_CHARACTERS
    ]


def _rank(served: Served, batch: list[Message]) -> list[Ranking | None]:
    """A ranking for each message; None for one that the model fails on, which must not stop the others."""
    try:
        return list(served.rank([message.text for message in batch]))
    except Exception:
        if len(batch) == 1:
            log.exception("model failed message=%s", batch[0].id)
            return [None]
        return [ranking for message in batch for ranking in _rank(served, [message])]
