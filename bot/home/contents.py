"""What the App Home shows, gathered for one person."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from sqlmodel import Session

from bot.home.held_view import EXAMPLES_MOST, SHOWN_MOST, Held, HeldExample
from bot.permissions.operations import NotAnOperatorError, Operations
from bot.web_api.scopes import Scopes
from bot.wording import argilla_text
from learning.evaluation import accuracy, agreement
from learning.evaluation.accuracy import Accuracy
from learning.evaluation.agreement import Agreement
from learning.monitoring import noticing
from storage.database import jobs
from storage.database.engine import Database
from storage.database.jobs import Failing
from storage.deliveries import notices
from storage.feedback import bursts, corrections, labels, questions
from storage.messages import channel_states, channels
from storage.models import predictions, runs, versions
from storage.summaries import summaries
from storage.tables.deliveries import Notice
from storage.tables.feedback import Burst, Label, Panel
from storage.tables.messages import Channel, ChannelState, Message
from storage.tables.models import Ruling, Run, Version
from storage.tables.summaries import SummaryConsent

WEEKS = 4


@dataclass(frozen=True)
class Look:
    """How the bot is doing. `weeks`: its accuracy in each of the last WEEKS, latest first, up to the first that has
    data; `chosen`: how often, by label id.

    `argilla`: why it can't be used; `held`: for operators, the latest of `held_number` bursts that are held back;
    `agreement`: for them, how far reviewers agree; `foreign`: that the model in service doesn't know the languages of
    messages.
    """

    channels: list[Channel]
    summaries: dict[str, SummaryConsent]
    version: Version | None
    promotion: Ruling | None
    run: Run | None
    answers: int
    words: int
    accuracy: Accuracy | None
    weeks: list[Accuracy | None]
    labels: list[Label]
    chosen: dict[str, int]
    open_questions: int
    retraining_at: float | None
    is_operator: bool
    argilla: Failing | None = None
    states: dict[str, ChannelState] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    held_number: int = 0
    agreement: Agreement | None = None
    foreign: Notice | None = None
    lacking: str = ""  # scopes, and how to get them


class Home:
    """Reads it for one team. `argilla_url`: where reviewers work; None where nobody does. `link`: to a message.
    `agreement_in`: the datasets in which several reviewers answer each record.
    """

    def __init__(
        self,
        database: Database,
        team_id: str,
        operations: Operations,
        argilla_url: str | None,
        link: Callable[[Message], str],
        scopes: Scopes | None = None,
        agreement_in: Collection[Panel] = (Panel.DOUBLE,),
    ) -> None:
        self._scopes = scopes
        self._database = database
        self._team_id = team_id
        self.operations = operations
        self.argilla_url = argilla_url
        self._link = link
        self._agreement_in = agreement_in

    def accuracy(self) -> Accuracy | None:
        """Return how often the model is right now."""
        with self._database.reading() as session:
            return accuracy.latest(session, self._team_id)

    def argilla(self) -> Failing | None:
        """Return why Argilla can't be used; None if all is well, or nobody reviews."""
        with self._database.reading() as session:
            return argilla_text.failing(session, self._team_id) if self.argilla_url else None

    def look(self, user_id: str) -> Look:
        """What a person sees now."""
        team_id = self._team_id
        is_operator = self._is_operator(user_id)
        lacking = self._scopes.told() if self._scopes else ""
        with self._database.reading() as session:
            number = versions.in_service(session, team_id)
            due = {job.name: job.due_at for job in jobs.every(session, team_id)}
            return Look(
                channels=channels.switched_on(session, team_id),
                summaries={one.channel_id: one for one in summaries.consents(session, team_id)},
                version=versions.get(session, team_id, number) if number else None,
                promotion=versions.latest_promotion(session, team_id),
                run=runs.under_way(session, team_id),
                answers=predictions.count(session, team_id),
                words=corrections.count(session, team_id),
                accuracy=accuracy.latest(session, team_id),
                weeks=accuracy.by_week(session, team_id, WEEKS),
                labels=labels.active(session, team_id),
                chosen=labels.counts(session, team_id),
                open_questions=questions.open_ones(session, team_id),
                retraining_at=due.get("retrain"),
                is_operator=is_operator,
                argilla=argilla_text.failing(session, team_id) if self.argilla_url else None,
                states=channel_states.every(session, team_id),
                lacking=lacking,
                held=self._held(session) if is_operator else [],
                held_number=bursts.count_waiting(session, team_id) if is_operator else 0,
                foreign=self._foreign(session, number) if is_operator else None,
                agreement=agreement.read(session, team_id, self._agreement_in) if is_operator else None,
            )

    def _foreign(self, session: Session, number: int | None) -> Notice | None:
        """As long as the version in service is one that doesn't know them, and no other encoder is on its way."""
        is_news = (
            number
            and not runs.to_switch(session, self._team_id)
            and noticing.is_limited(versions.get(session, self._team_id, number))
        )
        return notices.foreign(session, self._team_id) if is_news else None

    def _held(self, session: Session) -> list[Held]:
        waiting = bursts.waiting(session, self._team_id, SHOWN_MOST)
        return [Held(burst, self._examples(session, burst)) for burst in waiting]

    def _examples(self, session: Session, burst: Burst) -> list[HeldExample]:
        found = bursts.examples(session, burst.id, EXAMPLES_MOST)
        return [HeldExample(one.said, one.predicted, self._link(one.message)) for one in found]

    def _is_operator(self, user_id: str) -> bool:
        try:
            self.operations.check(user_id)
        except NotAnOperatorError:
            return False
        return True
