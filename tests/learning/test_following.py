from __future__ import annotations

import time
from pathlib import Path

import pytest

from learning.artifacts import Artifacts
from learning.following import Following
from learning.head import Head
from learning.registry import HEAD, Registry, Source
from storage import labels, predictions, versions
from storage.database import Database
from storage.tables import Decision, Grounds, Label, Ruling
from tests.factories import ANA, TEAM, label_set, received, say
from tests.learning.tiny_models import tiny_model

WORDS = ("where is my invoice", "the export crashes", "thank you")


class Desk:
    """A team whose encoder is a tiny one, and versions that are other tiny ones."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.known = label_set(database, "invoice", "export")
        self.registry = self.another()

    def another(self) -> Registry:
        base = (
            tiny_model(self.folder / "base")
            if not (self.folder / "base").exists()
            else str(self.folder / "base")
        )
        artifacts = Artifacts(str(self.folder / "models"), self.folder / "cache")
        return Registry(self.database, TEAM, artifacts, Source(base, 32, 1))

    def following(self) -> Following:
        return Following(self.database, TEAM, self.registry)

    def version(self, seed: int, answers: dict[str, tuple[str, float]] | None = None) -> int:
        """Register a version as a run would."""
        from learning.encoder import load_encoder

        folder = self.folder / f"trained-{seed}"
        encoder = load_encoder(tiny_model(folder, seed=seed), 32, 1)
        ids = tuple(label.id for label in self.known.values())
        Head(ids, encoder.encode(list(ids)).vectors, 1.0).save(folder / HEAD)
        parent = self.registry.champion()
        with self.database.writing() as session:
            made = versions.register(
                session,
                TEAM,
                f"run {seed}",
                parent,
                encoder.fingerprint,
                self.registry.artifacts.put(folder),
                {"answers": answers or {}},
            )
        return made.number

    def promote(self, number: int) -> None:
        with self.database.writing() as session:
            versions.rule(session, versions.promotion(session, TEAM, number, ANA, "a person wished it"))

    def rulings(self) -> list[Ruling]:
        with self.database.reading() as session:
            return versions.rulings(session, TEAM, 10)

    def in_service(self) -> int | None:
        with self.database.reading() as session:
            return versions.in_service(session, TEAM)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


def test_two_bots_on_one_database_follow_the_alias(desk: Desk) -> None:
    bots = [desk.following(), Following(desk.database, TEAM, desk.another())]
    desk.promote(desk.version(seed=1))

    swaps = [bot.follow() for bot in bots]

    assert all(swap and (swap.version, swap.previous) == (2, 1) for swap in swaps)
    assert [bot.champion.served.version for bot in bots] == [2, 2]
    assert bots[0].follow() is None


def test_work_under_way_ends_on_the_version_it_began_with(desk: Desk) -> None:
    following = desk.following()
    begun = following.champion.served
    before = begun.rank(list(WORDS))
    desk.promote(desk.version(seed=1))
    following.follow()

    after = begun.rank(list(WORDS))

    assert [one.ranked for one in after] == [one.ranked for one in before]


def test_what_people_said_before_and_a_label_added_since_are_answered_after_the_swap(desk: Desk) -> None:
    following = desk.following()
    one = received(desk.database, "thank you")
    say(desk.database, one, ANA, desk.known["invoice"])
    number = desk.version(seed=1)
    with desk.database.writing() as session:
        praise = labels.propose(session, TEAM, "praise", ANA)
    desk.promote(number)

    following.follow()

    served = following.champion.served
    assert praise.id in served.head.labels
    assert served.rank(["thank you"])[0].label_id == desk.known["invoice"].id
    with desk.database.reading() as session:
        assert predictions.vectors(session, served.encoder.fingerprint, [one.id])


def test_the_version_before_is_back_at_once(desk: Desk) -> None:
    following = desk.following()
    desk.promote(desk.version(seed=1))
    following.follow()
    with desk.database.writing() as session:
        versions.rule(session, versions.roll_back(session, TEAM, ANA, "a person wished it"))

    began = time.perf_counter()
    following.follow()

    assert following.champion.served.version == 1
    assert time.perf_counter() - began < 0.5


def test_a_version_whose_files_are_spoiled_is_refused_and_the_champion_stays(desk: Desk) -> None:
    following = desk.following()
    number = desk.version(seed=1)
    for weights in (desk.folder / "models").glob("*/model.safetensors"):
        weights.write_bytes(b"nothing")
    desk.promote(number)

    assert following.follow() is None

    assert following.champion.served.version == 1
    assert desk.in_service() == 1
    latest = desk.rulings()[0]
    assert (latest.decision, latest.grounds) == (Decision.ROLL_BACK, Grounds.SWAP)
    assert "v2 can't serve" in latest.reason


def test_a_version_that_answers_otherwise_than_when_it_was_trained_is_refused(desk: Desk) -> None:
    following = desk.following()
    export: Label = desk.known["export"]
    told = {received(desk.database, text).id: (export.id, 0.001) for text in WORDS}
    desk.promote(desk.version(seed=1, answers=told))

    following.follow()

    assert following.champion.served.version == 1
    assert "answers 3 of 3 messages otherwise" in desk.rulings()[0].reason


def test_a_bot_that_starts_with_a_spoiled_version_serves_the_one_before(desk: Desk) -> None:
    desk.promote(desk.version(seed=1))
    for weights in (desk.folder / "models").glob("*/model.safetensors"):
        weights.unlink()

    started = Following(desk.database, TEAM, desk.another())

    assert started.champion.served.version == 1
    assert desk.in_service() == 1


def test_a_refit_that_ends_after_a_swap_does_not_undo_it(desk: Desk) -> None:
    following = desk.following()
    old = following.champion.served
    fresh = following.refitter.serve(old)
    desk.promote(desk.version(seed=1))
    following.follow()

    assert not following.champion.refit(old, fresh)
    assert following.champion.served.version == 2
    assert following.refit()
