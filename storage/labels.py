"""The label set of a team: kept in step with a file, and extended by people's proposals."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from storage.database import insert_if_new
from storage.tables import Correction, Label, LabelSource


class RetiredLabelError(ValueError):
    """Somebody proposed a label that was taken out of use."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} was retired. Choose another label, or ask whoever keeps labels.toml.")
        self.name = name


@dataclass(frozen=True)
class LabelSpec:
    """A label as a file describes it."""

    name: str
    description: str = ""
    emoji: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """How many labels a synchronization added, changed (or took back into use), and retired."""

    added: int
    changed: int
    retired: int


def synchronize(session: Session, team_id: str, specs: Sequence[LabelSpec]) -> Changes:
    """Make the team's labels those of `specs`. What people proposed stays; what the file dropped is retired."""
    known = {label.name: label for label in session.exec(select(Label).where(Label.team_id == team_id))}
    added = [_new(team_id, spec) for spec in specs if spec.name not in known]
    changed = [spec for spec in specs if spec.name in known and _follow(known[spec.name], spec)]
    dropped = _dropped(known.values(), {spec.name for spec in specs})
    for label in dropped:
        label.retired_at = time.time()
    session.add_all(added)
    return Changes(len(added), len(changed), len(dropped))


def _new(team_id: str, spec: LabelSpec) -> Label:
    return Label(
        team_id=team_id,
        name=spec.name,
        description=spec.description,
        emoji=spec.emoji,
        examples=list(spec.examples),
        source=LabelSource.FILE,
    )


def _follow(label: Label, spec: LabelSpec) -> bool:
    before = (label.description, label.emoji, label.examples, label.source, label.retired_at)
    label.description, label.emoji, label.examples = spec.description, spec.emoji, list(spec.examples)
    label.source, label.retired_at = LabelSource.FILE, None
    return before != (label.description, label.emoji, label.examples, label.source, label.retired_at)


def _dropped(known: Iterable[Label], names: set[str]) -> list[Label]:
    return [
        label
        for label in known
        if label.source is LabelSource.FILE and label.retired_at is None and label.name not in names
    ]


def active(session: Session, team_id: str) -> list[Label]:
    """The labels in use, by name."""
    chosen = select(Label).where(Label.team_id == team_id, col(Label.retired_at).is_(None))
    return list(session.exec(chosen.order_by(col(Label.name))))


def propose(session: Session, team_id: str, name: str, by: str) -> Label:
    """The label of that name (letters' case aside), made where there is none.

    Raises RetiredLabelError where it was taken out of use.
    """
    same = select(Label).where(Label.team_id == team_id, func.lower(Label.name) == name.lower())
    standing = session.exec(same).first()
    if standing and standing.retired_at is not None:
        raise RetiredLabelError(standing.name)
    if standing:
        return standing
    label = Label(team_id=team_id, name=name, source=LabelSource.PROPOSED, proposed_by=by)
    insert_if_new(session, label)  # two people may propose the same at once
    return session.exec(same).one()


def counts(session: Session, team_id: str) -> dict[str, int]:
    """For each label id, on how many messages somebody chose it."""
    messages = func.count(func.distinct(Correction.message_id))
    rows = session.exec(
        select(Correction.label_id, messages)
        .where(Correction.team_id == team_id)
        .group_by(Correction.label_id)
    )
    return dict(rows.all())
