"""Lets records that nobody answered say what the version in service thinks, and gives each its vector.

Whatever is sent of a message says so at once. What lies in Argilla follows in the background: when another version
serves or the head was fitted again, the newest records to be answered; when the encoder is another one, all records.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from learning import vectors
from learning.annotation import records
from learning.annotation.collection import by_id
from learning.annotation.connection import (
    ArgillaNotFoundError,
    ArgillaRefusedError,
    ArgillaUnavailableError,
    Connection,
    Json,
)
from learning.annotation.opinions import Opinion, Opinions
from learning.annotation.patience import Patience
from learning.annotation.records import Form
from learning.champion import Served
from learning.encoder import Encoder
from storage import answers, datasets, labels
from storage.database import Database
from storage.datasets import Key

log = logging.getLogger(__name__)

BATCH = 100
# So many records, those of the newest messages, follow the version in service.
FOLLOW_MOST = 1_000
# While people keep correcting, the head is fitted again each second: records follow no more often than this.
FOLLOW_EVERY_S = 10.0

Told = dict[Key, Json]


class Suggesting:
    """Writes into records of one team what the version in service thinks."""

    def __init__(self, database: Database, team_id: str, opinions: Opinions) -> None:
        self._database = database
        self._team_id = team_id
        self.opinions = opinions

    def write(self, sends: Sequence[Json], form: Form) -> Told:
        """Have records that are about to be sent say so, unless they were answered; what each of them says then."""
        ours = {key: send for send in sends if (key := records.message_of(send["external_id"]))}
        ours = {key: send for key, send in ours.items() if "metadata" in send}
        said = self.opinions.of(sorted({message_id for message_id, _ in ours}))
        with self._database.reading() as session:
            known = datasets.suggested(session, form.dataset_id, [message_id for message_id, _ in ours])
            answered = answers.keys_of(session, form.dataset_id, [message_id for message_id, _ in ours])
            names = {label.id: label.name for label in labels.every(session, self._team_id)}
        told: Told = {}
        for key, send in ours.items():
            before = known.get(key)
            if key in answered and before:
                records.say(send, Opinion.from_json(before), names, form)
            elif key[0] in said and key not in answered:
                records.say(send, said[key[0]], names, form)
                told[key] = said[key[0]].to_json()
            if key in answered:
                send.pop("suggestions", None)
        return told

    def sent(self, form: Form, keys: Sequence[Key], told: Told) -> None:
        """Note that Argilla has these records now, with their vectors and suggestions."""
        with self._database.writing() as session:
            datasets.tell(session, form.dataset_id, told)
            datasets.sent_with(session, form.dataset_id, keys, form.vector)


@dataclass
class _Round:
    """How far the records of one dataset have followed `served`."""

    served: Served
    began: float  # by the monotonic clock
    left: list[Key]

    def is_over(self, served: Served) -> bool:
        """Is it time to begin again?"""
        if served is self.served:
            return False
        is_another = served.version != self.served.version
        return is_another or time.monotonic() - self.began >= FOLLOW_EVERY_S


class Refreshing:
    """Has the records in Argilla follow, a batch at a time, if nothing more urgent is to be sent."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        connection: Connection,
        opinions: Opinions,
        base: Encoder,
        forms: Callable[[], Sequence[Form]],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._connection = connection
        self._opinions = opinions
        self._base = base
        self._forms = forms
        self._rounds: dict[str, _Round] = {}
        self._complete: set[tuple[str, str]] = set()
        self.patience = Patience("bringing suggestions up to date")

    def step(self) -> float | None:
        """Bring one batch up to date; 0 if there may be more."""
        if self.patience.left_s():
            return self.patience.left_s()
        try:
            is_more = any(self._follow(form) or self._send_vectors(form) for form in self._forms())
        except (ArgillaUnavailableError, ArgillaNotFoundError, ArgillaRefusedError) as error:
            return self.patience.failed(error)
        self.patience.succeeded()
        return 0.0 if is_more else None

    # What the version in service says

    def _follow(self, form: Form) -> bool:
        """Look at the next records to be answered; were there any?"""
        served = self._opinions.served
        round_ = self._rounds.get(form.dataset_id)
        if round_ is None or round_.is_over(served):
            with self._database.reading() as session:
                left = datasets.to_be_answered(session, form.dataset_id, FOLLOW_MOST)
            round_ = self._rounds[form.dataset_id] = _Round(served, time.monotonic(), left)
        keys = round_.left[:BATCH]
        if keys:
            self._bring_up_to_date(keys, form)
            del round_.left[:BATCH]
        return bool(round_.left)

    def _bring_up_to_date(self, keys: list[Key], form: Form) -> None:
        said = self._opinions.of(sorted({message_id for message_id, _ in keys}))
        with self._database.reading() as session:
            known = datasets.suggested(session, form.dataset_id, sorted(said))
            names = {label.id: label.name for label in labels.every(session, self._team_id)}
            news = {
                key: said[key[0]]
                for key in keys
                if key[0] in said and said[key[0]].differs_from(known.get(key))
            }
            ids = datasets.ids_of(session, form.dataset_id, list(news))
        sends: dict[Key, Json] = {}
        for record in by_id(self._connection, form.dataset_id, sorted(ids.values())):
            key = records.message_of(record["external_id"])
            if key in news and not record["responses"]:  # somebody may have answered a moment ago
                sends[key] = records.as_now(record, news[key], names, form)
        sent = self._upsert(sends, form)
        with self._database.writing() as session:
            datasets.tell(session, form.dataset_id, {key: news[key].to_json() for key in sent})
        if sent:
            log.info("suggestions brought up to date number=%d", len(sent))

    # Vectors under another encoder

    def _send_vectors(self, form: Form) -> bool:
        """Send vectors that records lack under the encoder of now; were there any?"""
        if (form.dataset_id, form.vector) in self._complete:
            return False
        with self._database.reading() as session:
            keys = datasets.without_vector(session, form.dataset_id, form.vector, BATCH)
        if not keys:
            self._complete.add((form.dataset_id, form.vector))
            return False
        found = vectors.of_messages(
            self._database, self._base, sorted({message_id for message_id, _ in keys})
        )
        sends = {
            key: {
                "external_id": records.external_id(*key),
                "vectors": {form.vector: [float(number) for number in found[key[0]]]},
            }
            for key in keys
            if key[0] in found
        }
        self._upsert(sends, form)
        with self._database.writing() as session:
            # One that can't be read, or that Argilla refuses, is not tried for ever.
            datasets.sent_with(session, form.dataset_id, keys, form.vector)
        log.info("vectors sent again number=%d", len(sends))
        return True

    def _upsert(self, sends: Mapping[Key, Json], form: Form) -> list[Key]:
        """Send parts of records that are there: what is left out stays as it is. Those that Argilla took."""
        if not sends:
            return []
        path = f"datasets/{form.dataset_id}/records/bulk"
        try:
            self._connection.call("PUT", path, json={"items": list(sends.values())})
        except ArgillaRefusedError as error:
            if len(sends) > 1:
                return [key for one in sends for key in self._upsert({one: sends[one]}, form)]
            log.info("record not brought up to date status=%d", error.status)
            return []
        return list(sends)
