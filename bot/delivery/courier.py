"""The courier: brings every card in Slack to the state it should show, exactly one card a message."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from slack_sdk import WebClient
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.classification.card import card, metadata
from bot.context.metrics import Metrics
from bot.delivery import reactions
from bot.delivery.slots import Places, Slot
from bot.language.catalogues import _, many, speaking
from bot.language.locales import Locales
from bot.web_api import giving_up, refusals, replies
from bot.web_api.reach import Reach
from bot.web_api.refusals import Refusal
from storage.database.engine import Database
from storage.deliveries import cards, pacing
from storage.deliveries.cards import Behind, CardClaim
from storage.deliveries.pacing import Pace
from storage.messages import channel_states, channels, contents
from storage.messages.channel_states import Closed
from storage.messages.contents import Content
from storage.tables.messages import Mode

log = logging.getLogger(__name__)

AT_ONCE = 8
# So many of them at least are free for cards that a person waits for.
RESERVED = 2
# Where all places are taken, those that get free in so long are gathered: several cards cost little more than one.
# Where another replica holds all that is due, it is left alone for as long.
GATHER_S = 0.05


class ClaimEndsError(TimeoutError):
    """The claim may end before the post does: another courier could post as well."""


class Courier:
    """Claims due cards of one team and shows each of them, AT_ONCE at a time.

    `client` must not retry by itself: a post that failed may have reached Slack, so before a second one the
    thread is searched for the card.
    """

    def __init__(
        self,
        database: Database,
        team_id: str,
        bot_user_id: str,
        client: WebClient,
        metrics: Metrics,
        pace: Pace,
        locales: Locales,
        reach: Reach,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._reach = reach
        self._bot_user_id = bot_user_id
        self._client = client
        self._metrics = metrics
        self._pace = pace
        self._locales = locales
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="courier")
        self._places = Places(AT_ONCE, RESERVED)
        self.on_due: Callable[[], None] = lambda: None
        self.on_given_up: Callable[[], None] = lambda: None

    def step(self) -> float | None:
        """Hand out the cards that are due; seconds until the next one is, None where none waits."""
        with self._database.reading() as session:  # most wake-ups find nothing: they need no writer's turn
            due_at = cards.next_due(session, self._team_id, self._pace)
        if due_at is None:
            return None
        if due_at > time.time():
            return due_at - time.time()
        return self._reach.wait_s() or self._hand_out()

    def _hand_out(self) -> float | None:
        taken = self._places.take()
        if not taken.every:
            return None  # who ends first will wake us
        try:
            with self._database.writing() as session:
                handout = cards.claim(session, self._team_id, taken.every, self._pace, taken.heard)
        except BaseException:
            self._places.give_back(taken)
            raise
        used = _places_of(handout.claims)
        self._places.give_back(Slot(taken.every - used.every, taken.heard - used.heard))
        shown = self._contents(handout.claims)
        closed = self._closed(handout.claims)
        for claim in handout.claims:
            why = closed.get(claim.channel_id)
            self._pool.submit(self._deliver, claim, shown.get(claim.message_id), why)
        for behind in handout.behind:
            self._pool.submit(self._tell, behind)
        if not taken.heard:
            return None  # as above
        return GATHER_S if used.heard == taken.heard or not handout.claims else 0.0

    def _contents(self, claims: Sequence[CardClaim]) -> dict[str, Content]:
        """What these cards show, by message; nothing where one can't be read: then each delivery reads its own."""
        try:
            with self._database.reading() as session:
                return contents.of_messages(session, [claim.message_id for claim in claims])
        except Exception:
            log.exception("cards not read together cards=%d", len(claims))
            return {}

    def _closed(self, claims: Sequence[CardClaim]) -> dict[str, Closed]:
        if not claims:
            return {}
        with self._database.reading() as session:
            return channel_states.all_closed(session, self._team_id)

    def close(self, timeout_s: float) -> None:
        """Let deliveries under way end, for at most `timeout_s`; the next start finds what was left."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._places.wait_until_free(timeout_s)

    def _tell(self, behind: Behind) -> None:
        """Once, and only where people look for cards: that they come later."""
        with self._database.reading() as session:
            if channels.mode_of(session, self._team_id, behind.channel_id) is not Mode.REPLY:
                return
        with speaking(self._locales.otherwise):
            text = self._catching_up(behind)
        try:
            self._client.chat_postMessage(channel=behind.channel_id, text=text)
        except refusals.FAULTS as error:
            refusal = self._reach.judge(refusals.of(error, 0))
            log.warning("channel not told that it is behind reason=%s", refusal.reason)
            if not refusal.is_counted:  # what Slack refused is not worth another try within the hour
                with self._database.writing() as session:
                    pacing.not_told(session, self._team_id, behind.channel_id)

    def _catching_up(self, behind: Behind) -> str:
        minutes = math.ceil(behind.waiting / self._pace.per_second / 60)
        return _(
            "Many messages came at once: {answers} answers are still to come, each in its thread, the newest first, "
            "the last in about {minutes}."
        ).format(answers=behind.waiting, minutes=many("{number} minute", "{number} minutes", minutes))

    def _deliver(self, claim: CardClaim, content: Content | None, closed: Closed | None) -> None:
        is_due_again = False
        try:
            is_due_again = self._show(claim, content or self._content(claim), closed)
        except SQLAlchemyError:  # not the card's fault: its claim ends by itself
            log.exception("card not noted message=%s", claim.message_id)
            self._metrics.errors.labels("courier").inc()
        except Exception as error:
            log.exception("card failed message=%s", claim.message_id)
            self._metrics.errors.labels("courier").inc()
            is_due_again = self._failed(claim, refusals.our_fault(error, claim.attempts))
        finally:
            was_missed = self._places.end(_places_of([claim]))
            if is_due_again or was_missed:
                self.on_due()

    def _content(self, claim: CardClaim) -> Content:
        with self._database.reading() as session:
            return contents.of_message(session, claim.message_id)

    def _show(self, claim: CardClaim, content: Content, closed: Closed | None) -> bool:
        """Bring one card to its state; is it due again, because somebody clicked meanwhile?"""
        is_closed = closed is not None and not _may_change(claim, content, closed)
        if closed and is_closed and closed.since > content.message.received_at:
            with self._database.writing() as session:
                return cards.give_up(session, claim.message_id, closed.reason, content.wanted)
        try:
            ts, reaction = self._answer(claim, content)
        except ClaimEndsError as error:
            return self._refused(claim, content, refusals.silence(error, 0).waits())
        except refusals.FAULTS as error:
            return self._refused(claim, content, self._reach.judge(refusals.of(error, claim.attempts)))
        with self._database.writing() as session:
            is_due_again = cards.shown(session, claim.message_id, ts, reaction, content.wanted)
            if is_closed:  # Slack takes what it should not, by what we know
                channel_states.look_again(session, self._team_id, claim.channel_id)
        if claim.ts is None and not claim.reaction:
            self._metrics.card_seconds.observe(time.time() - content.message.received_at)
        return is_due_again

    def _answer(self, claim: CardClaim, content: Content) -> tuple[str | None, str]:
        """Make Slack show `content`; the ts of the card and the emoji that stand now."""
        if content.message.mode is Mode.QUIET:
            return None, self._react(claim, content)
        if claim.reaction:  # it was heard in quiet mode, and an edit made it mention us
            place = claim.channel_id, content.message.ts
            reactions.bring(self._client, *place, [claim.reaction], "")
        return self._bring(claim, content), ""

    def _react(self, claim: CardClaim, content: Content) -> str:
        wanted = "" if content.message.erased_at else reactions.emoji_of(content)
        place = claim.channel_id, content.message.ts
        stands = [claim.reaction] if claim.reaction else []
        if claim.may_stand:
            stands = reactions.of_ours(self._client, *place, self._bot_user_id)
        reactions.bring(self._client, *place, stands, wanted)
        return wanted

    def _bring(self, claim: CardClaim, content: Content) -> str | None:
        """Make Slack show `content`; the ts of the card, None where it has to be gone."""
        ts = claim.ts or (self._find(claim) if claim.may_stand else None)
        if content.message.erased_at:
            if ts:
                self._client.chat_delete(channel=claim.channel_id, ts=ts)
            return None
        with speaking(self._locales.language(content.message.user_id)):
            shown = card(content)
        if ts:
            self._client.chat_update(channel=claim.channel_id, ts=ts, **shown)
            return ts
        if time.time() > claim.until - self._client.timeout:
            raise ClaimEndsError
        posted = self._client.chat_postMessage(
            channel=claim.channel_id,
            thread_ts=claim.thread_ts,
            metadata=metadata(claim.message_id),
            **shown,
        )
        return str(posted["ts"])

    def _find(self, claim: CardClaim) -> str | None:
        return replies.find(self._client, claim.channel_id, claim.thread_ts, metadata(claim.message_id))

    def _refused(self, claim: CardClaim, content: Content, refusal: Refusal) -> bool:
        log.warning(
            "card not shown message=%s reason=%s final=%s", claim.message_id, refusal.reason, refusal.is_final
        )
        self._metrics.errors.labels("slack").inc()
        with self._database.writing() as session:
            if refusal.is_final:
                return self._give_up(session, claim, refusal.reason, content.wanted)
            may_stand = refusal.may_stand or claim.may_stand
            cards.postpone(session, claim.message_id, refusal.delay_s, may_stand, refusal.attempts)
            if refusal.reason == refusals.RATE_LIMITED:
                pacing.pause(session, self._team_id, claim.channel_id, self._pace, refusal.delay_s)
        return True

    def _failed(self, claim: CardClaim, refusal: Refusal) -> bool:
        """An error of our own: it may be that of this card alone, for which no other should be held up."""
        try:
            with self._database.writing() as session:
                if refusal.is_final:
                    wanted = contents.of_message(session, claim.message_id).wanted
                    return self._give_up(session, claim, refusal.reason, wanted)
                cards.postpone(session, claim.message_id, refusal.delay_s, refusal.may_stand)
        except Exception:  # its claim ends by itself
            log.exception("card not postponed message=%s", claim.message_id)
        return True

    def _give_up(self, session: Session, claim: CardClaim, reason: str, wanted: int) -> bool:
        is_due = cards.give_up(session, claim.message_id, reason, wanted)
        if not is_due:
            giving_up.tell(session, self._team_id, claim.channel_id, reason)
            self.on_given_up()
        return is_due


def _may_change(claim: CardClaim, content: Content, closed: Closed) -> bool:
    """In a shared channel the bot answers nothing new, but what it shows there follows what people do with it."""
    stands = claim.ts is not None or bool(claim.reaction) or content.message.erased_at is not None
    return stands and closed.reason == channel_states.SHARED


def _places_of(claims: Sequence[CardClaim]) -> Slot:
    return Slot(len(claims), sum(not claim.is_urgent for claim in claims))
