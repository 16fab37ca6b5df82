"""`corrigible erase`: after an app was removed nothing of its team is left anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import MetaData, select

from learning.model_files.artifacts import Artifacts
from local.argilla.embedded import SignIn
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.database.engine import Database
from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.privacy import team_erasure
from storage.privacy.team_erasure import ErasureUnderWayError, TeamServedError
from storage.tables.database import Erasure
from storage.tables.models import Version
from tests.journeys.reviewing import annotated
from tests.journeys.steps import card_on, teach, turn_on
from tests.local.running import Slack, until
from tests.reviewer import Reviewer
from tests.running import SUPPORT, bot, corrigible

CRASH = "The app crashes with an error"
OTHER = "T0OTHER"


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    known = MetaData()
    known.reflect(database.engine)
    with database.engine.connect() as connection:
        counted = {table.name: len(connection.execute(select(table)).all()) for table in known.sorted_tables}
    return {name: number for name, number in counted.items() if number and name != "alembic_version"}


def test_everything_of_a_team_goes_and_nothing_of_another(
    slack: Slack, ana: Person, argilla: SignIn, database: Database, database_url: str, tmp_path: Path
) -> None:
    chosen = annotated(tmp_path, database_url, argilla_overlap=1.0)
    name = str(chosen.argilla_dataset)
    environment = {
        "DATABASE_URL": database_url,
        "MODELS_URL": chosen.models_url,
        "WORKPLACE": str(chosen.workplace),
        "ARGILLA_DATASET": name,
    }
    access = {"ARGILLA_API_URL": argilla.url, "ARGILLA_API_KEY": argilla.api_key}
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_text("of their words")
    digest = Artifacts(chosen.models_url, tmp_path / "cache").put(model)

    with Reviewer(argilla, f"{name}-twice") as reviewer:
        with bot(slack, chosen, argilla=argilla) as running:
            turn_on(ana, SUPPORT)
            ana.command(SUPPORT, "/corrigible", "digest on")
            teach(ana, card_on(ana, SUPPORT, CRASH), "praise")
            until(lambda: len(reviewer.records()) == 1)
            with running.database.writing() as session:
                labels.synchronize(session, OTHER, [LabelSpec("bug")])
                session.add(_version(TEAM_ID, digest))
            served = corrigible(tmp_path, "erase", TEAM_ID, "--yes", **environment, **access)
        unknown = corrigible(tmp_path, "erase", "T0NOBODY", "--yes", **environment, **access)
        until(lambda: _is_free(database))
        nowhere = corrigible(tmp_path, "erase", TEAM_ID, "--yes", **environment)
        unsure = corrigible(tmp_path, "erase", TEAM_ID, **environment, **access)
        kept = reviewer.find(CRASH)
        with database.writing() as session:
            session.add(Erasure(team_id=TEAM_ID))
        with pytest.raises(ErasureUnderWayError, match="erase T"), bot(slack, chosen):
            pass  # it would serve what another process is about to remove
        erased = corrigible(tmp_path, "erase", TEAM_ID, "--yes", **environment, **access)
        datasets = [one["name"] for one in reviewer.ask("GET", "me/datasets")["items"]]

    left = rows(database)
    assert f"A bot serves {TEAM_ID} now" in served.stderr
    assert "There is no team 'T0NOBODY' here" in unknown.stderr
    assert "Set ARGILLA_API_URL" in nowhere.stderr
    assert unsure.returncode == 1
    assert kept, "who is asked and says nothing keeps all"
    assert f"Erased all of {TEAM_ID}" in erased.stdout
    assert not [one for one in datasets if one.startswith(name)]
    assert left == {"label": 1}, "that of the other team"
    assert not (Path(chosen.models_url) / digest).exists()


def _version(team_id: str, digest: str) -> Version:
    return Version(
        team_id=team_id,
        number=9,
        encoder="tuned",
        encoder_name="tuned",
        base="mini",
        artifact=digest,
        card={},
    )


def _is_free(database: Database) -> bool:
    """Did all that the bot held of the team lapse?"""
    try:
        with database.reading() as session:
            team_erasure.extent(session, TEAM_ID)
    except TeamServedError:
        return False
    return True
