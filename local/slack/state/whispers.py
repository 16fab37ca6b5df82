"""Ephemeral messages: seen by one person, known to no event, changed only through a response_url."""

from __future__ import annotations

from local.slack.state.announcer import Announcer
from local.slack.state.store import Store
from local.slack.wire.ids import TsClock
from local.slack.wire.wire import Json, SlackError


class Whispers:
    """Kept by person; unlike Slack's they survive a reload of the page, so that they can be looked at."""

    def __init__(self, store: Store, team_id: str, clock: TsClock, announcer: Announcer) -> None:
        self._store = store
        self._team_id = team_id
        self._clock = clock
        self._announcer = announcer
        self._kept: dict[tuple[str, str, str], Json] = {}  # by channel, ts and person
        for document in store.all("ephemeral"):
            clock.seen(document["message"]["ts"])
            self._kept[document["channel"], document["message"]["ts"], document["user"]] = document

    def post(self, channel_id: str, user: str, fields: Json, thread_ts: str | None = None) -> Json:
        """Show something to one person."""
        message = {"type": "message", **fields, "ts": self._clock.next(), "team": self._team_id}
        message |= {"thread_ts": thread_ts} if thread_ts else {}
        self._keep(channel_id, user, message)
        self._announcer.whispered(channel_id, user, message)
        return message

    def get(self, channel_id: str, user: str, ts: str) -> Json | None:
        """An ephemeral message of this person's, or None."""
        document = self._kept.get((channel_id, ts, user))
        return None if document is None else dict(document["message"])

    def change(self, channel_id: str, user: str, ts: str, fields: Json) -> Json:
        """Replace what it says."""
        message = self.get(channel_id, user, ts)
        if message is None:
            raise SlackError("message_not_found")
        message |= fields
        self._keep(channel_id, user, message)
        self._announcer.whisper_changed(channel_id, user, message)
        return message

    def delete(self, channel_id: str, user: str, ts: str) -> None:
        """Take it away."""
        if self._kept.pop((channel_id, ts, user), None) is None:
            raise SlackError("message_not_found")
        self._store.drop("ephemeral", f"{channel_id}:{ts}:{user}")
        self._store.purge()
        self._announcer.whisper_deleted(channel_id, user, ts)

    def of(self, channel_id: str, user: str) -> list[Json]:
        """What this person has been told in a channel."""
        return [d["message"] for (c, _, u), d in self._kept.items() if (c, u) == (channel_id, user)]

    def _keep(self, channel_id: str, user: str, message: Json) -> None:
        document = {"channel": channel_id, "user": user, "message": message}
        self._kept[channel_id, message["ts"], user] = document
        self._store.put("ephemeral", f"{channel_id}:{message['ts']}:{user}", document)
