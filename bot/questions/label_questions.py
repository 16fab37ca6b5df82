"""Asks the user who gave a suspicious label whether it is right: in a direct message, once, and few times a day.

A direct message waits until its user is there; what one user alone sees in a channel would be gone by then. Without
another scope it can't be found again by its user, so it is noted before it is posted, and one whose answer is lost
isn't posted again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from slack_sdk import WebClient

from bot.language.catalogues import speaking
from bot.language.locales import Locales
from bot.permissions.membership import everybody
from bot.questions import label_question_view
from bot.slack.payloads import Json
from bot.web_api import refusals
from bot.web_api.reach import Reach
from bot.web_api.refusals import Refusal
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.messages import label_questions
from storage.messages.label_questions import DIRECT, LabelQuestionAsked
from storage.tables.feedback import LabelQuestion, Outcome
from storage.tables.messages import Message

log = logging.getLogger(__name__)

# Slack wants about one post a second and channel.
PAUSE_S = 1.5


class LabelQuestions:
    """The questions of one team. `link`: the address of a message; `per_day`: how many a user is asked, 0 for none."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        client: WebClient,
        locales: Locales,
        reach: Reach,
        link: Callable[[Message], str],
        per_day: int,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._client = client
        self._locales = locales
        self._reach = reach
        self._link = link
        self._per_day = per_day
        self.claim = LeaseClaim(database, f"label questions {team_id}")
        self._next = 0.0
        self.on_change: Callable[[], None] = lambda: None

    def decline(self, user_id: str) -> None:
        """A user wants no more questions."""
        with self._database.writing() as session:
            label_questions.decline(session, self._team_id, user_id)
        self.on_change()

    def accept(self, user_id: str) -> None:
        """A user wants to be asked after all."""
        with self._database.writing() as session:
            label_questions.accept(session, self._team_id, user_id)

    def step(self) -> float | None:
        """Show what became of a question, or ask the next one; None where there is nothing to do."""
        if time.monotonic() < self._next:
            return self._next - time.monotonic()
        with self._database.reading() as session:
            ended = label_questions.to_show(session, self._team_id)
            question = ended or label_questions.to_ask(session, self._team_id, self._per_day)
        if question is None or not self.claim.hold():
            return None
        if wait_s := self._reach.wait_s():
            return wait_s
        self._next = time.monotonic() + PAUSE_S
        try:
            if question.outcome:
                self._show(question, question.outcome)
            else:
                self._ask(question)
        except refusals.FAULTS as error:
            self._refused(question, self._reach.judge(refusals.of(error, question.attempts)))
        return 0.0

    def close(self) -> None:
        """Let another replica ask at once."""
        self.claim.give_up()

    # Asking

    def _ask(self, question: LabelQuestion) -> None:
        with self._database.reading() as session:
            wanted = label_questions.asking(session, question)
        if wanted is None or not self._is_there(wanted):
            self._drop(question)
            return
        with speaking(self._locales.language(question.user_id)):
            asked = label_question_view.question(wanted, self._link(wanted.message))
        with self._database.writing() as session:
            if label_questions.begin(session, question) is None:
                return
        self._post(question, asked)

    def _is_there(self, wanted: LabelQuestionAsked) -> bool:
        """Is the user still in the workspace, and in the message's channel?"""
        user_id, channel_id = wanted.question.user_id, wanted.message.channel_id
        if self._client.users_info(user=user_id)["user"].get("deleted"):
            return False
        return channel_id.startswith(DIRECT) or user_id in everybody(self._client, channel_id)

    def _post(self, question: LabelQuestion, asked: Json) -> None:
        try:
            posted = self._client.chat_postMessage(channel=question.user_id, **asked)
        except refusals.FAULTS as error:
            refusal = self._reach.judge(refusals.of(error, question.attempts))
            if not refusal.may_stand:
                self._refused(question, refusal)
                return
            log.warning("label question may not have been posted reason=%s", refusal.reason)
            return
        channel_id, ts = str(posted["channel"]), str(posted["ts"])
        with self._database.writing() as session:
            is_kept = label_questions.asked(session, question, channel_id, ts)
        if not is_kept:  # its user was forgotten meanwhile
            self._client.chat_delete(channel=channel_id, ts=ts)

    # What became of it

    def _show(self, question: LabelQuestion, outcome: Outcome) -> None:
        if outcome is Outcome.WITHDRAWN:
            if question.channel_id and question.ts:
                self._client.chat_delete(channel=question.channel_id, ts=question.ts)
            self._drop(question)
            return
        with self._database.reading() as session:
            message, label = label_questions.chosen(session, question)
        with speaking(self._locales.language(question.user_id)):
            shown = label_question_view.ended(outcome, label, self._link(message))
        self._client.chat_update(channel=str(question.channel_id), ts=str(question.ts), **shown)
        self._shown(question)

    def _refused(self, question: LabelQuestion, refusal: Refusal) -> None:
        log.warning("label question not shown reason=%s final=%s", refusal.reason, refusal.is_final)
        if not refusal.is_final:
            with self._database.writing() as session:
                label_questions.postpone(session, question, refusal.delay_s, refusal.attempts)
        elif question.outcome and question.outcome is not Outcome.WITHDRAWN:
            self._shown(question)
        else:
            self._drop(question)

    def _shown(self, question: LabelQuestion) -> None:
        with self._database.writing() as session:
            label_questions.shown(session, question)

    def _drop(self, question: LabelQuestion) -> None:
        with self._database.writing() as session:
            label_questions.drop(session, question)
