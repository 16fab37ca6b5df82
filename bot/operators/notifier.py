"""Keeps the operators' channel up to date: a note for each run, which follows it, ruling, burst held back, and news.

News of a channel that concern those in it are told there, and a question that one user can answer is put to them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.context.health import Trouble
from bot.language.catalogues import Language, _, speaking
from bot.operators.findings import findings, groups
from bot.operators.run_notes import burst_note, foreign_note, given_up_note, plain_note, ruling_note, run_note
from bot.questions.edit_questions import EditQuestions
from bot.slack.payloads import Json
from bot.web_api import giving_up, refusals
from bot.web_api.reach import Reach
from bot.web_api.refusals import Refusal
from bot.web_api.scopes import Scopes
from bot.wording import channel_words
from learning.evaluation.metrics import Scores
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.deliveries import notices, undelivered
from storage.feedback import bursts
from storage.messages import channel_states, channels, messages
from storage.messages.channel_states import Closed
from storage.models import runs, versions
from storage.tables.deliveries import Delivery, News, Notice
from storage.tables.feedback import Burst
from storage.tables.messages import ChannelState, Message
from storage.tables.models import Grounds, Ruling, Run, TaskName
from storage.workspaces import missing_scopes

log = logging.getLogger(__name__)

# Slack wants about one post a second and channel; nobody reads progress faster than this.
PAUSE_S = 1.5
# While Slack withholds events, operators hear of it so often.
LIMITED_EVERY_S = 3_600.0
# Slack is asked so often which scopes it allows.
SCOPES_S = 600.0
TO_CHANNELS = {News.SHARED, News.BACK}


@dataclass(frozen=True)
class Owed:
    """A note to be posted: its subject, its channel, and how to post it."""

    kind: Delivery
    item: str
    channel_id: str
    post: Callable[[], None]
    notice: Notice | None = None


class Notes:
    """Tells operators; without a channel for them only the log and `corrigible status` do."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        client: WebClient,
        channel: str | None,
        language: Language,
        reach: Reach,
        scopes: Scopes,
        questions: EditQuestions,
        link: Callable[[Message], str],
    ) -> None:
        """`link`: the address of a message in Slack."""
        self._link = link
        self._database = database
        self._team_id = team_id
        self._client = client
        self._channel = channel
        self._language = language
        self._reach = reach
        self._scopes = scopes
        self._questions = questions
        self.claim = LeaseClaim(database, f"notes {team_id}")
        self._next = 0.0
        self._is_first = True
        self._closed: Closed | None = None

    def failing(self) -> Trouble | None:
        """Why operators can't be told in their channel, and since when."""
        return (
            Trouble("operators' channel", self._closed.reason, self._closed.since) if self._closed else None
        )

    def step(self) -> float | None:
        """Tell the next thing; None where there is nothing."""
        if time.monotonic() < self._next:
            return self._next - time.monotonic()
        owed = self._owed()
        if owed is None or not self.claim.hold():
            return None
        if wait_s := self._reach.wait_s():
            return wait_s
        self._next = time.monotonic() + PAUSE_S
        try:
            owed.post()
        except refusals.FAULTS as error:
            self._refused(owed, self._reach.judge(refusals.of(error, self._attempts(owed))))
        except SQLAlchemyError:
            raise
        except Exception as error:
            log.exception("note failed kind=%s", owed.kind)
            self._refused(owed, refusals.our_fault(error, self._attempts(owed)))
        else:
            self._delivered(owed)
        return PAUSE_S

    def close(self) -> None:
        """Let another replica tell at once."""
        self.claim.give_up()

    # What is owed

    def _owed(self) -> Owed | None:
        if self._channel and self._is_first:
            with self._database.writing() as session:
                undelivered.forget_elsewhere(session, self._team_id, self._channel)
        self._is_first = False
        lacking = ",".join(self._scopes.lacking(SCOPES_S))
        with self._database.reading() as session:
            return next(self._every(session, lacking), None)

    def _every(self, session: Session, lacking: str) -> Iterator[Owed]:
        """What is owed, in the order in which it is told."""
        states = channel_states.every(session, self._team_id)
        ops = states.get(self._channel or "")
        self._closed = channel_states.closed(ops) if ops else None
        channel = None if self._closed else self._channel
        if channel:
            yield from self._of_training(session, channel)
        waiting = notices.to_tell(session, self._team_id)
        news = [one for one in waiting if one.news is not News.STILL]
        for notice in news if channel else [one for one in news if _is_for_channel(one)]:
            if _is_outdated(notice, states.get(notice.channel_id)):
                yield Owed(Delivery.NOTICE, notice.id, notice.channel_id, partial(self._told, [notice]))
            elif _is_for_channel(notice):
                yield self._of_channel(notice, session)
            elif notice.news is News.GIVEN_UP:
                yield self._of_given_up(notice, str(channel), session)
            elif notice.news is News.RATE_LIMITED:
                yield from self._of_limits(notice, str(channel), waiting, session)
            else:
                yield self._of_news(notice, str(channel))
        if not self._closed:
            yield from self._of_scopes(lacking, session)
        yield from self._of_edits(waiting, states, session)

    def _of_training(self, session: Session, channel: str) -> Iterator[Owed]:
        run = runs.to_note(session, self._team_id)
        in_service = versions.all_in_service(session, self._team_id)
        if run:
            yield Owed(Delivery.RUN, run.id, channel, partial(self._follow, run, channel, in_service))
        for ruling in versions.to_tell(session, self._team_id)[:1]:
            post = partial(self._tell, ruling, channel, in_service)
            yield Owed(Delivery.RULING, ruling.id, channel, post)
        burst = bursts.to_tell(session, self._team_id)
        if burst:
            yield Owed(Delivery.BURST, burst.id, channel, partial(self._tell_of_burst, burst, channel))

    def _of_channel(self, notice: Notice, session: Session) -> Owed:
        mode = channels.mode_of(session, self._team_id, notice.channel_id)
        with speaking(self._language):
            told = plain_note(channel_words.to_channel(notice, mode))
        return self._news(notice.channel_id, told, [notice])

    def _of_news(self, notice: Notice, channel: str) -> Owed:
        with speaking(self._language):
            is_foreign = notice.news is News.FOREIGN
            told = foreign_note(notice) if is_foreign else plain_note(channel_words.to_operators(notice))
        return self._news(channel, told, [notice])

    def _of_given_up(self, notice: Notice, channel: str, session: Session) -> Owed:
        every = {(one.channel_id, one.reason): one for one in undelivered.of_team(session, self._team_id)}
        one = every.get((notice.channel_id, notice.about["reason"]))
        if one is None:  # delivered meanwhile: there is nothing to tell
            return Owed(Delivery.NOTICE, notice.id, channel, partial(self._told, [notice]))
        with speaking(self._language):
            told = given_up_note(notice.id, one)
        return self._news(channel, told, [notice])

    def _of_limits(
        self, notice: Notice, channel: str, waiting: list[Notice], session: Session
    ) -> Iterator[Owed]:
        latest = notices.told_of_limit_at(session, self._team_id)
        if latest and time.time() - latest < LIMITED_EVERY_S:
            return
        every = [one for one in waiting if one.news is News.RATE_LIMITED]
        with speaking(self._language):
            told = plain_note(channel_words.limited(sorted(float(one.about["minute"]) for one in every)))
        yield self._news(channel, told, [notice, *(one for one in every if one is not notice)])

    def _of_edits(
        self, waiting: list[Notice], states: dict[str, ChannelState], session: Session
    ) -> Iterator[Owed]:
        for notice, ask in self._questions.due(session, waiting):
            state = states.get(notice.channel_id)
            is_open = state is None or channel_states.closed(state) is None
            post = partial(self._ask, notice, ask) if ask and is_open else partial(self._told, [notice])
            yield Owed(Delivery.NOTICE, notice.id, notice.channel_id, post, notice)

    def _of_scopes(self, lacking: str, session: Session) -> Iterator[Owed]:
        key = self._team_id, Delivery.SCOPES, lacking
        if lacking != missing_scopes.told(session, self._team_id) and not undelivered.is_given_up(
            session, *key
        ):
            yield Owed(Delivery.SCOPES, lacking, self._channel or "", partial(self._tell_of_scopes, lacking))

    def _news(self, channel: str, told: Json, every: list[Notice]) -> Owed:
        def post() -> None:
            self._client.chat_postMessage(channel=channel, **told)
            self._told(every)

        return Owed(Delivery.NOTICE, every[0].id, channel, post, every[0])

    def _ask(self, notice: Notice, ask: Callable[[], None]) -> None:
        ask()
        self._told([notice])

    def _told(self, every: list[Notice]) -> None:
        with self._database.writing() as session:
            notices.told(session, [one.id for one in every], time.time())

    # What became of it

    def _attempts(self, owed: Owed) -> int:
        with self._database.reading() as session:
            return undelivered.attempts(session, self._team_id, owed.kind, owed.item)

    def _delivered(self, owed: Owed) -> None:
        with self._database.writing() as session:
            undelivered.delivered(session, self._team_id, owed.kind, owed.item)

    def _refused(self, owed: Owed, refusal: Refusal) -> None:
        log.warning(
            "note not shown kind=%s channel=%s reason=%s final=%s",
            owed.kind,
            owed.channel_id,
            refusal.reason,
            refusal.is_final,
        )
        self._next = time.monotonic() + max(PAUSE_S, refusal.delay_s)
        key = self._team_id, owed.kind, owed.item
        with self._database.writing() as session:
            if not refusal.is_final:
                if refusal.is_counted:
                    undelivered.failed(session, *key, owed.channel_id)
            elif owed.notice and _is_for_channel(owed.notice):
                notices.redirect(session, owed.notice)
                undelivered.delivered(session, *key)
            elif owed.notice and owed.notice.news is News.STILL:  # the message's emoji can still be corrected
                notices.told(session, [owed.notice.id], time.time())
                undelivered.delivered(session, *key)
            else:
                undelivered.give_up(session, *key, owed.channel_id, refusal.reason)
                giving_up.tell(session, self._team_id, owed.channel_id, refusal.reason, self._channel)

    # Posting

    def _follow(self, run: Run, channel: str, in_service: set[int]) -> None:
        with speaking(self._language):
            note = run_note(run, in_service, self._links(run))
        if run.note_ts and run.note_channel and self._update(run.note_channel, run.note_ts, note):
            posted, ts = run.note_channel, run.note_ts
        else:
            answer = self._client.chat_postMessage(channel=channel, **note)
            posted, ts = str(answer["channel"]), str(answer["ts"])
        with self._database.writing() as session:
            runs.noted(session, run.id, run.noted, posted, ts)

    def _links(self, run: Run) -> dict[str, str]:
        """Addresses of the messages that a run reports, as far as they still exist."""
        about = {one for finding in findings(run.report) for one in finding.message_ids}
        with self._database.reading() as session:
            found = messages.standing(session, sorted(about))
        return {one.id: self._link(one) for one in found}

    def _update(self, channel: str, ts: str, note: Json) -> bool:
        """Change a note that was posted; False where somebody deleted it."""
        try:
            self._client.chat_update(channel=channel, ts=ts, **note)
        except SlackApiError as error:
            if error.response.get("error") != "message_not_found":
                raise
            return False
        return True

    def _tell(self, ruling: Ruling, channel: str, in_service: set[int]) -> None:
        with speaking(self._language):
            note = ruling_note(ruling, in_service, self._groups(ruling))
        self._client.chat_postMessage(channel=channel, **note)
        with self._database.writing() as session:
            versions.told(session, ruling.id, time.time())
        if ruling.grounds is Grounds.HOLDOUT and ruling.run_id:
            self._show_picture(ruling.run_id, channel)

    def _groups(self, ruling: Ruling) -> list[str]:
        """How groups of held-out messages fare, where these decided."""
        if ruling.grounds is not Grounds.HOLDOUT or ruling.task is not TaskName.CLASSIFICATION:
            return []
        with self._database.reading() as session:
            card = versions.get(session, self._team_id, ruling.challenger).card
        champion, challenger = (
            Scores.from_json(card[name]) if card.get(name) else None for name in ("champion_scores", "scores")
        )
        return list(groups(champion, challenger)) if challenger else []

    def _tell_of_burst(self, burst: Burst, channel: str) -> None:
        with speaking(self._language):
            note = burst_note(burst)
        self._client.chat_postMessage(channel=channel, **note)
        with self._database.writing() as session:
            bursts.told(session, burst.id, time.time())

    def _tell_of_scopes(self, lacking: str) -> None:
        """Without a channel for operators, `corrigible status` alone tells."""
        with speaking(self._language):
            text = self._scopes.told() if self._channel else ""
        if self._channel and text:
            self._client.chat_postMessage(channel=self._channel, text=text)
        with self._database.writing() as session:
            missing_scopes.tell(session, self._team_id, lacking)

    def _show_picture(self, run_id: str, channel: str) -> None:
        with self._database.reading() as session:
            run = runs.get(session, run_id)
        if not run.picture:
            return
        with speaking(self._language):
            title = _("Training run {number}").format(number=run.id[:8])
        try:
            self._client.files_upload_v2(
                channel=run.note_channel or channel,
                thread_ts=run.note_ts,
                content=run.picture,
                filename=f"run-{run.id[:8]}.png",
                title=title,
                alt_txt=run.picture_text[:1_000],
                initial_comment=run.picture_text,
            )
        except refusals.FAULTS as error:
            log.warning("picture not shown: %s", type(error).__name__)


def _is_for_channel(notice: Notice) -> bool:
    """Is it for those in the channel? What they can't be told, operators are."""
    return notice.news in TO_CHANNELS and not notice.about.get("is_for_operators")


def _is_outdated(notice: Notice, state: ChannelState | None) -> bool:
    """Has something else happened to the channel since, which says more?"""
    closed = channel_states.closed(state) if state else None
    match notice.news:
        case News.REMOVED:
            return closed is None or closed.reason != channel_states.REMOVED
        case News.SHARED:
            return closed is None
        case News.BACK:
            return closed is not None
    return False
