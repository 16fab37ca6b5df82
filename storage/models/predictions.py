"""Predictions and the vectors they were made from."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, Select, Subquery, delete, insert, union
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from storage.database.engine import insert_new
from storage.tables.deliveries import Card
from storage.tables.feedback import Answer, Correction
from storage.tables.messages import Message
from storage.tables.models import Prediction, Vector

FLOAT16 = np.dtype("<f2")
# So many bytes of a vector tell one text's from another's.
MARK = 16


def put(session: Session, made: Sequence[Prediction]) -> set[str]:
    """Store predictions; ids of the messages that had an earlier one, because they were edited."""
    if not made:
        return set()
    message_ids = [prediction.message_id for prediction in made]
    earlier = delete(Prediction).where(col(Prediction.message_id).in_(message_ids))
    connection = session.connection()
    again = set(connection.execute(earlier.returning(col(Prediction.message_id))).scalars())
    connection.execute(insert(Prediction), [prediction.model_dump() for prediction in made])
    return again


def keep_vectors(session: Session, encoder: str, made: Mapping[str, NDArray[np.float32]]) -> None:
    """Keep the vectors, (dimensions,) each, of messages under the fingerprint of their encoder, as float16."""
    rows = [
        Vector(message_id=message_id, encoder=encoder, float16=vector.astype(FLOAT16).tobytes())
        for message_id, vector in sorted(made.items())  # in one order, as `messages.take` locks them
    ]
    insert_new(session, rows)


def vectors(session: Session, encoder: str, message_ids: list[str]) -> dict[str, NDArray[np.float32]]:
    """The kept vectors of these messages under one encoder; those that were never computed are left out."""
    found: dict[str, NDArray[np.float32]] = {}
    for start in range(0, len(message_ids), 500):  # databases bound how many parameters one statement takes
        some = message_ids[start : start + 500]
        rows = session.exec(
            select(Vector.message_id, Vector.float16).where(
                Vector.encoder == encoder, col(Vector.message_id).in_(some)
            )
        )
        found.update((message_id, _read(data)) for message_id, data in rows)
    return found


def having_vectors(session: Session, encoder: str, message_ids: list[str]) -> set[str]:
    """Those of these messages that were read under this encoder."""
    found: set[str] = set()
    for start in range(0, len(message_ids), 500):
        some = col(Vector.message_id).in_(message_ids[start : start + 500])
        found.update(session.exec(select(Vector.message_id).where(Vector.encoder == encoder, some)))
    return found


def latest_vectors(session: Session, team_id: str, encoder: str, most: int) -> list[NDArray[np.float32]]:
    """The embeddings under one encoder of the messages of a team that were predicted or labelled last, as far as there
    are any: of `most` of either kind.
    """
    latest = _latest(team_id, most)
    chosen = select(Vector.float16).join(latest, col(Vector.message_id) == latest.c.message_id)
    return [_read(data) for data in session.exec(chosen.where(Vector.encoder == encoder))]


def count_vectors(session: Session, team_id: str, encoder: str, most: int) -> int:
    """Count the embeddings that `latest_vectors` would return."""
    latest = _latest(team_id, most)
    chosen = select(func.count()).select_from(Vector)
    joined = chosen.join(latest, col(Vector.message_id) == latest.c.message_id)
    return session.exec(joined.where(Vector.encoder == encoder)).one()


def _latest(team_id: str, most: int) -> Subquery:
    predicted, labelled = (
        columns(col(table.message_id))
        .where(col(table.team_id) == team_id)
        .order_by(col(table.created_at).desc())
        .limit(most)
        .subquery()
        for table in (Prediction, Correction)
    )
    return union(columns(predicted.c.message_id), columns(labelled.c.message_id)).subquery()


def marks(session: Session, team_id: str, encoder: str) -> dict[str, bytes]:
    """For each message of a team that somebody said anything about and that has a vector under this encoder: how that
    begins.

    Much quicker read than the vectors, and another one where the message was edited and read again.
    """
    said = union(
        select(Correction.message_id).where(Correction.team_id == team_id),
        select(Answer.message_id).where(Answer.team_id == team_id),
    )
    chosen = columns(col(Vector.message_id), func.substr(col(Vector.float16), 1, MARK, type_=LargeBinary))
    ours = chosen.where(col(Vector.encoder) == encoder, col(Vector.message_id).in_(said))
    return {message_id: bytes(begin) for message_id, begin in session.connection().execute(ours).all()}


def mark(vector: NDArray[np.float32]) -> bytes:
    """How a vector begins, as `marks` has it."""
    return vector.astype(FLOAT16).tobytes()[:MARK]


def _read(data: bytes) -> NDArray[np.float32]:
    return np.frombuffer(data, dtype=FLOAT16).astype(np.float32)


def of_message(session: Session, team_id: str, message_id: str) -> Prediction | None:
    """The prediction of one message of a team."""
    return session.exec(
        select(Prediction).where(Prediction.team_id == team_id, Prediction.message_id == message_id)
    ).first()


def labels_said(session: Session, message_ids: list[str]) -> dict[str, str]:
    """The label id that was predicted for each of these messages, but for those that no label was said to fit."""
    rows = select(Prediction.message_id, Prediction.label_id).where(~col(Prediction.is_none))
    return dict(session.exec(rows.where(col(Prediction.message_id).in_(message_ids))).all())


def edited_since(session: Session, moments: Mapping[str, float], by_others_than: str) -> set[str]:
    """Of these messages, each with a moment, those that another author edited since: they were predicted again."""
    ids, edited = list(moments), set[str]()
    for start in range(0, len(ids), 500):  # databases bound how many parameters one statement takes
        chosen = (
            select(Prediction.message_id, Prediction.created_at)
            .join(Message, col(Message.id) == Prediction.message_id)
            .where(
                col(Prediction.message_id).in_(ids[start : start + 500]), Message.user_id != by_others_than
            )
        )
        edited |= {message_id for message_id, at in session.exec(chosen) if at > moments[message_id]}
    return edited


def since(session: Session, team_id: str, after: float, most: int) -> list[Prediction]:
    """The predictions made after a moment, oldest first."""
    chosen = select(Prediction).where(Prediction.team_id == team_id, Prediction.created_at > after)
    return list(session.exec(chosen.order_by(col(Prediction.created_at)).limit(most)))


def of_version(
    session: Session, team_id: str, version: int, after: float, until: float, most: int
) -> list[tuple[str, str]]:
    """Message id and label id of the latest `most` predictions of a version that were made between two moments.

    Those that say that no label fits are left out.
    """
    chosen = (
        select(Prediction.message_id, Prediction.label_id)
        .join(Message, col(Message.id) == Prediction.message_id)
        .where(
            Prediction.team_id == team_id,
            Prediction.version == version,
            ~col(Prediction.is_none),
            Prediction.created_at > after,
            Prediction.created_at <= until,
            col(Message.erased_at).is_(None),
        )
    )
    return list(session.exec(chosen.order_by(col(Prediction.created_at).desc()).limit(most)).all())


def count_contradicted(session: Session, team_id: str, version: int, after: float) -> int:
    """Of how many messages that a version predicted after a moment anybody ever said another label, at most."""
    said = union(
        _contradicted(Correction, team_id, version, after), _contradicted(Answer, team_id, version, after)
    )
    return session.connection().execute(columns(func.count()).select_from(said.subquery())).scalar_one()


def _contradicted(
    words: type[Correction] | type[Answer], team_id: str, version: int, after: float
) -> Select[str]:
    return (
        columns(col(Prediction.message_id))
        .join(words, col(words.message_id) == col(Prediction.message_id))
        .where(
            col(Prediction.team_id) == team_id,
            col(Prediction.version) == version,
            col(Prediction.created_at) > after,
            col(words.label_id) != col(Prediction.label_id),
        )
    )


def between(session: Session, team_id: str, after: float, until: float, most: int) -> list[str]:
    """Ids of the latest `most` messages that were predicted between two moments."""
    chosen = (
        select(Prediction.message_id)
        .join(Message, col(Message.id) == Prediction.message_id)
        .where(
            Prediction.team_id == team_id,
            Prediction.created_at > after,
            Prediction.created_at <= until,
            col(Message.erased_at).is_(None),
        )
    )
    return list(session.exec(chosen.order_by(col(Prediction.created_at).desc()).limit(most)).all())


def latest(session: Session, team_id: str, most: int) -> list[str]:
    """Ids of the messages of a team that were predicted last and are not erased, latest first."""
    return between(session, team_id, 0.0, time.time(), most)


def count(session: Session, team_id: str) -> int:
    """How many messages of a team were predicted."""
    return session.exec(
        select(func.count()).select_from(Prediction).where(Prediction.team_id == team_id)
    ).one()


def show(session: Session, shown: Sequence[Message]) -> None:
    """Ask for a card in the thread of each of these messages."""
    cards = [
        Card(
            message_id=message.id,
            team_id=message.team_id,
            channel_id=message.channel_id,
            thread_ts=message.thread_ts or message.ts,
            lane=message.lane,
        )
        for message in shown
    ]
    insert_new(session, cards)
