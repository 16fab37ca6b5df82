from __future__ import annotations

import pytest
from sqlmodel import select

from storage.database.engine import Database
from storage.models import versions
from storage.models.versions import NothingToRollBackToError, VersionNotFoundError
from storage.tables.models import Decision, Grounds, Revision, Ruling, TaskName, Version
from tests.factories import OTHER, TEAM, together

SUMMARIZATION = TaskName.SUMMARIZATION


def test_the_first_version_is_promoted(database: Database) -> None:
    assert _in_service(database) is None

    assert _champion(database, "mini").number == 1
    assert _in_service(database) == 1


def test_the_same_encoder_is_the_same_version(database: Database) -> None:
    _champion(database, "mini")

    assert _champion(database, "mini").number == 1


def test_another_encoder_is_a_new_version_and_the_old_one_is_found_again(database: Database) -> None:
    numbers = [_champion(database, encoder).number for encoder in ("mini", "large", "mini", "large", "other")]

    assert numbers == [1, 2, 1, 2, 3]
    assert _in_service(database) == 3


def test_replicas_that_start_together_serve_the_same_first_version(database: Database) -> None:
    found = together(*[lambda: _champion(database, "mini")] * 4)

    assert [version.number for version in found] == [1, 1, 1, 1]
    with database.reading() as session:
        assert len(session.exec(select(Version)).all()) == 1


def test_replicas_with_two_encoders_that_start_together_get_a_version_each(database: Database) -> None:
    found = together(lambda: _champion(database, "mini"), lambda: _champion(database, "large"))

    assert sorted(version.number for version in found) == [1, 2]
    assert _in_service(database) in (1, 2)


def test_teams_count_their_versions_for_themselves(database: Database) -> None:
    _champion(database, "mini")
    _champion(database, "large")

    assert _champion(database, "large", team_id=OTHER).number == 1
    assert (_in_service(database), _in_service(database, OTHER)) == (2, 1)


def test_a_head_fitted_on_the_same_data_is_the_same_revision(database: Database) -> None:
    version = _champion(database, "mini")

    numbers = [_revise(database, version, data).number for data in ("a", "a", "b", "b", "a")]

    assert numbers == [0, 0, 1, 1, 2]


def test_a_revision_says_on_how_many_messages_it_was_fitted(database: Database) -> None:
    revision = _revise(database, _champion(database, "mini"), "a", labelled=12)

    assert revision.labelled == 12


def test_each_version_counts_its_revisions_for_itself(database: Database) -> None:
    mini, large = _champion(database, "mini"), _champion(database, "large")
    _revise(database, mini, "a")
    _revise(database, mini, "b")

    assert _revise(database, large, "a").number == 0


def test_replicas_that_refit_at_once_on_other_data_never_share_a_revision(database: Database) -> None:
    version = _champion(database, "mini")

    found = together(*[lambda data=data: _revise(database, version, data) for data in "abca"])

    names = {(revision.number, revision.fingerprint) for revision in found}
    assert len({number for number, _ in names}) == len(names)
    with database.reading() as session:
        stored = session.exec(select(Revision)).all()
    assert names == {(revision.number, revision.fingerprint) for revision in stored}


def _champion(database: Database, encoder: str, team_id: str = TEAM) -> Version:
    with database.writing() as session:
        return versions.champion(session, team_id, encoder, f"{encoder}-name")


def _in_service(database: Database, team_id: str = TEAM) -> int | None:
    with database.reading() as session:
        return versions.in_service(session, team_id)


def _revise(database: Database, version: Version, fingerprint: str, labelled: int = 0) -> Revision:
    with database.writing() as session:
        return versions.revise(session, version, fingerprint, labelled)


def _trained(database: Database, run_id: str) -> Version:
    parent = _champion(database, "mini")
    with database.writing() as session:
        return versions.register(session, TEAM, run_id, parent, f"tuned by {run_id}", "digest", {})


def _promote(database: Database, number: int) -> None:
    with database.writing() as session:
        versions.rule(session, versions.promotion(session, TEAM, number, "U1", "a person wished it"))


def _roll_back(database: Database) -> int:
    with database.writing() as session:
        ruling = versions.roll_back(session, TEAM, "U1", "a person wished it")
        versions.rule(session, ruling)
    return ruling.challenger


def test_a_run_registers_one_version_however_often_it_says_so(database: Database) -> None:
    first = _trained(database, "run 1")

    assert first.number == 2
    assert _trained(database, "run 1").number == 2
    assert _trained(database, "run 2").number == 3
    assert _in_service(database) == 1


def test_a_fine_tuned_version_in_service_stays_it_while_settings_name_the_encoder_it_came_from(
    database: Database,
) -> None:
    _promote(database, _trained(database, "run 1").number)

    assert _champion(database, "mini").number == 2
    assert _champion(database, "large").number == 3


def test_rolling_back_goes_the_way_back_that_promotions_went(database: Database) -> None:
    for run_id in ("run 1", "run 2"):
        _promote(database, _trained(database, run_id).number)

    assert [_roll_back(database), _roll_back(database)] == [2, 1]
    with pytest.raises(NothingToRollBackToError):
        _roll_back(database)


def test_a_version_that_does_not_exist_can_not_be_promoted(database: Database) -> None:
    _champion(database, "mini")

    with pytest.raises(VersionNotFoundError, match="There is no version 9"):
        _promote(database, 9)
    assert _in_service(database) == 1


def test_each_task_has_its_champion_and_all_are_numbered_together(database: Database) -> None:
    labels = _champion(database, "mini")
    with database.writing() as session:
        writer = versions.champion(session, TEAM, "mini", "a writer", SUMMARIZATION)
        tuned = versions.register(session, TEAM, "run 1", writer, "mini", "digest", {})
        versions.rule(session, versions.promotion(session, TEAM, tuned.number, "U1", "a test"))

    with database.reading() as session:
        serving = versions.in_service(session, TEAM, SUMMARIZATION)
        assert versions.all_in_service(session, TEAM) == {labels.number, serving}
        assert versions.before(session, TEAM, SUMMARIZATION) == writer.number
        with pytest.raises(NothingToRollBackToError):
            versions.before(session, TEAM)
    assert (labels.number, writer.number, serving) == (1, 2, 3)
    assert tuned.task is SUMMARIZATION
    assert _in_service(database) == 1


def test_a_version_of_one_task_never_serves_another(database: Database) -> None:
    _champion(database, "mini")
    with database.writing() as session:
        writer = versions.champion(session, TEAM, "mini", "a writer", SUMMARIZATION)

    ruling = Ruling(
        team_id=TEAM,
        challenger=writer.number,
        champion=1,
        grounds=Grounds.PERSON,
        decision=Decision.PROMOTE,
        reason="a test",
    )
    with pytest.raises(VersionNotFoundError), database.writing() as session:
        versions.rule(session, ruling)
    assert _in_service(database) == 1


def _give_back(database: Database, number: int, stays: int) -> None:
    with database.writing() as session:
        versions.give_back(session, TEAM, number, stays, "it can't be loaded")


def test_a_version_that_can_not_serve_gives_the_alias_back_to_what_serves(database: Database) -> None:
    tuned = _trained(database, "run 1").number
    _promote(database, tuned)

    _give_back(database, tuned, stays=1)

    assert _in_service(database) == 1
    with database.reading() as session:
        latest = versions.rulings(session, TEAM, 1)[0]
        with pytest.raises(NothingToRollBackToError):
            versions.before(session, TEAM)
    assert (latest.decision, latest.grounds) == (Decision.ROLL_BACK, Grounds.SWAP)
    assert (latest.challenger, latest.champion, latest.reason) == (1, tuned, "it can't be loaded")


def test_where_another_ruling_was_quicker_nothing_is_given_back(database: Database) -> None:
    tuned, quicker = (_trained(database, run_id).number for run_id in ("run 1", "run 2"))
    _promote(database, tuned)
    _promote(database, quicker)

    _give_back(database, tuned, stays=1)

    assert _in_service(database) == quicker
    with database.reading() as session:
        assert len(versions.rulings(session, TEAM, 10)) == 2
