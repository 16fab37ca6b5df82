"""Which language each person reads, as Slack knows it."""

from __future__ import annotations

import logging
import time

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.language.catalogues import Language, of_locale

log = logging.getLogger(__name__)

KEPT_S = 3_600.0
# Where Slack would not tell, people are not kept waiting for it again at once.
AGAIN_S = 60.0


class Locales:
    """Asks once an hour and person. `otherwise`: what is spoken with whom Slack says nothing of."""

    def __init__(self, client: WebClient, otherwise: Language) -> None:
        self._client = client
        self._kept: dict[str, tuple[float, Language]] = {}
        self.otherwise = otherwise

    def language(self, user_id: str | None) -> Language:
        """The language of a person."""
        if not user_id or not user_id.startswith(("U", "W")):
            return self.otherwise
        until, known = self._kept.get(user_id, (0.0, self.otherwise))
        if time.monotonic() < until:
            return known
        found, kept_s = self._ask(user_id, known)
        self._kept[user_id] = time.monotonic() + kept_s, found
        return found

    def _ask(self, user_id: str, known: Language) -> tuple[Language, float]:
        try:
            user = self._client.users_info(user=user_id, include_locale=True)["user"]
        except (SlackApiError, SlackClientError, OSError) as error:
            log.info("Slack tells no locale reason=%s", type(error).__name__)
            return known, AGAIN_S
        return of_locale(user.get("locale"), self.otherwise), KEPT_S
