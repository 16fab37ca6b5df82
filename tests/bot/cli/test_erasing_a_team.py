"""`corrigible erase TEAM`: whatever interrupts it, the same again does the rest."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem
from sqlmodel import select

from learning.model_files.artifacts import Artifacts
from local.argilla.embedded import SignIn
from storage.database.engine import Database
from storage.database.purging import Purging
from storage.privacy import team_erasure
from storage.tables.models import Run, Version
from tests.bot.command_line import Ended, corrigible
from tests.bot.dying_erasure import lives, settings
from tests.databases import on_both
from tests.factories import OTHER, TEAM, label_set, received
from tests.full_team import fill
from tests.reviewer import Reviewer
from tests.running import HANG_S
from tests.traces import files_with

SECRET = f"text of {TEAM}"


class Team:
    """One with a row in every table, a run's folder, two models, and what its Argilla has."""

    def __init__(self, database: Database, url: str, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.settings = settings(url, folder)
        fill(database, TEAM)
        label_set(database, "bug", team_id=OTHER)
        self.artifacts = Artifacts(self.settings.models_url, self.settings.workplace / "cache")
        with database.writing() as session:
            run = session.exec(select(Run)).one()
            self.digest = self.artifacts.put(self._model(run.id))
            session.exec(select(Version)).one().artifact = self.digest
            session.add(
                Version(
                    team_id=OTHER,
                    number=1,
                    encoder="e",
                    encoder_name="e",
                    base="e",
                    artifact=self._of_other(),
                )
            )
        (self.settings.workplace / "cache" / self.digest).mkdir(parents=True)
        self.environment = {
            "DATABASE_URL": url,
            "MODELS_URL": self.settings.models_url,
            "WORKPLACE": str(self.settings.workplace),
            "ARGILLA_WORKSPACE": self.settings.argilla_workspace,
            "ARGILLA_DATASET": self.dataset,
        }

    @property
    def dataset(self) -> str:
        return str(self.settings.argilla_dataset)

    def _model(self, run_id: str) -> Path:
        """What a run made, in its folder, which quotes people."""
        model = self.settings.workplace / run_id / "model"
        model.mkdir(parents=True)
        (model / "weights").write_text(SECRET)
        return model

    def _of_other(self) -> str:
        model = self.folder / "of another team"
        model.mkdir()
        (model / "weights").write_text("theirs")
        return self.artifacts.put(model)

    def erase(self, *more: str, **environment: str) -> Ended:
        return corrigible(self.folder, "erase", TEAM, "--yes", *more, **self.environment, **environment)

    def is_known(self) -> bool:
        with self.database.reading() as session:
            return team_erasure.is_known(session, TEAM)


@pytest.fixture
def team(database: Database, database_url: str, tmp_path: Path) -> Team:
    return Team(database, database_url, tmp_path)


@contextmanager
def datasets(argilla: SignIn, team: Team) -> Iterator[Reviewer]:
    """The team has two datasets in Argilla, in a workspace of its own, and one of another team."""
    own = f"{team.settings.argilla_workspace}-{TEAM}"
    with Reviewer(argilla, "") as reviewer:
        for workspace, names in (
            (own, (team.dataset, f"{team.dataset}-summaries")),
            (f"{own}X", (f"{team.dataset}X",)),
        ):
            made = reviewer.ask("POST", "workspaces", json={"name": workspace})["id"]
            for name in names:
                reviewer.ask("POST", "datasets", json={"name": name, "workspace_id": made})
        yield reviewer


def names(reviewer: Reviewer, kind: str) -> set[str]:
    return {one["name"] for one in reviewer.ask("GET", f"me/{kind}")["items"]}


def test_a_model_that_another_team_has_too_stays_though_a_run_of_this_one_made_it(team: Team) -> None:
    with team.database.writing() as session:
        session.get_one(Version, (OTHER, 1)).artifact = team.digest

    erased = team.erase("--without-argilla")

    assert erased.returncode == 0, erased.stderr
    assert team.artifacts.get(team.digest)
    assert not list(team.settings.workplace.glob("run of *"))
    assert not team.is_known()


def damage(file: Path, text: bytes) -> None:
    """Empty a page on which nothing but a text is, as a bad disk might."""
    content = bytearray(file.read_bytes())
    page = content.index(text * 4_000) // 4_096
    content[4_096 * page : 4_096 * (page + 1)] = bytes(4_096)
    file.write_bytes(content)


def test_a_database_that_can_not_be_rewritten_is_one_clear_message(team: Team, tmp_path: Path) -> None:
    received(team.database, "y" * 40_000, team_id=OTHER)
    Purging(team.database).purge()
    team.database.close()
    damage(tmp_path / "corrigible.db", b"y")

    ended = team.erase("--without-argilla")

    assert ended.returncode == 1
    assert "the file is damaged" in ended.stderr
    assert f"Run `corrigible erase {TEAM}` again" in ended.stderr
    assert "should not happen" not in ended.stderr


@on_both
def test_an_erasure_that_is_killed_anywhere_goes_on_and_leaves_nothing(
    argilla: SignIn, team: Team, database_url: str, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.bot.dying_erasure",
        database_url,
        str(tmp_path),
        argilla.url,
        argilla.api_key,
    ]
    own = f"{team.settings.argilla_workspace}-{TEAM}"

    with datasets(argilla, team) as reviewer:
        lived = subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANG_S)
        left = names(reviewer, "datasets"), names(reviewer, "workspaces")

    assert lived.returncode == 0, lived.stderr
    first, *others, last = lives(database_url)
    assert json.loads(lived.stdout) == {
        first: [-signal.SIGKILL, 1, 0],
        **{place: [-signal.SIGKILL, 0, 1] for place in others},
        last: [0, 0, 0],
    }, lived.stderr
    assert not team.is_known()
    assert files_with(tmp_path, SECRET) == []
    assert [one.name for one in Path(team.settings.models_url).iterdir()] != []
    assert not list(tmp_path.rglob(f"*{team.digest}*"))
    assert left[0] & {team.dataset, f"{team.dataset}-summaries", f"{team.dataset}X"} == {f"{team.dataset}X"}
    assert left[1] & {own, f"{own}X"} == {f"{own}X"}


def test_where_argilla_does_not_answer_the_text_is_gone_and_the_rest_is_done_later(
    team: Team, tmp_path: Path
) -> None:
    nowhere = {"ARGILLA_API_URL": "http://127.0.0.1:9", "ARGILLA_API_KEY": "a key"}

    refused = team.erase()
    kept = files_with(tmp_path, SECRET)
    failed = team.erase(**nowhere)
    left = files_with(tmp_path, SECRET)
    again = team.erase("--without-argilla")
    unknown = team.erase("--without-argilla")

    assert (refused.returncode, bool(kept)) == (1, True)
    assert "Set ARGILLA_API_URL" in refused.stderr
    assert failed.returncode == 1
    assert "Argilla can't be reached" in failed.stderr
    assert f"Run `corrigible erase {TEAM}` again" in failed.stderr
    assert left == []
    assert again.returncode == 0, again.stderr
    assert f"There is no team {TEAM!r} here" in unknown.stderr
    assert not team.is_known()


def starting(argilla: SignIn, folder: Path) -> str:
    """What stands for the Python of Argilla's environment: it announces a server that runs, instead of another."""
    known = {name: getattr(argilla, name) for name in ("url", "username", "password", "api_key")}
    python = folder / "python"
    python.write_text(f"#!/bin/sh\necho '{json.dumps(known)}'\ncat\necho it was stopped > {folder}/stopped\n")
    python.chmod(0o700)
    return str(python)


def test_the_embedded_argilla_is_started_to_erase_in_it_and_stopped(
    argilla: SignIn, team: Team, tmp_path: Path
) -> None:
    home = tmp_path / "argilla"
    home.mkdir()
    (home / "argilla.db").touch()
    local = {"LOCAL_ARGILLA_HOME": str(home), "LOCAL_ARGILLA_PORT": "0"}

    with datasets(argilla, team) as reviewer:
        missing = team.erase(**local, CORRIGIBLE_ARGILLA_PYTHON=str(tmp_path / "none"))
        left = files_with(tmp_path, SECRET)
        erased = team.erase(**local, CORRIGIBLE_ARGILLA_PYTHON=starting(argilla, tmp_path))
        kept = names(reviewer, "datasets")

    assert missing.returncode == 1
    assert "run `corrigible argilla install`" in missing.stderr
    assert left == []
    assert erased.returncode == 0, erased.stderr
    assert team.dataset not in kept
    assert (tmp_path / "stopped").exists()
    assert not team.is_known()


def test_models_that_can_not_be_removed_are_said_to_be_left(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(LocalFileSystem, "rm", refuse)
        failed = team.erase("--without-argilla")
    again = team.erase("--without-argilla")

    assert (failed.returncode, again.returncode) == (1, 0), failed.stderr + again.stderr
    assert "can't be removed: PermissionError" in failed.stderr
    assert not (Path(team.settings.models_url) / team.digest).exists()
