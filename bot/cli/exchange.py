"""Labelled data in and out at the terminal: progress, what became of the rows, and what was wrong in which."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bot.cli.training import TeamAtTerminal
from learning.data import exporting
from learning.data.formulas import neutral
from learning.data.importing import Fault, ImportTally, LabelNames, Taking
from learning.data.sources import LabelledData, UnusableSourceError
from learning.text.names import UNNAMED, visible
from storage.feedback import labels
from storage.feedback.imports import ImportOutcome
from storage.reports import exports

TERMS = "It holds what people wrote in Slack, whose terms forbid bulk export to others: keep it within your own team."
REASONS_SHOWN, ROWS_SHOWN, LABELS_SHOWN = 20, 5, 20
HEADER = ("row", "line", "reason", "other row")


class ReportExistsError(ValueError):
    """The report would take the place of something."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the report {path} can't be written ({reason}); give another name with --report")


class Faults:
    """The rows that were left out: `write` hears of each; for the screen, by reason, how many and the first of them."""

    def __init__(self, write: Callable[[Fault], None]) -> None:
        self._write = write
        self._counts: Counter[str] = Counter()
        self._first: defaultdict[str, list[Fault]] = defaultdict(list)

    def add(self, fault: Fault) -> None:
        self._write(fault)
        self._counts[fault.reason] += 1
        if len(self._first[fault.reason]) < ROWS_SHOWN:
            self._first[fault.reason].append(fault)

    def table(self) -> Table:
        """What was wrong, the most frequent first."""
        table = Table("what is wrong", "rows", "which")
        shown = self._counts.most_common(REASONS_SHOWN)
        for reason, number in shown:
            places = [_place(fault) for fault in self._first[reason]] + ["…"] * (number > ROWS_SHOWN)
            table.add_row(Text(reason), f"{number:,}", ", ".join(places))
        rest = self._counts.total() - sum(number for _, number in shown)
        if rest:
            table.add_row("other reasons", f"{rest:,}", "")
        return table


@contextmanager
def report_to(path: Path | None) -> Iterator[Faults]:
    """Where faults go: to the screen, and all of them to a CSV file where one is named. Raises ReportExistsError."""
    if path is None:
        yield Faults(_nowhere)
        return
    try:
        file = path.open("x", encoding="utf-8", newline="")
    except OSError as error:
        raise ReportExistsError(path, error.strerror or "") from error
    with file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        try:
            yield Faults(
                lambda fault: rows.writerow((fault.row, fault.line, neutral(fault.reason), fault.other))
            )
        except UnusableSourceError:
            path.unlink()  # nothing was read to report on
            raise


def export(at: TeamAtTerminal, path: Path, out: Console) -> int:
    """Write what people settled to a file or folder; how many rows. Raises UnusableTargetError."""
    with at.database.reading() as session, _progress("Exporting", None, out) as progress:
        return exporting.write(exports.settled(session, at.team_id), path, progress)


def names(at: TeamAtTerminal) -> LabelNames:
    """The team's labels."""
    with at.database.reading() as session:
        return LabelNames(labels.every(session, at.team_id))


def take(source: LabelledData, taking: Taking, out: Console) -> ImportTally:
    """Take all rows of a source in; what became of them. Raises UnusableSourceError; what came before it is kept."""
    with _progress("Reading", source.total, out) as progress:
        try:
            for row in source.rows:
                taking.take(row)
                progress(row.number)
        finally:
            taking.finish()
    return taking.tally


def tell(tally: ImportTally, faults: Faults, out: Console, would: str = "") -> None:
    """What became of the rows; `would` comes before each verb where nothing was done."""
    new, changed = tally.outcomes[ImportOutcome.NEW], tally.outcomes[ImportOutcome.CHANGED]
    lines = [
        (new, "new", True),
        (changed, "with another label than when they were imported before", True),
        (tally.outcomes[ImportOutcome.UNCHANGED], "imported before, with the same label", False),
        (tally.settled, "of messages that are here, with the label that people settled", False),
        (tally.repeated, "the same as an earlier row", False),
        (tally.outcomes[ImportOutcome.ERASED], "imported before and erased since: they stay erased", False),
        (tally.faults, "left out, because something is wrong with them", False),
    ]
    out.print(f"{tally.rows:,} rows read, {new + changed:,} {would}imported.")
    for number, what, always in lines:
        if number or always:
            out.print(f"  {number:>9,} {what}", soft_wrap=True)
    if tally.new_labels:
        shown = ", ".join(visible(name) or UNNAMED for name in tally.new_labels[:LABELS_SHOWN]) + ", …" * (
            len(tally.new_labels) > LABELS_SHOWN
        )
        what = f"{len(tally.new_labels)} new labels {would}made: {shown}"
        out.print(what, markup=False, soft_wrap=True)
    if tally.faults:
        out.print(faults.table())


def _place(fault: Fault) -> str:
    line = f" (line {fault.line})" if fault.line else ""
    other = f" against row {fault.other}" if fault.other else ""
    return f"{fault.row}{line}{other}"


def _nowhere(_fault: Fault) -> None:
    """No file was asked for."""


@contextmanager
def _progress(what: str, total: int | None, out: Console) -> Iterator[Callable[[int], None]]:
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} rows")
    with Progress(*columns, TimeElapsedColumn(), console=out, transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda completed: shown.update(task, completed=completed)
