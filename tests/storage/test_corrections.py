from __future__ import annotations

import pytest
from sqlmodel import select

from storage import cards, contents, corrections, labels, resolution
from storage.corrections import settled
from storage.database import Database
from storage.labels import LabelSpec
from storage.resolution import State
from storage.tables import Correction, Label, Message, Word
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
