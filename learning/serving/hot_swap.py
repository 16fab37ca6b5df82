"""Follows the alias: when it names another version, that one is loaded, checked and swapped in, or refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from learning.heads.champion import Champion, Served
from learning.heads.refit import Refitter
from learning.serving.registry import Registry, UnusableVersionError
from storage.database.engine import Database
from storage.models import versions
from storage.models.versions import NothingToRollBackToError, VersionNotFoundError

log = logging.getLogger(__name__)

# A bot that starts answers soon: of what is labelled and unread, the rest is read beside the answering.
AT_START_MOST = 1_000


@dataclass(frozen=True)
class Swap:
    """Which version serves now, and which one did."""

    version: int
    previous: int


class Following:
    """Keeps one process at the version that the alias names; the version before stays loaded for a roll back."""

    def __init__(self, database: Database, team_id: str, registry: Registry) -> None:
        self._database = database
        self._team_id = team_id
        self._registry = registry
        self._standby: dict[int, Served] = {}
        self.refitter, served = self._begin()
        self.champion = Champion(served)

    def follow(self) -> Swap | None:
        """Serve what the alias names; None where it is served already, or can't be."""
        with self._database.reading() as session:
            wanted = versions.in_service(session, self._team_id)
        served = self.champion.served
        if wanted is None or wanted == served.version:
            return None
        try:
            refitter, ready = self._prepare(wanted)
        except (UnusableVersionError, VersionNotFoundError) as error:
            self._refuse(wanted, served.version, str(error))
            return None
        self._standby = {served.version: served}
        self.refitter = refitter
        self.champion.swap(ready)
        log.info("swapped version=%d previous=%d", wanted, served.version)
        return Swap(wanted, served.version)

    def refit(self) -> Served | None:
        """Fit the head of what is served anew; None where another version was swapped in meanwhile."""
        served, refitter = self.champion.served, self.refitter
        if refitter.encoder is not served.encoder:
            return None
        fresh = refitter.serve(served)
        return fresh if self.champion.refit(served, fresh) else None

    @property
    def is_settled(self) -> bool:
        """Is the head in service fitted to the end, or did it learn in haste what somebody said?"""
        return self.refitter.is_settled

    def settle(self, go_on: Callable[[], bool]) -> Served | None:
        """Fit the head in service to the end, as long as `go_on` says so; None where another version was swapped in."""
        served, refitter = self.champion.served, self.refitter
        if refitter.encoder is not served.encoder:
            return None
        fitted = refitter.settle(served, go_on)
        return fitted if self.champion.refit(served, fitted) else None

    @property
    def is_behind(self) -> bool:
        """Is something labelled that the encoder in service has not read yet?"""
        return self.refitter.is_behind

    def catch_up(self) -> bool:
        """Read some of that; is it time to refit?"""
        return self.refitter.catch_up()

    def load(self, number: int) -> Served:
        """A version as it would serve now, without serving it. Raises UnusableVersionError."""
        return self._prepare(number)[1]

    def _begin(self) -> tuple[Refitter, Served]:
        number = self._registry.champion().number
        try:
            return self._prepare(number, AT_START_MOST)
        except UnusableVersionError as error:
            log.error("version can't serve: %s", error)
            return self._fall_back(number, str(error))

    def _fall_back(self, number: int, reason: str) -> tuple[Refitter, Served]:
        """The version before, or else the encoder that settings name: a bot that starts must answer."""
        plain = self._registry.plain().number
        try:
            with self._database.reading() as session:
                before = versions.before(session, self._team_id)
            found = self._prepare(before, AT_START_MOST)
        except (UnusableVersionError, NothingToRollBackToError):
            before, found = plain, self._prepare(plain, AT_START_MOST)
        self._refuse(number, before, reason)
        return found

    def _prepare(self, number: int, most: int | None = None) -> tuple[Refitter, Served]:
        refitter = self._registry.load(number)
        if (
            number in self._standby
        ):  # served a moment ago: at once, what people said since is fitted right after
            return refitter, self._standby[number]
        self._registry.check(number, refitter)
        if refitter.read_again(most):
            log.info("labelled messages read again version=%d", number)
        return refitter, refitter.serve()

    def _refuse(self, number: int, stays: int, reason: str) -> None:
        with self._database.writing() as session:
            versions.give_back(session, self._team_id, number, stays, reason)
