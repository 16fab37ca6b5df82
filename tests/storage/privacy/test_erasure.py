from __future__ import annotations

import time

import pytest
from sqlmodel import select

from storage.database.engine import Database
from storage.deliveries import cards, notices, outbox
from storage.feedback import labels
from storage.messages import channels, contents, messages
from storage.models import predictions, runs
from storage.privacy import erasure
from storage.privacy.erasure import KeptOfUser
from storage.tables.annotation import Dataset, Record, Stage
from storage.tables.deliveries import News, Outbox
from storage.tables.feedback import Label
from storage.tables.messages import Message, Mode
from storage.tables.models import Phase, TaskName
from storage.tables.summaries import Making, Opinion, Origin, Summary, SummaryWord
from storage.workspaces import pseudonyms
from storage.workspaces.pseudonyms import FORGOTTEN
from tests.factories import ANA, BEN, ENCODER, OTHER, SUPPORT, TEAM, label_set, predicted, received, say

INSTEAD = f"{FORGOTTEN}1"


@pytest.fixture
def bug(database: Database) -> Label:
    return label_set(database, "bug", "billing")["bug"]


def forget(database: Database, user_id: str) -> None:
    with database.reading() as session:
        wrote = erasure.written_by(session, TEAM, user_id)
    with database.writing() as session:
        erasure.erase(session, wrote)
    with database.writing() as session:
        erasure.disown(session, TEAM, user_id, INSTEAD)


def kept(database: Database, user_id: str, team_id: str = TEAM) -> KeptOfUser:
    with database.reading() as session:
        return erasure.kept(session, team_id, user_id)


def test_nothing_that_a_person_wrote_is_left_and_others_keep_theirs(database: Database, bug: Label) -> None:
    of_ana, of_ben = predicted(database, bug, "Ana's words"), predicted(database, bug, user_id=BEN)

    forget(database, ANA)

    assert kept(database, ANA).is_nothing
    assert kept(database, BEN).messages == 1
    with database.reading() as session:
        gone = session.get_one(Message, of_ana.id)
        assert (gone.text, gone.user_id, gone.erased_at is None) == ("", "", False)
        assert list(predictions.vectors(session, ENCODER, [of_ana.id, of_ben.id])) == [of_ben.id]


def test_what_a_person_said_of_others_messages_counts_on_without_a_name(
    database: Database, bug: Label
) -> None:
    message = predicted(database, bug, user_id=BEN)
    say(database, message, ANA, bug)

    forget(database, ANA)

    assert kept(database, ANA).words == 0
    with database.reading() as session:
        [word] = contents.of_message(session, message.id).words
        heard = session.exec(select(Outbox).where(Outbox.message_id == message.id)).all()
    assert (word.user_id, word.label_id) == (INSTEAD, bug.id)
    assert pseudonyms.is_forgotten(word.user_id)
    assert len(heard) == 2  # of the correction, and of whose it is no more


def test_what_nobody_was_told_of_a_channel_names_a_forgotten_person_no_more(database: Database) -> None:
    with database.writing() as session:
        for user in (ANA, BEN):
            about = {"name": "support", "by": user}
            notices.add(session, TEAM, News.REMOVED, SUPPORT, user, about=about)

    forget(database, ANA)

    with database.reading() as session:
        told = [notice.about for notice in notices.to_tell(session, TEAM)]
    assert told == [{"name": "support"}, {"name": "support", "by": BEN}]


def test_who_proposed_a_label_is_forgotten_and_the_label_stays(database: Database) -> None:
    with database.writing() as session:
        labels.propose(session, TEAM, "canteen", by=ANA)

    forget(database, ANA)

    with database.reading() as session:
        [label] = labels.active(session, TEAM)
    assert (label.name, label.proposed_by) == ("canteen", None)


def test_a_run_that_learns_from_what_a_person_wrote_into_a_summary_starts_over(database: Database) -> None:
    summary = Summary(
        team_id=TEAM, channel_id=SUPPORT, asked_by=BEN, origin=Origin.COMMAND, making=Making.DONE
    )
    edit = SummaryWord(
        summary_id=summary.id, team_id=TEAM, user_id=ANA, opinion=Opinion.EDITED, text="Ana's words"
    )
    with database.writing() as session:
        session.add(summary)
        session.flush()
        session.add(edit)
        for task in TaskName:
            runs.tell(session, runs.ask(session, TEAM, "a test", task=task).id, phase=Phase.TRAINING)

    forget(database, BEN)
    with database.reading() as session:
        before = runs.is_restarting(session, TEAM)
    forget(database, ANA)

    assert not before, "of Ben's there is nothing in it"
    with database.reading() as session:
        assert runs.under_way(session, TEAM, TaskName.SUMMARIZATION).phase is Phase.WAITING  # type: ignore[union-attr]
        assert runs.under_way(session, TEAM, TaskName.CLASSIFICATION).phase is Phase.TRAINING  # type: ignore[union-attr]
        assert runs.is_restarting(session, TEAM)


def test_a_namesake_in_another_team_is_left_alone(database: Database) -> None:
    theirs = received(database, "Somebody else's", team_id=OTHER)
    say(database, theirs, ANA, label_set(database, "bug", team_id=OTHER)["bug"])

    forget(database, ANA)

    assert kept(database, ANA, OTHER) == KeptOfUser(1, 0, 1)


def test_argilla_hears_of_what_it_knows_and_is_waited_for(database: Database, bug: Label) -> None:
    known, on_its_way, unknown = (predicted(database, bug) for _ in range(3))
    wrote = [known.id, on_its_way.id, unknown.id]
    with database.writing() as session:
        session.add(Dataset(id="d1", team_id=TEAM, stage=Stage.CURRENT))
        session.flush()
        session.add(Record(message_id=known.id, dataset_id="d1", round=1))
    say(database, on_its_way, BEN, bug)

    forget(database, ANA)

    with database.reading() as session:
        assert erasure.undelivered(session, wrote) == 1
        parcels = outbox.due(session, TEAM, 9)
    assert {parcel.message_id for parcel in parcels} == {known.id, on_its_way.id}
    with database.writing() as session:
        for parcel in parcels:
            outbox.delivered(session, parcel)
    with database.reading() as session:
        assert erasure.undelivered(session, wrote) == 0


def test_what_is_older_than_its_channel_keeps_it_is_overdue(database: Database) -> None:
    now = time.time()
    old = received(database, ts=f"{now - 100:.6f}")
    received(database, ts=f"{now - 10:.6f}")
    received(database, ts=f"{now - 100:.6f}", channel_id="C2")

    with database.reading() as session:
        assert erasure.overdue(session, TEAM, SUPPORT, now - 50) == [old.id]
    with database.writing() as session:
        assert erasure.let_go(session, [old.id]) == 1
        assert erasure.let_go(session, [old.id]) == 0
    with database.reading() as session:
        assert erasure.overdue(session, TEAM, SUPPORT, now - 50) == []


def test_what_is_let_go_keeps_its_card_and_what_is_erased_loses_it(database: Database, bug: Label) -> None:
    first, second = predicted(database, bug), predicted(database, bug)
    with database.writing() as session:
        for one in (first, second):
            cards.shown(session, one.id, "2.0", "", wanted=1)

    with database.writing() as session:
        erasure.let_go(session, [first.id])
        erasure.erase(session, [second.id])

    with database.reading() as session:
        assert cards.count_due(session, TEAM) == 1


def test_how_long_a_channel_keeps_survives_being_turned_on_and_off(database: Database) -> None:
    with database.writing() as session:
        channels.keep_for(session, TEAM, SUPPORT, 90, ANA)
        channels.set_mode(session, TEAM, SUPPORT, Mode.REPLY, BEN)
    with database.reading() as session:
        kept = channels.get(session, TEAM, SUPPORT)
        assert kept is not None
        assert kept.keep_days == 90
        assert channels.mode_of(session, TEAM, SUPPORT) is Mode.REPLY
        assert [one.channel_id for one in erasure.limited(session, TEAM)] == [SUPPORT]
    with database.writing() as session:
        channels.keep_for(session, TEAM, SUPPORT, None, ANA)
    with database.reading() as session:
        assert channels.mode_of(session, TEAM, SUPPORT) is Mode.REPLY
        assert erasure.limited(session, TEAM) == []


def test_messages_may_be_erased_twice(database: Database, bug: Label) -> None:
    one = predicted(database, bug)
    with database.writing() as session:
        assert messages.erase_all(session, [one.id]) == [one.id]
        assert messages.erase_all(session, [one.id]) == []
