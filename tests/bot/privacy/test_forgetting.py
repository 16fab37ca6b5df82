from __future__ import annotations

import pytest

from bot.privacy import forgetting, forgetting_view
from bot.privacy.forgetting import Forgetting
from storage.database.engine import Database
from storage.database.purging import Purging
from storage.messages import messages, unattributed
from tests.factories import ANA, BEN, TEAM, label_set, predicted, received, waiting_post, waiting_reaction


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "PATIENCE_S", 0.0)


def question(team: Forgetting) -> str:
    return str(forgetting_view.question(team.kept(ANA), team.is_removing())["text"])


def test_it_is_not_said_to_be_gone_while_files_may_hold_it(database: Database) -> None:
    received(database, "My secret")
    team = Forgetting(database, TEAM, wake=lambda: None)

    proof = forgetting_view.proof(team.forget(ANA))["text"]
    meanwhile = question(team)
    Purging(database).purge()

    assert "What I keep of you now" not in proof
    assert "Files may still hold some of what was erased" in proof
    assert "Files may still hold some of what was erased" in meanwhile
    assert "so there is nothing to erase" in question(team)


def test_once_it_has_left_the_files_the_count_says_so(database: Database) -> None:
    received(database, "My secret")

    def purge() -> None:
        Purging(database).purge()

    team = Forgetting(database, TEAM, wake=purge)

    proof = forgetting_view.proof(team.forget(ANA))["text"]

    assert "What I keep of you now: 0 messages, 0 words." in proof


def test_what_others_erase_meanwhile_does_not_keep_it_from_being_said_to_be_gone(database: Database) -> None:
    received(database, "My secret")
    another = received(database, "Not mine", user_id=BEN)

    def purge() -> None:
        Purging(database).purge()
        with database.writing() as session:
            messages.erase_all(session, [another.id])

    proof = forgetting_view.proof(Forgetting(database, TEAM, wake=purge).forget(ANA))["text"]

    assert "What I keep of you now: 0 messages, 0 words." in proof


def test_what_waits_for_slack_to_say_who_did_it_is_counted_and_erased(database: Database) -> None:
    bug = label_set(database, "bug")["bug"]
    waiting_post(database, "My secret")
    waiting_reaction(database, predicted(database, bug, user_id=BEN), bug)

    forgotten = Forgetting(database, TEAM, wake=lambda: None).forget(ANA)

    assert (forgotten.before.messages, forgotten.before.words) == (1, 1)
    assert forgotten.after.is_nothing
    assert forgotten.is_in_files
    with database.reading() as session:
        assert unattributed.of_actor(session, TEAM, ANA) == []
