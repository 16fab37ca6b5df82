"""`corrigible`: the command line."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.terminal import explain, foreground
from bot.context.logs import configure_logs
from bot.context.settings import (
    OWN_LABELS,
    SHIPPED_IN,
    SHIPPED_LABELS,
    Settings,
    SettingsError,
    read_settings,
)
from learning.argilla.reviewers import Role
from learning.data.label_file import read_label_file
from learning.text.names import UNNAMED, visible
from storage.database.engine import Database, is_absent, open_database
from storage.database.migrate import migrate
from storage.tables.feedback import LabelSource
from storage.tables.models import TaskName

if TYPE_CHECKING:
    from bot.app.compose import Bot, Slack
    from bot.demo.local_argilla import LocalArgilla
    from bot.demo.local_workspace import LocalWorkspace
    from bot.installation.installations import OAuth
    from learning.argilla.connection import Access
    from learning.argilla.reviewers import Reviewers

ORIGINS = {
    LabelSource.FILE: "labels.toml",
    LabelSource.PROPOSED: "a proposal",
    LabelSource.IMPORTED: "an import",
}
TRY = "Try it: write a message in #support, press Change on its card, choose “{label}”, then write a similar message."

TURN_S = 0.5

# What is written is for this user alone: databases, models, exports, logs, and what child processes write.
UMASK, READABLE = 0o077, 0o022

# Where these are in the environment, Bolt makes each app stores of its own in files.
BOLT_READS = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")

log = logging.getLogger(__name__)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@dataclass
class ErrorDetail:
    """How much of an error to show: `trace` is set by --debug."""

    trace: bool = False


told = ErrorDetail()

# Typer's own traces would show what is in variables, such as tokens and what people wrote.
app = typer.Typer(
    help="A Slack bot that takes correction.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="show the trace of an error, for a report (before the command)")
    ] = False,
) -> None:
    """Read the options of all commands."""
    told.trace = debug


def main() -> None:
    """Run a command; an error ends in one message and exit status 1, with a trace only if --debug is given."""
    # No call home.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_UPDATE_DOWNLOAD_COUNTS", "0")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    configure_logs("WARNING")
    os.umask(UMASK)
    try:
        app()
    except Exception as error:
        if told.trace:
            log.critical(
                "stopped by an error", exc_info=error
            )  # Python's own trace would quote what it is about
        err.print(explain(error), style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None


@app.command()
def run() -> None:
    """Serve Slack: a real workspace where SLACK_BOT_TOKEN is set, otherwise one on this machine."""
    settings = read_settings()
    configure_logs(settings.log_level or ("WARNING" if settings.is_local else "INFO"))
    with foreground():
        _serve(_with_own_labels(settings))


def _with_own_labels(settings: Settings) -> Settings:
    """Begin with a copy of the shipped label file that operators can edit, if the working folder has none."""
    if settings.labels_file != SHIPPED_LABELS:
        return settings
    try:
        shutil.copyfile(SHIPPED_IN[settings.language], OWN_LABELS)
    except OSError:  # a folder in which we may not write
        return settings
    out.print(f"Your labels are in {OWN_LABELS.absolute()}: edit them, then start again.", soft_wrap=True)
    return settings.model_copy(update={"labels_file": OWN_LABELS})


def _serve(settings: Settings) -> None:
    from bot.app.compose import OPERATORS_FAULTS
    from bot.cli.kept_files import restrict
    from bot.demo.local_argilla import LocalArgilla

    running: list[LocalArgilla | LocalWorkspace | Bot] = []
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        restrict(settings)
        _start(settings, running)
        _wait_for_an_interrupt()
    except KeyboardInterrupt:
        err.print("Stopping …")
    except OPERATORS_FAULTS as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for part in running:
            if isinstance(part, LocalArgilla):
                part.stop_soon()
        for part in reversed(running):
            part.stop()


def _wait_for_an_interrupt() -> None:
    # In turns: a signal that arrives just before an endless wait begins, or in another thread, would not end it.
    while True:
        time.sleep(TURN_S)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _start(settings: Settings, running: list[LocalArgilla | LocalWorkspace | Bot]) -> None:
    from bot.app.compose import compose

    with err.status("Starting …"):
        argilla = _local_argilla(settings) if settings.is_local and not settings.argilla_api_url else None
        if argilla:
            running.append(argilla)
            argilla.start()
        workspace = _local_workspace(settings) if settings.is_local else None
        if workspace:
            running.append(workspace)
            workspace.start()
        slack = workspace.slack if workspace else _real_slack(settings)
        settings = workspace.settings(settings) if workspace else settings
        find = argilla.access if argilla and argilla.is_installed else _real_argilla(settings)
        bot = compose(settings, slack, find)
        running.append(bot)
        bot.start()
    if workspace:
        workspace.greet()
        out.print(f"\nCorrigible is in its own small Slack: [bold]{workspace.address}[/bold]")
        label = visible(read_label_file(settings.labels_file)[0].name)
        out.print(TRY.format(label=label), markup=False, soft_wrap=True)
    else:
        out.print("Corrigible serves Slack.")
        if slack.oauth:
            out.print(f"The app is installed at http://{settings.host}:{settings.port}/slack/install")
    if argilla:
        _tell_of(argilla)
    out.print("Ctrl-C stops it.")


def _tell_of(argilla: LocalArgilla) -> None:
    from local.argilla.embedded import ArgillaNotStartedError

    try:
        with err.status("Starting Argilla …") as shown:
            known = argilla.sign_in(lambda far: shown.update(f"Argilla: {far} …"))
    except ArgillaNotStartedError as error:
        err.print(f"{error} The bot runs without it.", style="red", markup=False, soft_wrap=True)
        return
    out.print(f"Its reviewers work in Argilla: [bold]{known.url}[/bold]")
    out.print(f"Sign in as {known.username} with the password {known.password}", markup=False, soft_wrap=True)
    if busy := argilla.progress:
        out.print(f"It is {busy}. `corrigible status` shows how far it is.", markup=False, soft_wrap=True)


def _local_argilla(settings: Settings) -> LocalArgilla:
    from bot.demo.local_argilla import LocalArgilla

    return LocalArgilla(settings.local_argilla_home, settings.local_argilla_port)


def _real_argilla(settings: Settings) -> Callable[[], Access] | None:
    from learning.argilla.connection import Access

    url, key = settings.argilla_api_url, settings.argilla_api_key
    return (lambda: Access(url, key.get_secret_value())) if url and key else None


def _local_workspace(settings: Settings) -> LocalWorkspace:
    from bot.demo.local_workspace import LocalWorkspace

    return LocalWorkspace(settings.local_port, settings.local_state)


def _real_slack(settings: Settings) -> Slack:
    from bot.app.compose import Slack

    for read in BOLT_READS:
        os.environ.pop(read, None)
    tokens = settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret
    bot_token, app_token, signing_secret = (token.get_secret_value() if token else None for token in tokens)
    return Slack(settings.slack_api_url, bot_token, app_token, signing_secret, _oauth(settings))


def _oauth(settings: Settings) -> OAuth | None:
    from bot.installation.installations import OAuth

    client_id, secret, signing = (
        settings.slack_client_id,
        settings.slack_client_secret,
        settings.slack_signing_secret,
    )
    if not (client_id and secret and signing):
        return None
    page = settings.slack_api_url.removesuffix("api/") + "oauth/v2/authorize"
    return OAuth(
        client_id, secret.get_secret_value(), signing.get_secret_value(), page, settings.slack_redirect_url
    )


argilla = typer.Typer(help="The Argilla that runs beside the bot.", no_args_is_help=True)
app.add_typer(argilla, name="argilla")


@argilla.command("install")
def install_argilla() -> None:
    """Install Argilla into an environment of its own in this folder: .venv-argilla."""
    from local.argilla.install import install

    os.umask(READABLE)  # nothing of people's is in it, and whoever runs the bot may be another user
    out.print("Installing Argilla (a minute or two) …")
    if fault := install():
        err.print(fault, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)


reviewer = typer.Typer(help="Who may review in Argilla, whose own page has no users.", no_args_is_help=True)
app.add_typer(reviewer, name="reviewer")
WHERE = typer.Option("--team", help="the Slack team, where several installed the app; otherwise all of them")


@reviewer.command("add")
def add_reviewer(
    name: Annotated[str, typer.Argument(help="what they sign in as")],
    role: Annotated[Role, typer.Option(help="an admin may change datasets as well")] = Role.ANNOTATOR,
    team: Annotated[str | None, WHERE] = None,
) -> None:
    """Let a user review, and print their password once."""
    with _reviewers(team) as (at, page):
        added = at.add(name, role)
    again = " again, with their earlier responses" if added.is_back else ""
    out.print(f"{name} can review{again} ({role}).", markup=False, soft_wrap=True)
    out.print(
        f"Address: {page}\nPassword: {added.password} (shown only this once)", markup=False, soft_wrap=True
    )


@reviewer.command("list")
def list_reviewers(team: Annotated[str | None, WHERE] = None) -> None:
    """List who may review."""
    from bot.cli.reviewers import table

    with _reviewers(team) as (at, _):
        out.print(table(at.every()))


@reviewer.command("remove")
def remove_reviewer(
    name: Annotated[str, typer.Argument(help="what they sign in as")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    team: Annotated[str | None, WHERE] = None,
) -> None:
    """Stop letting a user review. Their responses stay, and count."""
    if not yes:
        typer.confirm(f"Remove {name}? Their responses stay, and count.", abort=True, err=True)
    with _reviewers(team) as (at, _):
        at.remove(name)
    out.print(f"{name} can't review any more. Their responses stay, and count.", markup=False, soft_wrap=True)


@contextmanager
def _reviewers(team: str | None) -> Iterator[tuple[Reviewers, str]]:
    """Return who manages reviewers, and the page where they work. A fault ends in one clear message."""
    from bot.cli.reviewers import managing
    from bot.demo.local_argilla import NeverStartedError
    from learning.argilla.reviewers import ReviewerError

    settings = read_settings()
    try:
        find = _real_argilla(settings) or _local_argilla(settings).started_by_others
        with managing(settings, find, team) as at:
            yield at, settings.argilla_page
    except (ReviewerError, NeverStartedError) as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


@app.command()
def status() -> None:
    """Show how the bot is doing: what it says itself, and the figures in its database."""
    from bot.app import models
    from bot.cli import health, trust
    from bot.cli.belief import belief
    from bot.demo import local_argilla
    from bot.wording import argilla_text, channel_words
    from learning.encoders.encoder import title
    from learning.model_files.hub import described
    from learning.monitoring import review_report
    from learning.training import status as training
    from storage.reports import overview
    from storage.workspaces import missing_scopes

    settings = read_settings()
    argilla = local_argilla.rows(settings.local_argilla_home)
    out.print(_table("Bot", [*health.rows(settings), *argilla, *models.rows(settings)]))
    if is_absent(settings.database_url.get_secret_value()):
        out.print("There is no database yet: `make run` starts the bot, which makes one.")
        return
    names = cache(partial(trust.reviewers, settings))
    with _database(settings) as database, database.reading() as session:
        teams = overview.teams(session)
        believed = {team_id: belief(database, settings, team_id) for team_id in teams}
        tables = {
            team_id: [
                *(figures := overview.of_team(session, team_id)).rows(),
                *channel_words.rows(figures),
                *(argilla_text.rows(session, team_id) if settings.has_argilla else ()),
                *review_report.rows(session, team_id, settings.ask_per_day, believed[team_id]),
                *trust.rows(session, team_id, believed[team_id], names),
                *review_report.agreement_rows(session, team_id, settings.agreement_in),
                *training.rows(session, team_id, settings.recipe, described(title(settings.encoder))),
                *missing_scopes.rows(session, team_id),
            ]
            for team_id in teams
        }
    if not tables:
        out.print("Nothing yet: start the bot with `make run`.")
    for team_id, rows in tables.items():
        out.print(_table(f"Team {team_id}", rows))


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(title=title, show_header=False, title_justify="left")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table


@app.command()
def resend() -> None:
    """Try again what Slack or Argilla refused, once the reason that `status` shows is fixed."""
    from storage.deliveries import notices, outbox, undelivered
    from storage.messages import channel_states
    from storage.reports import overview

    settings = read_settings()
    with _database(settings) as database, database.writing() as session:
        teams = overview.teams(session)
        to_argilla = sum(outbox.retry_refused(session, team_id) for team_id in teams)
        to_slack = 0
        for team_id in teams:
            closed = channel_states.all_closed(session, team_id)
            to_slack += undelivered.put_back(session, team_id, closed=closed)
            notices.forget_given_up(session, team_id)
    if to_slack:
        answers = "1 answer" if to_slack == 1 else f"{to_slack:,} answers"
        out.print(f"{answers} will be posted to Slack again.")
    if to_argilla:
        out.print(f"{to_argilla} messages will be sent again.")
    if not to_slack and not to_argilla:
        out.print("Nothing was refused that can be tried again.")


@app.command()
def labels() -> None:
    """List the labels, where they come from, and on how many messages people chose them."""
    from storage.feedback import labels as label_set
    from storage.reports import overview

    settings = read_settings()
    table = Table("team", "label", "description", "from", "chosen")
    with _database(settings) as database, database.reading() as session:
        for team_id in overview.teams(session):
            counts = label_set.counts(session, team_id)
            for label in label_set.active(session, team_id):
                chosen = str(counts.get(label.id, 0))
                origin = "edited in Slack" if label.edited_at else ORIGINS[label.source]
                name, about = visible(label.name) or UNNAMED, visible(label.description)
                table.add_row(team_id, Text(name), Text(about), origin, chosen)
    out.print(table)


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """Open the database, with the tables of this release, for one command."""
    with closing(open_database(settings.database_url.get_secret_value())) as database:
        migrate(database)
        yield database


TEAM = typer.Option(help="the Slack team, where the database knows several")
TASK = typer.Option(help="which model: the one that labels messages, or the one that summarizes")
CLASSIFICATION = TaskName.CLASSIFICATION


@app.command()
def retrain(
    team: Annotated[str | None, TEAM] = None, task: Annotated[TaskName, TASK] = CLASSIFICATION
) -> None:
    """Fine-tune a challenger now, and compare it with the version in service."""
    from bot.cli import training
    from storage.tables.models import Phase

    settings = read_settings()
    configure_logs(settings.log_level or "WARNING")
    with _told(), training.desk(settings, team) as desk:
        if task is TaskName.SUMMARIZATION and not training.writes(settings):
            out.print("Only the sentence picker learns, because SUMMARIZER is not set.")
        run = training.retrain(settings, desk, task, err)
        name = f"v{run.version}: " if run.version else ""
        out.print(f"{name}{run.phase.value}. {visible(run.stage)}", markup=False, soft_wrap=True)
        if run.phase is Phase.FAILED:
            raise typer.Exit(1)


@app.command()
def tune(
    minutes: Annotated[
        float | None, typer.Option(help="end after so long, whatever is under way", min=0)
    ] = None,
    trials: Annotated[int, typer.Option(help="try at most so many recipes", min=2)] = 20,
    reset: Annotated[bool, typer.Option("--reset", help="drop what was found")] = False,
    team: Annotated[str | None, TEAM] = None,
) -> None:
    """Search the recipe that trains best on this team's labels; later runs follow it.

    What RECIPE names is not searched, and counts whatever was found.
    """
    from bot.cli import training
    from learning.training.tune import Deadline

    deadline = None if minutes is None else Deadline.after(minutes)
    settings = read_settings()
    configure_logs(settings.log_level or "WARNING")
    with _told(), training.desk(settings, team) as desk:
        if reset:
            is_dropped = training.reset_tuning(desk)
            out.print(
                "Dropped. Runs follow RECIPE." if is_dropped else "Nothing was kept that could be dropped."
            )
            return
        found = training.tune(settings, desk, trials, deadline, err)
        trials, before = len(found.scores), f"macro-F1 {found.score_before:.3f}"
        if not found.is_better:
            out.print(
                f"Nothing was changed: in {trials} trials no recipe was better than that of now ({before})."
            )
            return
        out.print(f"Kept: macro-F1 {found.score:.3f}, the best of {trials} trials; before, {before}.")
        if settings.recipe:
            out.print(
                f"RECIPE counts for {', '.join(settings.recipe)}, which were not searched.", markup=False
            )
        out.print_json(data=found.recipe.to_json())


@app.command()
def report(
    run: Annotated[
        str | None, typer.Argument(help="how its id begins, or its version (v2); otherwise the latest one")
    ] = None,
    team: Annotated[str | None, TEAM] = None,
) -> None:
    """Show what a training run knows: scores by label and group, and the messages behind the numbers of its data.

    The texts of these messages are shown, as far as they still exist.
    """
    from bot.cli import report as terminal_report
    from bot.cli import training

    with _told(), training.desk(read_settings(), team) as desk:
        for part in terminal_report.report(desk, run):
            out.print(part, soft_wrap=False)


@app.command()
def versions(team: Annotated[str | None, TEAM] = None) -> None:
    """List the versions of all models, and which ones are in service."""
    from bot.cli import training

    with _told(), training.desk(read_settings(), team) as desk:
        out.print(training.versions_table(desk))


@app.command()
def promote(
    version: Annotated[int, typer.Argument(help="its number, as `versions` shows it", min=1)],
    team: Annotated[str | None, TEAM] = None,
) -> None:
    """Put a version into service; running bots follow within seconds."""
    from bot.cli import training

    with _told(), training.desk(read_settings(), team) as desk:
        training.promote(desk, version)
        out.print(f"v{version} is in service.")


@app.command()
def rollback(
    team: Annotated[str | None, TEAM] = None, task: Annotated[TaskName, TASK] = CLASSIFICATION
) -> None:
    """Put the version back into service whose place the one in service took."""
    from bot.cli import training

    with _told(), training.desk(read_settings(), team) as desk:
        ruling = training.roll_back(desk, task)
        out.print(f"v{ruling.challenger} is in service again, in the place of v{ruling.champion}.")


@app.command()
def policy(
    accept: Annotated[str | None, typer.Option(metavar="NAME", help="accept it, in whose name")] = None,
    withdraw: Annotated[str | None, typer.Option(metavar="NAME", help="withdraw it, in whose name")] = None,
    team: Annotated[str | None, TEAM] = None,
) -> None:
    """Show what Slack says of training models that write, and whether somebody accepted it for this team.

    Nothing that writes is trained on what people wrote in Slack until somebody did.
    """
    from bot.cli import training
    from learning.summarizing.policy import POLICY

    settings = read_settings()
    with _told(), training.desk(settings, team) as desk:
        out.print(POLICY, markup=False, soft_wrap=True)
        if accept:
            training.accept(settings, desk, accept)
        if withdraw:
            training.withdraw(desk, withdraw)
        given = training.acceptance(desk)
        if not training.writes(settings):
            out.print("\nNo model writes summaries here, because SUMMARIZER is not set, so none is trained.")
        elif given is None:
            out.print(
                "\nNobody accepts it: only the sentence picker learns. `corrigible policy --accept NAME` does."
            )
        else:
            at = training.moment(given.accepted_at)
            out.print(
                f"\nAccepted by {given.accepted_by}, {at}: a model that writes is trained too.", markup=False
            )


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="ends in .csv or .jsonl; otherwise a folder for `datasets`")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="take the place of what is there")] = False,
    team: Annotated[str | None, TEAM] = None,
) -> None:
    """Write the labelled messages, with what people and reviewers settled, to a file or a folder of `datasets`."""
    from bot.cli import exchange
    from bot.cli.training import desk
    from learning.data import exporting

    with _told(), desk(read_settings(), team) as at:
        exporting.check_target(file, overwrite)
        number = exchange.export(at, file, err)
    out.print(f"{number:,} rows written to {file}.", markup=False, soft_wrap=True)
    err.print(exchange.TERMS, style="yellow", soft_wrap=True)


@app.command("mask")
def mask_(team: Annotated[str | None, TEAM] = None) -> None:
    """Mask personal data in what was kept before masking was on; a running bot reads those messages again."""
    from bot.cli.privacy import mask_kept
    from bot.cli.training import desk
    from bot.context.reading import mask

    with _told():
        settings = read_settings()
        if not settings.mask_personal_data:
            raise SettingsError("MASK_PERSONAL_DATA: false; nothing would be masked")
        with desk(settings, team) as at:
            number = mask_kept(at, mask(settings), err)
    out.print("1 message was masked." if number == 1 else f"{number:,} messages were masked.")


@app.command()
def erase(
    team: Annotated[str, typer.Argument(help="the Slack team: all that is kept of it goes")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    without_argilla: Annotated[
        bool, typer.Option("--without-argilla", help="reviewers' datasets are gone already")
    ] = False,
) -> None:
    """Erase a team: messages, labels, decisions, models, reviewers' datasets. It can't be undone.

    If it is interrupted, or Argilla does not answer, the same command goes on with what is left.
    """
    from bot.cli import privacy

    settings = read_settings()
    with (
        _told(),
        privacy.erasing(settings, team) as at,
        _argilla_of(settings) if not without_argilla else nullcontext() as find,
    ):
        found = privacy.kept(at)
        if found.datasets and not find and not without_argilla:
            raise privacy.ArgillaUnknownError(found.datasets)
        if not yes and found.begun_at is None:
            typer.confirm(f"Erase all of {team}, {found.messages:,} messages among it?", abort=True, err=True)
        with err.status("Erasing …"):
            gone = privacy.erase(settings, at, find)
    out.print(
        f"Erased all of {team}: {gone.rows:,} rows, {gone.datasets} datasets in Argilla, {gone.models} models. "
        "Backups still hold them.",
        soft_wrap=True,
    )


@contextmanager
def _argilla_of(settings: Settings) -> Iterator[Callable[[], Access] | None]:
    """A team's own Argilla, or the embedded one, which is started where it is asked for; None if there is neither."""
    if real := _real_argilla(settings):
        yield real
        return
    if not (settings.local_argilla_home / "argilla.db").exists():
        yield None
        return
    local = _local_argilla(settings)

    def start() -> Access:
        local.start()
        return local.access()

    try:
        yield start
    finally:
        local.stop()


@app.command("import")
def import_(
    source: Annotated[
        str, typer.Argument(help="a .csv or .jsonl file, a folder of `datasets`, or owner/name on the hub")
    ],
    text: Annotated[str, typer.Option(help="the column that holds the text")] = "text",
    label: Annotated[str, typer.Option(help="the column that holds the label")] = "label",
    split: Annotated[str | None, typer.Option(help="of a data set that has several")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would happen, change nothing")] = False,
    new_labels: Annotated[bool, typer.Option("--new-labels", help="make labels that nobody knows")] = False,
    report: Annotated[Path | None, typer.Option(help="a CSV file for all rows that were left out")] = None,
    team: Annotated[str | None, TEAM] = None,
) -> None:
    """Take labelled texts in; a running bot learns from them within seconds.

    Exit status 1 where rows were left out because something is wrong with them, 2 where nothing could be read.
    """
    from bot.cli import exchange
    from bot.cli.training import desk
    from bot.context.reading import mask
    from learning.data.importing import Importing, Rehearsing, Taking
    from learning.data.sources import Columns, open_source

    with _told(2), desk(read_settings(), team) as at, exchange.report_to(report) as faults:
        keeper = (Rehearsing if dry_run else Importing)(at.database, at.team_id)
        names = exchange.names(at)
        unknown = names.adopting(keeper) if new_labels else names.refuse
        found = open_source(source, Columns(text, label), split)
        tally = exchange.take(found, Taking(keeper, names, unknown, mask(read_settings()), faults.add), err)
        exchange.tell(tally, faults, out, "would be " if dry_run else "")
    if dry_run:
        out.print("A dry run: nothing was changed.")
    if tally.faults:
        raise typer.Exit(1)


@contextmanager
def _told(status: int = 1) -> Iterator[None]:
    """What an operator can fix is one clear message, and an exit status."""
    from bot.cli.exchange import ReportExistsError
    from bot.cli.privacy import ArgillaUnknownError, ErasureUnfinishedError
    from bot.cli.report import NoRunError
    from bot.cli.training import WhichTeamError
    from bot.permissions.operations import FAULTS
    from learning.classifying.examples import TooFewExamplesError
    from learning.data.exporting import UnusableTargetError
    from learning.data.sources import UnusableSourceError
    from learning.encoders.encoder import EncoderNotFoundError
    from learning.model_files.artifacts import ArtifactMissingError, ArtifactsUrlError
    from learning.serving.registry import UnusableVersionError
    from learning.tasks.task import NothingToLearnError
    from learning.training.tune import NotEnoughTimeError, SearchFailedError
    from learning.writing.language_model import LanguageModelNotFoundError
    from storage.models.runs import RunNotFoundError
    from storage.privacy.team_erasure import TeamServedError

    at_the_start = ArtifactsUrlError, EncoderNotFoundError, LanguageModelNotFoundError, WhichTeamError
    of_versions = ArtifactMissingError, UnusableVersionError, NoRunError, RunNotFoundError
    of_files = UnusableSourceError, UnusableTargetError, ReportExistsError
    of_training = NothingToLearnError, TooFewExamplesError, NotEnoughTimeError, SearchFailedError
    of_erasing = TeamServedError, ArgillaUnknownError, ErasureUnfinishedError
    try:
        yield
    except (
        *FAULTS,
        *at_the_start,
        *of_versions,
        *of_files,
        *of_erasing,
        *of_training,
    ) as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(status) from None


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(help="CSV or JSONL with a column `text`, and `label` for --correct")
    ],
    correct: Annotated[bool, typer.Option("--correct", help="play the person who corrects")] = False,
    limit: Annotated[int | None, typer.Option(help="only the first rows", min=1)] = None,
    address: Annotated[str | None, typer.Option(help="of a running local workspace")] = None,
) -> None:
    """Post the rows of FILE into the local workspace and print how often the bot is right.

    Without a bot running on this machine, a throw-away one with the file's own labels is started.
    """
    from bot.demo import replay as replaying

    try:
        rows = replaying.read_rows(file, correct)[:limit]
        replaying.replay(rows, address or replaying.find(read_settings()), correct, err)
    except replaying.ReplayError as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    main()
