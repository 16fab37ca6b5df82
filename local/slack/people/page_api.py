"""The people's side: what the page, and whoever plays a person, can ask for. JSON in and out."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from local.slack.api.web_api import arguments_of
from local.slack.people.channel_changes import ChannelChanges
from local.slack.people.interactions import Interactions
from local.slack.people.modals import Modals
from local.slack.people.people import Persons
from local.slack.setup import seed
from local.slack.setup.config import Command, Shortcut
from local.slack.state.announcer import for_page
from local.slack.state.workspace import Workspace
from local.slack.transport.transport import Transport
from local.slack.wire.wire import Arguments, Json, SlackError

Handler = Callable[[Json, str], Awaitable[Json]]


class PageApi:
    """The routes under /page/. `user` names who is acting: nobody signs in on this machine."""

    def __init__(
        self,
        workspace: Workspace,
        transport: Transport,
        interactions: Interactions,
        modals: Modals,
        commands: tuple[Command, ...],
        shortcuts: tuple[Shortcut, ...],
        path: str,
    ) -> None:
        self._workspace = workspace
        self._installation = workspace.installation
        self._directory = workspace.directory
        self._transport = transport
        self._interactions = interactions
        self._modals = modals
        self._persons = Persons(workspace)
        self._changes = ChannelChanges(workspace)
        self._commands = [dataclasses.asdict(command) for command in commands]
        self._shortcuts = [dataclasses.asdict(shortcut) for shortcut in shortcuts]
        self._path = path

    def routes(self) -> list[BaseRoute]:
        """Every address of the page's API."""
        persons, modals, interactions = self._persons, self._modals, self._interactions
        return [
            self._get("state", self._state),
            self._get("messages", self._messages),
            WebSocketRoute("/page/events", self._events),
            self._post("message", _plain(persons.write)),
            self._post("edit", _plain(persons.edit)),
            self._post("delete", _plain(persons.delete)),
            self._post("reaction", _plain(persons.react)),
            self._post("channel", _plain(persons.create_channel)),
            self._post("group", _plain(persons.create_group)),
            self._post("invite", _plain(persons.invite)),
            self._post("leave", _plain(persons.leave)),
            *(self._post(name, _plain(change)) for name, change in self._changes.handlers().items()),
            self._post("home", _plain(persons.open_home)),
            self._post("action", interactions.act),
            self._post("options", lambda body, _: interactions.options(body)),
            self._post("shortcut", interactions.shortcut),
            self._post("command", self._command),
            self._post("submit", lambda body, _: modals.submit(body)),
            self._post("close", lambda body, _: modals.close(body)),
        ]

    def _get(self, name: str, handler: Handler) -> Route:
        return self._route(name, handler, "GET")

    def _post(self, name: str, handler: Handler) -> Route:
        return self._route(name, handler, "POST")

    def _route(self, name: str, handler: Handler, verb: str) -> Route:
        async def endpoint(request: Request) -> Response:
            base_url = f"{request.base_url}{self._path}"
            try:
                return JSONResponse(await handler(await arguments_of(request), base_url))
            except SlackError as refusal:
                return JSONResponse(refusal.answer())

        return Route(f"/page/{name}", endpoint, methods=[verb])

    async def _state(self, given: Json, _base_url: str) -> Json:
        user = self._directory.person(str(given.get("user") or self._directory.first_person))
        users = [
            {key: each[key] for key in ("id", "name", "real_name", "is_bot", "color")}
            for each in self._directory.users.values()
        ]
        names = {each["id"]: each["name"] for each in users}
        seen = [c for c in self._directory.channels.values() if user["id"] in self._directory.audience(c)]
        return {
            "ok": True,
            "team": {"id": self._directory.team.id, "name": self._directory.team.name},
            "users": users,
            "channels": [_shown(channel, user["id"], names) for channel in seen],
            "commands": self._commands,
            "shortcuts": self._shortcuts,
            "bot": {
                "id": seed.BOT_ID,
                "user_id": seed.BOT_USER_ID,
                "name": seed.BOT_NAME,
                "connected": self._transport.connected,
                "installed": self._installation.exists,
                "removable": self._installation.removable,
                "installed_in": self._installation.place_name,
            },
        }

    async def _messages(self, given: Json, _base_url: str) -> Json:
        arguments = Arguments(given)
        user, limit = arguments.text("user"), arguments.number("limit", 200, 100_000)
        channel = self._directory.channel_of(user, arguments.text("channel"))
        said = zip(self._workspace.messages.newest_first(channel), range(limit), strict=False)
        shown = [for_page(channel["id"], message) for message, _ in said]
        whispers = self._workspace.whispers.of(channel["id"], user)
        shown += [for_page(channel["id"], message, ephemeral=True) for message in whispers]
        return {"ok": True, "messages": sorted(shown, key=lambda m: str(m["ts"]))[-limit:]}

    async def _events(self, socket: WebSocket) -> None:
        try:
            user = self._directory.person(socket.query_params.get("user", ""))
        except SlackError:
            await socket.close(1008)
            return
        greeting = {"type": "bot", "connected": self._transport.connected}
        await self._workspace.hub.serve(socket, user["id"], greeting)

    async def _command(self, body: Json, base_url: str) -> Json:
        if body.get("command") != "/invite":
            return await self._interactions.command(body, base_url)
        if seed.BOT_NAME not in str(body.get("text")) and seed.BOT_USER_ID not in str(body.get("text")):
            raise SlackError("user_not_found")
        self._persons.invite(body)
        return {"ok": True, "acknowledged": True}


def _shown(channel: Json, user: str, names: Mapping[str, str]) -> Json:
    if channel["is_im"]:
        kind = {"name": seed.BOT_NAME, "is_channel": False, "user": seed.BOT_USER_ID, "topic": ""}
    elif channel.get("is_mpim"):
        others = [names[each] for each in channel["people"] if each != user]
        name = ", ".join([*others, seed.BOT_NAME])
        kind = {"name": name, "is_channel": False, "is_mpim": True, "topic": ""}
    else:
        kind = {"name": channel["name"], "is_channel": True, "topic": channel["topic"]}
    own = {key: channel[key] for key in ("id", "is_im", "bot_is_member")}
    return {**own, **kind}


def _plain(handler: Callable[[Json], Json]) -> Handler:
    async def handle(body: Json, _base_url: str) -> Json:
        return handler(body)

    return handle
