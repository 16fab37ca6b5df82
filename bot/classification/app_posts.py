"""Posts that an app made: a workflow's, or an app's in the name of a user. Channels choose whether these count."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum, auto

from bot.slack.payloads import MessagePosted
from bot.web_api.actors import ActorKind
from storage.database.engine import Database
from storage.messages import channels

log = logging.getLogger(__name__)

# A workflow that our answer sets off would post, and be answered, for ever.
MOST, WITHIN_S = 20, 60.0
KEPT_MOST = 1_000


class PostStanding(Enum):
    """Is a post read like a user's message? OPEN: only Slack knows, since only Slack knows what its author is."""

    COUNTS = auto()
    OPEN = auto()
    IGNORED = auto()


class AppPosts:
    """Decides which posts by apps count in one team. `known` says what an actor is without asking Slack, if it can."""

    def __init__(self, database: Database, bot_id: str, known: Callable[[str], ActorKind | None]) -> None:
        self._database = database
        self._bot_id = bot_id
        self._known = known
        self._turn = threading.Lock()
        self._seen: OrderedDict[tuple[str, str], deque[tuple[str, float]]] = OrderedDict()

    def standing(self, said: MessagePosted) -> PostStanding:
        """Is this to be read like a user's message?

        Never if it is a reply or our own, if another bot wrote it as itself, or if the app posts as fast as a loop.
        """
        if said.app is None:
            return PostStanding.COUNTS
        if said.app == self._bot_id or said.is_reply or said.is_direct or not self._are_included(said):
            return PostStanding.IGNORED
        kind = ActorKind.WORKFLOW if said.user_id == said.app else self._known(said.user_id)
        if kind is ActorKind.BOT or not self._is_in_time(said):
            return PostStanding.IGNORED
        return PostStanding.COUNTS if kind else PostStanding.OPEN

    def asker(self, said: MessagePosted) -> str | None:
        """The actor in whose name an app asked us something that does not count: if it is a user, they are to be told
        why. None if nobody is.
        """
        is_foreign = said.app not in (None, self._bot_id)
        if not is_foreign or said.user_id == said.app or self._are_included(said):
            return None
        return said.user_id if said.is_mention else None

    def _are_included(self, said: MessagePosted) -> bool:
        with self._database.reading() as session:
            return channels.includes_workflows(session, said.team_id, said.channel_id)

    def _is_in_time(self, said: MessagePosted) -> bool:
        """Did this app post less often in this channel than a loop does? The same post may come twice."""
        now, key = time.monotonic(), (said.channel_id, str(said.app))
        with self._turn:
            seen = self._seen.setdefault(key, deque())
            self._seen.move_to_end(key)
            while seen and now - seen[0][1] > WITHIN_S:
                seen.popleft()
            if all(ts != said.ts for ts, _at in seen):
                seen.append((said.ts, now))
            while len(self._seen) > KEPT_MOST:
                self._seen.popitem(last=False)
            is_loop = len(seen) > MOST
        if is_loop:
            log.warning("app's posts not read channel=%s app=%s: more than %d a minute", *key, MOST)
        return not is_loop
