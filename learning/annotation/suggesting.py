"""Lets records that nobody answered say what the version in service thinks, and gives each its vector.

Whatever is sent of a message says so at once. What lies in Argilla follows in the background, newest first: all
records that nobody answered when another version serves or has its first floor, the newest of them soon after the head
was fitted again or the floor made again and the others once in a while; all records when the encoder is another one.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from learning.annotation.collection import by_id
from learning.annotation.opinions import CurrentPrediction, Opinions, Standing
from learning.argilla import records
from learning.argilla.backoff import Patience
from learning.argilla.connection import (
    ArgillaConnection,
    ArgillaNotFoundError,
    ArgillaRefusedError,
    ArgillaUnavailableError,
    Json,
)
from learning.argilla.records import RecordForm
from learning.encoders import vectors
from learning.encoders.encoder import Encoder
from storage.database.engine import Database
from storage.feedback import labels, responses
from storage.feedback.questions import Key
from storage.messages import datasets
from storage.messages.datasets import Followed, Place

log = logging.getLogger(__name__)

BATCH = 100
# While people keep correcting, the head is fitted again each second: so many records, which reviewers see first,
# follow no more often than this, and all others no more often than that.
FOLLOW_MOST = 1_000
FOLLOW_EVERY_S = 10.0
FOLLOW_ALL_EVERY_S = 600.0

Told = dict[Key, Json]


class Suggesting:
    """Writes into records of one team what the version in service thinks."""

    def __init__(
        self, database: Database, team_id: str, connection: ArgillaConnection, opinions: Opinions
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._connection = connection
        self.opinions = opinions

    def write(self, sends: Sequence[Json], form: RecordForm) -> Told:
        """Have records that are about to be sent say so, unless they were answered; what each of them says then."""
        ours = {key: send for send in sends if (key := records.message_of(send["external_id"]))}
        ours = {key: send for key, send in ours.items() if "metadata" in send}
        said = self.opinions.of(sorted({message_id for message_id, _ in ours}))
        with self._database.reading() as session:
            known = datasets.suggested(session, form.dataset_id, [message_id for message_id, _ in ours])
            answered = responses.keys_of(session, form.dataset_id, [message_id for message_id, _ in ours])
            names = {label.id: label.name for label in labels.every(session, self._team_id)}
        told: Told = {}
        for key, send in ours.items():
            before = known.get(key)
            if key in answered and before:
                records.say(send, CurrentPrediction.from_json(before), names, form)
            elif key[0] in said and key not in answered:
                opinion = said[key[0]]
                records.say(send, opinion, names, form)
                told[key] = opinion.to_json()
            if key in answered:
                send.pop("suggestions", None)
        return told

    def sent(self, form: RecordForm, ids: Mapping[Key, str], told: Told) -> None:
        """Note that Argilla has these records now, with their vectors and suggestions. `ids`: Argilla's own.

        An upsert leaves what a record suggested: if no label fits any more, that is taken back first.
        """
        kept = self._take_back(form, ids, told)
        with self._database.writing() as session:
            datasets.tell(
                session, form.dataset_id, {key: one for key, one in told.items() if key not in kept}
            )
            datasets.sent_with(session, form.dataset_id, ids, form.vector)

    def _take_back(self, form: RecordForm, ids: Mapping[Key, str], told: Told) -> set[Key]:
        """Take back what records suggest although no label fits; those that a reviewer began to answer keep it."""
        none = [key for key, one in told.items() if CurrentPrediction.from_json(one).is_none and key in ids]
        if not none:
            return set()
        with self._database.reading() as session:
            known = datasets.suggested(session, form.dataset_id, [message_id for message_id, _ in none])
        outdated = [
            key for key in none if key in known and not CurrentPrediction.from_json(known[key]).is_none
        ]
        kept = set(outdated)
        for record in by_id(self._connection, form.dataset_id, sorted(ids[key] for key in outdated)):
            key = records.message_of(record["external_id"])
            if key and not record["responses"] and self._is_taken_back(record):
                kept.discard(key)
        return kept

    def _is_taken_back(self, record: Json) -> bool:
        """Take back what a record suggests; False if Argilla refuses, which is no fault of what was sent."""
        try:
            take_back(self._connection, record)
        except (ArgillaRefusedError, ArgillaNotFoundError) as error:
            log.warning("suggestion not taken back reason=%s", error.reason)
            return False
        return True


def take_back(connection: ArgillaConnection, record: Json) -> None:
    """Delete what a record suggests."""
    if ids := ",".join(str(one["id"]) for one in record.get("suggestions") or []):
        connection.call("DELETE", f"records/{record['id']}/suggestions", params={"ids": ids})


@dataclass
class _Pass:
    """A way through the records of one dataset that nobody answered, begun while opinions followed from `standing`."""

    standing: Standing
    left: float  # so many records at most
    began: float = field(default_factory=time.monotonic)
    at: Place | None = None  # the record that was compared last

    def is_over(self, now: Standing, every_s: float) -> bool:
        """Is it time to begin again? At once if another version serves, or has its first floor; if not, the pass comes
        to its end first.
        """
        if now.is_same(self.standing):
            return False
        has_floor_since = self.standing.floor is None and now.floor is not None
        is_another = now.served.version != self.standing.served.version or has_floor_since
        return is_another or (self.is_done and time.monotonic() - self.began >= every_s)

    @property
    def is_done(self) -> bool:
        return self.left <= 0

    def go_on(self, compared: Sequence[Place]) -> None:
        """Note that these were compared, BATCH of them unless they were the last."""
        self.left = self.left - BATCH if len(compared) == BATCH else 0
        self.at = compared[-1] if compared else self.at


class Refreshing:
    """Has the records in Argilla follow, a batch at a time, if nothing more urgent is to be sent."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        connection: ArgillaConnection,
        opinions: Opinions,
        base: Encoder,
        forms: Callable[[], Sequence[RecordForm]],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._connection = connection
        self._opinions = opinions
        self._base = base
        self._forms = forms
        self._newest: dict[str, _Pass] = {}
        self._all: dict[str, _Pass] = {}
        self._complete: set[tuple[str, str]] = set()
        self.patience = Patience("bringing suggestions up to date")

    def step(self) -> float | None:
        """Bring one batch up to date; for how many seconds to leave it at that, None if there was nothing to do."""
        if self.patience.left_s():
            return self.patience.left_s()
        began = time.monotonic()
        try:
            forms, now = self._forms(), self._opinions.standing()
            is_urgent = any(self._follow_newest(form, now) or self._send_vectors(form) for form in forms)
            is_more = is_urgent or any(self._follow_all(form, now) for form in forms)
        except (ArgillaUnavailableError, ArgillaNotFoundError, ArgillaRefusedError) as error:
            return self.patience.failed(error)
        self.patience.succeeded()
        if is_urgent:
            return 0.0
        # Half of the time is left to those who wait for a prediction, and to reviewers.
        return time.monotonic() - began if is_more else None

    # What the version in service says

    def _follow_newest(self, form: RecordForm, now: Standing) -> bool:
        """Compare the next of the newest records that nobody answered; were there any?"""
        newest = self._newest.get(form.dataset_id)
        if newest is None or newest.is_over(now, FOLLOW_EVERY_S):
            newest = self._newest[form.dataset_id] = _Pass(now, FOLLOW_MOST)
        return self._go_on(newest, form)

    def _follow_all(self, form: RecordForm, now: Standing) -> bool:
        """Compare the next of all records that nobody answered; were there any?"""
        every = self._all.get(form.dataset_id)
        if every is None or every.is_over(now, FOLLOW_ALL_EVERY_S) or self._is_undone(every, form):
            every = self._all[form.dataset_id] = self._begin(now, form)
        is_going_on = self._go_on(every, form)
        if is_going_on and every.is_done:
            self._note(form, every.standing.followed)
        return is_going_on

    def _begin(self, now: Standing, form: RecordForm) -> _Pass:
        """Begin a pass, which is over at once if an earlier one, before a restart perhaps, came to its end.

        One that did not sent a part of the records: what is noted of another version holds no longer.
        """
        if self._followed(form) == now.followed:
            return _Pass(now, 0)
        self._note(form, datasets.NOTHING)
        return _Pass(now, math.inf)

    def _is_undone(self, every: _Pass, form: RecordForm) -> bool:
        """Has another process had the records follow another version since this pass ended?"""
        return every.is_done and self._followed(form) != every.standing.followed

    def _followed(self, form: RecordForm) -> Followed:
        with self._database.reading() as session:
            return datasets.followed(session, form.dataset_id)

    def _note(self, form: RecordForm, what: Followed) -> None:
        with self._database.writing() as session:
            datasets.follow(session, form.dataset_id, what)

    def _go_on(self, pass_: _Pass, form: RecordForm) -> bool:
        if pass_.is_done:
            return False
        with self._database.reading() as session:
            places = datasets.to_be_answered(session, form.dataset_id, BATCH, pass_.at)
        if places:
            self._bring_up_to_date([place.key for place in places], form)
        pass_.go_on(places)
        return True

    def _bring_up_to_date(self, keys: list[Key], form: RecordForm) -> None:
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
        outdated: dict[Key, Json] = {}
        for record in by_id(self._connection, form.dataset_id, sorted(ids.values())):
            key = records.message_of(record["external_id"])
            if key in news and not record["responses"]:  # somebody may have answered a moment ago
                sends[key] = records.as_now(record, news[key], names, form)
                if news[key].is_none:
                    outdated[key] = record
        sent = self._upsert(sends, form)
        for record in (outdated[key] for key in sent if key in outdated):
            take_back(self._connection, record)
        with self._database.writing() as session:
            datasets.tell(session, form.dataset_id, {key: news[key].to_json() for key in sent})
        if sent:
            log.info("suggestions brought up to date number=%d", len(sent))

    # Vectors under another encoder

    def _send_vectors(self, form: RecordForm) -> bool:
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

    def _upsert(self, sends: Mapping[Key, Json], form: RecordForm) -> list[Key]:
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
