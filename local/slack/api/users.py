"""auth.*, users.*, reactions.* and apps.* of the Web API."""

from __future__ import annotations

import re

from local.slack.api.paging import page
from local.slack.setup import seed
from local.slack.state.events import as_slack_shows
from local.slack.state.workspace import Workspace
from local.slack.transport.socket_mode import SocketMode
from local.slack.transport.transport import Transport
from local.slack.wire.emoji import reaction_of
from local.slack.wire.wire import Arguments, Call, Json, Method, SlackError

_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


class People:
    """Who is here, and what they feel about messages."""

    def __init__(self, workspace: Workspace) -> None:
        self._installation = workspace.installation
        self._directory = workspace.directory
        self._messages = workspace.messages

    def methods(self) -> dict[str, Method]:
        """By Slack's names."""
        return {
            "api.test": lambda call: {"ok": True, "args": call.arguments.given},
            "auth.test": self._auth_test,
            "users.info": self._users_info,
            "users.list": self._users_list,
            "reactions.add": self._reactions_add,
            "reactions.remove": self._reactions_remove,
            "reactions.get": self._reactions_get,
        }

    def _auth_test(self, call: Call) -> Json:
        team_of_bot = self._installation.team
        enterprise = {"enterprise_id": team_of_bot.enterprise_id} if team_of_bot.enterprise_id else {}
        return {
            "ok": True,
            "url": call.base_url,
            "team": self._installation.place_name,
            "user": seed.BOT_NAME,
            "team_id": self._installation.place,
            "user_id": seed.BOT_USER_ID,
            "bot_id": seed.BOT_ID,
            **enterprise,
            "is_enterprise_install": self._installation.for_organization,
        }

    def _users_info(self, call: Call) -> Json:
        user = self._directory.user(call.arguments.required("user"))
        return {"ok": True, "user": _shown(user, call.arguments)}

    def _users_list(self, call: Call) -> Json:
        users, metadata = page(list(self._directory.users.values()), call.arguments)
        members = [_shown(user, call.arguments) for user in users]
        return {"ok": True, "members": members, "response_metadata": metadata}

    def _reactions_add(self, call: Call) -> Json:
        channel, ts, name = self._reaction(call.arguments)
        self._messages.react(channel, ts, seed.BOT_USER_ID, name)
        return {"ok": True}

    def _reactions_remove(self, call: Call) -> Json:
        channel, ts, name = self._reaction(call.arguments)
        self._messages.unreact(channel, ts, seed.BOT_USER_ID, name)
        return {"ok": True}

    def _reactions_get(self, call: Call) -> Json:
        channel = self._directory.channel_of_bot(call.arguments.required("channel"))
        message = self._messages.get(channel, call.arguments.required("timestamp"))
        return {"ok": True, "type": "message", "channel": channel["id"], "message": as_slack_shows(message)}

    def _reaction(self, arguments: Arguments) -> tuple[Json, str, str]:
        channel = self._directory.open_channel_of_bot(arguments.required("channel"))
        return channel, arguments.required("timestamp"), reaction_name(arguments.required("name"))


def reaction_name(given: str) -> str:
    """An emoji's name without its colons, and of several names the one that Slack keeps."""
    name = given.strip(":")
    if not _EMOJI.fullmatch(name):
        raise SlackError("invalid_name")
    return reaction_of(name)


def connections(transport: Transport) -> dict[str, Method]:
    """The one method that takes the app's token: where to open a socket."""

    def open_connection(call: Call) -> Json:
        if not isinstance(transport, SocketMode):
            raise SlackError("socket_mode_not_enabled")
        address = call.base_url.replace("http", "ws", 1)
        return {"ok": True, "url": f"{address}link/?ticket={transport.ticket()}&app_id={seed.APP_ID}"}

    return {"apps.connections.open": open_connection}


def _shown(user: Json, arguments: Arguments) -> Json:
    hidden = () if arguments.flag("include_locale") else ("locale",)
    return {key: value for key, value in user.items() if key not in hidden}
