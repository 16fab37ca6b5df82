"""The weekly digest: who wishes it, and telling it once in each channel that does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot import digest_text
from bot.language import N_, Language, _, speaking
from bot.payloads import Json
from bot.schedule import next_due
from learning.curve import Promoted, draw
from storage import channels, digests
from storage.database import Database
from storage.digests import Week
from storage.tables import Digest, Mode

log = logging.getLogger(__name__)

# Whoever has it told every day still has it once a week in each channel.
AT_LEAST_S = 6 * 86_400.0
PAUSES_S = (0.0, 20.0, 120.0)
FILE = "digest.png"


class ChannelOffError(ValueError):
    """The bot is off in the channel, so there is no week to tell of."""

    def __init__(self) -> None:
        super().__init__(
            N_("I am off in this channel. `/corrigible on` first, then ask for the digest again.")
        )


class Digests:
    """The use cases of one team. `name`: what a person is called; `cron`: when digests are told."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        client: WebClient,
        name: Callable[[str], str],
        bot_user_id: str,
        cron: str,
        timezone: str,
        language: Language,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._client = client
        self._name = name
        self._bot_user_id = bot_user_id
        self._cron = cron
        self._zone = ZoneInfo(timezone)
        self._language = language

    def wish(self, channel_id: str, by: str) -> float:
        """A person wants it in a channel; when the next one comes. Raises ChannelOffError."""
        with self._database.writing() as session:
            if channels.mode_of(session, self._team_id, channel_id) is Mode.OFF:
                raise ChannelOffError
            digests.wish(session, self._team_id, channel_id, by)
        return next_due(self._cron, time.time(), self._zone)

    def end(self, channel_id: str) -> bool:
        """Nobody wants it there any more; False where nobody did."""
        with self._database.writing() as session:
            return digests.end(session, self._team_id, channel_id)

    def tell(self) -> None:
        """Tell each channel that was not told lately; trouble with one stops no other, and is tried again."""
        for pause_s in PAUSES_S:
            time.sleep(pause_s)
            with self._database.reading() as session:
                due = digests.due(session, self._team_id, time.time() - AT_LEAST_S)
            failed = [digest for digest in due if not self._try(digest)]
            if not failed:
                return

    def _try(self, digest: Digest) -> bool:
        try:
            self._tell(digest)
        except (SlackApiError, SlackClientError, OSError) as error:
            log.warning("digest not told channel=%s reason=%s", digest.channel_id, _reason(error))
            return False
        return True

    def _tell(self, digest: Digest) -> None:
        with self._database.reading() as session:
            week = digests.of_week(session, self._team_id, digest.channel_id)
        if _is_quiet(week) or self._is_there(digest):
            log.info("nothing to tell channel=%s", digest.channel_id)
        else:
            with self._database.writing() as session:
                digests.begin(session, digest)
            self._post(digest.channel_id, week)
        with self._database.writing() as session:
            digests.told(session, digest)

    def _post(self, channel_id: str, week: Week) -> None:
        promoted = [Promoted(one.challenger, one.made_at) for one in week.promotions]
        with speaking(self._language):
            text, words = digest_text.digest_text(week, self._name), digest_text.wording()
        picture, told = draw(week.record, promoted, time.time(), self._zone, words)
        try:
            self._client.files_upload_v2(
                channel=channel_id,
                content=picture,
                filename=FILE,
                title=words.title,
                alt_txt=told[:1_000],
                initial_comment=text,
            )
        except SlackApiError as error:
            if error.response.get("error") != "missing_scope":
                raise
            with speaking(self._language):
                why = _("The learning curve is missing: I lack the scope `files:write`.")
            self._client.chat_postMessage(channel=channel_id, text=f"{text}\n_{why}_")

    def _is_there(self, digest: Digest) -> bool:
        """Did it reach Slack before whoever posted it could note that?"""
        if digest.begun_at <= digest.told_at:
            return False
        oldest = f"{digest.begun_at - 1:.6f}"
        found = self._client.conversations_history(channel=digest.channel_id, oldest=oldest, limit=200)
        return any(self._is_ours(message) for message in found["messages"])

    def _is_ours(self, message: Json) -> bool:
        names = [file.get("name") for file in message.get("files") or ()]
        return message.get("user") == self._bot_user_id and FILE in names


def _is_quiet(week: Week) -> bool:
    """Nobody wants to hear that nothing happened."""
    return week.record[0].accuracy is None and not week.words


def _reason(error: Exception) -> str:
    known = error.response.get("error") if isinstance(error, SlackApiError) else None
    return str(known or type(error).__name__)
