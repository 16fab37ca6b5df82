"""What operators set for their own team in Slack, over the settings of the process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bot.context.settings import Settings
from bot.permissions.operations import Operations
from storage.database.engine import Database
from storage.tables.workspaces import Choice
from storage.workspaces import team_settings

log = logging.getLogger(__name__)

TYPED = (
    "ask_below_margin",
    "ask_per_day",
    "duel_per_day",
    "retrain_after_labels",
    "retrain_cron",
    "timezone",
    "language",
)
# Slack's own menus give these, so they are right; the settings of a process with many workspaces can't hold them.
PICKED = ("ops_channel", "operators")
NAMES = (*TYPED, *PICKED)


class ChoiceError(ValueError):
    """Some values can't be used; `faults` says why, by the name of the setting."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = faults


@dataclass(frozen=True)
class Chosen:
    """What holds where nothing is chosen, and each choice."""

    settings: Settings
    choices: dict[str, Choice]


class Choices:
    """The choices of one team. `on_change`: the team's parts have to be built anew."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        settings: Settings,
        operations: Operations,
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._settings = settings
        self._operations = operations
        self._on_change = on_change

    def look(self, by: str) -> Chosen:
        """What an operator can change. Raises NotAnOperatorError."""
        self._operations.check(by)
        with self._database.reading() as session:
            made = team_settings.every(session, self._team_id)
        return Chosen(self._settings, {choice.name: choice for choice in made})

    def choose(self, wanted: Mapping[str, Any], by: str) -> list[str]:
        """Keep what an operator chose, None takes a choice back; the names of what changed.

        Raises NotAnOperatorError, ChoiceError.
        """
        self._operations.check(by)
        values = {name: wanted.get(name) for name in NAMES} | _read(self._settings, wanted)
        with self._database.writing() as session:
            changed = team_settings.choose(session, self._team_id, values, by)
        if changed:
            log.info("settings chosen team=%s by=%s names=%s", self._team_id, by, ",".join(changed))
            self._on_change()
        return changed


def applied(settings: Settings, chosen: Mapping[str, Any]) -> Settings:
    """The settings of a team. A choice that can't be used any more is left out, and the log says so."""
    usable = {name: value for name, value in chosen.items() if name in PICKED}
    for name in TYPED:
        try:
            usable |= _read(settings, {name: chosen.get(name)})
        except ChoiceError:
            log.error("choice left out, as it can't be used any more name=%s", name)
    return settings.model_copy(update=usable)


def _read(settings: Settings, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were typed, as settings hold them. Raises ChoiceError."""
    typed = {name: wanted[name] for name in TYPED if wanted.get(name) is not None}
    try:
        checked = Settings(_env_file=None, **{**settings.model_dump(), **typed})
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise ChoiceError({str(one["loc"][0]): _words(str(one["msg"])) for one in faults}) from None
    return {name: getattr(checked, name) for name in typed}


def _words(fault: str) -> str:
    return fault.removeprefix("Value error, ")
