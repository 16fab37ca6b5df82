from __future__ import annotations

import time

import pytest
from sqlmodel import select

from storage.database.engine import Database
from storage.deliveries import cards
from storage.feedback import bursts, corrections, labels, resolution
from storage.feedback.corrections import NothingToUndoError, settled
from storage.feedback.labels import LabelSpec
from storage.feedback.resolution import State
from storage.messages import contents
from storage.tables.columns import new_id
from storage.tables.feedback import Burst, Correction, Fate, Label, Word
from storage.tables.messages import Message
from tests.factories import ANA, BEN, CAT, OTHER, TEAM, label_set, predicted, received, say, together


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "bug", "billing", "praise")


@pytest.mark.parametrize(
    ("said", "agreed"),
    [
        ([], None),
        ([(ANA, "bug")], "bug"),
        ([(ANA, "bug"), (ANA, "billing")], "billing"),
        ([(ANA, "bug"), (BEN, "billing")], "billing"),
        ([(ANA, "bug"), (BEN, "billing"), (CAT, "bug")], "bug"),
        ([(ANA, "bug"), (BEN, "bug"), (CAT, "billing")], "bug"),
        ([(ANA, "bug"), (BEN, "bug"), (CAT, "billing"), (ANA, "billing")], "billing"),
        ([(ANA, "bug"), (BEN, "billing"), (ANA, "bug")], "bug"),
        ([(ANA, "bug"), (BEN, "billing"), (CAT, "praise")], "praise"),
    ],
)
def test_most_peoples_last_words_settle_a_message_and_the_latest_decides_between_equals(
    database: Database, known: dict[str, Label], said: list[tuple[str, str]], agreed: str | None
) -> None:
    message = predicted(database, known["praise"])
    for user, name in said:
        say(database, message, user, known[name])

    with database.reading() as session:
        label_id = settled(contents.of_message(session, message.id).words)
        labelled = resolution.labelled(session, TEAM)

    assert label_id == (known[agreed].id if agreed else None)
    assert labelled == ({message.id: known[agreed].id} if agreed else {})


def test_every_word_is_kept_and_the_last_of_each_person_is_read_oldest_first(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["bug"])
    say(database, message, ANA, known["bug"], Word.CONFIRMED)
    say(database, message, BEN, known["billing"])
    say(database, message, ANA, known["praise"], Word.PROPOSED)

    with database.reading() as session:
        assert len(session.exec(select(Correction)).all()) == 3
        last = contents.of_message(session, message.id).words
    assert [(word.user_id, word.word) for word in last] == [(BEN, Word.CHANGED), (ANA, Word.PROPOSED)]


def test_each_word_makes_the_card_due_once_more(database: Database, known: dict[str, Label]) -> None:
    message = predicted(database, known["bug"])
    with database.writing() as session:
        cards.shown(session, message.id, "2.0", "", wanted=1)

    say(database, message, ANA, known["bug"])
    say(database, message, BEN, known["bug"])

    with database.reading() as session:
        assert contents.of_message(session, message.id).wanted == 3
        assert cards.count_due(session, TEAM) == 1


def test_people_who_correct_the_same_message_at_once_are_all_heard(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["praise"])

    together(
        lambda: say(database, message, ANA, known["bug"]),
        lambda: say(database, message, BEN, known["bug"]),
        lambda: say(database, message, CAT, known["billing"]),
    )

    with database.reading() as session:
        content = contents.of_message(session, message.id)
    assert content.wanted == 4
    assert {word.user_id for word in content.words} == {ANA, BEN, CAT}
    assert settled(content.words) == known["bug"].id


def test_one_person_who_clicks_twice_at_once_has_one_last_word(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["praise"])

    together(
        lambda: say(database, message, ANA, known["bug"]), lambda: say(database, message, ANA, known["bug"])
    )

    with database.reading() as session:
        assert len(contents.of_message(session, message.id).words) == 1


def test_a_message_settled_on_a_label_that_was_retired_since_is_left_out(
    database: Database, known: dict[str, Label]
) -> None:
    message, other = predicted(database, known["praise"]), predicted(database, known["praise"])
    say(database, message, ANA, known["bug"])
    say(database, other, ANA, known["billing"])

    _retire(database, "bug")

    with database.reading() as session:
        assert resolution.labelled(session, TEAM) == {other.id: known["billing"].id}


def test_a_word_that_was_taken_back_stays_taken_back_when_its_successor_is_retired(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["praise"])
    say(database, message, ANA, known["billing"])
    say(database, message, ANA, known["bug"])

    _retire(database, "bug")

    with database.reading() as session:
        assert resolution.labelled(session, TEAM) == {}


def test_the_words_on_labels_in_use_settle_a_message_where_others_were_retired(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["praise"])
    for user, name in [(ANA, "bug"), (BEN, "bug"), (CAT, "billing")]:
        say(database, message, user, known[name])

    _retire(database, "bug")

    with database.reading() as session:
        assert resolution.labelled(session, TEAM) == {message.id: known["billing"].id}


def test_the_state_changes_with_every_word(database: Database, known: dict[str, Label]) -> None:
    message = predicted(database, known["praise"])
    states = [_state(database)]
    for _ in range(3):
        say(database, message, ANA, known["bug"])
        states.append(_state(database))

    assert states[0] == State(0, 0.0, 0, 0.0, 0, 0.0)
    assert len(set(states)) == 4


def test_a_word_on_a_message_that_is_not_stored_is_refused(
    database: Database, known: dict[str, Label]
) -> None:
    unknown = Message(**{**received(database).model_dump(), "id": "unknown"})

    with pytest.raises(Exception, match="No row was found"):
        say(database, unknown, ANA, known["bug"])

    assert _state(database) == State(0, 0.0, 0, 0.0, 0, 0.0)


def test_another_teams_words_are_never_seen(database: Database, known: dict[str, Label]) -> None:
    theirs = label_set(database, "bug", team_id=OTHER)["bug"]
    say(database, predicted(database, theirs), ANA, theirs)

    with database.reading() as session:
        assert resolution.labelled(session, TEAM) == {}
        assert resolution.state(session, TEAM) == State(0, 0.0, 0, 0.0, 0, 0.0)


def _retire(database: Database, name: str) -> None:
    with database.writing() as session:
        kept = [LabelSpec(label.name) for label in labels.active(session, TEAM) if label.name != name]
        assert labels.synchronize(session, TEAM, kept).retired == 1


def _state(database: Database) -> State:
    with database.reading() as session:
        return resolution.state(session, TEAM)


def test_a_reaction_that_is_taken_back_leaves_what_its_author_said_before(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["bug"])

    say(database, message, ANA, known["billing"], Word.REACTED)
    say(database, message, ANA, known["praise"], Word.REACTED)
    say(database, message, ANA, known["praise"], Word.WITHDRAWN)
    assert _standing(database, message) == {ANA: known["billing"].id}
    say(database, message, ANA, known["billing"], Word.WITHDRAWN)
    assert _standing(database, message) == {}


def test_a_reaction_that_is_taken_back_leaves_what_was_clicked(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["bug"])

    say(database, message, ANA, known["billing"], Word.REACTED)
    say(database, message, ANA, known["billing"], Word.CHANGED)
    say(database, message, ANA, known["billing"], Word.WITHDRAWN)

    assert _standing(database, message) == {ANA: known["billing"].id}


def test_a_reaction_that_is_told_twice_even_at_once_is_one_word(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["bug"])

    def hear() -> bool:
        said = Correction(
            id="r1",
            message_id=message.id,
            team_id=TEAM,
            user_id=ANA,
            label_id=known["billing"].id,
            word=Word.REACTED,
        )
        with database.writing() as session:
            return corrections.add_once(session, said)

    heard = [*together(hear, hear), hear()]

    with database.reading() as session:
        content = contents.of_message(session, message.id)
    assert sorted(heard) == [False, False, True]
    assert [word.label_id for word in content.words] == [known["billing"].id]
    assert content.wanted == 2


def _standing(database: Database, message: Message) -> dict[str, str]:
    with database.reading() as session:
        return {word.user_id: word.label_id for word in contents.of_message(session, message.id).words}


def _click(database: Database, of: Message, user: str, label: Label, word: Word, once: str) -> bool:
    said = Correction(
        id=once, message_id=of.id, team_id=of.team_id, user_id=user, label_id=label.id, word=word
    )
    with database.writing() as session:
        return corrections.say(session, said)


def _undo(database: Database, of: Message, user: str, once: str = "") -> bool:
    with database.writing() as session:
        return corrections.undo(session, of.team_id, of.id, user, once or new_id())


def test_undo_takes_back_all_that_its_user_said_and_nothing_of_others(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["praise"])
    say(database, message, ANA, known["bug"])
    say(database, message, BEN, known["billing"])
    say(database, message, ANA, known["billing"])

    assert _undo(database, message, ANA)
    assert _standing(database, message) == {BEN: known["billing"].id}
    with database.reading() as session:
        assert labels.counts(session, TEAM) == {known["billing"].id: 1}
    assert _undo(database, message, BEN)

    assert _standing(database, message) == {}
    with database.reading() as session:
        assert resolution.labelled(session, TEAM) == {}
        assert len(session.exec(select(Correction)).all()) == 5
        assert labels.counts(session, TEAM) == {}


def test_to_undo_again_even_at_once_changes_nothing(database: Database, known: dict[str, Label]) -> None:
    message = predicted(database, known["praise"])
    say(database, message, ANA, known["bug"])

    undone = together(lambda: _undo(database, message, ANA), lambda: _undo(database, message, ANA))

    assert sorted([*undone, _undo(database, message, ANA)]) == [False, False, True]
    with database.reading() as session:
        assert contents.of_message(session, message.id).wanted == 3


def test_who_said_nothing_has_nothing_to_undo(database: Database, known: dict[str, Label]) -> None:
    message = predicted(database, known["praise"])
    say(database, message, ANA, known["bug"])

    with pytest.raises(NothingToUndoError):
        _undo(database, message, BEN)

    assert _standing(database, message) == {ANA: known["bug"].id}


def test_what_slack_tells_again_after_the_next_click_changes_nothing(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["bug"])

    assert _click(database, message, ANA, known["bug"], Word.CONFIRMED, "right")
    assert _undo(database, message, ANA, "undo")
    assert not _click(database, message, ANA, known["bug"], Word.CONFIRMED, "right")
    assert _standing(database, message) == {}
    assert _click(database, message, ANA, known["billing"], Word.CHANGED, "change")
    assert not _undo(database, message, ANA, "undo")

    assert _standing(database, message) == {ANA: known["billing"].id}


@pytest.mark.parametrize("word", [Word.CHANGED, Word.PROPOSED, Word.REACTED])
def test_who_confirms_their_own_correction_has_corrected_once(
    database: Database, known: dict[str, Label], word: Word
) -> None:
    message = predicted(database, known["bug"])
    say(database, message, ANA, known["billing"], word)

    assert not _click(database, message, ANA, known["billing"], Word.CONFIRMED, "right")
    say(database, message, ANA, known["billing"], Word.CONFIRMED)  # as earlier releases kept it

    with database.reading() as session:
        [mine] = contents.of_message(session, message.id).words
    assert mine.word is word


def test_of_two_equal_clicks_at_once_one_is_kept(database: Database, known: dict[str, Label]) -> None:
    message = predicted(database, known["bug"])

    said = together(
        lambda: _click(database, message, ANA, known["billing"], Word.CHANGED, "first"),
        lambda: _click(database, message, ANA, known["billing"], Word.CHANGED, "second"),
    )

    assert sorted(said) == [False, True]


def test_undo_reaches_a_reaction_that_slacks_clock_puts_into_the_future(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["bug"])
    ahead = Correction(
        message_id=message.id,
        team_id=TEAM,
        user_id=ANA,
        label_id=known["billing"].id,
        word=Word.REACTED,
        created_at=time.time() + 5,
    )
    with database.writing() as session:
        corrections.add_once(session, ahead)

    assert _undo(database, message, ANA)
    assert _standing(database, message) == {}


def test_what_is_held_back_can_be_undone_and_does_not_come_back_when_it_is_kept(
    database: Database, known: dict[str, Label]
) -> None:
    message = predicted(database, known["praise"])
    said = say(database, message, ANA, known["bug"])
    now = time.time()
    burst = Burst(
        id="b1",
        team_id=TEAM,
        user_id=ANA,
        corrections=1,
        began=said.created_at,
        ended=now,
        share_right=0.1,
    )
    with database.writing() as session:
        assert bursts.flag(session, burst) == 1

    assert _undo(database, message, ANA)
    with database.writing() as session:
        bursts.decide(session, TEAM, "b1", Fate.KEPT, BEN)

    assert _standing(database, message) == {}


def test_what_is_undone_is_no_evidence_about_its_user(database: Database, known: dict[str, Label]) -> None:
    message = predicted(database, known["praise"], user_id=BEN)
    said = say(database, message, ANA, known["bug"])
    with database.writing() as session:
        corrections.keep_twins(session, {said.id: known["billing"].id})

    _undo(database, message, ANA)

    with database.reading() as session:
        assert corrections.backgrounds(session, TEAM, 0.5) == {}
        assert corrections.twinless(session, TEAM, 10) == []
