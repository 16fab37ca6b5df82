"""Who is in the workspace, which channels there are, and who may see them."""

from __future__ import annotations

import re
import time

from local.slack.setup import seed
from local.slack.setup.team import Team
from local.slack.state.store import Store
from local.slack.wire.ids import new_id
from local.slack.wire.wire import Json, SlackError

# With the bot: Slack's own bound is nine.
MOST_IN_GROUP = 8
_CHANNEL_NAME = re.compile(r"[a-z0-9_-]{1,80}")


class Directory:
    """Users and channels. People are in every public channel that they did not leave, the bot where it was invited."""

    def __init__(self, store: Store, team: Team) -> None:
        self._store = store
        self.team = team
        self.users = {user["id"]: user for user in store.all("user")}
        self.channels = {channel["id"]: channel for channel in store.all("channel")}
        if not self.users:
            self._seed()

    def _seed(self) -> None:
        with self._store.together():
            for user in seed.users(self.team.id, self.team.own):
                self.users[user["id"]] = user
                self._store.put("user", user["id"], user)
            for channel in seed.channels(self.team.own):
                self._keep(channel)

    def user(self, user_id: str) -> Json:
        """A person or the bot."""
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def person(self, user_id: str) -> Json:
        """A person: someone who can act on the page."""
        user = self.user(user_id)
        if user["is_bot"]:
            raise SlackError("user_not_found")
        return user

    @property
    def first_person(self) -> str:
        """Who acts where nobody was chosen yet."""
        return next(str(user["id"]) for user in self.users.values() if not user["is_bot"])

    def person_named(self, name: str) -> Json:
        """A person by id or by name."""
        users, _ = self.names()
        return self.person(users.get(name, name))

    def channel(self, name: str) -> Json:
        """A channel by its id or its name, or a person's direct message by the person's id."""
        if name in self.channels:
            return self.channels[name]
        for channel in self.channels.values():
            if name and (channel.get("user") == name or channel.get("name") == name.removeprefix("#")):
                return channel
        raise SlackError("channel_not_found")

    def channel_for_bot(self, name: str) -> Json:
        """A channel of which the bot may know."""
        channel = self.channel(name)
        if channel.get("is_private") and not channel["bot_is_member"]:
            raise SlackError("channel_not_found")
        return channel

    def is_shared(self, channel_id: object) -> bool:
        """Is another organization in this channel?"""
        channel = self.channels.get(channel_id) if isinstance(channel_id, str) else None
        return bool(channel and channel.get("is_shared"))

    def channel_of_bot(self, name: str) -> Json:
        """A channel in which the bot may read."""
        channel = self.channel_for_bot(name)
        if not channel["bot_is_member"]:
            raise SlackError("not_in_channel")
        return channel

    def open_channel_of_bot(self, name: str) -> Json:
        """A channel in which the bot may write."""
        check_open(self.channel_for_bot(name))
        return self.channel_of_bot(name)

    def channel_of(self, user_id: str, name: str) -> Json:
        """A channel that this person can see."""
        self.person(user_id)
        channel = self.channel(name)
        if user_id not in self.audience(channel):
            raise SlackError("channel_not_found")
        return channel

    def audience(self, channel: Json) -> list[str]:
        """The people who see what is said in a channel."""
        if channel["is_im"]:
            return [channel["user"]]
        if channel.get("is_mpim"):
            return list(channel["people"])
        return [user["id"] for user in self.users.values() if not user["is_bot"]]

    def members(self, channel: Json) -> list[str]:
        """Everyone in a channel, the bot among them where it was invited."""
        left = channel.get("left", [])
        people = [user for user in self.audience(channel) if user not in left]
        return people + ([seed.BOT_USER_ID] if channel["bot_is_member"] else [])

    def create(self, name: str, creator: str) -> Json:
        """A new public channel, without the bot."""
        channel = seed.public_channel(new_id("C", 9), self.free_name(name), creator, "", bot_is_member=False)
        return self._keep({**channel, "created": int(time.time())})

    def free_name(self, name: str) -> str:
        """A name that a channel may be given."""
        if not _CHANNEL_NAME.fullmatch(name):
            raise SlackError("invalid_name")
        if any(channel.get("name") == name for channel in self.channels.values()):
            raise SlackError("name_taken")
        return name

    def change(self, channel: Json, **changes: object) -> Json:
        """The channel, in which something is otherwise now."""
        return self._keep({**channel, **changes})

    def drop(self, channel: Json) -> None:
        """No such channel any more."""
        del self.channels[channel["id"]]
        self._store.drop("channel", channel["id"])

    def group(self, people: list[str], creator: str) -> Json:
        """The group direct message of these people, the bot and who opens it; a new one if there is none."""
        wanted = sorted({self.person(user)["id"] for user in [creator, *people]})
        if not 2 <= len(wanted) <= MOST_IN_GROUP:
            raise SlackError("not_enough_users" if len(wanted) < 2 else "too_many_users")
        for channel in self.channels.values():
            if channel.get("is_mpim") and channel["people"] == wanted:
                return channel
        name = "mpdm-" + "--".join(self.users[user]["name"] for user in wanted) + f"--{seed.BOT_NAME}-1"
        channel = seed.public_channel(new_id("C", 9), name, creator, "", bot_is_member=True)
        return self._keep({**channel, "is_mpim": True, "people": wanted, "created": int(time.time())})

    def let_bot_in(self, channel: Json) -> Json:
        """The channel, with the bot in it."""
        return self._keep({**channel, "bot_is_member": True})

    def leave(self, channel: Json, user_id: str) -> None:
        """A person is in a public channel no more; they still see it, as in Slack."""
        self._keep({**channel, "left": [*channel.get("left", []), user_id]})

    def install_bot(self) -> None:
        """The bot in the channels that begin with it, and in direct messages."""
        for channel in list(self.channels.values()):
            if channel["is_im"] or seed.is_seeded_with_bot(channel["name"]):
                self.let_bot_in(channel)

    def remove_bot(self) -> None:
        """The bot in no channel any more."""
        for channel in list(self.channels.values()):
            self._keep({**channel, "bot_is_member": False})

    def names(self) -> tuple[dict[str, str], dict[str, str]]:
        """Ids by name: users, then public channels."""
        users = {user["name"]: user["id"] for user in self.users.values()}
        return users, {c["name"]: c["id"] for c in self.channels.values() if "name" in c}

    def _keep(self, channel: Json) -> Json:
        self.channels[channel["id"]] = channel
        self._store.put("channel", channel["id"], channel)
        return channel


def check_open(channel: Json) -> None:
    """Refuse what would change an archived channel."""
    if channel.get("is_archived"):
        raise SlackError("is_archived")
