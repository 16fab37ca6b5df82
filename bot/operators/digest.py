"""The weekly digest: who wishes it, and telling it once in each channel that does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.context.schedule import next_due
from bot.language.catalogues import N_, Language, _, speaking
from bot.operators import digest_text
from bot.slack.payloads import Json
from bot.web_api import giving_up, refusals
from bot.web_api.reach import Reach
from bot.web_api.refusals import Refusal
from learning.evaluation import accuracy
from learning.evaluation.accuracy import Accuracy
from learning.evaluation.curve import Promoted, draw
from storage.database import jobs
from storage.database.engine import Database
from storage.deliveries import undelivered
from storage.messages import channel_states, channels
from storage.reports import digests
from storage.reports.digests import WEEKS, Week
from storage.tables.deliveries import Delivery, Digest
from storage.tables.messages import Mode

log = logging.getLogger(__name__)

# Whoever has it told every day still has it once a week in each channel.
AT_LEAST_S = 6 * 86_400.0
PAUSES_S = (0.0, 20.0, 120.0)
FILE = "digest.png"
EVENT = "corrigible_digest"
JOB = "digest"


class ChannelOffError(ValueError):
    """The bot is off in the channel, so there is no week to tell of."""

    def __init__(self) -> None:
        super().__init__(
            N_("I am off in this channel. `/corrigible on` first, then ask for the digest again.")
        )


@dataclass(frozen=True)
class DigestContent:
    """The content of a digest: its channel's week, and the model's accuracy in all channels, now and by week."""

    week: Week
    accuracy: Accuracy | None
    weeks: list[Accuracy | None]

    @property
    def is_quiet(self) -> bool:
        """Is there nothing to tell?"""
        return not self.week.words and not (self.weeks and self.weeks[0])


@dataclass(frozen=True)
class Wish:
    """When a digest comes next (seconds since 1970), and whether nobody had wanted it before."""

    at: float
    is_new: bool


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
        reach: Reach,
    ) -> None:
        self._database = database
        self._reach = reach
        self._team_id = team_id
        self._client = client
        self._name = name
        self._bot_user_id = bot_user_id
        self._cron = cron
        self._zone = ZoneInfo(timezone)
        self._language = language

    def wish(self, channel_id: str, by: str) -> Wish:
        """A person wants it in a channel; when the next one comes, and whether nobody wanted it before.

        Raises ChannelOffError.
        """
        with self._database.writing() as session:
            if channels.mode_of(session, self._team_id, channel_id) is Mode.OFF:
                raise ChannelOffError
            is_new = digests.wish(session, self._team_id, channel_id, by)
        return Wish(next_due(self._cron, time.time(), self._zone), is_new)

    def end(self, channel_id: str) -> bool:
        """Nobody wants it there any more; False where nobody did."""
        with self._database.writing() as session:
            return digests.end(session, self._team_id, channel_id)

    def tell(self) -> None:
        """Tell each channel that was not told lately; trouble with one stops no other, and is tried again.

        If some wait to be told before their time, because an operator or Slack kept them waiting, these alone.
        """
        left = self._due()
        for attempt, pause_s in enumerate(PAUSES_S):
            time.sleep(pause_s)
            refused = [(digest, self._try(digest, attempt)) for digest in left]
            left = [digest for digest, refusal in refused if refusal and not refusal.is_final]
            self._give_up([(digest, one) for digest, one in refused if one and one.is_final])
            if not left or self._reach.trouble():
                break
        with self._database.writing() as session:
            for digest in left:
                undelivered.await_slack(session, self._team_id, digest.channel_id)

    def hasten(self) -> float | None:
        """Post the digests that wait for it now. A step, repeated."""
        with self._database.reading() as session:
            is_waiting = bool(undelivered.waiting_digests(session, self._team_id))
        if is_waiting and not self._reach.wait_s():
            with self._database.writing() as session:
                jobs.hasten(session, self._team_id, JOB, time.time())
        return None

    def _due(self) -> list[Digest]:
        with self._database.reading() as session:
            due = digests.due(session, self._team_id, time.time() - AT_LEAST_S)
            closed = channel_states.all_closed(session, self._team_id)
            waiting = undelivered.waiting_digests(session, self._team_id)
        chosen = [one for one in due if one.channel_id in waiting] if waiting else due
        gone = waiting - {one.channel_id for one in chosen}
        with self._database.writing() as session:  # nobody wants these any more
            for channel_id in gone:
                undelivered.delivered(session, self._team_id, Delivery.DIGEST, channel_id)
            for channel_id in waiting & closed.keys():
                why = closed[channel_id].reason
                undelivered.give_up(session, self._team_id, Delivery.DIGEST, channel_id, channel_id, why)
        return [one for one in chosen if one.channel_id not in closed]

    def _try(self, digest: Digest, attempt: int) -> Refusal | None:
        try:
            self._tell(digest)
        except refusals.FAULTS as error:
            is_last = attempt + 1 == len(PAUSES_S)
            refusal = refusals.of(error, refusals.MAX_ATTEMPTS if is_last else 0)
            refusal = self._reach.judge(refusal)
            log.warning("digest not told channel=%s reason=%s", digest.channel_id, refusal.reason)
            return refusal
        return None

    def _give_up(self, refused: list[tuple[Digest, Refusal]]) -> None:
        for digest, refusal in refused:
            place = digest.channel_id
            with self._database.writing() as session:
                undelivered.give_up(session, self._team_id, Delivery.DIGEST, place, place, refusal.reason)
                giving_up.tell(session, self._team_id, place, refusal.reason)

    def _tell(self, digest: Digest) -> None:
        told = self._told(digest.channel_id)
        if told.is_quiet or self._is_there(digest):
            log.info("nothing to tell channel=%s", digest.channel_id)
        else:
            with self._database.writing() as session:
                digests.begin(session, digest)
            self._post(digest.channel_id, told)
        with self._database.writing() as session:
            digests.told(session, digest)
            undelivered.delivered(session, self._team_id, Delivery.DIGEST, digest.channel_id)

    def _told(self, channel_id: str) -> DigestContent:
        with self._database.reading() as session:
            return DigestContent(
                digests.of_week(session, self._team_id, channel_id),
                accuracy.latest(session, self._team_id),
                accuracy.by_week(session, self._team_id, WEEKS),
            )

    def _post(self, channel_id: str, told: DigestContent) -> None:
        with speaking(self._language):
            text = digest_text.digest_text(told.week, told.accuracy, self._name)
            words = digest_text.wording()
        if not told.weeks:
            return self._post_text(channel_id, text)
        promoted = [Promoted(one.challenger, one.made_at) for one in told.week.promotions]
        picture, described = draw(told.weeks, promoted, time.time(), self._zone, words)
        try:
            self._client.files_upload_v2(
                channel=channel_id,
                content=picture,
                filename=FILE,
                title=words.title,
                alt_txt=described[:1_000],
                initial_comment=text,
            )
        except SlackApiError as error:
            if error.response.get("error") != "missing_scope":
                raise
            with speaking(self._language):
                why = _("The learning curve is missing: I lack the scope `files:write`.")
            return self._post_text(channel_id, f"{text}\n_{why}_")

    def _post_text(self, channel_id: str, text: str) -> None:
        mark = {"event_type": EVENT, "event_payload": {"channel": channel_id}}
        self._client.chat_postMessage(channel=channel_id, text=text, metadata=mark)

    def _is_there(self, digest: Digest) -> bool:
        """Did it reach Slack before whoever posted it could note that?"""
        if digest.begun_at <= digest.told_at:
            return False
        oldest = f"{digest.begun_at - 1:.6f}"
        found = self._client.conversations_history(
            channel=digest.channel_id, oldest=oldest, limit=200, include_all_metadata=True
        )
        return any(self._is_ours(message) for message in found["messages"])

    def _is_ours(self, message: Json) -> bool:
        names = [file.get("name") for file in message.get("files") or ()]
        event = (message.get("metadata") or {}).get("event_type")
        return message.get("user") == self._bot_user_id and (FILE in names or event == EVENT)
