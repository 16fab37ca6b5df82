"""What operators change in the label set in Slack: as labels.toml has it, with the same checks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from sqlmodel import Session

from bot.language.catalogues import _
from bot.permissions.errors import of_field
from bot.permissions.operations import Operations
from bot.slack.mrkdwn import as_plain_name
from learning.data.label_file import faults_of
from storage.database.engine import Database
from storage.feedback import label_edits, labels
from storage.feedback.label_edits import TakenLabelError, TooFewLabelsError, UnknownLabelError
from storage.feedback.labels import LabelSpec
from storage.tables.feedback import Label
from storage.text.emoji import emoji_name

log = logging.getLogger(__name__)

FAULTS = (TakenLabelError, TooFewLabelsError, UnknownLabelError)


class LabelFaultError(ValueError):
    """What was written of a label can't be used; `faults` says why, by field."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = faults


class LabelEditing:
    """The use cases of one team. `specs`: what labels.toml says; `on_change`: there is something to learn."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        operations: Operations,
        specs: Sequence[LabelSpec],
        on_change: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._operations = operations
        self._specs = specs
        self._on_change = on_change

    def check(self, by: str) -> None:
        """Raises NotAnOperatorError."""
        self._operations.check(by)

    def find(self, label_id: str) -> Label:
        """A label of the team. Raises UnknownLabelError."""
        with self._database.reading() as session:
            found = session.get(Label, label_id)
        if found is None or found.team_id != self._team_id:
            raise UnknownLabelError
        return found

    def save(self, label_id: str | None, entry: dict[str, Any], by: str) -> Label:
        """Add a label, or change one, as an operator wrote it down with the fields of labels.toml.

        Raises NotAnOperatorError, LabelFaultError, TakenLabelError, UnknownLabelError.
        """
        self._operations.check(by)
        if faults := {field for field, _fault in faults_of(entry)}:
            raise LabelFaultError({field: of_field(field) for field in faults})
        spec = LabelSpec(entry["name"], entry["description"], entry["emoji"], tuple(entry["examples"]))
        with self._database.writing() as session:
            taken_by = self._label_with(session, spec.emoji, label_id)
            label = None if taken_by else self._save(session, label_id, spec, by)
        if label is None:  # told after the transaction: Slack may have to be asked in which language
            told = _("“{label}” has this emoji already.").format(label=as_plain_name(taken_by or ""))
            raise LabelFaultError({"emoji": told})
        return self._changed(label, by)

    def _save(self, session: Session, label_id: str | None, spec: LabelSpec, by: str) -> Label:
        if label_id is None:
            return label_edits.add(session, self._team_id, spec, by)
        return label_edits.edit(session, self._team_id, label_id, spec, by)

    def retire(self, label_id: str, by: str) -> Label:
        """Take a label out of use. Raises NotAnOperatorError, UnknownLabelError, TooFewLabelsError."""
        self._operations.check(by)
        with self._database.writing() as session:
            label = label_edits.retire(session, self._team_id, label_id, by)
        return self._changed(label, by)

    def follow_file(self, label_id: str, by: str) -> Label:
        """Let labels.toml rule a label again. Raises NotAnOperatorError, UnknownLabelError, TakenLabelError."""
        self._operations.check(by)
        with self._database.writing() as session:
            label = label_edits.follow_file(session, self._team_id, label_id, self._specs)
        return self._changed(label, by)

    def _label_with(self, session: Session, emoji: str, besides: str | None) -> str | None:
        """The name of another label that has this emoji: in quiet mode an emoji must mean one label."""
        for other in labels.active(session, self._team_id) if emoji else ():
            if other.id != besides and emoji_name(other.emoji) == emoji_name(emoji):
                return other.name
        return None

    def _changed(self, label: Label, by: str) -> Label:
        log.info("label edited team=%s by=%s label=%s", self._team_id, by, label.id)
        self._on_change()
        return label
