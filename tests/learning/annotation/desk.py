"""A dataset in a real Argilla with what keeps it, stepped by hand: no Slack, and a model that says what it is told."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Self

import numpy as np

from learning.annotation.answering import Answering
from learning.annotation.datasets import Datasets, TeamDatasets
from learning.annotation.delivery import RecordDelivery
from learning.annotation.opinions import Opinions
from learning.annotation.suggesting import Refreshing, Suggesting
from learning.argilla.connection import Access, ArgillaConnection
from learning.argilla.schema import DatasetPlan
from learning.encoders.encoder import Encoder
from learning.heads.champion import Champion, Served
from learning.heads.head import Head
from local.argilla.embedded import SignIn
from storage.database.engine import Database
from storage.deliveries import outbox
from storage.tables.feedback import Label, Panel
from storage.tables.messages import Message
from tests.factories import ANA, ENCODER, TEAM, predicted, say
from tests.learning.tiny_models import three_dimensional
from tests.reviewer import Reviewer

NAMES = ("bug", "billing", "praise")


class Bilingual:
    """Names as a team might wish them."""

    def channel(self, channel_id: str) -> str:
        return f"#{channel_id}"

    def person(self, user_id: str) -> str:
        return f"*{user_id}*"


class Desk:
    """One dataset with its owner's delivery, stepped by hand."""

    def __init__(
        self,
        argilla: SignIn,
        database: Database,
        url: str | None = None,
        name: str | None = None,
        share: float = 0.0,
    ) -> None:
        self.name = name or f"test-{secrets.token_hex(6)}"
        self.labels = list(NAMES)
        self.vector = f"encoder_{ENCODER}"
        connection = self.connection = ArgillaConnection(lambda: Access(url or argilla.url, argilla.api_key))
        self.kept = Datasets(connection, database, TEAM, "corrigible", self.name, self.plan)
        self.twice = f"{self.name}-twice"
        double = Datasets(
            connection, database, TEAM, "corrigible", self.twice, self.plan_for_two, Panel.DOUBLE
        )
        self.both = TeamDatasets({Panel.SINGLE: self.kept, Panel.DOUBLE: double}, share)
        base = three_dimensional()
        self.champion = untaught(base)
        opinions = Opinions(database, TEAM, self.champion)
        suggesting = Suggesting(database, TEAM, connection, opinions)
        self.delivery = RecordDelivery(database, TEAM, connection, self.both, base, Bilingual(), suggesting)
        self._database, self._base, self._opinions = database, base, opinions
        self.refreshing = self.another_refreshing()
        self.news: list[int] = []
        self.answering = Answering(database, TEAM, connection, self.both, self.news.append)
        self.reviewer = Reviewer(argilla, self.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.reviewer.__exit__()

    def plan(self) -> DatasetPlan:
        return DatasetPlan(dict.fromkeys(self.labels, "what it means"), 1, self.vector, "Similar", 3)

    def plan_for_two(self) -> DatasetPlan:
        return replace(self.plan(), min_submitted=2)

    def deliver(self) -> None:
        """Until nothing is due."""
        while self.delivery.step() == 0.0:
            pass

    def refresh(self) -> None:
        """Until every record says what the version in service thinks."""
        while self.refreshing.step() is not None and self.refreshing.patience.is_well:
            pass

    def another_refreshing(self) -> Refreshing:
        """One that knows nothing of what was done, as after a restart."""
        return Refreshing(self._database, TEAM, self.connection, self._opinions, self._base, self.both.forms)

    def sweep(self) -> None:
        """Read all answers again, as happens every ten minutes in any case."""
        self.answering._swept_at.clear()
        self.answering._next_sweep.clear()
        self.answering.step()

    def serve(self, label: Label, version: int = 2, revision: int = 0) -> None:
        """Have a version serve that takes every message for this label."""
        sure = Head((label.id,), np.ones((1, 3), np.float32))
        self.champion.swap(Served(version, revision, self.champion.served.encoder, sure))


def untaught(base: Encoder) -> Champion:
    """A version that knows no label yet."""
    return Champion(Served(1, 0, base, Head((), np.zeros((0, 3), np.float32))))


def corrected(database: Database, label: Label, text: str) -> Message:
    one = predicted(database, label, text)
    say(database, one, ANA, label)
    return one


def refusals(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return outbox.refusals(session, TEAM)


def waiting(database: Database) -> int:
    with database.reading() as session:
        return outbox.backlog(session, TEAM).messages
