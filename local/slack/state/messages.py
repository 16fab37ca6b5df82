"""The messages of every channel: posting, threads, editing, deleting, reactions."""

from __future__ import annotations

from collections.abc import Iterable

from local.slack.state.announcer import Announcer
from local.slack.state.store import Store
from local.slack.wire.ids import TsClock
from local.slack.wire.wire import Json, SlackError

MAX_REACTIONS = 23


class Messages:
    """Messages are never changed in place: who holds one keeps it as it was."""

    def __init__(self, store: Store, team_id: str, clock: TsClock, announcer: Announcer) -> None:
        self._store = store
        self._team_id = team_id
        self._clock = clock
        self._announcer = announcer
        self._channels: dict[str, dict[str, Json]] = {}  # by channel, then by ts, oldest first
        self._threads: dict[tuple[str, str], list[str]] = {}
        self._load()

    def _load(self) -> None:
        for document in sorted(self._store.all("message"), key=lambda d: str(d["message"]["ts"])):
            self._add(document["channel"], document["message"])
            self._clock.seen(document["message"]["ts"])

    def post(self, channel: Json, fields: Json, thread_ts: str | None = None) -> Json:
        """Add a message at the present, in a thread where `thread_ts` says so, and announce it."""
        message = {"type": "message", **fields, "ts": self._clock.next(), "team": self._team_id}
        with self._store.together():
            if thread_ts:
                parent = self._thread_parent(channel["id"], thread_ts)
                message |= {"thread_ts": parent["ts"], "parent_user_id": parent.get("user")}
                self._keep(channel["id"], _answered(parent, message))
            self._keep(channel["id"], message)
        self._announcer.posted(channel, message)
        return message

    def get(self, channel: Json, ts: str) -> Json:
        """One message."""
        message = self._channels.get(channel["id"], {}).get(ts)
        if message is None:
            raise SlackError("message_not_found")
        return message

    def change(self, channel: Json, previous: Json, fields: Json, edited_by: str) -> Json:
        """Put `fields` in place of a message's own, and announce it."""
        edited = {"user": edited_by, "ts": self._clock.next()}
        message = {**self.get(channel, previous["ts"]), **fields, "edited": edited}
        self._keep(channel["id"], message)
        self._announcer.changed(channel, message, previous)
        return message

    def delete(self, channel: Json, previous: Json) -> None:
        """Remove a message; one that has replies leaves a tombstone, as in Slack."""
        if previous.get("reply_count"):
            self._entomb(channel, previous)
        else:
            with self._store.together():
                self._remove(channel["id"], previous["ts"])
                self._leave_thread(channel, previous)
            self._announcer.deleted(channel, previous)
        self._store.purge()

    def _entomb(self, channel: Json, previous: Json) -> None:
        kept = {key: value for key, value in previous.items() if key in _THREAD_FIELDS}
        tombstone = {
            **kept,
            "type": "message",
            "subtype": "tombstone",
            "text": "This message was deleted.",
            "user": "USLACKBOT",
            "hidden": True,
        }
        self._keep(channel["id"], tombstone)
        self._announcer.changed(channel, tombstone, previous)

    def react(self, channel: Json, ts: str, user: str, name: str) -> Json:
        """Add a person's or the bot's reaction."""
        message = self.get(channel, ts)
        reactions = {reaction["name"]: reaction["users"] for reaction in message.get("reactions", [])}
        if user in reactions.get(name, []):
            raise SlackError("already_reacted")
        if len(reactions) >= MAX_REACTIONS and name not in reactions:
            raise SlackError("too_many_emoji")
        reactions[name] = [*reactions.get(name, []), user]
        return self._with_reactions("reaction_added", channel, message, reactions, user, name)

    def unreact(self, channel: Json, ts: str, user: str, name: str) -> Json:
        """Take a reaction back."""
        message = self.get(channel, ts)
        reactions = {reaction["name"]: reaction["users"] for reaction in message.get("reactions", [])}
        if user not in reactions.get(name, []):
            raise SlackError("no_reaction")
        reactions[name] = [other for other in reactions[name] if other != user]
        return self._with_reactions("reaction_removed", channel, message, reactions, user, name)

    def _with_reactions(
        self, kind: str, channel: Json, message: Json, users: dict[str, list[str]], user: str, name: str
    ) -> Json:
        listed = [{"name": n, "users": us, "count": len(us)} for n, us in users.items() if us]
        message = {key: value for key, value in message.items() if key != "reactions"}
        message |= {"reactions": listed} if listed else {}
        self._keep(channel["id"], message)
        self._announcer.reaction(kind, channel, message, user, name)
        return message

    def newest_first(self, channel: Json) -> Iterable[Json]:
        """Everything in a channel, replies too."""
        return reversed(self._channels.get(channel["id"], {}).values())

    def thread(self, channel: Json, ts: str) -> list[Json]:
        """A message and its replies, oldest first; of a reply, the thread it stands in."""
        parent = self._thread_parent(channel["id"], ts)
        replies = self._threads.get((channel["id"], parent["ts"]), [])
        return [parent, *(self._channels[channel["id"]][reply] for reply in replies)]

    def _thread_parent(self, channel_id: str, thread_ts: str) -> Json:
        timeline = self._channels.get(channel_id, {})
        if thread_ts not in timeline:
            raise SlackError("thread_not_found")
        return timeline.get(timeline[thread_ts].get("thread_ts", thread_ts), timeline[thread_ts])

    def _leave_thread(self, channel: Json, reply: Json) -> None:
        parent_ts = reply.get("thread_ts")
        if not parent_ts or parent_ts == reply["ts"]:
            return
        self._threads[channel["id"], parent_ts].remove(reply["ts"])
        if parent := self._channels[channel["id"]].get(parent_ts):
            _, *replies = self.thread(channel, parent_ts)
            bare = {key: value for key, value in parent.items() if key not in _REPLY_FIELDS}
            for other in replies:
                bare = _answered(bare, other)
            self._keep(channel["id"], bare)

    def _add(self, channel_id: str, message: Json) -> None:
        timeline = self._channels.setdefault(channel_id, {})
        parent_ts = message.get("thread_ts")
        if message["ts"] not in timeline and parent_ts and parent_ts != message["ts"]:
            self._threads.setdefault((channel_id, parent_ts), []).append(message["ts"])
        timeline[message["ts"]] = message

    def _keep(self, channel_id: str, message: Json) -> None:
        self._add(channel_id, message)
        document = {"channel": channel_id, "message": message}
        self._store.put("message", f"{channel_id}:{message['ts']}", document)

    def _remove(self, channel_id: str, ts: str) -> None:
        del self._channels[channel_id][ts]
        self._store.drop("message", f"{channel_id}:{ts}")


_REPLY_FIELDS = ("thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply")
_THREAD_FIELDS = ("ts", "team", *_REPLY_FIELDS)


def _answered(parent: Json, reply: Json) -> Json:
    users = parent.get("reply_users", [])
    author = reply.get("user") or reply.get("bot_id")
    users = users if author in users else [*users, author]
    return {
        **parent,
        "thread_ts": parent["ts"],
        "reply_count": parent.get("reply_count", 0) + 1,
        "reply_users": users,
        "reply_users_count": len(users),
        "latest_reply": reply["ts"],
    }
