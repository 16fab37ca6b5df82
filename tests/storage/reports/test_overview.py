from __future__ import annotations

from storage.database.engine import Database
from storage.deliveries import cards
from storage.messages import channels, label_questions
from storage.messages.label_questions import Suspicion
from storage.models import versions
from storage.reports import overview
from storage.tables.messages import Mode
from tests.factories import ANA, BEN, CAT, OTHER, SUPPORT, TEAM, label_set, predicted, received, say


def test_a_team_that_has_just_begun(database: Database) -> None:
    label_set(database, "bug", "billing")

    assert _rows(database) == {
        "channels": "none",
        "version in service": "none yet",
        "labels": "2",
        "messages predicted": "0",
        "corrections and confirmations": "0",
        "messages waiting": "0",
        "cards waiting": "0",
    }


def test_a_team_at_work(database: Database) -> None:
    bug = label_set(database, "bug", "billing", "praise")["bug"]
    one, refused = predicted(database, bug), predicted(database, bug)
    say(database, one, ANA, bug)
    received(database)
    with database.writing() as session:
        channels.set_mode(session, TEAM, SUPPORT, Mode.REPLY, ANA)
        channels.set_mode(session, TEAM, "C2", Mode.ASK, ANA)
        cards.give_up(session, refused.id, "is_archived", wanted=1)
        version = versions.champion(session, TEAM, "mini", "mini-name")
        versions.revise(session, version, "a", 0)
        versions.revise(session, version, "b", 1)

    assert _rows(database) == {
        "channels": "C1 (reply), C2 (ask)",
        "version in service": "v1.1, labelled messages learned from: 1",
        "labels": "3",
        "messages predicted": "2",
        "corrections and confirmations": "1",
        "messages waiting": "1",
        "cards waiting": "1",
    }


def test_what_users_said_of_suspicious_labels_is_counted(database: Database) -> None:
    known = label_set(database, "bug", "billing")
    for user, said in ((ANA, "bug"), (BEN, "billing"), (CAT, None)):
        one = predicted(database, known["billing"])
        say(database, one, user, known["bug"])
        with database.writing() as session:
            found = Suspicion(one.id, known["bug"].id, known["billing"].id)
            channels.set_mode(session, TEAM, SUPPORT, Mode.REPLY, ANA)
            label_questions.replace(session, TEAM, [found])
            question = label_questions.to_ask(session, TEAM, 1)
            assert question
            label_questions.begin(session, question)
        with database.writing() as session:
            if said:
                label_questions.reply(session, one.id, user, known[said].id)

    assert _rows(database)["suspicious labels that users were asked about"] == "3 (1 kept, 1 changed)"


def test_every_team_is_listed_once(database: Database) -> None:
    label_set(database, "bug", "billing", team_id=OTHER)
    label_set(database, "bug", "billing")

    with database.reading() as session:
        assert overview.teams(session) == [TEAM, OTHER]


def test_a_database_without_teams(database: Database) -> None:
    with database.reading() as session:
        assert overview.teams(session) == []


def _rows(database: Database) -> dict[str, str]:
    with database.reading() as session:
        return dict(overview.of_team(session, TEAM).rows())
