"""The label set of a team: kept in step with a file, and extended by people's proposals."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from storage.database.engine import insert_if_new
from storage.feedback import corrections
from storage.tables.feedback import Correction, Label, LabelSource, Word
from storage.text.emoji import emoji_name

# Everybody's models get each new label: nobody floods them.
MAX_PROPOSALS_PER_DAY = 10
# Nor do several accounts, or one that has itself forgotten in between.
MAX_PROPOSALS_OF_ALL_PER_DAY = 50
DAY_S = 86_400.0
# By these nobody chose a label: two take something back, the other came with a file.
NOT_CHOSEN = (Word.WITHDRAWN, Word.UNDONE, Word.IMPORTED)


class RetiredLabelError(ValueError):
    """Somebody proposed a label that was taken out of use."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} was retired. Choose another label, or ask whoever keeps labels.toml.")
        self.name = name


class TooManyProposalsError(ValueError):
    """Somebody proposed as many labels in a day as one person may."""

    def __init__(self) -> None:
        super().__init__(
            f"You proposed {MAX_PROPOSALS_PER_DAY} new labels within a day. Choose one of the labels, or propose it "
            "tomorrow."
        )
        self.most = MAX_PROPOSALS_PER_DAY


class TooManyProposalsOfAllError(ValueError):
    """Everybody together proposed as many labels in a day as a team may."""

    def __init__(self) -> None:
        super().__init__(
            f"{MAX_PROPOSALS_OF_ALL_PER_DAY} new labels were proposed within a day. Choose one of the labels, or "
            "propose it tomorrow."
        )
        self.most = MAX_PROPOSALS_OF_ALL_PER_DAY


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
    """Make the team's labels those of `specs`. What people proposed, imported or edited stays; what the file dropped
    is retired.
    """
    known = _by_file(known_by_name(session, team_id))
    wanted = {spec.name.casefold(): spec for spec in specs}
    # Replicas that start together insert in one order, so that none waits for one that waits for it.
    new = [_new(team_id, wanted[name]) for name in sorted(wanted.keys() - known.keys())]
    added = [label for label in new if insert_if_new(session, label)]
    changed = [name for name in wanted.keys() & known.keys() if follow(known[name], wanted[name])]
    dropped = [label for name, label in known.items() if name not in wanted and _is_in_the_file(label)]
    for label in dropped:
        label.retired_at = time.time()
    return Changes(len(added), len(changed), len(dropped))


def known_by_name(session: Session, team_id: str) -> dict[str, Label]:
    """Every label of the team by its name, letters' case aside; who asks for them meanwhile waits for us."""
    of_team = select(Label).where(Label.team_id == team_id).order_by(col(Label.id))
    session.exec(of_team.with_for_update(key_share=True)).all()
    return {label.name.casefold(): label for label in session.exec(of_team)}  # with those that we waited for


def _by_file(known: dict[str, Label]) -> dict[str, Label]:
    """The same by the name that labels.toml has for each."""
    return known | {label.file_name.casefold(): label for label in known.values() if label.file_name}


def _new(team_id: str, spec: LabelSpec) -> Label:
    return Label(
        team_id=team_id,
        name=spec.name,
        description=spec.description,
        emoji=spec.emoji,
        examples=list(spec.examples),
        source=LabelSource.FILE,
    )


def follow(label: Label, spec: LabelSpec) -> bool:
    """Make a label what the file says, unless it is an operator's; did that change it?"""
    if label.edited_at is not None:
        return False
    before = label.model_dump()
    describe(label, spec)
    label.source, label.retired_at, label.file_name = LabelSource.FILE, None, None
    return before != label.model_dump()


def describe(label: Label, spec: LabelSpec) -> None:
    """Make a label what `spec` says."""
    label.name, label.description, label.emoji = spec.name, spec.description, spec.emoji
    label.examples = list(spec.examples)


def _is_in_the_file(label: Label) -> bool:
    return label.source is LabelSource.FILE and label.retired_at is None and label.edited_at is None


def active(session: Session, team_id: str) -> list[Label]:
    """The labels in use, by name."""
    chosen = select(Label).where(Label.team_id == team_id, col(Label.retired_at).is_(None))
    return list(session.exec(chosen.order_by(col(Label.name))))


def every(session: Session, team_id: str) -> list[Label]:
    """All labels of a team, by name, retired ones too."""
    return list(session.exec(select(Label).where(Label.team_id == team_id).order_by(col(Label.name))))


def in_order(found: Iterable[Label], names: Sequence[str]) -> list[Label]:
    """Labels as the file with these names has them, then those that it doesn't have, by name."""
    places = {name.casefold(): place for place, name in enumerate(names)}
    return sorted(
        found,
        key=lambda label: (places.get((label.file_name or label.name).casefold(), len(places)), label.name),
    )


def names(session: Session, team_id: str) -> dict[str, str]:
    """Return the name of each label of a team, by id, retired ones too."""
    return {label.id: label.name for label in every(session, team_id)}


def propose(session: Session, team_id: str, name: str, by: str) -> Label:
    """The label of that name (letters' case aside), made where there is none.

    Raises RetiredLabelError where it was taken out of use, TooManyProposalsError, TooManyProposalsOfAllError.
    """
    standing = _standing(session, team_id, name)
    if standing:
        return standing
    lately = _proposers(session, team_id, time.time() - DAY_S)
    if lately.count(by) >= MAX_PROPOSALS_PER_DAY:
        raise TooManyProposalsError
    if len(lately) >= MAX_PROPOSALS_OF_ALL_PER_DAY:
        raise TooManyProposalsOfAllError
    return _kept(session, Label(team_id=team_id, name=name, source=LabelSource.PROPOSED, proposed_by=by))


def _proposers(session: Session, team_id: str, since: float) -> list[str | None]:
    """Who proposed each new label, None if they were forgotten; what operators add by the editor is another matter."""
    chosen = select(Label.proposed_by).where(
        Label.team_id == team_id,
        Label.source == LabelSource.PROPOSED,
        Label.created_at > since,
        col(Label.edited_at).is_(None),
    )
    return list(session.exec(chosen))


def adopt(session: Session, team_id: str, name: str) -> Label:
    """The label of that name (letters' case aside), made where there is none, as one that came with labelled data.

    Raises RetiredLabelError where it was taken out of use.
    """
    standing = _standing(session, team_id, name)
    return standing or _kept(session, Label(team_id=team_id, name=name, source=LabelSource.IMPORTED))


def _standing(session: Session, team_id: str, name: str) -> Label | None:
    standing = known_by_name(session, team_id).get(name.casefold())
    if standing and standing.retired_at is not None:
        raise RetiredLabelError(standing.name)
    return standing


def _kept(session: Session, new: Label) -> Label:
    session.add(new)
    session.flush()
    return new


def counts(session: Session, team_id: str) -> dict[str, int]:
    """Count, for each label id, the messages on which a user chose it and did not undo that."""
    messages = func.count(func.distinct(Correction.message_id))
    undone = select(Correction.message_id).where(
        Correction.team_id == team_id, Correction.word == Word.UNDONE
    )
    rows = session.exec(
        select(Correction.label_id, messages)
        .where(
            Correction.team_id == team_id,
            col(Correction.word).not_in(NOT_CHOSEN),
            corrections.COUNTS,
            col(Correction.message_id).not_in(undone),
        )
        .group_by(Correction.label_id)
    )
    counted = Counter(dict(rows.all()))
    for words in corrections.words(session, team_id, session.exec(undone.distinct()).all()).values():
        counted.update({word.label_id for word in words})
    return dict(counted)


def by_emoji(session: Session, team_id: str, name: str) -> Label | None:
    """The one label in use whose emoji has this name; None where none has it, or several have."""
    wanted = emoji_name(name)
    found = [label for label in active(session, team_id) if emoji_name(label.emoji) == wanted]
    return found[0] if len(found) == 1 else None
