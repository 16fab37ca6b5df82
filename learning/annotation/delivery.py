"""Delivers the outbox to Argilla: in batches, the last state of each message last, nothing blocked by anything else."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

from sqlmodel import Session

from learning import vectors
from learning.annotation import records
from learning.annotation.connection import (
    ArgillaNotFoundError,
    ArgillaRefusedError,
    ArgillaUnavailableError,
    Connection,
    Json,
)
from learning.annotation.datasets import Datasets, ForeignDatasetError
from learning.annotation.patience import Patience, back_off_s
from learning.annotation.records import Form, Names
from learning.annotation.suggesting import Suggesting
from learning.encoder import Encoder, Vectors
from storage import contents, datasets, outbox
from storage.database import Database
from storage.datasets import Key
from storage.leases import Claim
from storage.outbox import Parcel
from storage.tables import Question, Record

log = logging.getLogger(__name__)

BATCH = 100
# A record after which Argilla was in trouble so often is sent alone, so that it troubles no other.
ALONE_AFTER = 3
LONGEST_PAUSE_S = 600.0


@dataclass(frozen=True)
class Letter:
    """A parcel with what it comes to: records to send, or (where the message is erased) to delete."""

    parcel: Parcel
    sends: list[Json]
    erases: list[Record]


class Delivery:
    """The one owner of a team's outbox, among all replicas by a lease."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        connection: Connection,
        kept: Datasets,
        base: Encoder,
        names: Names,
        suggesting: Suggesting,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._connection = connection
        self._kept = kept
        self._base = base
        self._names = names
        self._suggesting = suggesting
        self.claim = Claim(database, f"outbox {team_id}")
        self.patience = Patience("delivery to Argilla")

    def step(self) -> float | None:
        """Deliver one batch; seconds until the next may be due, None where nothing waits."""
        if self.patience.left_s():
            return self.patience.left_s()
        if not self.claim.hold():
            self.patience.leave_to_others()
            return None
        try:
            form = self._kept.form()
            pause_s = self._deliver_due(form)
        except (ArgillaUnavailableError, ForeignDatasetError) as error:
            return self.patience.failed(error)
        except ArgillaNotFoundError as error:  # the dataset is gone, or the address is not Argilla's
            self._kept.look_again()
            return self.patience.failed(error)
        self.patience.succeeded()
        return pause_s

    def close(self) -> None:
        """Let another replica deliver at once."""
        self.claim.give_up()

    def _deliver_due(self, form: Form) -> float | None:
        with self._database.reading() as session:
            parcels = outbox.due(session, self._team_id, BATCH)
            next_due = outbox.next_due(session, self._team_id)
        if not parcels:
            return None if next_due is None else max(0.0, next_due - time.time())
        letters = self._write_letters(parcels, form)
        if erased := [letter for letter in letters if letter.erases]:
            self._erase(erased, form)
        self._send([letter for letter in letters if not letter.erases], form)
        return 0.0

    def _write_letters(self, parcels: list[Parcel], form: Form) -> list[Letter]:
        # By the encoder that all versions are made from, also of messages that only a later version read.
        found = vectors.of_messages(self._database, self._base, [one.message_id for one in parcels])
        with self._database.reading() as session:
            written = [self._letter(session, one, form, found.get(one.message_id)) for one in parcels]
        with self._database.writing() as session:
            for letter in written:
                datasets.attempt(session, form.dataset_id, _keys(letter.sends))
        return written

    def _letter(self, session: Session, parcel: Parcel, form: Form, vector: Vectors | None) -> Letter:
        content = contents.of_message(session, parcel.message_id)
        if content.message.erased_at:
            return Letter(parcel, [], datasets.records(session, [parcel.message_id]))
        question = session.get(Question, parcel.message_id)
        if question is None:
            return Letter(parcel, [], [])
        sends = [
            records.record(content, question, round_, vector, form, self._names)
            for round_ in range(1, question.rounds + 1)
        ]
        if not _is_known_in(session, parcel.message_id, form.dataset_id):
            for send in sends:
                send["responses"] = records.answered_before(content, form)
        return Letter(parcel, sends, [])

    # Sending: a batch that Argilla refuses is halved until the record is found that it does not take.

    def _send(self, letters: list[Letter], form: Form) -> None:
        together = [one for one in letters if one.parcel.attempts < ALONE_AFTER]
        alone = [[one] for one in letters if one.parcel.attempts >= ALONE_AFTER]
        for batch in [together, *alone]:
            if batch:
                self._send_batch(batch, form)

    def _send_batch(self, letters: list[Letter], form: Form) -> None:
        sends = [send for letter in letters for send in letter.sends]
        try:
            ids = self._upsert(sends, form) if sends else {}
            if any(letter.parcel.is_edited for letter in letters):
                self._connection.purge()  # of what it said before
        except ArgillaRefusedError as error:
            self._refused(letters, form, error)
        except ArgillaUnavailableError as error:
            self._postpone(letters)
            raise error
        else:
            self._delivered(letters, form, ids)

    def _upsert(self, sends: list[Json], form: Form) -> dict[Key, str]:
        path = f"datasets/{form.dataset_id}/records/bulk"
        told = self._suggesting.write(sends, form)
        items = self._connection.call("PUT", path, json={"items": sends})["items"]
        self._suggesting.sent(form, _keys(sends), told)
        return {key: item["id"] for item in items if (key := records.message_of(item["external_id"]))}

    def _refused(self, letters: list[Letter], form: Form, error: ArgillaRefusedError) -> None:
        if len(letters) > 1:
            middle = len(letters) // 2
            self._send_batch(letters[:middle], form)
            self._send_batch(letters[middle:], form)
            return
        log.warning(
            "Argilla refused a record message=%s status=%d", letters[0].parcel.message_id, error.status
        )
        with self._database.writing() as session:
            outbox.refuse(session, letters[0].parcel, str(error))

    def _postpone(self, letters: list[Letter]) -> None:
        with self._database.writing() as session:
            for letter in letters:
                pause_s = back_off_s(letter.parcel.attempts + 1, LONGEST_PAUSE_S)
                outbox.postpone(session, letter.parcel, pause_s)

    def _delivered(self, letters: list[Letter], form: Form, ids: dict[Key, str]) -> None:
        with self._database.writing() as session:
            datasets.identify(session, form.dataset_id, ids)
            for letter in letters:
                outbox.delivered(session, letter.parcel)

    # Erasing: in every dataset that has, or may have, the record.

    def _erase(self, letters: list[Letter], form: Form) -> None:
        for letter in letters:
            for record in letter.erases:
                self._erase_record(record, form)
        self._connection.purge()
        with self._database.writing() as session:
            for letter in letters:
                datasets.forget(session, letter.erases)
                outbox.delivered(session, letter.parcel)

    def _erase_record(self, record: Record, form: Form) -> None:
        path = f"datasets/{record.dataset_id}/records"
        try:
            record_id = record.record_id or self._learn_id(record, form)
            self._connection.call("DELETE", path, params={"ids": record_id})
        except ArgillaNotFoundError:
            log.info("record was gone already message=%s", record.message_id)

    def _learn_id(self, record: Record, form: Form) -> str:
        blank = records.erased(record.message_id, record.round)
        return self._upsert([blank], replace(form, dataset_id=record.dataset_id))[
            record.message_id, record.round
        ]


def _is_known_in(session: Session, message_id: str, dataset_id: str) -> bool:
    known = datasets.records(session, [message_id])
    return any(one.dataset_id == dataset_id and one.record_id for one in known)


def _keys(sends: list[Json]) -> list[Key]:
    return [key for send in sends if (key := records.message_of(send["external_id"]))]
