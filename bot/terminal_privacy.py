"""Masking at the terminal: what was kept before masking was on, or knew what it knows now."""

from __future__ import annotations

from rich.console import Console
from rich.progress import track

from bot.terminal_training import Desk
from learning.masking import Mask
from storage import messages
from storage.tables import Message

AT_ONCE = 500


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
