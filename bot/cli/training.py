"""Training at the terminal: a run followed with a progress bar, in this process where no bot works on it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from bot.app import models
from bot.app.summarizing import source as writer
from bot.app.training import encoder_source, retrainer, tasks, terms
from bot.cli.belief import belief
from bot.context.settings import Settings
from bot.permissions import operations
from learning.classifying.examples import gather
from learning.model_files.hub import described
from learning.serving.registry import PROCESSOR, EncoderSource, Registry
from learning.summarizing.policy import POLICY
from learning.tasks.recipe import followed, found
from learning.text.names import visible
from learning.training.process import TrainingAttempt, TrainingProcess
from learning.training.retraining import Retraining
from learning.training.trials import TuneJob
from learning.training.tune import Deadline, TunedRecipe
from learning.training.tune import tune as search
from storage.database.engine import Database, open_database
from storage.database.migrate import migrate
from storage.models import runs, tunings, versions
from storage.models.runs import RunUnderWayError
from storage.reports import overview
from storage.tables.models import Decision, Phase, Ruling, Run, TaskName, Version
from storage.tables.workspaces import Acceptance
from storage.workspaces import acceptances

PAUSE_S = 0.3
COLUMNS = (
    TextColumn("{task.description}", markup=False),
    BarColumn(),
    TextColumn("{task.percentage:>3.0f} %"),
)
FOR = {TaskName.CLASSIFICATION: "labels", TaskName.SUMMARIZATION: "summaries"}


class WhichTeamError(ValueError):
    """The database knows no team, not the one that was named, or several and nobody said which."""

    def __init__(self, teams: list[str], team: str | None = None) -> None:
        if not teams:
            super().__init__("There is no team here; start the bot once with `make run`.")
        elif team is None:
            super().__init__(f"There are several teams here; say which with --team: {', '.join(teams)}.")
        else:
            super().__init__(f"There is no team {team!r} here; --team can be: {', '.join(teams)}.")


@dataclass(frozen=True)
class TeamAtTerminal:
    """One team's database, opened at the terminal."""

    database: Database
    team_id: str


@contextmanager
def desk(settings: Settings, team: str | None) -> Iterator[TeamAtTerminal]:
    """The team that is meant. Raises WhichTeamError."""
    models.keep(settings)
    with closing(open_database(settings.database_url.get_secret_value())) as database:
        migrate(database)
        with database.reading() as session:
            teams = overview.teams(session)
        if team not in teams and (team is not None or len(teams) != 1):
            raise WhichTeamError(teams, team)
        yield TeamAtTerminal(database, teams[0] if team is None else team)


def retrain(settings: Settings, at: TeamAtTerminal, task: TaskName, out: Console) -> Run:
    """Ask for a run of a task, and follow it to its verdict."""
    registry = _registry(
        settings, at, encoder_source(settings)
    )  # an encoder that can't be loaded leaves no run behind
    with at.database.writing() as session:
        try:
            run_id = runs.ask(session, at.team_id, "asked for at the terminal", task=task).id
        except RunUnderWayError as error:
            run_id = error.run_id
    of = tasks(settings, at.database, at.team_id, registry)
    retraining = retrainer(settings, at.database, at.team_id, registry, of, _nothing)
    try:
        return _follow(at, run_id, retraining, out)
    finally:
        retraining.close()


def _registry(settings: Settings, at: TeamAtTerminal, source: EncoderSource) -> Registry:
    models.prepare(settings)
    believed = belief(at.database, settings, at.team_id)
    return Registry(at.database, at.team_id, settings.artifacts, source, belief=believed)


def tune(
    settings: Settings,
    at: TeamAtTerminal,
    trials: int,
    deadline: Deadline | None,
    out: Console,
    start: Callable[[Path], TrainingAttempt] | None = None,
) -> TunedRecipe:
    """Search the recipe on what there is to learn from now; what is better is kept for the runs to come.

    start: begins the job of a folder, in a process of its own unless a test does otherwise. Raises
    TooFewExamplesError, NotEnoughTimeError, SearchFailedError.
    """
    # Nothing is served from here, so no encoder is made ready for it.
    registry = _registry(settings, at, replace(encoder_source(settings), exports=None, device=PROCESSOR))
    chosen = terms(settings)
    champion = registry.champion()
    lessons = gather(at.database, at.team_id, champion.encoder, chosen.holdout_share, registry.belief)
    with at.database.reading() as session:
        before = followed(chosen.recipe, tunings.recipe(session, at.team_id))
    job = TuneJob(
        source=registry.source_of(champion).name,
        targets=lessons.targets,
        examples=lessons.training,
        groups=lessons.groups,
        before=before,
        fixed=sorted(chosen.recipe),
        trials=trials,
        threads=chosen.threads,
    )
    start = start or partial(TrainingProcess, threads=chosen.threads)
    with (
        Progress(*COLUMNS, TimeElapsedColumn(), console=out) as shown,
        tempfile.TemporaryDirectory(prefix="corrigible-tune-") as folder,
    ):
        task = shown.add_task("Tuning", total=1.0)
        tuned = search(
            job,
            Path(folder),
            start,
            deadline,
            lambda told: shown.update(task, completed=told.done, description=told.stage),
        )
    if tuned.is_better:
        with at.database.writing() as session:
            tunings.keep(session, at.team_id, found(chosen.recipe, tuned.recipe.to_json()), tuned.score)
    return tuned


def reset_tuning(at: TeamAtTerminal) -> bool:
    """Drop what a search found; False where there is nothing to drop."""
    with at.database.writing() as session:
        return tunings.drop(session, at.team_id)


def _follow(at: TeamAtTerminal, run_id: str, retraining: Retraining, out: Console) -> Run:
    with Progress(*COLUMNS, TimeElapsedColumn(), console=out) as progress:
        task = progress.add_task("Training", total=1.0)
        while True:
            retraining.step()  # does nothing where a bot holds the run
            with at.database.reading() as session:
                run = runs.get(session, run_id)
            progress.update(task, completed=run.done, description=visible(run.stage) or run.phase.value)
            if run.phase not in (Phase.WAITING, Phase.TRAINING):
                return run
            time.sleep(PAUSE_S)


def versions_table(at: TeamAtTerminal) -> Table:
    """Every version: what it is, how good, and what became of it."""
    with at.database.reading() as session:
        every = versions.every(session, at.team_id)
        serving = versions.all_in_service(session, at.team_id)
        rulings = versions.rulings(session, at.team_id, 1_000)
    columns = ("version", "for", "", "model", "examples", "score", "made", "last ruling")
    table = Table(*(Column(name, overflow="fold") for name in columns))
    for version in every:
        last = next((ruling for ruling in rulings if version.number in _concerned(ruling)), None)
        table.add_row(
            f"v{version.number}",
            FOR[version.task],
            "in service" if version.number in serving else "",
            Text(f"{described(version.encoder_name)}{', tuned' if version.artifact else ''}"),
            str(version.card.get("examples", "")),
            _score(version),
            moment(version.created_at),
            _said(last, version.number) if last else "",
        )
    return table


def moment(at: float) -> str:
    """A time on this machine's clock, as people write it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _concerned(ruling: Ruling) -> set[int]:
    """The versions of which a ruling says something: of a roll back also the one that went."""
    is_roll_back = ruling.decision is Decision.ROLL_BACK
    return {ruling.challenger, ruling.champion} if is_roll_back else {ruling.challenger}


def _said(ruling: Ruling, number: int) -> str:
    if ruling.decision is not Decision.ROLL_BACK:
        return ruling.decision.value.replace("_", " ")
    return "came back" if ruling.challenger == number else "rolled back"


def _score(version: Version) -> str:
    scores = version.card.get("scores")
    if not scores:
        return ""
    if version.task is TaskName.SUMMARIZATION:
        return f"ROUGE-L {scores['rouge_l']:.1f}"
    return f"F1 {scores['macro_f1']:.3f}"


def promote(at: TeamAtTerminal, number: int) -> None:
    """Put a version into service."""
    with at.database.writing() as session:
        operations.promote(session, at.team_id, number, "")


def roll_back(at: TeamAtTerminal, task: TaskName) -> Ruling:
    """Put the version before back."""
    with at.database.writing() as session:
        ruling = versions.roll_back(session, at.team_id, "", "a person wished it", task=task)
        versions.rule(session, ruling)
    return ruling


def acceptance(at: TeamAtTerminal) -> Acceptance | None:
    """The acceptance of Slack's policy that holds; None where a model that writes is not trained."""
    with at.database.reading() as session:
        return acceptances.standing(session, at.team_id)


def writes(settings: Settings) -> bool:
    """Does a model write summaries?"""
    return writer(settings).writes


def accept(settings: Settings, at: TeamAtTerminal, by: str) -> Acceptance:
    """Note that somebody accepts it. Raises NothingWritesError."""
    if not writes(settings):
        raise operations.NothingWritesError
    with at.database.writing() as session:
        return acceptances.accept(session, at.team_id, by, POLICY)


def withdraw(at: TeamAtTerminal, by: str) -> bool:
    """Note that nobody accepts it any more; False where nobody did."""
    with at.database.writing() as session:
        return acceptances.withdraw(session, at.team_id, by)


def _nothing() -> None:
    """Nobody to tell: this process looks by itself."""
