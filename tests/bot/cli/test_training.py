"""`corrigible retrain`, `versions`, `promote` and `rollback`: what an operator is told, and the exit status."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore

from bot.cli.belief import belief
from bot.cli.training import desk, tune
from bot.context.settings import Settings
from learning.summarizing.policy import QUOTED
from learning.tasks.job import Result
from learning.training import trials
from learning.training.trials import Trial, TuneJob
from learning.training.tune import TunedRecipe
from local.slack.setup.seed import PEOPLE
from storage.database.engine import Database, open_database
from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.models import runs, tunings, versions
from storage.tables.models import Decision, Grounds, Phase, Ruling, Tuning
from storage.workspaces import acceptances, team_settings
from tests.bot.command_line import corrigible
from tests.factories import OTHER, TEAM, label_set
from tests.learning.tiny_models import tiny_model
from tests.learning.training.examples import TEXTS

OF_ONE_WORKSPACE = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
OF_AN_APP = {"slack_client_id": "1.2", "slack_client_secret": "s", "slack_signing_secret": "s"}


@pytest.fixture
def opened(database: Database) -> Database:
    """The database of a team with a version in service."""
    label_set(database, "bug", "praise")
    with database.writing() as session:
        versions.champion(session, TEAM, "fingerprint", "all-MiniLM-L6-v2")
    return database


def challenge(database: Database, team_id: str = TEAM) -> None:
    """A run leaves v2 in shadow."""
    card = {"examples": 80, "scores": {"macro_f1": 0.91234}}
    with database.writing() as session:
        run = runs.ask(session, team_id, "a test")
        parent = versions.get(session, team_id, 1)
        made = versions.register(session, team_id, run.id, parent, "tuned", "digest", card)
        runs.tell(session, run.id, phase=Phase.SHADOW, version=made.number)
        ruling = Ruling(
            team_id=team_id,
            run_id=run.id,
            challenger=2,
            champion=1,
            grounds=Grounds.HOLDOUT,
            decision=Decision.GO_ON,
            reason="can't tell",
        )
        versions.rule(session, ruling)


def at(database: Database, *words: str, **environment: str) -> tuple[int, str]:
    """The exit status of a command, and what it said."""
    url = database.engine.url.render_as_string(hide_password=False)
    told = corrigible(Path(str(database.engine.url.database)).parent, *words, DATABASE_URL=url, **environment)
    assert "Traceback" not in told.stderr
    return told.returncode, told.stdout + told.stderr


def in_service(database: Database, team_id: str = TEAM) -> int | None:
    with database.reading() as session:
        return versions.in_service(session, team_id)


def test_versions_are_listed_with_what_they_are_and_what_became_of_them(opened: Database) -> None:
    challenge(opened)

    status, told = at(opened, "versions")

    assert status == 0
    [first, second] = [line.split("│")[1:-1] for line in told.splitlines() if "│" in line]
    tuned = ["v2", "labels", "", "all-MiniLM-L6-v2, tuned", "80", "F1 0.912"]
    assert [cell.strip() for cell in first[:6]] == tuned
    assert first[-1].strip() == "go on"
    assert [cell.strip() for cell in second[:4]] == ["v1", "labels", "in service", "all-MiniLM-L6-v2"]


def test_a_version_is_promoted_and_rolled_back_and_each_is_a_ruling(opened: Database) -> None:
    challenge(opened)

    assert at(opened, "promote", "2") == (0, "v2 is in service.\n")
    assert in_service(opened) == 2
    assert at(opened, "rollback") == (0, "v1 is in service again, in the place of v2.\n")
    assert in_service(opened) == 1
    with opened.reading() as session:
        rulings = versions.rulings(session, TEAM, 10)
        run = runs.latest(session, TEAM)
    assert [one.decision for one in rulings] == [Decision.ROLL_BACK, Decision.PROMOTE, Decision.GO_ON]
    assert run
    assert (run.phase, run.stage) == (Phase.PROMOTED, "promoted by a person")


def test_of_several_teams_one_has_a_version_promoted_and_rolled_back(opened: Database) -> None:
    label_set(opened, "bug", team_id=OTHER)
    with opened.writing() as session:
        versions.champion(session, OTHER, "fingerprint", "all-MiniLM-L6-v2")
    for team_id in (TEAM, OTHER):
        challenge(opened, team_id)

    assert "say which with --team: T1, T2" in at(opened, "promote", "2")[1]
    assert at(opened, "promote", "2", "--team", OTHER)[0] == 0
    assert (in_service(opened), in_service(opened, OTHER)) == (1, 2)
    assert at(opened, "promote", "2", "--team", TEAM)[0] == 0
    assert at(opened, "rollback", "--team", OTHER)[0] == 0
    assert (in_service(opened), in_service(opened, OTHER)) == (2, 1)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("promote", "7"), "There is no version 7; `corrigible versions` lists those that there are."),
        (("promote", "1"), "v1 is in service already."),
        (("rollback",), "There is nothing to roll back to"),
        (("versions", "--team", "T9"), f"There is no team 'T9' here; --team can be: {TEAM}."),
        (("versions", "--team", ""), f"There is no team '' here; --team can be: {TEAM}."),
    ],
)
def test_what_can_not_be_done_is_one_clear_message(
    opened: Database, words: tuple[str, ...], fault: str
) -> None:
    status, told = at(opened, *words)

    assert status == 1
    assert fault in told
    assert in_service(opened) == 1


def test_where_no_bot_ever_ran_it_says_how_to_start_one(tmp_path: Path) -> None:
    with closing(open_database(f"sqlite:///{tmp_path}/empty.db")) as nothing:
        status, told = at(nothing, "versions")

    assert status == 1
    assert "There is no team here; start the bot once with `make run`." in told


@pytest.mark.slow  # it loads the real encoder
def test_a_run_with_nothing_to_learn_from_fails_with_its_reason(opened: Database) -> None:
    status, told = at(opened, "retrain")

    assert status == 1
    assert "too little to learn from" in told
    with opened.reading() as session:
        run = runs.latest(session, TEAM)
    assert run
    assert (run.phase, run.cause) == (Phase.FAILED, "asked for at the terminal")


@pytest.mark.slow  # it loads the real encoder, here and in the process that searches
def test_a_search_that_has_too_little_time_is_stopped_and_says_so(database: Database) -> None:
    examples = {"bug": ("it crashes", "an error", "it hangs"), "praise": ("thank you", "well done", "great")}
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec(name, examples=some) for name, some in examples.items()])

    status, told = at(database, "tune", "--minutes", "0.01")

    assert status == 1
    assert "0.01 minutes are not enough time for the 2 trials" in told
    with database.reading() as session:
        assert tunings.find(session, TEAM) is None


class Searched:
    """What a process leaves that tried the recipe of now and one other, which scored so."""

    status, progress = 0, None

    def __init__(self, score: float, folder: Path) -> None:
        before = TuneJob.read(folder).before
        other = replace(before, learning_rate=3e-4, stop_after=1)
        trials.keep(folder, [Trial(before, 0.7), Trial(other, score)])
        Result().write(folder)

    def stop(self) -> None:
        """It has ended."""


@pytest.mark.slow
def test_a_better_recipe_is_kept_for_later_runs_but_for_what_RECIPE_names(
    database: Database, tmp_path: Path
) -> None:
    with database.writing() as session:
        specs = [LabelSpec(name, examples=texts) for name, texts in TEXTS.items()]
        labels.synchronize(session, TEAM, specs)
    named = {"batch_size": 4, "max_tokens": 16}
    url = database.engine.url.render_as_string(hide_password=False)
    settings = Settings(_env_file=None, encoder=tiny_model(tmp_path / "tiny"), database_url=url, recipe=named)

    def search(score: float) -> tuple[TunedRecipe, Tuning | None]:
        with desk(settings, None) as at_desk:
            found = tune(settings, at_desk, 5, None, Console(file=StringIO()), partial(Searched, score))
        with database.reading() as session:
            return found, tunings.find(session, TEAM)

    same, nothing = search(0.7)
    better, kept = search(0.8)

    assert not same.is_better
    assert nothing is None
    assert better.is_better
    assert kept
    assert (kept.score, kept.recipe["learning_rate"], kept.recipe["stop_after"]) == (0.8, 3e-4, 1)
    assert named.keys().isdisjoint(kept.recipe)


def test_status_shows_the_recipe_that_was_found_and_for_what_RECIPE_counts(opened: Database) -> None:
    with opened.writing() as session:
        tunings.keep(session, TEAM, {"epochs": 9, "learning_rate": 0.000123, "batch_size": 8}, 0.7123)

    _, found = at(opened, "status")
    _, overruled = at(opened, "status", RECIPE='{"epochs": 2, "max_tokens": 32}')

    assert "epochs 9, learning_rate 0.000123, batch_size 8 (20" in found
    assert "macro-F1 0.712 in cross-validation" in found
    assert "learning_rate 0.000123, batch_size 8; for epochs RECIPE counts" in overruled


def test_the_recipe_that_was_found_can_be_dropped(opened: Database) -> None:
    with opened.writing() as session:
        tunings.keep(session, TEAM, {"epochs": 9}, 0.7)

    assert at(opened, "tune", "--reset") == (0, "Dropped. Runs follow RECIPE.\n")
    assert at(opened, "tune", "--reset") == (0, "Nothing was kept that could be dropped.\n")
    assert "epochs 9" not in at(opened, "status")[1]


def test_nothing_that_writes_is_trained_until_somebody_accepts_the_policy_that_is_quoted(
    opened: Database,
) -> None:
    status, before = at(opened, "policy", SUMMARIZER="smollm2")
    assert status == 0
    assert QUOTED in before
    assert "Nobody accepts it" in before

    status, given = at(opened, "policy", "--accept", "Ana Ribeiro [ops]", SUMMARIZER="smollm2")
    assert status == 0
    assert QUOTED in given
    assert "Accepted by Ana Ribeiro [ops], 20" in given
    assert "Ana Ribeiro [ops] accepted Slack's policy" in at(opened, "status")[1]

    assert "Nobody accepts it" in at(opened, "policy", "--withdraw", "Ben", SUMMARIZER="smollm2")[1]


def test_where_nothing_writes_there_is_nothing_to_accept(opened: Database) -> None:
    assert "because SUMMARIZER is not set, so none is trained" in at(opened, "policy")[1]

    status, told = at(opened, "policy", "--accept", "Ana")

    assert status == 1
    assert "Set SUMMARIZER first" in told
    with opened.reading() as session:
        assert acceptances.standing(session, TEAM) is None


def test_a_run_of_the_summarizer_says_what_it_lacks(opened: Database) -> None:
    status, told = at(opened, "retrain", "--task", "summarization")

    assert status == 1
    assert "Only the sentence picker learns" in told
    assert "no reviewer or trusted user has improved a summary yet" in told
    assert "nothing to roll back to" in at(opened, "rollback", "--task", "summarization")[1]


@pytest.mark.parametrize(
    ("given", "operators"),
    [
        ({}, set(PEOPLE.values())),
        ({"operators": "U0ANA"}, {"U0ANA"}),
        ({"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1", "operators": "U0ANA"}, {"U0ANA"}),
        (OF_AN_APP, {"U0BEN"}),
    ],
)
def test_who_is_believed_at_the_terminal_is_believed_by_the_running_bot_too(
    database: Database, given: dict[str, Any], operators: set[str]
) -> None:
    store = SQLAlchemyInstallationStore("1.2", database.engine)
    store.create_tables()
    store.save(Installation(app_id="A1", user_id="U0BEN", team_id=TEAM, bot_token="xoxb-2", bot_id="B1"))
    store.save(Installation(app_id="A1", user_id="U0EVE", team_id=OTHER, bot_token="xoxb-3", bot_id="B2"))
    chosen = Settings(_env_file=None, **given)
    with database.writing() as session:
        team_settings.choose(session, TEAM, {"operators": ["U0CAT"]}, "U0ANA")

    assert belief(database, chosen, TEAM).operators == operators | {"U0CAT"}


def test_status_says_that_nobody_can_vouch_for_corrections(opened: Database) -> None:
    status, told = at(opened, "status", **OF_ONE_WORKSPACE)
    named = at(opened, "status", OPERATORS="U0ANA", **OF_ONE_WORKSPACE)[1]

    assert status == 0
    assert "only reviewers and imports vouch for corrections: set OPERATORS" in told
    assert "set OPERATORS" not in named
