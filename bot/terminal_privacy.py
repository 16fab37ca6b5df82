"""Privacy at the terminal: masking what was kept before masking was on, and erasing all of a team."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track

from bot.settings import Settings
from bot.terminal_training import Desk
from learning.annotation.connection import Access, Connection
from learning.annotation.erasing import erase_datasets
from learning.masking import Mask
from storage import messages, team_erasure
from storage.tables import Message
from storage.team_erasure import Extent

AT_ONCE = 500


class ArgillaUnknownError(RuntimeError):
    """Reviewers' datasets can't be erased: nobody said where Argilla is."""

    def __init__(self, dataset_ids: list[str]) -> None:
        super().__init__(
            f"Reviewers have datasets of this team ({', '.join(dataset_ids)}), and it is not known where. Set "
            "ARGILLA_API_URL and ARGILLA_API_KEY; for the Argilla of `make run`, delete its folder "
            "(LOCAL_ARGILLA_HOME) and give --without-argilla."
        )


@dataclass(frozen=True)
class Erased:
    """What was erased of a team: rows of the database, datasets in Argilla, models."""

    rows: int
    datasets: int
    models: int


def kept(at: Desk) -> Extent:
    """What is kept of a team. Raises TeamServedError."""
    with at.database.reading() as session:
        return team_erasure.extent(session, at.team_id)


def erase(settings: Settings, at: Desk, found: Extent, find: Callable[[], Access] | None) -> Erased:
    """Erase all of a team: in Argilla where `find` gives its address, then its models, then every row.

    What fails leaves the rows, so that the same again does the rest. Raises TeamServedError,
    ArgillaUnavailableError, ArgillaRefusedError.
    """
    datasets = _erase_in_argilla(settings, at, found, find) if find else 0
    artifacts = settings.artifacts
    for digest in found.artifacts:
        artifacts.remove(digest)
    rows = at.database.write_patiently(lambda session: team_erasure.erase_team(session, at.team_id))
    return Erased(rows, datasets, len(found.artifacts))


def _erase_in_argilla(settings: Settings, at: Desk, found: Extent, find: Callable[[], Access]) -> int:
    name = settings.argilla_dataset or f"slack-{at.team_id}"
    connection = Connection(find)
    try:
        workspaces = settings.argilla_workspace, f"{settings.argilla_workspace}-{at.team_id}"
        return erase_datasets(connection, found.datasets, workspaces, (name, f"{name}-summaries"))
    finally:
        connection.close()


def mask_kept(at: Desk, mask: Mask, out: Console) -> int:
    """Mask every kept message of a team; how many had something to mask.

    Each is predicted again by the bot, and its record in Argilla follows. Texts are read in memory one by one.
    """
    with at.database.reading() as session:
        ids = messages.standing_ids(session, at.team_id)
    groups = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
    return sum(_mask(at, mask, group) for group in track(groups, "Masking", console=out))


def _mask(at: Desk, mask: Mask, message_ids: list[str]) -> int:
    with at.database.reading() as session:
        found = messages.standing(session, message_ids)
    changed = [(message, text) for message in found if (text := mask(message.text)) != message.text]
    for message, text in changed:
        _replace(at, message, text)
    return len(changed)


def _replace(at: Desk, message: Message, text: str) -> None:
    at.database.write_patiently(
        lambda session: messages.edit(session, at.team_id, message.channel_id, message.ts, text, message.text)
    )
