"""`/corrigible keep`: what it does, and what the asker is told."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk import WebClient

from bot.language.catalogues import N_, Language, _, speaking
from bot.permissions import membership
from bot.permissions.errors import in_words
from bot.permissions.membership import Membership
from bot.privacy import retention, retention_view
from bot.privacy.retention import DaysError, Retention
from bot.slack.payloads import Command, Json
from bot.web_api.announcing import tell

FAULTS = (*membership.FAULTS, *retention.FAULTS)
ALONE = N_(" I could not tell the channel; please do.")


def keep(
    use: Retention,
    members: Membership,
    client: WebClient,
    command: Command,
    words: Sequence[str],
    language: Language,
) -> str | Json:
    """Choose for how long a channel's messages are kept; what to tell the asker, a question if the time is shorter.

    `language`: that of what everybody in the channel reads.
    """
    if command.channel_id.startswith("D"):
        return _(
            "In a direct message nothing is erased by itself; `/corrigible forget me` erases what you wrote."
        )
    try:
        members.check(client, command.channel_id, command.user_id)
        if tuple(words) == ("undo",):
            return undo(use, client, command.channel_id, command.user_id, language)
        days = _days(words)
        plan = use.keep(command.channel_id, days, command.user_id)
    except FAULTS as error:
        return in_words(error)
    if plan:
        return retention_view.question(plan)
    with speaking(language):  # the channel's, and the asker's below
        done = retention_view.kept(days)
        told = _("{person} decided: {what}").format(
            person=f"<@{command.user_id}>", what=f"{done[0].lower()}{done[1:]}"
        )
    is_told = tell(client, command.channel_id, {"text": told})
    return retention_view.kept(days) + ("" if is_told else _(ALONE))


def undo(use: Retention, client: WebClient, channel_id: str, by: str, language: Language) -> str:
    """Keep messages as before; what to tell whoever undid it. Raises NothingToUndoError."""
    days = use.undo(channel_id, by)
    with speaking(language):
        kept = retention_view.kept(days)
        told = _("{person} undid the shorter time. {kept}").format(person=f"<@{by}>", kept=kept)
    is_told = tell(client, channel_id, {"text": told})
    return retention_view.kept(days) + ("" if is_told else _(ALONE))


def is_time(words: Sequence[str]) -> bool:
    """Do these words say for how long, however long that is?"""
    match words:
        case ["forever" | "undo"]:
            return True
        case [number] | [number, "day" | "days"]:
            return number.isdecimal()
    return False


def _days(words: Sequence[str]) -> int | None:
    match words:
        case ["forever"]:
            return None
        case [number] | [number, "day" | "days"] if number.isdecimal() and len(number) < 6:
            return int(number)
    raise DaysError
