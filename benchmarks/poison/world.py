"""A team for `benchmarks.poison`: who corrects what, honestly or not, through the product's own functions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlmodel import col, update

from benchmarks.measuring.data import Row
from learning.active.vetting import Vetting
from learning.classifying.micro_batches import Classifier
from learning.data import trust
from learning.data.trust import CYCLE_S, Belief
from learning.encoders.encoder import Encoder, Encoding
from learning.heads.champion import Champion
from learning.heads.head import Classes
from learning.heads.refit import Refitter
from storage.database.engine import open_database
from storage.database.migrate import migrate
from storage.feedback import bursts, corrections, labels
from storage.feedback.corrections import Spoken
from storage.feedback.labels import LabelSpec
from storage.messages import messages
from storage.tables.annotation import Dataset, Stage
from storage.tables.feedback import Answer, Burst, Correction, Status, Word
from storage.tables.messages import Message, Mode
from storage.tables.models import Prediction

TEAM = "T0BENCH"
OPERATOR = "operator"
AT_ONCE = 10  # so many corrections come between two looks at a burst
GAPS_S = (0.3, 2.0)  # between two corrections of a burst, honest or not


class Way(StrEnum):
    """A strategy by which a user chooses labels."""

    CORRECTS_MISTAKES = "corrects_mistakes"
    SAYS_ALL = "says_all"
    CONFIRMS = "confirms"
    ANYTHING_ELSE = "anything_else"
    ONE_LABEL = "one_label"
    SWAPS = "swaps"
    CONFIRMS_MISTAKES = "confirms_mistakes"
    MIXES = "mixes"


HONEST = (Way.CORRECTS_MISTAKES, Way.SAYS_ALL, Way.CONFIRMS)
HOSTILE = (Way.ANYTHING_ELSE, Way.ONE_LABEL, Way.SWAPS, Way.CONFIRMS_MISTAKES, Way.MIXES)
MISTAKEN = 0.05  # of what honest people say
MIXED_RIGHT = (0.3, 0.5)  # of what MIXES says
SWAPPED_PAIRS = 6


@dataclass(eq=False)
class Reading(Encoder):
    """An encoder that has read all texts before."""

    of: Encoder
    known: dict[str, NDArray[np.float32]]

    def __post_init__(self) -> None:
        self.fingerprint, self.dimensions = self.of.fingerprint, self.of.dimensions

    def encode(self, texts: list[str]) -> Encoding:
        """From memory."""
        rows = [self.known[text] for text in texts] or [np.zeros(self.dimensions, dtype=np.float32)]
        return Encoding(np.stack(rows)[: len(texts)], [False] * len(texts))


@dataclass
class World:
    """One team in a database of its own. `truth`: the right label id of each message."""

    folder: Path
    encoder: Encoder
    pool: Sequence[Row]
    random: np.random.Generator
    truth: dict[str, str] = field(default_factory=dict)
    said: list[Spoken] = field(default_factory=list)
    reviewed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = open_database(f"sqlite:///{self.folder}/corrigible.db")
        migrate(self.database)
        names = sorted({row.label for row in self.pool})
        with self.database.writing() as session:
            labels.synchronize(session, TEAM, [LabelSpec(name) for name in names])
            self.ids = {label.name: label.id for label in labels.active(session, TEAM)}
            session.add(Dataset(id="d", team_id=TEAM, stage=Stage.CURRENT))
        self.belief = Belief(operators=frozenset({OPERATOR}))
        self.refitter = Refitter(self.database, TEAM, self.encoder, "all-MiniLM-L6-v2", belief=self.belief)
        self.vetting = Vetting(self.database, TEAM, self.belief, _nobody)
        self.predicted: dict[str, str] = {}
        self._untouched: list[str] = []
        self._number = 0

    # Messages

    def hear(self, number: int, at: float) -> list[str]:
        """Receive and predict `number` more messages of the pool at a moment; return their ids in random order.

        The moment must precede all corrections: a later prediction would be about an edited text.
        """
        chosen = self.pool[self._number : self._number + number]
        heard = []
        with self.database.writing() as session:
            for row in chosen:
                self._number += 1
                one = Message(
                    team_id=TEAM,
                    channel_id="C0",
                    ts=f"1700000000.{self._number:06}",
                    user_id="U0",
                    text=row.text,
                    mode=Mode.REPLY,
                )
                messages.receive(session, one)
                self.truth[one.id] = self.ids[row.label]
                heard.append(one.id)
        served = self.refitter.serve()
        classifier = Classifier(self.database, TEAM, Champion(served), 0.3)
        while classifier.predict_waiting().messages:
            pass
        with self.database.writing() as session:
            of_these = update(Prediction).where(col(Prediction.message_id).in_(heard))
            session.connection().execute(of_these.values(created_at=at))
        probabilities = served.head.probabilities(self.encoder.encode([row.text for row in chosen]).vectors)
        likeliest = probabilities.argmax(axis=1)
        self.predicted |= {one: served.head.labels[at] for one, at in zip(heard, likeliest, strict=True)}
        self._untouched += heard
        return heard

    # What is said of them

    def say(self, user: str, message_id: str, label_id: str, at: float) -> None:
        """One correction, as the bot stores it."""
        word = Word.CONFIRMED if self.predicted[message_id] == label_id else Word.CHANGED
        with self.database.writing() as session:
            corrections.add(
                session,
                Correction(
                    message_id=message_id,
                    team_id=TEAM,
                    user_id=user,
                    label_id=label_id,
                    word=word,
                    created_at=at,
                ),
            )
        self.said.append(Spoken(message_id, user, label_id, word, at))

    def review(self, message_ids: Sequence[str], at: float) -> None:
        """A reviewer labels these messages rightly."""
        with self.database.writing() as session:
            for message_id in message_ids:
                self.reviewed[message_id] = self.truth[message_id]
                session.add(
                    Answer(
                        response_id=f"r-{message_id}",
                        message_id=message_id,
                        team_id=TEAM,
                        dataset_id="d",
                        round=1,
                        reviewer="r1",
                        status=Status.SUBMITTED,
                        label_id=self.truth[message_id],
                        answered_at=at,
                    )
                )
        self._untouched = [one for one in self._untouched if one not in self.reviewed]

    def honestly(self, message_id: str) -> str:
        """Return the label that an honest user gives to a message."""
        if self.random.random() < MISTAKEN:
            return str(self.random.choice(sorted(self.ids.values())))
        return self.truth[message_id]

    def wrong(self, message_id: str) -> str:
        """A label that is wrong for a message."""
        return str(self.random.choice(sorted(set(self.ids.values()) - {self.truth[message_id]})))

    def burst(self, user: str, way: Way, number: int) -> bool:
        """A newcomer gives so many corrections in a minute or so, and the bot looks on; is it held back?"""
        spoken = list(self.chosen(way, number))
        gaps = self.random.uniform(*GAPS_S, len(spoken))
        begins = time.time() - gaps.sum()
        for position, (message_id, label_id) in enumerate(spoken, 1):
            self.say(user, message_id, label_id, begins + gaps[:position].sum())
            if position % AT_ONCE == 0 or position == len(spoken):
                self.vetting.look(self.refitter)
        chosen = {message_id for message_id, _ in spoken}
        self._untouched = [one for one in self._untouched if one not in chosen]
        return any(one.user_id == user for one in self.held())

    def chosen(self, way: Way, number: int) -> Iterator[tuple[str, str]]:
        """Yield messages without corrections, each with the label that a user of this kind gives to it."""
        names = sorted(self.ids.values())
        target = str(self.random.choice(names))
        swapped = list(self.random.permutation(names)[: 2 * SWAPPED_PAIRS])
        partner = dict(zip(swapped, swapped[SWAPPED_PAIRS:] + swapped[:SWAPPED_PAIRS], strict=True))
        share = self.random.uniform(*MIXED_RIGHT)
        for message_id in self.random.permutation(self._untouched):
            one = str(message_id)
            own, true = self.predicted[one], self.truth[one]
            match way:
                case Way.CORRECTS_MISTAKES:
                    said = self.honestly(one) if own != true else None
                case Way.SAYS_ALL:
                    said = self.honestly(one)
                case Way.CONFIRMS:
                    said = own if own == true or self.random.random() < MISTAKEN else None
                case Way.ANYTHING_ELSE:
                    said = self.wrong(one)
                case Way.ONE_LABEL:
                    said = target if target != true else None
                case Way.SWAPS:
                    said = partner.get(true)
                case Way.CONFIRMS_MISTAKES:
                    said = own if own != true else None
                case Way.MIXES:
                    said = true if self.random.random() < share else self.wrong(one)
            if said:
                yield one, str(said)
                number -= 1
            if not number:
                return

    # What comes of it

    def held(self) -> list[Burst]:
        """The bursts that are held back."""
        with self.database.reading() as session:
            return bursts.waiting(session, TEAM, 10_000)

    def admitted(self) -> dict[str, str]:
        """Return the labels that a run would learn from now."""
        with self.database.reading() as session:
            return trust.admitted(session, TEAM, self.belief).labels

    def share_right(self, found: dict[str, str]) -> float:
        """The share of these labels that is right."""
        return float(np.mean([self.truth[one] == label_id for one, label_id in found.items()]))

    def accuracy(self, test: Sequence[Row]) -> float:
        """Return the accuracy of the head in service."""
        served = self.refitter.serve()
        likeliest = served.head.probabilities(self.encoder.encode([row.text for row in test]).vectors).argmax(
            axis=1
        )
        rows: Classes = np.array([served.head.labels.index(self.ids[row.label]) for row in test])
        return float((likeliest == rows).mean())

    def close(self) -> None:
        self.database.close()


def _nobody() -> None:
    """Nobody to tell."""


def weeks_ago(weeks: float) -> float:
    """A moment, in seconds since 1970."""
    return time.time() - weeks * CYCLE_S
