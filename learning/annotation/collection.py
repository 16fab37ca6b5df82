"""Reviewers' answers, read from Argilla and stored."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from learning.annotation import schema
from learning.annotation.connection import Connection, Json
from learning.annotation.records import message_of
from storage import answers, datasets, labels, messages
from storage.database import Database
from storage.datasets import Key
from storage.tables import Answer, Status

log = logging.getLogger(__name__)

PAGE = 500
IDS_MOST = 200
TRANSACTION = 100
STATUSES = {status.value for status in Status}

Item = TypeVar("Item")
News = tuple[Key, list[Answer]]


def pages(
    connection: Connection, dataset_id: str, include: list[str], size: int = PAGE
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


def by_id(connection: Connection, dataset_id: str, record_ids: list[str]) -> Iterator[Json]:
    """These records with their responses.

    By a search: reading a record with a vector by its own address is an error in Argilla 2.8.
    """
    for some in parts(record_ids, IDS_MOST):
        scope = {"entity": "record", "property": "id"}
        found = connection.call(
            "POST",
            f"datasets/{dataset_id}/records/search",
            params={"include": ["responses"], "limit": IDS_MOST},
            json={"filters": {"and": [{"type": "terms", "scope": scope, "values": some}]}},
        )
        yield from (item["record"] for item in found["items"])


def sweep(connection: Connection, database: Database, team_id: str, dataset_id: str) -> int:
    """Bring the stored answers in line with all records of a dataset; on how many records something was new.

    Records that are missing are sent again.
    """
    with database.reading() as session:
        missing = datasets.identified(session, dataset_id)

    def every() -> Iterator[Json]:
        for page in pages(connection, dataset_id, ["responses"]):
            for record in page:
                missing.pop(record["id"], None)
                yield record

    changed = store(database, team_id, dataset_id, every())
    _bring_back(connection, database, team_id, dataset_id, missing)
    return changed


def _bring_back(
    connection: Connection, database: Database, team_id: str, dataset_id: str, missing: dict[str, Key]
) -> None:
    # While others are deleted, the pages of a list may pass one over.
    for record in by_id(connection, dataset_id, sorted(missing)):
        missing.pop(record["id"], None)
    if not missing:
        return
    with database.writing() as session:
        wanted = datasets.bring_back(session, team_id, dataset_id, sorted(missing.values()))
    log.warning("records were missing and are sent again number=%d", wanted)


def store(database: Database, team_id: str, dataset_id: str, records: Iterable[Json]) -> int:
    """Store the answers of these records as they are now; on how many something was new.

    A record that is not among them keeps its answers: what a person decided goes only when they take it back.
    """
    with database.reading() as session:
        names = {label.name: label.id for label in labels.every(session, team_id)}
        known = answers.of_dataset(session, dataset_id)
    news: list[News] = []
    for record in records:
        key = message_of(record["external_id"])
        if key is None:
            continue
        found = list(_answers(record, key, team_id, dataset_id, names))
        if {one.response_id: one.answered_at for one in found} != known.get(key, {}):
            news.append((key, found))
    news = _of_ours(database, news)
    news.sort(key=lambda one: one[0])  # replicas lock rows in one order
    return sum(_write(database, team_id, dataset_id, some) for some in parts(news, TRANSACTION))


def _of_ours(database: Database, news: list[News]) -> list[News]:
    """Of another bot's messages, and of those that a restored database has never seen, nothing is kept."""
    known: set[str] = set()
    with database.reading() as session:
        for some in parts([message_id for (message_id, _), _ in news], IDS_MOST):
            known |= messages.known_ids(session, some)
    return [one for one in news if one[0][0] in known]


def _write(database: Database, team_id: str, dataset_id: str, news: list[News]) -> int:
    with database.writing() as session:
        if not datasets.is_in_use(
            session, dataset_id
        ):  # reviewers moved while we read: the answers moved too
            return 0
        return sum(answers.replace(session, key, dataset_id, found, team_id) for key, found in news)


def parts(items: list[Item], size: int) -> Iterator[list[Item]]:
    """`items` in lists of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _answers(
    record: Json, key: Key, team_id: str, dataset_id: str, names: dict[str, str]
) -> Iterator[Answer]:
    for response in record.get("responses") or []:
        if response["status"] not in STATUSES:
            continue
        status = Status(response["status"])
        label_id = names.get(value_of(response) or "")
        if status is Status.SUBMITTED and label_id is None:
            log.warning("answer names no label of ours message=%s", key[0])
            continue
        yield Answer(
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


def value_of(response: Json) -> str | None:
    """The label that a response names, where it names one."""
    value = ((response.get("values") or {}).get(schema.LABEL) or {}).get("value")
    return value if isinstance(value, str) else None


def moment(time: str) -> float:
    """Argilla's time (UTC without saying so) as seconds since 1970."""
    return datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()
