"""Privacy at the terminal: masking what was kept before masking was on, and erasing all of a team."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track
from sqlalchemy.exc import DBAPIError

from bot.app.annotation import dataset_names
from bot.cli.terminal import explain
from bot.cli.training import TeamAtTerminal, WhichTeamError
from bot.context.settings import Settings
from learning.argilla import erasing as erasing_in_argilla
from learning.argilla.connection import (
    Access,
    ArgillaConnection,
    ArgillaNotFoundError,
    ArgillaRefusedError,
    ArgillaUnavailableError,
)
from learning.model_files.artifacts import ArtifactLeftError, digest_of
from learning.tasks.job import MODEL
from learning.text.masking import Mask
from storage.database.engine import open_database
from storage.database.migrate import migrate
from storage.database.purging import Purging
from storage.messages import messages, unattributed
from storage.privacy import team_erasure
from storage.privacy.team_erasure import Extent
from storage.reports import overview
from storage.tables.feedback import Panel
from storage.tables.messages import Message, Unattributed

AT_ONCE = 500
PURGE_S = 30.0
OF_ARGILLA = ArgillaNotFoundError, ArgillaRefusedError, ArgillaUnavailableError


class ArgillaUnknownError(RuntimeError):
    """Reviewers' datasets can't be erased: nobody said where Argilla is."""

    def __init__(self, dataset_ids: list[str]) -> None:
        super().__init__(
            f"Reviewers have datasets of this team ({', '.join(dataset_ids)}), and it is not known where. Set "
            "ARGILLA_API_URL and ARGILLA_API_KEY, or LOCAL_ARGILLA_HOME for the Argilla of `make run`. If that Argilla "
            "is gone already, give --without-argilla."
        )


class ErasureUnfinishedError(RuntimeError):
    """The rows of a team are gone, and something elsewhere is not yet."""

    def __init__(self, team_id: str, reason: str) -> None:
        super().__init__(
            f"All of {team_id} is erased from the database, but not everywhere: {reason}. Run `corrigible erase "
            f"{team_id}` again for the rest."
        )


@dataclass(frozen=True)
class Erased:
    """What was erased of a team: rows of the database, datasets in Argilla, models."""

    rows: int
    datasets: int
    models: int


@contextmanager
def erasing(settings: Settings, team: str) -> Iterator[TeamAtTerminal]:
    """A team of which anything is kept. Raises WhichTeamError."""
    with closing(open_database(settings.database_url.get_secret_value())) as database:
        migrate(database)
        with database.reading() as session:
            if not team_erasure.is_known(session, team):
                raise WhichTeamError(overview.teams(session), team)
        yield TeamAtTerminal(database, team)


def kept(at: TeamAtTerminal) -> Extent:
    """What is kept of a team. Raises TeamServedError."""
    with at.database.reading() as session:
        return team_erasure.extent(session, at.team_id)


def erase(settings: Settings, at: TeamAtTerminal, find: Callable[[], Access] | None) -> Erased:
    """Erase all of a team: every row at once, then files, models, and what Argilla has where `find` gives its address.

    The same again goes on with what an erasure before it left. Raises TeamServedError, ErasureUnfinishedError.
    """
    found, rows = at.database.write_patiently(lambda session: team_erasure.begin(session, at.team_id))
    try:
        _purge(at)
        _remove_files(settings, at, found)
        datasets = _erase_in_argilla(settings, at, found, find) if find else 0
    except (*OF_ARGILLA, ArtifactLeftError) as error:
        raise ErasureUnfinishedError(at.team_id, str(error)) from error
    except (OSError, DBAPIError, sqlite3.Error) as error:
        raise ErasureUnfinishedError(at.team_id, explain(error)) from error
    at.database.write_patiently(lambda session: team_erasure.end(session, at.team_id))
    return Erased(rows, datasets, len(found.artifacts))


def _purge(at: TeamAtTerminal) -> None:
    if not Purging(at.database).purge_patiently(PURGE_S):
        raise ErasureUnfinishedError(at.team_id, "other processes keep the database's files busy")


def _remove_files(settings: Settings, at: TeamAtTerminal, found: Extent) -> None:
    for run in found.runs:
        folder = settings.workplace / run
        if (folder / MODEL).is_dir():  # its files may be stored, and no version names them yet
            _remove_model(settings, at, digest_of(folder / MODEL))
        if folder.exists():
            shutil.rmtree(folder)
    for digest in found.artifacts:
        _remove_model(settings, at, digest)


def _remove_model(settings: Settings, at: TeamAtTerminal, digest: str) -> None:
    """Remove a model, unless another team has it too: by now, whatever held when the erasure began."""
    with at.database.reading() as session:
        is_of_others = team_erasure.is_of_others(session, at.team_id, digest)
    if not is_of_others:
        settings.artifacts.remove(digest)


def _erase_in_argilla(
    settings: Settings, at: TeamAtTerminal, found: Extent, find: Callable[[], Access]
) -> int:
    names = dataset_names(settings, at.team_id)
    own = f"{settings.argilla_workspace}-{at.team_id}"
    of_team = erasing_in_argilla.Traces(
        dataset_ids=found.datasets,
        workspaces=(settings.argilla_workspace, own),
        names=(*names.values(), f"{names[Panel.SINGLE]}-summaries"),
        mark=found.mark,
        own_workspace=own,
        webhook_url=f"{settings.webhook_url}/{at.team_id}" if settings.webhook_url else None,
    )
    connection = ArgillaConnection(find)
    try:
        return erasing_in_argilla.erase(connection, of_team)
    finally:
        connection.close()


def mask_kept(at: TeamAtTerminal, mask: Mask, out: Console) -> int:
    """Mask every kept message of a team; how many had something to mask.

    Each is predicted again by the bot, and its record in Argilla follows. Texts are read in memory one by one.
    """
    with at.database.reading() as session:
        ids = messages.standing_ids(session, at.team_id)
    groups = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
    number = _mask_waiting(at, mask)
    number += sum(_mask(at, mask, group) for group in track(groups, "Masking", console=out))
    Purging(at.database).purge()  # if others keep the files busy, a running bot goes on with that
    return number


def _mask_waiting(at: TeamAtTerminal, mask: Mask) -> int:
    """Mask posts whose author is not known yet."""
    with at.database.reading() as session:
        found = unattributed.posts(session, at.team_id)
    changed = [(post, text) for post in found if (text := mask(post.text)) != post.text]
    for post, text in changed:
        _replace_waiting(at, post, text)
    return len(changed)


def _replace_waiting(at: TeamAtTerminal, post: Unattributed, text: str) -> None:
    at.database.write_patiently(lambda session: unattributed.replace(session, post, text))


def _mask(at: TeamAtTerminal, mask: Mask, message_ids: list[str]) -> int:
    with at.database.reading() as session:
        found = messages.standing(session, message_ids)
    changed = [(message, text) for message in found if (text := mask(message.text)) != message.text]
    for message, text in changed:
        _replace(at, message, text)
    return len(changed)


def _replace(at: TeamAtTerminal, message: Message, text: str) -> None:
    at.database.write_patiently(
        lambda session: messages.edit(session, at.team_id, message.channel_id, message.ts, text, message.text)
    )
