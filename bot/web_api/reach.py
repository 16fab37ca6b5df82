"""Whether Slack takes anything from us in one workspace: if it does not, that is no fault of what waits."""

from __future__ import annotations

import logging
import threading
import time

from slack_sdk import WebClient

from bot.context.health import Trouble
from bot.web_api import refusals
from bot.web_api.refusals import Refusal

log = logging.getLogger(__name__)

LONGEST_S = 60.0
NO_ANSWER = "no_answer"


class Reach:
    """Shared by all that deliver to one workspace. While it is shut nothing is tried, and no attempts are used up.

    It shuts if Slack refuses the workspace as a whole, or a delivery stayed without an answer and auth.test does too.
    It opens as soon as auth.test is answered.
    """

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._turn = threading.Lock()
        self._shut: Trouble | None = None
        self._asked = 0
        self._ask_at = 0.0  # by the monotonic clock

    def trouble(self) -> Trouble | None:
        """Why nothing is delivered to Slack, and since when."""
        return self._shut

    def wait_s(self) -> float:
        """For how many seconds nothing should be tried: 0 if Slack can be reached."""
        if self._shut is None:
            return 0.0
        with self._turn:
            left_s = self._ask_at - time.monotonic()
            if self._shut and left_s <= 0:
                self._note(self._ask())
                left_s = self._ask_at - time.monotonic()
            return max(0.0, left_s) if self._shut else 0.0

    def judge(self, refusal: Refusal) -> Refusal:
        """The refusal, which does not count if it is no fault of the delivery."""
        if refusal.is_of_workspace:
            with self._turn:
                self._note(refusal.reason)
            return refusal
        if refusal.is_answer:
            return refusal
        with self._turn:
            if self._shut is None:
                self._note(self._ask())
            return refusal.waits() if self._shut else refusal

    def _ask(self) -> str | None:
        """Why Slack takes nothing; None if it does."""
        try:
            self._client.auth_test()
        except refusals.FAULTS as error:
            refusal = refusals.of(error, 0)
            if refusal.is_of_workspace:
                return refusal.reason
            return None if refusal.is_answer else NO_ANSWER
        return None

    def _note(self, reason: str | None) -> None:
        if reason is None:
            if self._shut:
                log.warning("Slack can be reached again")
            self._shut, self._asked = None, 0
            return
        if self._shut is None or self._shut.reason != reason:
            log.warning("nothing is delivered to Slack reason=%s", reason)
            since = self._shut.since if self._shut else time.time()
            self._shut = Trouble("slack", reason, since)
        self._ask_at = time.monotonic() + min(2.0**self._asked, LONGEST_S)
        self._asked += 1
