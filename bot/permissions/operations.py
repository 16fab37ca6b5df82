"""What operators can do: retrain, promote, roll back; each in one transaction, and only for whom settings name."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from bot.language.catalogues import N_
from learning.encoders.encoder import title
from learning.summarizing.policy import POLICY
from learning.summary_training.serving import SummarizerSource
from storage.database.engine import Database
from storage.deliveries import notices, undelivered
from storage.deliveries.notices import NothingGivenUpError
from storage.deliveries.undelivered import GivenUp
from storage.feedback import bursts
from storage.feedback.bursts import BurstDecidedError, BurstNotFoundError
from storage.messages import channel_states
from storage.models import runs, versions
from storage.models.runs import RunUnderWayError
from storage.models.versions import NothingToRollBackToError, VersionNotFoundError
from storage.tables.feedback import Burst, Fate
from storage.tables.models import Decision, Phase, Ruling, TaskName, Version
from storage.tables.workspaces import Acceptance
from storage.workspaces import acceptances

log = logging.getLogger(__name__)


class NotAnOperatorError(PermissionError):
    """Somebody asked for what only operators may do."""

    def __init__(self) -> None:
        super().__init__(N_("Only operators can do this. Whoever runs this bot names them in OPERATORS."))


class NotServingError(ValueError):
    """The version that should be rolled back is not in service any more."""

    def __init__(self, number: int) -> None:
        super().__init__(f"v{number} is not in service any more, so nothing was changed.")
        self.number = number


class AlreadyServingError(ValueError):
    """The version that should be promoted is in service."""

    def __init__(self, number: int) -> None:
        super().__init__(f"v{number} is in service already.")
        self.number = number


class NothingWritesError(ValueError):
    """No model writes summaries, so there is none whose training could be accepted."""

    def __init__(self) -> None:
        super().__init__(
            N_("No model writes summaries here, so there is nothing to accept. Set SUMMARIZER first.")
        )


class BurstGrownError(ValueError):
    """More corrections are held back than the operator saw who decided about them."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "More corrections by this user came in meanwhile, so nothing was changed. Look at them, then decide."
            )
        )


FAULTS = (
    AlreadyServingError,
    BurstDecidedError,
    BurstGrownError,
    BurstNotFoundError,
    NotAnOperatorError,
    NotServingError,
    NothingGivenUpError,
    NothingToRollBackToError,
    NothingWritesError,
    RunUnderWayError,
    VersionNotFoundError,
)


@dataclass(frozen=True)
class OperationWakers:
    """Whom to tell that there is something to do."""

    retraining: Callable[[], None]
    swapping: Callable[[], None]
    notes: Callable[[], None]
    corrections: Callable[[], None]
    delivering: Callable[[], None]


class Operations:
    """The operators' use cases of one team. `by` is a Slack user, or nobody in particular at the terminal.

    `summaries`: who writes them, if anything does.
    """

    def __init__(
        self,
        database: Database,
        team_id: str,
        operators: tuple[str, ...],
        wake: OperationWakers,
        summaries: SummarizerSource,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._operators = operators
        self._wake = wake
        self.summaries = summaries

    def check(self, user_id: str) -> None:
        """Raises NotAnOperatorError."""
        if not self.is_operator(user_id):
            raise NotAnOperatorError

    def is_operator(self, user_id: str) -> bool:
        """May this user do what operators do?"""
        return user_id in self._operators

    def retrain(self, by: str, task: TaskName = TaskName.CLASSIFICATION) -> None:
        """Ask for a training run. Raises RunUnderWayError."""
        with self._database.writing() as session:
            runs.ask(session, self._team_id, "a person asked", by, int(time.time()) % 100_000, task)
        self._wake.retraining()
        self._wake.notes()

    def switch_encoder(self, name: str, by: str) -> None:
        """Ask for another encoder, which takes over once it is ready. Raises RunUnderWayError, AlreadyServingError."""
        with self._database.writing() as session:
            number = versions.in_service(session, self._team_id)
            if number and versions.get(session, self._team_id, number).encoder_name == title(name):
                raise AlreadyServingError(number)
            runs.ask(session, self._team_id, "an operator switched the encoder", by, encoder=name)
        self._wake.retraining()
        self._wake.notes()

    def promote(self, number: int, by: str) -> None:
        """Put a version into service. Raises VersionNotFoundError, AlreadyServingError."""
        with self._database.writing() as session:
            promote(session, self._team_id, number, by)
        self._changed()

    def roll_back(self, by: str, task: TaskName = TaskName.CLASSIFICATION) -> Ruling:
        """Put the version before back into service. Raises NothingToRollBackToError."""
        with self._database.writing() as session:
            ruling = versions.roll_back(session, self._team_id, by, "a person wished it", task=task)
            versions.rule(session, ruling)
        self._changed()
        return ruling

    def roll_back_from(self, number: int, by: str) -> None:
        """As `roll_back`, where this version is still the one in service: of two clicks the second does nothing.

        Raises NotServingError, NothingToRollBackToError, VersionNotFoundError.
        """
        with self._database.writing() as session:
            task = versions.get(session, self._team_id, number).task
            versions.lock(session, self._team_id, task)
            if versions.in_service(session, self._team_id, task) != number:
                raise NotServingError(number)
            ruling = versions.roll_back(session, self._team_id, by, "a person wished it", task=task)
            versions.rule(session, ruling)
        self._changed()

    def acceptance(self) -> Acceptance | None:
        """The acceptance of Slack's policy under which a model that writes is trained; None where none is."""
        with self._database.reading() as session:
            return acceptances.standing(session, self._team_id)

    def accept(self, by: str) -> Acceptance:
        """An operator accepts it, having read POLICY. Raises NothingWritesError."""
        if not self.summaries.writes:
            raise NothingWritesError
        with self._database.writing() as session:
            return acceptances.accept(session, self._team_id, by, POLICY)

    def withdraw(self, by: str) -> bool:
        """An operator withdraws what was accepted; False where nothing was."""
        with self._database.writing() as session:
            return acceptances.withdraw(session, self._team_id, by)

    def versions(self) -> tuple[list[Version], int | None]:
        """All versions, latest first, and the number of the one in service."""
        with self._database.reading() as session:
            return versions.every(session, self._team_id), versions.in_service(session, self._team_id)

    def decide_burst(self, burst_id: str, seen: str, fate: Fate, by: str) -> Burst:
        """Keep or discard corrections that are held back; `seen`: how many of them the operator was shown.

        Raises BurstNotFoundError, BurstDecidedError, BurstGrownError.
        """
        with self._database.writing() as session:
            burst = bursts.decide(session, self._team_id, burst_id, fate, by)
            if str(burst.corrections) != seen:
                raise BurstGrownError
        log.info("burst decided fate=%s corrections=%d", burst.fate, burst.corrections)
        self._wake.corrections()
        return burst

    def try_again(self, notice_id: str) -> GivenUp:
        """Try again what a notice says was given up; of two clicks the second does nothing.

        Raises NothingGivenUpError.
        """
        with self._database.writing() as session:
            notice = notices.given_up(session, self._team_id, notice_id)
            reason = str(notice.about["reason"])
            number = undelivered.put_back(session, self._team_id, notice.channel_id, reason)
            again = GivenUp(notice.channel_id, reason, number)
            notices.forget_given_up(session, self._team_id, notice.channel_id, reason)
        if not number:
            raise NothingGivenUpError
        self._wake.delivering()
        return again

    def try_all_again(self) -> int:
        """Try again all that Slack refused, where a channel is open; how many deliveries."""
        with self._database.writing() as session:
            closed = channel_states.all_closed(session, self._team_id)
            number = undelivered.put_back(session, self._team_id, closed=closed)
            notices.forget_given_up(session, self._team_id)
        self._wake.delivering()
        return number

    def _changed(self) -> None:
        self._wake.swapping()
        self._wake.notes()


def promote(session: Session, team_id: str, number: int, by: str) -> None:
    """A person's promotion; a challenger in shadow that is meant by it has won.

    Raises VersionNotFoundError, AlreadyServingError.
    """
    ruling = versions.promotion(session, team_id, number, by, "a person wished it")
    if ruling.champion == number:
        raise AlreadyServingError(number)
    shadow = runs.in_shadow(session, team_id)
    if shadow and shadow.version == number:
        ruling.run_id = shadow.id
        runs.end(session, shadow.id, Phase.PROMOTED, "promoted by a person")
    assert ruling.decision is Decision.PROMOTE
    versions.rule(session, ruling)
