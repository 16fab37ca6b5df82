"""What the App Home shows, gathered for one person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlmodel import Session

from bot.held_view import EXAMPLES_MOST, SHOWN_MOST, Held, HeldExample
from bot.operations import NotAnOperatorError, Operations
from bot.scopes import Scopes
from storage import (
    bursts,
    channels,
    corrections,
    jobs,
    labels,
    predictions,
    questions,
    record,
    runs,
    summaries,
    versions,
)
from storage.database import Database
from storage.record import Stretch
from storage.tables import Burst, Channel, Label, Message, Ruling, Run, SummaryConsent, Version

WEEKS = [(7, 0), (14, 7), (21, 14), (28, 21)]
MONTH = (30, 0)


@dataclass(frozen=True)
class Look:
    """How the bot is doing. `weeks`: the record of the last four, latest first; `chosen`: how often, by label id.

    `held`: for operators, the latest of `held_number` bursts that are held back.
    """

    channels: list[Channel]
    summaries: dict[str, SummaryConsent]
    version: Version | None
    promotion: Ruling | None
    run: Run | None
    answers: int
    words: int
    weeks: list[Stretch]
    month: Stretch
    labels: list[Label]
    chosen: dict[str, int]
    open_questions: int
    retraining_at: float | None
    is_operator: bool
    held: list[Held] = field(default_factory=list)
    held_number: int = 0
    lacking: str = ""  # scopes, and how to get them


class Home:
    """Reads it for one team. `argilla_url`: where reviewers work; None where nobody does. `link`: to a message."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        operations: Operations,
        argilla_url: str | None,
        link: Callable[[Message], str],
        scopes: Scopes | None = None,
    ) -> None:
        self._scopes = scopes
        self._database = database
        self._team_id = team_id
        self.operations = operations
        self.argilla_url = argilla_url
        self._link = link

    def look(self, user_id: str) -> Look:
        """What a person sees now."""
        team_id = self._team_id
        is_operator = self._is_operator(user_id)
        lacking = self._scopes.told() if self._scopes else ""
        with self._database.reading() as session:
            number = versions.in_service(session, team_id)
            month, *weeks = record.of_days(session, team_id, [MONTH, *WEEKS])
            due = {job.name: job.due_at for job in jobs.every(session, team_id)}
            return Look(
                channels=channels.switched_on(session, team_id),
                summaries={one.channel_id: one for one in summaries.consents(session, team_id)},
                version=versions.get(session, team_id, number) if number else None,
                promotion=versions.latest_promotion(session, team_id),
                run=runs.under_way(session, team_id),
                answers=predictions.count(session, team_id),
                words=corrections.count(session, team_id),
                weeks=weeks,
                month=month,
                labels=labels.active(session, team_id),
                chosen=labels.counts(session, team_id),
                open_questions=questions.open_ones(session, team_id),
                retraining_at=due.get("retrain"),
                is_operator=is_operator,
                lacking=lacking,
                held=self._held(session) if is_operator else [],
                held_number=bursts.count_waiting(session, team_id) if is_operator else 0,
            )

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
