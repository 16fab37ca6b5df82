"""Taking labelled data in, row by row: what is wrong with one row never stops the next."""

from __future__ import annotations

import difflib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from learning.data.label_file import NAME_MOST
from learning.data.sources import SourceRow
from learning.text.masking import Mask
from storage.database.engine import Database
from storage.feedback import imports, labels, resolution
from storage.feedback.imports import ImportOutcome, Labelled
from storage.tables.feedback import Label, LabelSource

# Slack's own limit of a message.
TEXT_MOST = 40_000
# Who takes the column of texts for that of labels would have a label for each text.
LABELS_MOST = 500
AT_ONCE = 500
PAUSE_S = 0.02


class WrongRowError(ValueError):
    """A row can't be taken; why, without its text, and which other row it concerns."""

    def __init__(self, reason: str, other: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.other = other


@dataclass(frozen=True)
class Fault:
    """A row that is left out. `line`: where it begins in its file; `other`: the row that it is at odds with."""

    row: int
    line: int | None
    reason: str
    other: int | None = None


@dataclass
class ImportTally:
    """What became of the rows. `repeated`: the same text with the same label as an earlier row; `settled`: the messages
    that they were exported from are here, with that label.
    """

    outcomes: Counter[ImportOutcome] = field(default_factory=Counter)
    repeated: int = 0
    settled: int = 0
    faults: int = 0
    new_labels: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.outcomes.total() + self.repeated + self.settled + self.faults


class Keeper(Protocol):
    """Keeps labels and labelled texts of a team, or says what that would come to."""

    database: Database
    team_id: str

    def adopt(self, name: str) -> Label:
        """The new label of that name."""

    def keep(self, rows: Sequence[Labelled]) -> list[ImportOutcome]:
        """What becomes of each of these rows."""


@dataclass
class Importing:
    """Keeps them in the database, beside a bot that may be running."""

    database: Database
    team_id: str

    def adopt(self, name: str) -> Label:
        return self.database.write_patiently(lambda session: labels.adopt(session, self.team_id, name))

    def keep(self, rows: Sequence[Labelled]) -> list[ImportOutcome]:
        kept = self.database.write_patiently(lambda session: imports.keep(session, self.team_id, rows))
        time.sleep(PAUSE_S)  # a bot has its turn to write
        return kept


@dataclass
class Rehearsing:
    """Says what would be kept, and changes nothing."""

    database: Database
    team_id: str

    def adopt(self, name: str) -> Label:
        return Label(team_id=self.team_id, name=name, source=LabelSource.IMPORTED)

    def keep(self, rows: Sequence[Labelled]) -> list[ImportOutcome]:
        with self.database.reading() as session:
            return imports.foresee(session, self.team_id, rows)


class LabelNames:
    """The labels of a team by name, letters' case and white space aside."""

    def __init__(self, known: Iterable[Label]) -> None:
        self._known = {_folded(label.name): label for label in known}

    def find(self, name: str) -> Label | None:
        """The label of that name, None where there is none. Raises WrongRowError where it was retired."""
        label = self._known.get(_folded(name))
        if label and label.retired_at is not None:
            raise WrongRowError(f"label {label.name!r} was retired")
        return label

    def add(self, label: Label) -> None:
        self._known[_folded(label.name)] = label

    def refuse(self, name: str) -> Label:
        """Raises WrongRowError: there is no such label, but perhaps one that is called nearly so."""
        in_use = {folded: label.name for folded, label in self._known.items() if label.retired_at is None}
        closest = difflib.get_close_matches(_folded(name), in_use, n=1)
        hint = f"; the closest is {in_use[closest[0]]!r}" if closest else ""
        raise WrongRowError(f"unknown label {name!r}{hint}")

    def adopting(self, keeper: Keeper) -> Callable[[str], Label]:
        """Makes a label of a name that nobody knows, unless there are LABELS_MOST. Raises WrongRowError."""

        def adopt(name: str) -> Label:
            if len(self._known) >= LABELS_MOST:
                raise WrongRowError(f"more than {LABELS_MOST} labels; does the right column hold them?")
            return keeper.adopt(name)

        return adopt


class Taking:
    """Takes one source's rows in. `new_label` answers for a label that nobody knows, or raises WrongRowError; `mask`
    takes personal data out of texts.
    """

    def __init__(
        self,
        keeper: Keeper,
        names: LabelNames,
        new_label: Callable[[str], Label],
        mask: Mask,
        on_fault: Callable[[Fault], None],
    ) -> None:
        self.tally = ImportTally()
        self._keeper = keeper
        self._names = names
        self._new_label = new_label
        self._mask = mask
        self._on_fault = on_fault
        self._waiting: list[Labelled] = []
        self._seen: dict[bytes, tuple[int, str]] = {}

    def take(self, row: SourceRow) -> None:
        """Take one row, or tell what is wrong with it. What is taken is kept by AT_ONCE rows, and by `finish`."""
        try:
            labelled = self._read(row)
        except WrongRowError as error:
            self.tally.faults += 1
            self._on_fault(Fault(row.number, row.line, error.reason, error.other))
            return
        if labelled:
            self._waiting.append(labelled)
        if len(self._waiting) >= AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Keep what was taken."""
        rows, self._waiting = self._waiting, []
        self.tally.outcomes.update(self._keeper.keep(rows) if rows else [])

    def _read(self, row: SourceRow) -> Labelled | None:
        """What a row says; None where that was said before."""
        if row.fault:
            raise WrongRowError(row.fault)
        text = self._mask(_text(row.text))
        label = self._label(_label(row.label))
        if row.message_id and row.message_id in self._settled:
            self._compare(self._settled[row.message_id], label)
            return None
        key = bytes.fromhex(imports.key(text))
        earlier, chosen = self._seen.setdefault(key, (row.number, label.id))
        if chosen != label.id:
            raise WrongRowError("an earlier row has the same text and another label", earlier)
        if earlier != row.number:
            self.tally.repeated += 1
            return None
        return Labelled(text, label.id)

    def _label(self, name: str) -> Label:
        known = self._names.find(name)
        if known:
            return known
        label = self._new_label(name)
        self._names.add(label)
        self.tally.new_labels.append(label.name)
        return label

    def _compare(self, settled: str, label: Label) -> None:
        if settled != label.id:
            raise WrongRowError("people settled this message otherwise; correct it in Slack or in Argilla")
        self.tally.settled += 1

    @cached_property
    def _settled(self) -> dict[str, str]:
        """What people and reviewers settled: rows of an export that comes back need no copy of their messages."""
        with self._keeper.database.reading() as session:
            evidence = resolution.evidence(session, self._keeper.team_id)
        found = {one.message_id: resolution.settled(one) for one in evidence if not one.imported}
        return {message_id: one.label_id for message_id, one in found.items() if one}


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _text(found: object) -> str:
    """A text that can be kept. Raises WrongRowError."""
    if found is None or _is_nan(found):
        raise WrongRowError("no text")
    if not isinstance(found, str):
        raise WrongRowError("the text is something else than text")
    text = found.strip()
    if not text:
        raise WrongRowError("empty text")
    if len(text) > TEXT_MOST:
        raise WrongRowError(f"the text has more than {TEXT_MOST:,} characters")
    _check_characters(text, "text")
    return text


def _label(found: object) -> str:
    """The name of a label. Raises WrongRowError."""
    if found is None or _is_nan(found):
        raise WrongRowError("no label")
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise WrongRowError("the label is no name")
    name = " ".join(str(found).split())
    if not name:
        raise WrongRowError("no label")
    if len(name) > NAME_MOST:
        raise WrongRowError(f"the label has more than {NAME_MOST} characters")
    _check_characters(name, "label")
    return name


def _check_characters(text: str, what: str) -> None:
    if "\0" in text:
        raise WrongRowError(f"the {what} holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WrongRowError(f"the {what} is not UTF-8; save the file so") from None


def _is_nan(found: object) -> bool:
    return isinstance(found, float) and math.isnan(found)
