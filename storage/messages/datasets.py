"""A team's datasets in Argilla, and under which of Argilla's ids each message lies there."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, or_, tuple_
from sqlmodel import Session, col, select

from storage.database.engine import insert_if_new
from storage.deliveries import outbox
from storage.feedback import accidental_responses, questions
from storage.feedback.questions import Key
from storage.messages import messages
from storage.tables.annotation import Dataset, Ownership, Record, Stage
from storage.tables.deliveries import Kind
from storage.tables.feedback import Answer, Panel, Question
from storage.tables.messages import Message


class Place(NamedTuple):
    """Where a record stands among those of its dataset, which are in the order of their messages."""

    received_at: float
    message_id: str
    round: int

    @property
    def key(self) -> Key:
        return self.message_id, self.round


class Followed(NamedTuple):
    """What decides what is suggested: a revision of a version, and the likeness below which none of its labels fits."""

    version: int
    revision: int
    floor: float | None


NOTHING = Followed(0, 0, None)


def mark(session: Session, team_id: str) -> str:
    """Return the mark that tells a team's datasets from another bot's; make it when it is first needed."""
    insert_if_new(session, Ownership(team_id=team_id))
    return session.get_one(Ownership, team_id).mark


def add(session: Session, team_id: str, dataset_id: str, stage: Stage, panel: Panel = Panel.SINGLE) -> None:
    """Note a dataset that was made in Argilla or found there; one that was known before is at this stage again."""
    if not insert_if_new(session, Dataset(id=dataset_id, team_id=team_id, stage=stage, panel=panel)):
        session.get_one(Dataset, dataset_id).stage = stage


def at(session: Session, team_id: str, stage: Stage, panel: Panel = Panel.SINGLE) -> list[Dataset]:
    """Return the datasets of a team and panel that are at this stage."""
    chosen = select(Dataset).where(Dataset.team_id == team_id, Dataset.stage == stage, Dataset.panel == panel)
    return list(session.exec(chosen.order_by(Dataset.id)))


def current(session: Session, team_id: str, panel: Panel = Panel.SINGLE) -> Dataset | None:
    """Return the dataset of a panel in which reviewers work now."""
    return next(iter(at(session, team_id, Stage.CURRENT, panel)), None)


def in_use(session: Session, team_id: str) -> dict[str, Panel]:
    """Return the panel of each dataset in which reviewers work now, by id."""
    chosen = select(Dataset).where(Dataset.team_id == team_id, Dataset.stage == Stage.CURRENT)
    return {one.id: one.panel for one in session.exec(chosen)}


def is_in_use(session: Session, dataset_id: str) -> bool:
    """Do reviewers work in this dataset, or will they? True until the transaction ends."""
    in_use = col(Dataset.stage).in_([Stage.FILLING, Stage.CURRENT])
    chosen = select(Dataset.id).where(Dataset.id == dataset_id, in_use)
    return session.exec(chosen.with_for_update()).first() is not None


def see(session: Session, dataset_id: str, activity: str) -> None:
    """Every answer given up to this activity (Argilla's time) is stored here."""
    session.get_one(Dataset, dataset_id).seen = activity


def switch(session: Session, former: str, next_: str, copied_at: str) -> None:
    """From now on reviewers work in `next_`; the answers of `former` up to `copied_at` were stored from there."""
    left = session.get_one(Dataset, former, with_for_update=True)
    entered = session.get_one(Dataset, next_)
    left.stage, left.moved_at, left.seen = Stage.MOVED, time.time(), copied_at
    entered.stage = Stage.CURRENT
    _leave_answers(session, former)
    accidental_responses.left_behind(session, former)


def _leave_answers(session: Session, former: str) -> None:
    """Answers move along with their records. What was said of texts that were edited since has none: it stays."""
    asked_anew = select(Question.message_id).where(col(Question.meanings).is_not(None))
    ours = col(Answer.dataset_id) == former
    session.connection().execute(
        delete(Answer).where(ours, col(Answer.message_id).not_in(asked_anew)),
        execution_options={"synchronize_session": False},
    )
    left = session.exec(select(Answer).where(ours)).all()
    first = questions.obsolete(session, [answer.message_id for answer in left])
    for answer in left:
        if answer.round >= first.get(answer.message_id, 1):
            session.delete(answer)
    session.flush()


def gone(session: Session, dataset_id: str) -> None:
    """Argilla has this dataset no more. Answers that came from it stay."""
    session.get_one(Dataset, dataset_id).stage = Stage.GONE
    session.connection().execute(delete(Record).where(col(Record.dataset_id) == dataset_id))


def attempt(session: Session, dataset_id: str, keys: Iterable[Key]) -> None:
    """From here on Argilla may have a record of each of these messages and rounds, whatever becomes of us."""
    keys = list(keys)
    received = messages.received_at(session, [message_id for message_id, _ in keys])
    for message_id, round_ in keys:
        record = Record(message_id=message_id, dataset_id=dataset_id, round=round_)
        record.received_at = received[message_id]
        insert_if_new(session, record)


def identify(session: Session, dataset_id: str, ids: dict[Key, str]) -> None:
    """Argilla told us its own ids of these records."""
    for key, record_id in ids.items():
        _record(session, dataset_id, key).record_id = record_id


def tell(session: Session, dataset_id: str, suggested: Mapping[Key, dict[str, Any]]) -> None:
    """Note what these records say of the model's prediction."""
    for key, told in suggested.items():
        record = _record(session, dataset_id, key)
        before = record.suggested or {}
        earlier = {*before.get("earlier", ()), before.get("label_id")} - {None, told["label_id"]}
        record.suggested = {**told, "earlier": sorted(earlier)}


def sent_with(session: Session, dataset_id: str, keys: Iterable[Key], vector: str) -> None:
    """Note that these records were sent with this vector field."""
    for key in keys:
        _record(session, dataset_id, key).vector = vector


def _record(session: Session, dataset_id: str, key: Key) -> Record:
    message_id, round_ = key
    found = session.get(Record, (message_id, dataset_id, round_))
    if found is None:
        attempt(session, dataset_id, [key])
        found = session.get_one(Record, (message_id, dataset_id, round_))
    return found


def gone_ids(session: Session) -> set[str]:
    """Return the ids of the datasets that Argilla no longer has."""
    return set(session.exec(select(Dataset.id).where(Dataset.stage == Stage.GONE)))


def is_filling(session: Session, dataset_id: str) -> bool:
    """Do reviewers not work in this dataset yet?"""
    found = session.get(Dataset, dataset_id)
    return found is not None and found.stage is Stage.FILLING


def suggested(session: Session, dataset_id: str, message_ids: Sequence[str]) -> dict[Key, dict[str, Any]]:
    """What the records of these messages in one dataset say of what the model thinks."""
    found: dict[Key, dict[str, Any]] = {}
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        some = col(Record.message_id).in_(message_ids[start : start + 500])
        chosen = select(Record.message_id, Record.round, Record.suggested).where(
            Record.dataset_id == dataset_id, some
        )
        rows: Any = session.exec(chosen)
        found |= {(message_id, round_): told for message_id, round_, told in rows if told}
    return found


def earlier_suggestions(
    session: Session, dataset_id: str, message_ids: Sequence[str]
) -> dict[Key, frozenset[str]]:
    """The label ids that the records of these messages suggested before what they suggest now."""
    found = suggested(session, dataset_id, message_ids)
    return {key: frozenset(told.get("earlier", ())) for key, told in found.items()}


def to_be_answered(session: Session, dataset_id: str, most: int, before: Place | None = None) -> list[Place]:
    """Return records of a dataset that nobody answered, as far as it is stored, those of the newest messages first.

    `before`: only records that come after this one in that order.
    """
    answered = select(Answer.response_id).where(
        Answer.message_id == Record.message_id,
        Answer.dataset_id == Record.dataset_id,
        Answer.round == Record.round,
    )
    chosen = _newest_first(dataset_id).where(~answered.exists())
    if before:
        chosen = chosen.where(tuple_(*before) > _PLACE)
    return [Place(*row) for row in session.exec(chosen.limit(most))]


def followed(session: Session, dataset_id: str) -> Followed:
    """Return what all records of a dataset that nobody answered were compared with; NOTHING if they are being compared
    with something else.
    """
    found = session.get_one(Dataset, dataset_id)
    return Followed(found.followed_version, found.followed_revision, found.followed_floor)


def follow(session: Session, dataset_id: str, what: Followed) -> None:
    """Note that all records of a dataset that nobody answered were compared with this."""
    found = session.get_one(Dataset, dataset_id)
    found.followed_version, found.followed_revision, found.followed_floor = what


def without_vector(session: Session, dataset_id: str, vector: str, most: int) -> list[Key]:
    """The records of a dataset that were sent without this vector field, those of the newest messages first."""
    has_not = or_(col(Record.vector).is_(None), col(Record.vector) != vector)
    found = session.exec(_newest_first(dataset_id).where(has_not).limit(most))
    return [Place(*row).key for row in found]


_PLACE = tuple_(col(Record.received_at), col(Record.message_id), col(Record.round))


def _newest_first(dataset_id: str) -> Any:
    return (
        select(Record.received_at, Record.message_id, Record.round)
        .join(Message, col(Message.id) == Record.message_id)
        .where(
            Record.dataset_id == dataset_id,
            col(Record.record_id).is_not(None),
            col(Message.erased_at).is_(None),
        )
        .order_by(*(column.desc() for column in _PLACE.clauses))
    )


def ids_of(session: Session, dataset_id: str, keys: Collection[Key]) -> dict[Key, str]:
    """Return Argilla's own ids of these records."""
    wanted = set(keys)
    found = records(session, sorted({message_id for message_id, _ in wanted}))
    return {
        (one.message_id, one.round): one.record_id
        for one in found
        if one.dataset_id == dataset_id and one.record_id and (one.message_id, one.round) in wanted
    }


def identified(session: Session, dataset_id: str) -> dict[str, Key]:
    """The message and round of each record of a dataset, by Argilla's own id."""
    found = select(Record.record_id, Record.message_id, Record.round).where(
        Record.dataset_id == dataset_id, col(Record.record_id).is_not(None)
    )
    return {str(record_id): (message_id, round_) for record_id, message_id, round_ in session.exec(found)}


def bring_back(session: Session, team_id: str, dataset_id: str, missing: Iterable[Key]) -> int:
    """Send these records again, which Argilla has lost; how many are still wanted."""
    wanted = 0
    for message_id, round_ in missing:
        lost = session.get(Record, (message_id, dataset_id, round_))
        if lost is None or not messages.is_standing(session, message_id):
            continue
        session.delete(lost)
        outbox.append(session, team_id, message_id, Kind.PREDICTION)
        wanted += 1
    return wanted


def records(session: Session, message_ids: list[str]) -> list[Record]:
    """The records of these messages, in all datasets."""
    return list(session.exec(select(Record).where(col(Record.message_id).in_(message_ids))))


def forget(session: Session, found: Iterable[Record]) -> None:
    """Argilla has these records no more."""
    for record in found:
        gone = delete(Record).where(
            col(Record.message_id) == record.message_id,
            col(Record.dataset_id) == record.dataset_id,
            col(Record.round) == record.round,
        )
        session.connection().execute(gone)  # also where it is noted already that Argilla has lost it
