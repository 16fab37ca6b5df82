"""Reviewers' answers, read from Argilla and stored."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from sqlmodel import Session

from learning.annotation import sorting
from learning.annotation.manners import ONE_MOMENT_S
from learning.annotation.sorting import Found, Response
from learning.argilla import schema
from learning.argilla.connection import ArgillaConnection, Json
from learning.argilla.records import message_of
from storage.database.engine import Database
from storage.feedback import accidental_responses, labels
from storage.feedback import responses as answers
from storage.feedback.questions import Key
from storage.messages import datasets, messages
from storage.tables.feedback import Answer, Status

log = logging.getLogger(__name__)

PAGE = 500
IDS_MOST = 200
TRANSACTION = 100
STATUSES = {status.value for status in Status}

Item = TypeVar("Item")


def pages(
    connection: ArgillaConnection, dataset_id: str, include: list[str], size: int = PAGE
) -> Iterator[list[Json]]:
    """All records of a dataset in the order in which they were made, page by page."""
    offset = 0
    while True:
        found = connection.call(
            "GET",
            f"datasets/{dataset_id}/records",
            params={"include": include, "offset": offset, "limit": size},
        )["items"]
        if found:
            yield found
        if len(found) < size:
            return
        offset += size


def by_id(connection: ArgillaConnection, dataset_id: str, record_ids: list[str]) -> Iterator[Json]:
    """These records with their responses.

    By a search: reading a record with a vector by its own address is an error in Argilla 2.8.
    """
    for some in parts(record_ids, IDS_MOST):
        scope = {"entity": "record", "property": "id"}
        found = connection.call(
            "POST",
            f"datasets/{dataset_id}/records/search",
            params={"include": ["responses", "suggestions"], "limit": IDS_MOST},
            json={"filters": {"and": [{"type": "terms", "scope": scope, "values": some}]}},
        )
        yield from (item["record"] for item in found["items"])


def sweep(connection: ArgillaConnection, database: Database, team_id: str, dataset_id: str) -> int:
    """Bring the stored answers in line with all records of a dataset; on how many records something was new.

    Records that are missing are sent again.
    """
    with database.reading() as session:
        missing = datasets.identified(session, dataset_id)

    def every() -> Iterator[Json]:
        for page in pages(connection, dataset_id, ["responses", "suggestions"]):
            for record in page:
                missing.pop(record["id"], None)
                yield record

    same_request_s = connection.same_request_s()
    found = _sorted(database, team_id, dataset_id, every(), same_request_s)
    changed = _store(database, team_id, dataset_id, found, same_request_s)
    _bring_back(connection, database, team_id, dataset_id, missing)
    return changed


def _bring_back(
    connection: ArgillaConnection, database: Database, team_id: str, dataset_id: str, missing: dict[str, Key]
) -> None:
    # While others are deleted, the pages of a list may pass one over.
    for record in by_id(connection, dataset_id, sorted(missing)):
        missing.pop(record["id"], None)
    if not missing:
        return
    with database.writing() as session:
        wanted = datasets.bring_back(session, team_id, dataset_id, sorted(missing.values()))
    log.warning("records were missing and are sent again number=%d", wanted)


def store(
    database: Database, team_id: str, dataset_id: str, records: Iterable[Json], same_request_s: float
) -> int:
    """Store the answers of these records as they are now; on how many something was new.

    A record that is not among them keeps its answers: what a person decided goes only when they take it back. One with
    a response that may be accidental waits for the next sweep, which knows all that the reviewer did.
    """
    found = _sorted(database, team_id, dataset_id, records, same_request_s)
    certain = [one for one in found if not one.accidental]
    return _store(database, team_id, dataset_id, certain, same_request_s)


def store_at_last(
    database: Database, team_id: str, dataset_id: str, records: Iterable[Json], same_request_s: float
) -> int:
    """As `store`, of records that are about to be deleted: no sweep will see them."""
    found = _sorted(database, team_id, dataset_id, records, same_request_s)
    return _store(database, team_id, dataset_id, found, same_request_s)


def _sorted(
    database: Database, team_id: str, dataset_id: str, records: Iterable[Json], same_request_s: float
) -> list[Found]:
    with database.reading() as session:
        names = {label.name: label.id for label in labels.every(session, team_id)}
    responses = {
        key: list(_responses(record, key, team_id, dataset_id, names))
        for record in records
        if (key := message_of(record["external_id"]))
    }
    with database.reading() as session:
        ours = _of_ours(session, responses)
        return sorting.sort(session, team_id, dataset_id, ours, same_request_s)


def _of_ours(session: Session, responses: Mapping[Key, list[Response]]) -> dict[Key, list[Response]]:
    """Of another bot's messages, and of those that a restored database has never seen, nothing is kept."""
    known: set[str] = set()
    for some in parts([message_id for message_id, _ in responses], IDS_MOST):
        known |= messages.known_ids(session, some)
    return {key: given for key, given in responses.items() if key[0] in known}


def _store(
    database: Database, team_id: str, dataset_id: str, found: list[Found], same_request_s: float
) -> int:
    with database.reading() as session:
        known = answers.of_dataset(session, dataset_id)
        set_aside = accidental_responses.of_dataset(session, dataset_id)
    news = [one for one in found if one.is_news(known.get(one.key, {}), set_aside)]
    news.sort(key=lambda one: one.key)  # replicas lock rows in one order
    together_s = max(same_request_s, ONE_MOMENT_S)
    return sum(_write(database, team_id, dataset_id, some, together_s) for some in parts(news, TRANSACTION))


def _write(database: Database, team_id: str, dataset_id: str, news: list[Found], together_s: float) -> int:
    with database.writing() as session:
        if not datasets.is_in_use(
            session, dataset_id
        ):  # reviewers moved while we read: the answers moved too
            return 0
        changed = 0
        for one in news:
            changed += answers.replace(session, one.key, dataset_id, one.answers, team_id)
            if messages.is_standing(session, one.key[0]):
                accidental_responses.keep(session, one.accidental)
            accidental_responses.forget(session, [answer.response_id for answer in one.answers])
            for answer in one.answers:
                if answer.is_bulk:
                    answers.mark_bulk(session, answer, together_s)
        return changed


def parts(items: list[Item], size: int) -> Iterator[list[Item]]:
    """`items` in lists of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _responses(
    record: Json, key: Key, team_id: str, dataset_id: str, names: dict[str, str]
) -> Iterator[Response]:
    suggested = {names.get(str(one["value"]), "") for one in record.get("suggestions") or []}
    for response in record.get("responses") or []:
        if response["status"] not in STATUSES:
            continue
        status = Status(response["status"])
        label_id = names.get(value_of(response) or "")
        if status is Status.SUBMITTED and label_id is None:
            log.warning("answer names no label of ours message=%s", key[0])
            continue
        answer = Answer(
            response_id=response["id"],
            message_id=key[0],
            team_id=team_id,
            dataset_id=dataset_id,
            round=key[1],
            reviewer=response["user_id"],
            status=status,
            label_id=label_id if status is Status.SUBMITTED else None,
            answered_at=moment(response["updated_at"]),
        )
        yield Response(answer, frozenset(suggested))


def value_of(response: Json) -> str | None:
    """The label that a response names, where it names one."""
    value = ((response.get("values") or {}).get(schema.LABEL) or {}).get("value")
    return value if isinstance(value, str) else None


def moment(time: str) -> float:
    """Argilla's time (UTC without saying so) as seconds since 1970."""
    return datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()
