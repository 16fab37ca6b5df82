"""What the App Home shows, gathered for one person."""

from __future__ import annotations

from dataclasses import dataclass

from bot.operations import NotAnOperatorError, Operations
from storage import (
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
from storage.tables import Channel, Label, Ruling, Run, SummaryConsent, Version

WEEKS = [(7, 0), (14, 7), (21, 14), (28, 21)]
MONTH = (30, 0)


@dataclass(frozen=True)
class Look:
    """How the bot is doing. `weeks`: the record of the last four, latest first; `chosen`: how often, by label id."""

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


class Home:
    """Reads it for one team. `argilla_url`: where reviewers work; None where nobody does."""

    def __init__(
        self, database: Database, team_id: str, operations: Operations, argilla_url: str | None
    ) -> None:
        self._database = database
        self._team_id = team_id
        self.operations = operations
        self.argilla_url = argilla_url

    def look(self, user_id: str) -> Look:
        """What a person sees now."""
        team_id = self._team_id
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
                is_operator=self._is_operator(user_id),
            )

    def _is_operator(self, user_id: str) -> bool:
        try:
            self.operations.check(user_id)
        except NotAnOperatorError:
            return False
        return True
