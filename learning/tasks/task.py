"""What the trainer, the schedule and the gate need to know of a task: classification is one, summarization another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from sqlmodel import Session

from learning.tasks.job import Result
from storage.tables.models import Run, TaskName, Version


class NothingToLearnError(ValueError):
    """There is too little to train on; the message says what is needed."""


class Task(Protocol):
    """A team's task: what there is to learn for it, and what a training process is given."""

    @property
    def name(self) -> TaskName:
        """Which task it is."""

    def new(self) -> int:
        """How much people settled that the latest run did not learn from, or learned otherwise."""

    def champion(self, session: Session) -> Version:
        """The version in service, which a challenger is compared with."""

    def prepare(self, run: Run, folder: Path) -> None:
        """Write the job of a run into a folder, and note by what recipe it trains and what it learns from.

        Raises NothingToLearnError.
        """

    def recipe_in(self, folder: Path) -> dict[str, Any]:
        """The recipe of the job in a folder. Raises OSError, ValueError, KeyError, TypeError where there is none."""

    def objection(self, session: Session, result: Result, /) -> str | None:
        """Why a model that was trained may not be kept, in words; None where it may."""

    def concluded(self, session: Session, result: Result, /) -> None:
        """A version was made: what else follows from what was noticed on the way."""
