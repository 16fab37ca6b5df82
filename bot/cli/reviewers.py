"""Reviewers at the terminal: whose Argilla it is, in which workspaces they work, and what an operator is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from rich.table import Table
from rich.text import Text

from bot.context.settings import Settings
from bot.wording import argilla_text
from learning.argilla.connection import Access, ArgillaConnection, ArgillaUnavailableError
from learning.argilla.reviewers import Reviewer, ReviewerError, Reviewers
from storage.database.engine import is_absent, open_database
from storage.database.migrate import migrate
from storage.reports import overview

# Codes of learning/argilla/faults.py: nobody is there.
UNANSWERED = ("connection_refused", "no_answer", "unknown_host", "unreachable")


class NoWorkspaceError(ReviewerError):
    """It is not known in which workspace of Argilla a reviewer should work."""

    def __init__(self, teams: Sequence[str], team: str | None) -> None:
        known = f"Known are {', '.join(teams)}." if teams else "No workspace installed the app yet."
        super().__init__(f"There is no team {team!r} here. {known}" if team else known)


class UnreachableError(ReviewerError):
    """Argilla can't be asked; the message says what to do."""


@contextmanager
def managing(settings: Settings, find: Callable[[], Access], team: str | None) -> Iterator[Reviewers]:
    """The reviewers of a team, or of all teams. Raises UnreachableError, NoWorkspaceError."""
    workspaces = _workspaces(settings, team)
    connection = ArgillaConnection(find)
    try:
        yield Reviewers(connection, workspaces)
    except ArgillaUnavailableError as error:
        raise UnreachableError(_why(settings, error)) from None
    finally:
        connection.close()


def table(found: Sequence[Reviewer]) -> Table:
    """Who may review."""
    shown = Table("reviewer", "role", "workspaces")
    for one in found:
        shown.add_row(Text(one.name), one.role, Text(", ".join(one.workspaces)))
    return shown


def _why(settings: Settings, error: ArgillaUnavailableError) -> str:
    if error.reason == "key_rejected":
        return (
            "Argilla refuses the key. Check ARGILLA_API_KEY: *My settings* in Argilla shows an owner theirs."
        )
    if not settings.argilla_api_url and not settings.local_argilla_port:
        return "LOCAL_ARGILLA_PORT is 0. Set it to the port that the bot printed, then try again."
    if error.reason in UNANSWERED and not settings.argilla_api_url:
        return f"Argilla does not answer at {settings.argilla_page}. Start the bot with `make run`, then try again."
    if error.reason in UNANSWERED:
        return f"Argilla does not answer at {settings.argilla_page}. Check ARGILLA_API_URL, and that it runs."
    return f"Argilla can't be used, because {argilla_text.why(error.reason)}."


def _workspaces(settings: Settings, team: str | None) -> list[str]:
    """Each workspace of Slack that installed the app has one of its own in Argilla."""
    if not settings.slack_client_id:
        return [settings.argilla_workspace]
    teams = _teams(settings)
    chosen = [one for one in teams if team in (None, one)]
    if not chosen:
        raise NoWorkspaceError(teams, team)
    return [f"{settings.argilla_workspace}-{one}" for one in chosen]


def _teams(settings: Settings) -> list[str]:
    url = settings.database_url.get_secret_value()
    if is_absent(url):
        return []
    with closing(open_database(url)) as database:
        migrate(database)
        with database.reading() as session:
            return overview.teams(session)
