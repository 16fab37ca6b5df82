"""Delivers the outbox to Argilla: in batches, the last state of each message last, nothing blocked by anything else."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session

from learning.annotation import collection
from learning.annotation.datasets import TeamDatasets
from learning.annotation.suggesting import Suggesting
from learning.argilla import records
from learning.argilla.backoff import Patience, back_off_s
from learning.argilla.connection import (
    ArgillaConnection,
    ArgillaNotFoundError,
    ArgillaRefusedError,
    ArgillaUnavailableError,
    Json,
)
from learning.argilla.ownership import ForeignDatasetError
from learning.argilla.records import DisplayNames, RecordForm
from learning.encoders import vectors
from learning.encoders.encoder import Encoder, Vectors
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.deliveries import outbox
from storage.deliveries.outbox import Parcel
from storage.feedback import labels, questions, responses
from storage.feedback.questions import Key
from storage.messages import contents, datasets, messages
from storage.tables.annotation import Record
from storage.tables.feedback import Panel, Question

log = logging.getLogger(__name__)

BATCH = 100
# A record after which Argilla was in trouble so often is sent alone, so that it troubles no other.
ALONE_AFTER = 3
LONGEST_PAUSE_S = 600.0
# What belongs to a dataset that can't be used makes way for what belongs to another.
HOLD_S = 60.0


Forms = Mapping[Panel, RecordForm]
Fault = ForeignDatasetError | ArgillaRefusedError


@dataclass(frozen=True)
class Letter:
    """A parcel with what it comes to: for each panel, records to send; and those to delete, which show what the message
    said before an edit.
    """

    parcel: Parcel
    sends: dict[Panel, list[Json]] = field(default_factory=dict)
    erases: list[Record] = field(default_factory=list)


class RecordDelivery:
    """The one owner of a team's outbox, among all replicas by a lease."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        connection: ArgillaConnection,
        kept: TeamDatasets,
        base: Encoder,
        names: DisplayNames,
        suggesting: Suggesting,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._connection = connection
        self._kept = kept
        self._base = base
        self._names = names
        self._suggesting = suggesting
        self.claim = LeaseClaim(database, f"outbox {team_id}")
        self.patience = Patience("delivery to Argilla")

    def step(self) -> float | None:
        """Deliver one batch; seconds until the next may be due, None where nothing waits."""
        if self.patience.left_s():
            return self.patience.left_s()
        if not self.claim.hold():
            self.patience.leave_to_others()
            return None
        try:
            pause_s = self._deliver_due()
        except (ArgillaUnavailableError, ArgillaRefusedError, ForeignDatasetError) as error:
            return self.patience.failed(error)
        except ArgillaNotFoundError as error:  # a dataset is gone, or the address is not Argilla's
            self._kept.look_again()
            return self.patience.failed(error)
        self.patience.succeeded()
        return pause_s

    def close(self) -> None:
        """Let another replica deliver at once."""
        self.claim.give_up()

    def _deliver_due(self) -> float | None:
        with self._database.reading() as session:
            parcels = outbox.due(session, self._team_id, BATCH)
            erased = messages.erased_ids(session, [one.message_id for one in parcels])
        self._erase([one for one in parcels if one.message_id in erased])
        standing = [one for one in parcels if one.message_id not in erased]
        asked = self._seat(standing)
        forms, faults = self._forms({panel for one in asked.values() for panel in _panels(one)})
        letters = self._write_letters(standing, asked, forms)
        self._erase_earlier([record for letter in letters for record in letter.erases])
        self._send(letters, forms)
        if faults:
            raise faults[0]
        if parcels:
            return 0.0
        with self._database.reading() as session:  # a dataset that was made just now has everything to come
            next_due = outbox.next_due(session, self._team_id)
        return None if next_due is None else max(0.0, next_due - time.time())

    def _seat(self, parcels: list[Parcel]) -> dict[str, Question]:
        if not parcels:
            return {}
        with self._database.writing() as session:
            return questions.seat(session, [one.message_id for one in parcels], self._kept.share)

    def _forms(self, needed: set[Panel]) -> tuple[dict[Panel, RecordForm], list[Fault]]:
        """How to write records of each dataset that there is or that is needed, and why one can't be used."""
        forms: dict[Panel, RecordForm] = {}
        faults: list[Fault] = []
        for panel in sorted({*self._kept.made, *needed}):
            try:
                forms[panel] = self._kept[panel].form()
            except (ForeignDatasetError, ArgillaRefusedError) as error:
                faults.append(error)
        return forms, faults

    def _write_letters(
        self, parcels: list[Parcel], asked: Mapping[str, Question], forms: Forms
    ) -> list[Letter]:
        """What is to be sent. If the dataset that a message belongs to can't be used, its parcel waits."""
        usable = [one for one in parcels if _can_go(asked.get(one.message_id), forms)]
        if held := [one for one in parcels if one not in usable]:
            with self._database.writing() as session:
                outbox.hold(session, held, HOLD_S)
        if not usable:
            return []
        # By the encoder that all versions are made from, also of messages that only a later version read.
        found = vectors.of_messages(self._database, self._base, [one.message_id for one in usable])
        with self._database.reading() as session:
            written = [
                self._letter(session, one, asked.get(one.message_id), forms, found.get(one.message_id))
                for one in usable
            ]
        with self._database.writing() as session:
            for letter in written:
                for panel, sends in letter.sends.items():
                    datasets.attempt(session, forms[panel].dataset_id, _keys(sends))
        return written

    def _letter(
        self,
        session: Session,
        parcel: Parcel,
        question: Question | None,
        forms: Forms,
        vector: Vectors | None,
    ) -> Letter:
        content = contents.of_message(session, parcel.message_id)
        if question is None or content.message.erased_at:
            return Letter(parcel)
        first = questions.first_round(question)
        every = datasets.records(session, [parcel.message_id])
        letter = Letter(parcel, erases=[one for one in every if one.round < first])
        known = [one for one in every if one.round >= first]
        for round_ in _rounds(question):
            panel = _panel(question, round_)
            form = forms[panel]
            send = records.record(content, question, round_, vector, form, self._names)
            if not _is_known(known, form.dataset_id, round_):
                given = responses.of_record(session, parcel.message_id, form.dataset_id, round_)
                if given:
                    send["responses"] = records.given_here(given, labels.names(session, self._team_id), form)
                elif not _is_known_at_all(known, forms) and responses.is_answered_since(
                    session, parcel.message_id, first
                ):
                    send["responses"] = records.answered_before(content, form)
            letter.sends.setdefault(panel, []).append(send)
        return letter

    # Sending: a batch that Argilla refuses is halved until the record is found that it does not take.

    def _send(self, letters: list[Letter], forms: Forms) -> None:
        together = [one for one in letters if one.parcel.attempts < ALONE_AFTER]
        alone = [[one] for one in letters if one.parcel.attempts >= ALONE_AFTER]
        for batch in [together, *alone]:
            if batch:
                self._send_batch(batch, forms)

    def _send_batch(self, letters: list[Letter], forms: Forms) -> None:
        try:
            ids = {panel: self._upsert_all(letters, panel, forms) for panel in forms}
            if any(letter.parcel.is_edited for letter in letters):
                self._connection.purge()  # of what it said before
        except ArgillaRefusedError as error:
            self._refused(letters, forms, error)
        except ArgillaUnavailableError as error:
            self._postpone([letter.parcel for letter in letters])
            raise error
        else:
            self._delivered(letters, forms, ids)

    def _upsert_all(self, letters: list[Letter], panel: Panel, forms: Forms) -> dict[Key, str]:
        sends = [send for letter in letters for send in letter.sends.get(panel, [])]
        return self._upsert(sends, forms[panel]) if sends else {}

    def _upsert(self, sends: list[Json], form: RecordForm) -> dict[Key, str]:
        told = self._suggesting.write(sends, form)
        ids = self._put(sends, form.dataset_id)
        self._suggesting.sent(form, ids, told)
        return ids

    def _put(self, sends: list[Json], dataset_id: str) -> dict[Key, str]:
        path = f"datasets/{dataset_id}/records/bulk"
        items = self._connection.call("PUT", path, json={"items": sends})["items"]
        return {key: item["id"] for item in items if (key := records.message_of(item["external_id"]))}

    def _refused(self, letters: list[Letter], forms: Forms, error: ArgillaRefusedError) -> None:
        if len(letters) > 1:
            middle = len(letters) // 2
            self._send_batch(letters[:middle], forms)
            self._send_batch(letters[middle:], forms)
            return
        log.warning(
            "Argilla refused a record message=%s status=%d", letters[0].parcel.message_id, error.status
        )
        with self._database.writing() as session:
            outbox.refuse(session, letters[0].parcel, str(error))

    def _postpone(self, parcels: list[Parcel]) -> None:
        with self._database.writing() as session:
            for parcel in parcels:
                outbox.postpone(session, parcel, back_off_s(parcel.attempts + 1, LONGEST_PAUSE_S))

    def _delivered(self, letters: list[Letter], forms: Forms, ids: Mapping[Panel, dict[Key, str]]) -> None:
        with self._database.writing() as session:
            for panel, known in ids.items():
                datasets.identify(session, forms[panel].dataset_id, known)
            for letter in letters:
                outbox.delivered(session, letter.parcel)

    # Erasing: in every dataset that has, or may have, the record.

    def _erase(self, parcels: list[Parcel]) -> None:
        if not parcels:
            return
        with self._database.reading() as session:
            found = datasets.records(session, [one.message_id for one in parcels])
        for record in found:
            self._erase_record(record)
        self._connection.purge()
        with self._database.writing() as session:
            datasets.forget(session, found)
            for parcel in parcels:
                outbox.delivered(session, parcel)

    def _erase_earlier(self, going: list[Record]) -> None:
        """Delete records that show what was said before an edit."""
        if not going:
            return
        self._collect(going)
        for record in going:
            self._erase_record(record)
        self._connection.purge()
        with self._database.writing() as session:
            datasets.forget(session, going)

    def _collect(self, going: list[Record]) -> None:
        """What reviewers said of texts that were edited is kept: fetch it before it goes with its record."""
        for dataset_id in sorted({record.dataset_id for record in going}):
            ids = [one.record_id for one in going if one.dataset_id == dataset_id and one.record_id]
            try:
                found = list(collection.by_id(self._connection, dataset_id, ids))
            except ArgillaNotFoundError:  # the dataset is gone, and its records with it
                continue
            same_request_s = self._connection.same_request_s()
            collection.store_at_last(self._database, self._team_id, dataset_id, found, same_request_s)

    def _erase_record(self, record: Record) -> None:
        path = f"datasets/{record.dataset_id}/records"
        try:
            record_id = record.record_id or self._learn_id(record)
            self._connection.call("DELETE", path, params={"ids": record_id})
        except ArgillaNotFoundError:
            log.info("record was gone already message=%s", record.message_id)

    def _learn_id(self, record: Record) -> str:
        blank = records.erased(record.message_id, record.round)
        return self._put([blank], record.dataset_id)[record.message_id, record.round]


def _panel(question: Question, round_: int) -> Panel:
    """After a tie one more reviewer is asked, and that where each record has one answer."""
    is_first = round_ == questions.first_round(question)
    return question.panel or Panel.SINGLE if is_first else Panel.SINGLE


def _panels(question: Question) -> set[Panel]:
    return {_panel(question, round_) for round_ in _rounds(question)}


def _rounds(question: Question) -> range:
    """Those in which the text of now is shown."""
    return range(questions.first_round(question), question.rounds + 1)


def _can_go(question: Question | None, forms: Forms) -> bool:
    return question is None or _panels(question) <= forms.keys()


def _is_known(known: list[Record], dataset_id: str, round_: int) -> bool:
    return any(one.dataset_id == dataset_id and one.round == round_ and one.record_id for one in known)


def _is_known_at_all(known: list[Record], forms: Forms) -> bool:
    here = {form.dataset_id for form in forms.values()}
    return any(one.dataset_id in here and one.record_id for one in known)


def _keys(sends: list[Json]) -> list[Key]:
    return [key for send in sends if (key := records.message_of(send["external_id"]))]
