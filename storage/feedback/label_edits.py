"""What operators change in a team's label set; labels.toml rules such a label no more, until they let it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlmodel import Session

from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.tables.feedback import Label, LabelSource

LEAST = 2


class TakenLabelError(ValueError):
    """Another label has that name."""

    def __init__(self, label: Label) -> None:
        state = "was retired" if label.retired_at is not None else "is in use"
        super().__init__(f"There is a label called {label.name!r} already; it {state}.")
        self.name = label.name


class UnknownLabelError(LookupError):
    """There is no such label in the team."""

    def __init__(self) -> None:
        super().__init__("This label is not known here any more.")


class TooFewLabelsError(ValueError):
    """A label can't be retired, because a model needs some to choose from."""

    def __init__(self) -> None:
        super().__init__(f"A model needs {LEAST} labels to choose from. Add another one first.")


def edit(session: Session, team_id: str, label_id: str, spec: LabelSpec, by: str) -> Label:
    """An operator says what a label is called and for; a retired one is in use again.

    Raises UnknownLabelError, TakenLabelError.
    """
    known = labels.known_by_name(session, team_id)
    label = _one(known, label_id)
    namesake = known.get(spec.name.casefold(), label)
    if namesake is not label:
        raise TakenLabelError(namesake)
    _leave_the_file(label)
    labels.describe(label, spec)
    label.retired_at, label.edited_by, label.edited_at = None, by, time.time()
    return label


def add(session: Session, team_id: str, spec: LabelSpec, by: str) -> Label:
    """An operator adds a label, or takes the retired one of that name back into use. Raises TakenLabelError."""
    namesake = labels.known_by_name(session, team_id).get(spec.name.casefold())
    if namesake and namesake.retired_at is None:
        raise TakenLabelError(namesake)
    if namesake is None:
        namesake = Label(team_id=team_id, name=spec.name, source=LabelSource.PROPOSED, proposed_by=by)
        session.add(namesake)
        session.flush()
    return edit(session, team_id, namesake.id, spec, by)


def retire(session: Session, team_id: str, label_id: str, by: str) -> Label:
    """An operator takes a label out of use. Raises UnknownLabelError, TooFewLabelsError."""
    known = labels.known_by_name(session, team_id)
    label = _one(known, label_id)
    others = [one for one in known.values() if one.retired_at is None and one is not label]
    if len(others) < LEAST:
        raise TooFewLabelsError
    _leave_the_file(label)
    label.retired_at = label.edited_at = time.time()
    label.edited_by = by
    return label


def follow_file(session: Session, team_id: str, label_id: str, specs: Sequence[LabelSpec]) -> Label:
    """An operator lets labels.toml rule a label again. Raises UnknownLabelError, TakenLabelError."""
    known = labels.known_by_name(session, team_id)
    label = _one(known, label_id)
    name = (label.file_name or label.name).casefold()
    spec = next((one for one in specs if one.name.casefold() == name), None)
    if spec is None:
        raise UnknownLabelError
    namesake = known.get(name, label)
    if namesake is not label:
        raise TakenLabelError(namesake)
    label.edited_at = None
    labels.follow(label, spec)
    return label


def _one(known: dict[str, Label], label_id: str) -> Label:
    label = next((one for one in known.values() if one.id == label_id), None)
    if label is None:
        raise UnknownLabelError
    return label


def _leave_the_file(label: Label) -> None:
    """Keep by which name labels.toml knows it, so that the file does not bring it back."""
    if label.source is LabelSource.FILE and label.file_name is None:
        label.file_name = label.name
