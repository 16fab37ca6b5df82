"""The whole workspace: its state, kept in one file, and those who are told when it changes."""

from __future__ import annotations

from collections.abc import Callable

from local.slack.setup.installation import Installation
from local.slack.state.announcer import Announcer
from local.slack.state.directory import Directory
from local.slack.state.grants import ResponseUrls, Triggers
from local.slack.state.hub import Hub
from local.slack.state.messages import Messages
from local.slack.state.responses import Responses
from local.slack.state.store import Store
from local.slack.state.views import Views
from local.slack.state.whispers import Whispers
from local.slack.wire.ids import TsClock
from local.slack.wire.wire import Json, SlackError


class Workspace:
    """Everything here happens on the event loop's one thread, so nothing needs a lock."""

    def __init__(
        self,
        store: Store,
        installation: Installation,
        to_bot: Callable[[Json], object],
        trigger_life_s: float,
    ) -> None:
        team = installation.team
        self.store = store
        self.installation = installation
        self.to_bot = to_bot
        self.clock = TsClock()
        self.hub = Hub()
        self.directory = Directory(store, team)
        self.announcer = Announcer(self.directory, self.hub, self.clock, to_bot)
        self.messages = Messages(store, team.id, self.clock, self.announcer)
        self.whispers = Whispers(store, team.id, self.clock, self.announcer)
        self.responses = Responses(self.directory, self.messages, self.whispers)
        self.views = Views(store, installation, self.hub)
        self.triggers = Triggers(trigger_life_s)
        self.response_urls = ResponseUrls(team.id)

    def install_bot(self, *, for_organization: bool) -> None:
        """The bot is here from now on, in the channels that begin with it."""
        self.installation.exists, self.installation.for_organization = True, for_organization
        self.directory.install_bot()
        self.hub.tell({"type": "installation"})

    def remove_bot(self) -> None:
        """The bot is here no more: it is in no channel, and hears nothing."""
        self.installation.exists = False
        self.directory.remove_bot()
        self.hub.tell({"type": "installation"})

    def let_bot_in(self, channel: Json, inviter: str | None) -> Json:
        """Make the bot a member of a channel; nothing happens where it is one."""
        if not self.installation.exists:
            raise SlackError("app_not_installed")
        if channel["bot_is_member"]:
            return channel
        joined = self.directory.let_bot_in(channel)
        self.announcer.joined(joined, inviter)
        return joined
