"""`corrigible report`: what a training run knows, and the messages behind its numbers.

A report holds ids of messages; their texts are looked up, as far as they still exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text
from sqlmodel import Session

from bot.cli.training import TeamAtTerminal, moment
from bot.operators.findings import findings
from learning.evaluation.metrics import Scores
from learning.text.names import visible
from storage.feedback import labels
from storage.messages import messages
from storage.models import runs, versions
from storage.tables.messages import Message
from storage.tables.models import Run, TaskName

FIGURES = (
    ("accuracy", "accuracy"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("macro-F1", "macro_f1"),
    ("micro-F1", "micro_f1"),
    ("AUC-ROC", "auc"),
    ("calibration error", "ece"),
)
OF_EACH = ("messages", "precision", "recall", "F1", "F1 before", "AUC-ROC", "calibration error")
GROUPS = (("Near-duplicates with different labels", "conflicts"), ("Groups of near-duplicates", "duplicates"))
GONE = "(not kept any more)"


class NoRunError(LookupError):
    """A team has no training run yet."""

    def __init__(self) -> None:
        super().__init__("There is no training run yet; `corrigible retrain` begins one.")


@dataclass(frozen=True)
class _Known:
    """What ids stand for now: names of labels, and messages and examples of labels that still exist."""

    names: Mapping[str, str]
    messages: Mapping[str, Message]
    examples: Mapping[str, str]

    @staticmethod
    def read(session: Session, team_id: str, report: Mapping[str, Any]) -> _Known:
        every = labels.every(session, team_id)
        about = {one for finding in findings(report) for one in finding.message_ids}
        standing = messages.standing(session, sorted(about))
        return _Known(
            {label.id: visible(label.name) for label in every},
            {one.id: one for one in standing},
            {f"{label.id}-{at}": text for label in every for at, text in enumerate(label.examples)},
        )

    def where(self, message_id: str) -> Text:
        message = self.messages.get(message_id)
        if message:
            return Text(f"{message.channel_id}\n{moment(float(message.ts))}")
        return Text("an example of a label" if message_id in self.examples else "")

    def text(self, message_id: str) -> Text:
        message = self.messages.get(message_id)
        return Text(visible(message.text if message else self.examples.get(message_id, GONE)))

    def name(self, label_id: str) -> Text:
        return Text(self.names.get(label_id, label_id))


def report(at: TeamAtTerminal, name: str | None) -> list[RenderableType]:
    """What is known of the run that is named, by the beginning of its id or its version; else of the latest one.

    Raises NoRunError, RunNotFoundError.
    """
    with at.database.reading() as session:
        run = runs.find(session, at.team_id, name) if name else runs.latest(session, at.team_id)
        if run is None:
            raise NoRunError
        card = versions.get(session, at.team_id, run.version).card if run.version else {}
        known = _Known.read(session, at.team_id, run.report)
    parts: list[RenderableType] = [_about(run)]
    if run.task is TaskName.CLASSIFICATION and card.get("scores"):
        champion = Scores.from_json(card["champion_scores"]) if card.get("champion_scores") else None
        parts += _scores(Scores.from_json(card["scores"]), champion, known)
    return [*parts, *_data(run.report, known)]


def _about(run: Run) -> Text:
    version = f", v{run.version}" if run.version else ""
    said = f"{run.phase.value}, {moment(run.created_at)}: {visible(run.stage)}"
    return Text(f"Run {run.id[:8]}{version}: {said}")


def _scores(challenger: Scores, champion: Scores | None, known: _Known) -> Iterator[Table]:
    table = Table(
        "", "this run", "before", title=f"On {challenger.messages} held-out messages", title_justify="left"
    )
    for title, name in FIGURES:
        table.add_row(title, _share(getattr(challenger, name)), _share(getattr(champion, name, None)))
    yield table
    of_labels = Table("label", *OF_EACH, title="Labels", title_justify="left")
    for label_id, one in sorted(challenger.labels.items(), key=lambda found: found[1].f1):
        before = champion.labels.get(label_id) if champion else None
        figures = (one.precision, one.recall, one.f1, before.f1 if before else None, one.auc, one.ece)
        of_labels.add_row(known.name(label_id), str(one.support), *map(_share, figures))
    yield of_labels
    of_slices = Table("group", "", *OF_EACH, title="Groups of messages (macro means)", title_justify="left")
    for kind, values in challenger.slices.items():
        for value, part in values.items():
            earlier = champion.slices.get(kind, {}).get(value) if champion else None
            shares = (
                part.precision,
                part.recall,
                part.f1,
                earlier.f1 if earlier else None,
                part.auc,
                part.ece,
            )
            of_slices.add_row(kind, Text(visible(value)), str(part.messages), *map(_share, shares))
    yield of_slices


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _data(report: Mapping[str, Any], known: _Known) -> Iterator[RenderableType]:
    for finding in findings(report):
        yield Text(visible(finding.words))
    if report.get("suspects"):
        table = _table("Suspicious labels", "has", "looks like", "sure")
        for one in report["suspects"]:
            has, looks = known.name(one["label_id"]), known.name(one["suggested"])
            table.add_row(
                has, looks, f"{one['confidence']:.0%}", known.where(one["id"]), known.text(one["id"])
            )
        yield table
    if report.get("outliers"):
        table = _table("Outliers")
        for message_id in report["outliers"]:
            table.add_row(known.where(message_id), known.text(message_id))
        yield table
    for title, name in GROUPS:
        if report.get(name):
            table = _table(title, "group")
            for number, group in enumerate(report[name], start=1):
                for message_id in group:
                    table.add_row(str(number), known.where(message_id), known.text(message_id))
            yield table


def _table(title: str, *columns: str) -> Table:
    """A table of messages, with these columns before where each is and what it says."""
    about = (Column(name, overflow="fold") for name in ("where", "text"))
    return Table(*columns, *about, title=title, title_justify="left")
