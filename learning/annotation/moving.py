"""Moving to a new dataset, which Argilla asks for when labels change: every record and every response goes along."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sqlmodel import Session

from learning.annotation.collection import moment, pages, parts, value_of
from learning.argilla import schema
from learning.argilla.connection import ArgillaConnection, Json
from learning.argilla.records import RecordForm, message_of
from storage.database.engine import Database
from storage.feedback import accidental_responses, questions
from storage.feedback import responses as answers
from storage.messages import datasets, messages
from storage.tables.annotation import Dataset

log = logging.getLogger(__name__)

BATCH = 100
# A response that came at the time of the dataset's last activity may have been seen or not.
OVERLAP_S = 1.0


class Move:
    """Copies records of one dataset into another; doing it again changes nothing."""

    def __init__(
        self, connection: ArgillaConnection, database: Database, former: str, into: RecordForm
    ) -> None:
        self._connection = connection
        self._database = database
        self._former = former
        self._into = into
        self._names = {question["id"]: question["name"] for question in self._questions()}
        with database.reading() as session:
            self._accidental = accidental_responses.of_dataset(session, former)

    def everything(self) -> int:
        """Copy all records with their responses (drafts too), suggestions and vectors; how many these were."""
        copied = 0
        for page in pages(self._connection, self._former, ["responses", "suggestions", "vectors"], BATCH):
            self._send([self._record(record) for record in page])
            copied += len(page)
            log.info("moving records copied=%d", copied)
        return copied

    def latecomers(self, since: str) -> int:
        """Copy responses that were given in the former dataset after `since` (Argilla's time); how many these were.

        Where the same reviewer answered in the new one later still, that answer stays.
        """
        after = moment(since) - OVERLAP_S if since else 0.0
        late = []
        for page in pages(self._connection, self._former, ["responses"]):
            for record in page:
                responses = [one for one in record["responses"] if moment(one["updated_at"]) > after]
                responses = list(self._unanswered_since(record, responses))
                if responses:
                    late.append(self._record({**record, "responses": responses}))
        for some in parts(late, BATCH):
            self._send(some)
        return len(late)

    def _unanswered_since(self, record: Json, responses: list[Json]) -> Iterator[Json]:
        key = message_of(record["external_id"])
        with self._database.reading() as session:
            stored = answers.of_message(session, key[0]) if key else []
        latest = {one.reviewer: one.answered_at for one in stored if one.dataset_id == self._into.dataset_id}
        for response in responses:
            if moment(response["updated_at"]) > latest.get(response["user_id"], 0.0):
                yield response

    def _send(self, records: list[Json]) -> None:
        records = self._still_shown(records)
        if not records:
            return
        path = f"datasets/{self._into.dataset_id}/records/bulk"
        keys = [key for record in records if (key := message_of(record["external_id"]))]
        with self._database.writing() as session:
            # Records of messages that we don't know go along as they are.
            known = messages.known_ids(session, [message_id for message_id, _ in keys])
            datasets.attempt(session, self._into.dataset_id, [key for key in keys if key[0] in known])
        sent = self._connection.call("PUT", path, json={"items": records})["items"]
        ids = {key: item["id"] for item in sent if (key := message_of(item["external_id"]))}
        ours = {key: record_id for key, record_id in ids.items() if key[0] in known}
        with self._database.writing() as session:
            datasets.identify(session, self._into.dataset_id, ours)
            self._note(session, [one for one in records if message_of(one["external_id"]) in ours])

    def _still_shown(self, records: list[Json]) -> list[Json]:
        """Without those that show a text from before an edit: these are being deleted."""
        keys = [message_of(record["external_id"]) for record in records]
        with self._database.reading() as session:
            first = questions.obsolete(session, [key[0] for key in keys if key])
        return [
            record
            for record, key in zip(records, keys, strict=True)
            if key is None or key[1] >= first.get(key[0], 1)
        ]

    def _note(self, session: Session, records: list[Json]) -> None:
        """What these records say and have, they say and have there too."""
        into = self._into.dataset_id
        with_vector = [
            key for one in records if one.get("vectors") and (key := message_of(one["external_id"]))
        ]
        datasets.sent_with(session, into, with_vector, self._into.vector)
        saying = [
            key for one in records if one.get("suggestions") and (key := message_of(one["external_id"]))
        ]
        told = datasets.suggested(session, self._former, [message_id for message_id, _ in saying])
        datasets.tell(session, into, {key: told[key] for key in saying if key in told})

    def _record(self, record: Json) -> Json:
        copy = {
            # A record that others put here has no id of ours; its own one keeps a second copy from becoming two.
            "external_id": record["external_id"] or record["id"],
            "fields": self._fields(record["fields"]),
            "metadata": record.get("metadata") or {},
            "responses": [
                self._response(response)
                for response in record.get("responses") or []
                if self._accidental.get(response["id"]) != moment(response["updated_at"])
            ],
        }
        if "suggestions" in record and self._into.preselects:
            copy["suggestions"] = list(self._suggestions(record["suggestions"]))
        vector = (record.get("vectors") or {}).get(self._into.vector)
        return {**copy, "vectors": {self._into.vector: vector}} if vector else copy

    def _fields(self, fields: Json) -> Json:
        is_shown = not self._into.preselects
        return {name: text for name, text in fields.items() if name != schema.PREDICTED or is_shown}

    def _suggestions(self, suggestions: list[Json]) -> Iterator[Json]:
        for one in suggestions:
            name = self._names.get(one["question_id"])
            if name in self._into.questions and one["value"] in self._into.options:
                known = {
                    key: one[key] for key in ("value", "score", "agent", "type") if one.get(key) is not None
                }
                yield {"question_id": self._into.questions[str(name)], **known}

    def _response(self, response: Json) -> Json:
        copied = {"user_id": response["user_id"], "values": response["values"], "status": response["status"]}
        value = value_of(response)
        if value is None or value in self._into.options:
            return copied
        # A label that is not in use any more: kept where it was submitted before (then it is an option here).
        return {**copied, "values": None, "status": "draft"}

    def _questions(self) -> list[Json]:
        found: list[Json] = self._connection.call("GET", f"datasets/{self._former}/questions")["items"]
        return found


def renamed(name: str, former: Dataset) -> str:
    """What a dataset is called that reviewers have left."""
    return f"{name}-moved-{former.id[:8]}"


NOTE = (
    "# This dataset has moved\n\nLabels were added or retired, so all records and answers went to the dataset "
    "**{name}**. Please go on there. What is still answered here within a day is carried over; then this goes."
)


def is_ours(questions: list[Json], fields: list[Json]) -> bool:
    """Was a dataset found in Argilla made by this bot?"""
    return schema.LABEL in {one["name"] for one in questions} and schema.TEXT in {
        one["name"] for one in fields
    }
