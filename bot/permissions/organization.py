"""Who belongs to the team's organization: a channel shared with another one lets its people in, too."""

from __future__ import annotations

import logging
import time

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.slack.payloads import Actor, Json

log = logging.getLogger(__name__)

KEPT_S = 3_600.0
# Who can't be told from a stranger is taken for one, but not for long.
AGAIN_S = 60.0


class Organization:
    """Of one team. Slack is asked only of people whose payloads name another team, or none."""

    def __init__(self, client: WebClient, team_id: str, enterprise_id: str | None) -> None:
        self._client = client
        self._ours = {team_id, *([enterprise_id] if enterprise_id else [])}
        self._kept: dict[str, tuple[float, bool]] = {}

    def has(self, actor: Actor) -> bool:
        """Is a person one of ours?"""
        if actor.team_id in self._ours:
            return True
        until, known = self._kept.get(actor.user_id, (0.0, False))
        if time.monotonic() < until:
            return known
        found, kept_s = self._ask(actor.user_id)
        self._kept[actor.user_id] = time.monotonic() + kept_s, found
        return found

    def _ask(self, user_id: str) -> tuple[bool, float]:
        try:
            user: Json = self._client.users_info(user=user_id)["user"]
        except (SlackApiError, SlackClientError, OSError) as error:
            log.warning("taken for a stranger: Slack tells nothing of them reason=%s", type(error).__name__)
            return False, AGAIN_S
        of_enterprise = user.get("enterprise_user") or {}
        theirs = {
            user.get("team_id"),
            of_enterprise.get("enterprise_id"),
            *(of_enterprise.get("teams") or ()),
        }
        return not user.get("is_stranger") and bool(self._ours & theirs), KEPT_S
