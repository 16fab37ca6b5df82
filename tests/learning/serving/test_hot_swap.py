from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from learning.heads.head import Head
from learning.serving.hot_swap import Following
from learning.serving.registry import HEAD
from storage.database.engine import Database
from storage.feedback import labels
from storage.models import predictions, versions
from storage.tables.feedback import Label
from storage.tables.models import Decision, Grounds
from tests.factories import ANA, TEAM, received, say
from tests.learning.tiny_team import TinyTeam

WORDS = ("where is my invoice", "the export crashes", "thank you")


@pytest.fixture
def team(database: Database, tmp_path: Path, tiny_base: str) -> TinyTeam:
    return TinyTeam(database, tmp_path, tiny_base)


def test_two_bots_on_one_database_follow_the_alias(team: TinyTeam) -> None:
    bots = [team.following(), Following(team.database, TEAM, team.another())]
    team.promote(team.version(seed=1))

    swaps = [bot.follow() for bot in bots]

    assert all(swap and (swap.version, swap.previous) == (2, 1) for swap in swaps)
    assert [bot.champion.served.version for bot in bots] == [2, 2]
    assert bots[0].follow() is None


def test_work_under_way_ends_on_the_version_it_began_with(team: TinyTeam) -> None:
    following = team.following()
    begun = following.champion.served
    before = begun.rank(list(WORDS))
    team.promote(team.version(seed=1))
    following.follow()

    after = begun.rank(list(WORDS))

    assert [one.ranked for one in after] == [one.ranked for one in before]


def test_what_people_said_before_and_a_label_added_since_are_answered_after_the_swap(team: TinyTeam) -> None:
    following = team.following()
    one = received(team.database, "thank you")
    say(team.database, one, ANA, team.known["invoice"])
    number = team.version(seed=1)
    with team.database.writing() as session:
        praise = labels.propose(session, TEAM, "praise", ANA)
    team.promote(number)

    following.follow()

    served = following.champion.served
    assert praise.id in served.head.labels
    assert served.rank(["thank you"])[0].label_id == team.known["invoice"].id
    with team.database.reading() as session:
        assert predictions.vectors(session, served.encoder.fingerprint, [one.id])


def test_the_version_before_is_back_without_its_files_being_read_again(team: TinyTeam) -> None:
    following = team.following()
    for seed in (1, 2):
        team.promote(team.version(seed))
        following.follow()
    for file in (team.folder / "models").glob("*/*"):
        file.unlink()
    with team.database.writing() as session:
        versions.rule(session, versions.roll_back(session, TEAM, ANA, "a person wished it"))

    following.follow()

    assert following.champion.served.version == 2


def test_a_version_whose_files_are_spoiled_is_refused_and_the_champion_stays(team: TinyTeam) -> None:
    following = team.following()
    number = team.version(seed=1)
    for weights in (team.folder / "models").glob("*/model.safetensors"):
        weights.write_bytes(b"nothing")
    team.promote(number)

    assert following.follow() is None

    assert following.champion.served.version == 1
    assert team.in_service() == 1
    latest = team.rulings()[0]
    assert (latest.decision, latest.grounds) == (Decision.ROLL_BACK, Grounds.SWAP)
    assert "v2 can't serve" in latest.reason


def test_a_version_that_answers_otherwise_than_when_it_was_trained_is_refused(team: TinyTeam) -> None:
    following = team.following()
    export: Label = team.known["export"]
    told = {received(team.database, text).id: (export.id, 0.001) for text in WORDS}
    team.promote(team.version(seed=1, answers=told))

    following.follow()

    assert following.champion.served.version == 1
    assert "answers 3 of 3 messages otherwise" in team.rulings()[0].reason


def test_a_bot_that_starts_with_a_spoiled_version_serves_the_one_before(team: TinyTeam) -> None:
    team.promote(team.version(seed=1))
    for weights in (team.folder / "models").glob("*/model.safetensors"):
        weights.unlink()

    started = Following(team.database, TEAM, team.another())

    assert started.champion.served.version == 1
    assert team.in_service() == 1


def truncated(head: Path) -> None:
    head.write_bytes(head.read_bytes()[:-8])


def of_another_encoder(head: Path) -> None:
    found = Head.load(head)
    Head(found.labels, found.weights[:, :-1], found.sharpness).save(head)


def of_other_labels(head: Path) -> None:
    found = Head.load(head)
    Head((*found.labels, "more"), found.weights, found.sharpness).save(head)


@pytest.mark.parametrize("harm", [truncated, of_another_encoder, of_other_labels])
def test_a_bot_starts_without_a_version_that_was_registered_with_an_unusable_head(
    harm: Callable[[Path], None], team: TinyTeam
) -> None:
    number = team.version(seed=1)
    harm(team.folder / "trained-1" / HEAD)
    digest = team.registry.artifacts.put(team.folder / "trained-1")
    with team.database.writing() as session:
        versions.get(session, TEAM, number).artifact = digest
    team.promote(number)

    started = Following(team.database, TEAM, team.another())

    assert started.champion.served.version == 1
    assert "v2 can't serve: its head" in team.rulings()[0].reason


def test_a_refit_that_ends_after_a_swap_does_not_undo_it(team: TinyTeam) -> None:
    following = team.following()
    old = following.champion.served
    fresh = following.refitter.serve(old)
    team.promote(team.version(seed=1))
    following.follow()

    assert not following.champion.refit(old, fresh)
    assert following.champion.served.version == 2
    assert following.refit()
