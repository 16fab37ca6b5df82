"""What channels and people are called in Argilla: people only as the team wishes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from storage.database.engine import Database
from storage.text.encodable import clean
from storage.workspaces import pseudonyms
from storage.workspaces.pseudonyms import is_forgotten

log = logging.getLogger(__name__)

KEPT_S = 3600.0
NOBODY = "Somebody"
APP = "App"
DIRECT = "direct message"
GROUP = "group direct message"

Policy = Literal["real", "pseudonym", "none"]


class SlackNames:
    """Names as Slack shows them, kept for KEPT_S; where Slack does not tell, ids take their place for now."""

    def __init__(self, client: WebClient, database: Database, team_id: str, policy: Policy) -> None:
        self._client = client
        self._database = database
        self._team_id = team_id
        self._policy = policy
        self._kept: dict[str, tuple[float, str]] = {}

    def channel(self, channel_id: str) -> str:
        """#support, or that it was a direct message."""
        if channel_id.startswith("D"):
            return DIRECT
        return self._keep(channel_id, self._channel)

    def person(self, user_id: str) -> str:
        """A display name, "Person 3", or "Somebody"."""
        if self._policy == "none" or is_forgotten(user_id):
            return NOBODY
        if user_id.startswith("B"):  # a workflow, or an app in nobody's name
            return APP
        if self._policy == "pseudonym":
            return self._keep(user_id, self._pseudonym)
        return self._keep(user_id, self._real)

    def _keep(self, id_: str, find: Callable[[str], str]) -> str:
        until, known = self._kept.get(id_, (0.0, id_))
        if time.monotonic() < until:
            return known
        try:
            name = clean(find(id_))
        except (SlackApiError, SlackClientError, OSError) as error:
            log.info("Slack tells no name id=%s reason=%s", id_, type(error).__name__)
            return known
        self._kept[id_] = time.monotonic() + KEPT_S, name
        return name

    def _channel(self, channel_id: str) -> str:
        found = self._client.conversations_info(channel=channel_id)["channel"]
        if found.get("is_mpim"):  # its name is made of its people's
            return GROUP
        return f"#{found['name']}" if found.get("name") else channel_id

    def _real(self, user_id: str) -> str:
        user = self._client.users_info(user=user_id)["user"]
        profile = user.get("profile") or {}
        return str(profile.get("display_name") or profile.get("real_name") or user.get("name") or user_id)

    def _pseudonym(self, user_id: str) -> str:
        with self._database.writing() as session:
            return f"Person {pseudonyms.number(session, self._team_id, user_id)}"
