"""`corrigible erase`: after an app was removed nothing of its team is left anywhere."""

from __future__ import annotations

import secrets
from pathlib import Path

from sqlalchemy import MetaData, select

from learning.artifacts import Artifacts
from local.argilla.embedded import SignIn
from local.slack.seed import TEAM_ID
from storage import labels
from storage.database import Database, open_database
from storage.labels import LabelSpec
from storage.tables import Version
from tests.bot.command_line import corrigible_process as corrigible
from tests.journeys.test_main_job import teach
from tests.local.running import until, workspace
from tests.reviewer import Reviewer
from tests.running import SUPPORT, bot, person, settings

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
    argilla: SignIn, database_url: str, tmp_path: Path
) -> None:
    name = f"test-{secrets.token_hex(6)}"
    chosen = settings(tmp_path, database_url, argilla_dataset=name, ask_per_day=0)
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

    with workspace() as slack, Reviewer(argilla, name) as reviewer:
        with bot(slack, chosen, argilla=argilla) as running, person(slack) as ana:
            ana.command(SUPPORT, "/corrigible", "on reply")
            ana.command(SUPPORT, "/corrigible", "digest on")
            teach(ana, ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, CRASH)), "praise")
            until(lambda: len(reviewer.records()) == 1)
            with running.database.writing() as session:
                labels.synchronize(session, OTHER, [LabelSpec("bug")])
                session.add(_version(TEAM_ID, digest))
            served = corrigible(tmp_path, "erase", TEAM_ID, "--yes", **environment, **access)
        unknown = corrigible(tmp_path, "erase", "T0NOBODY", "--yes", **environment, **access)
        nowhere = until(
            lambda: _not_served(corrigible(tmp_path, "erase", TEAM_ID, "--yes", **environment)), 60
        )
        unsure = corrigible(tmp_path, "erase", TEAM_ID, **environment, **access)
        kept = reviewer.find(CRASH)
        erased = corrigible(tmp_path, "erase", TEAM_ID, "--yes", **environment, **access)
        datasets = [one["name"] for one in reviewer.ask("GET", "me/datasets")["items"]]

    opened = open_database(database_url)
    left = rows(opened)
    opened.close()
    assert f"A bot serves {TEAM_ID} now" in served.stderr
    assert "There is no team 'T0NOBODY' here" in unknown.stderr
    assert "Set ARGILLA_API_URL" in nowhere
    assert unsure.returncode == 1
    assert kept, "who is asked and says nothing keeps all"
    assert f"Erased all of {TEAM_ID}" in erased.stdout
    assert name not in datasets
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


def _not_served(told: object) -> str:
    said = str(getattr(told, "stderr", ""))
    return "" if "A bot serves" in said else said
