"""Tells users from apps, whose reactions and posts teach nothing."""

from __future__ import annotations

import logging
import time
from enum import Enum, auto

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack.payloads import SLACKBOT, Json
from bot.web_api import refusals

log = logging.getLogger(__name__)

KEPT_S = 3_600.0
# Asking again won't help: Slack hides this user, or the app lacks the scope.
FINAL = {"missing_scope", "user_not_found", "user_not_visible", "users_not_found"}
AGAIN_S = 60.0


class UnknownActorError(RuntimeError):
    """Slack did not say whether an actor is a user. What they did is stored, and Slack is asked again.

    `cause`: one of refusals.FAULTS.
    """

    def __init__(self, cause: Exception) -> None:
        self.reason = type(cause).__name__
        if isinstance(cause, SlackApiError):
            self.reason = str(cause.response.get("error"))
        super().__init__(f"Slack did not say who did something ({self.reason})")
        self.cause = cause


class ActorKind(Enum):
    """Whether an actor is a user. Slackbot is a bot."""

    USER = auto()
    WORKFLOW = auto()
    BOT = auto()


class Actors:
    """Asks Slack once an hour about each."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._kept: dict[str, tuple[float, ActorKind]] = {}

    def known(self, user_id: str) -> ActorKind | None:
        """Return what an actor is, without asking Slack; None if only Slack knows."""
        if user_id == SLACKBOT or not user_id.startswith(("U", "W")):
            return ActorKind.BOT
        until, known = self._kept.get(user_id, (0.0, ActorKind.BOT))
        return known if time.monotonic() < until else None

    def kind(self, user_id: str) -> ActorKind:
        """Ask Slack what an actor is: never before an acknowledgement. Raises UnknownActorError."""
        known = self.known(user_id)
        if known:
            return known
        found, kept_s = self._ask(user_id)
        self._kept[user_id] = time.monotonic() + kept_s, found
        return found

    def is_user(self, user_id: str) -> bool:
        """Ask Slack whether an actor is a user; False if it does not say."""
        try:
            return self.kind(user_id) is ActorKind.USER
        except UnknownActorError as error:
            log.warning("not taken for a user reason=%s", error.reason)
            return False

    def _ask(self, user_id: str) -> tuple[ActorKind, float]:
        try:
            user: Json = self._client.users_info(user=user_id)["user"]
        except refusals.FAULTS as error:
            reason = error.response.get("error") if isinstance(error, SlackApiError) else None
            if reason not in FINAL:
                raise UnknownActorError(error) from None
            log.info("not taken for a user reason=%s", reason)
            return ActorKind.BOT, AGAIN_S
        if user.get("is_workflow_bot"):
            return ActorKind.WORKFLOW, KEPT_S
        return (ActorKind.BOT if user.get("is_bot") else ActorKind.USER), KEPT_S
