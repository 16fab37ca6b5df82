"""Puts the workspace together as one Starlette application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from local.slack.api.chat import Chat
from local.slack.api.conversations import Conversations
from local.slack.api.faults_api import FaultsApi
from local.slack.api.files import MAX_BYTES, Files
from local.slack.api.users import People, connections
from local.slack.api.views import ViewMethods
from local.slack.api.web_api import Admit, WebApi, arguments_of
from local.slack.people.interactions import Interactions
from local.slack.people.modals import Modals
from local.slack.people.page_api import PageApi
from local.slack.setup.config import Config
from local.slack.setup.faults import Faults
from local.slack.setup.installation import Installation
from local.slack.state.store import Store
from local.slack.state.workspace import Workspace
from local.slack.transport.delivery import Deliveries
from local.slack.transport.guard import Guard
from local.slack.transport.http_mode import HttpMode
from local.slack.transport.socket_mode import SocketMode
from local.slack.transport.transport import Transport
from local.slack.wire import emoji
from local.slack.wire.wire import SlackError

PAGE = Path(__file__).parent / "page"


class Server:
    """The parts of one running workspace."""

    def __init__(self, config: Config, installation: Installation, admit: Admit) -> None:
        self.path = config.path
        self.installation = installation
        self.store = Store(config.state)
        self.transport = self._transport(config)
        self.deliveries = Deliveries(self.store, installation, self.transport, config.retry_delays_s)
        self.workspace = Workspace(self.store, installation, self.deliveries.event, config.trigger_life_s)
        self.deliveries.is_shared = self.workspace.directory.is_shared
        self.faults = Faults()
        self.files = Files(self.workspace)
        self.web_api = self._web_api(config, admit)
        interactions = Interactions(self.workspace, self.deliveries)
        modals = Modals(self.workspace, self.deliveries)
        self.page_api = PageApi(
            self.workspace,
            self.transport,
            interactions,
            modals,
            config.commands,
            config.shortcuts,
            config.path,
        )
        self.faults_api = FaultsApi(self.faults, self.deliveries, self.transport, self.workspace)

    def _transport(self, config: Config) -> Transport:
        if config.bot_url is None:
            return SocketMode(config.ack_timeout_s, config.disconnect_grace_s, self._bot_is)
        secret = config.credentials.signing_secret
        return HttpMode(config.bot_url, secret, config.ack_timeout_s, self._bot_is)

    def _web_api(self, config: Config, admit: Admit) -> WebApi:
        parts = (Chat, Conversations, People, ViewMethods)
        methods = {name: method for part in parts for name, method in part(self.workspace).methods().items()}
        methods |= self.files.methods()
        return WebApi(
            methods,
            connections(self.transport),
            admit,
            self.faults,
            config.path,
            self.installation,
            self.workspace.directory.channel,
        )

    def _bot_is(self, connected: bool) -> None:
        self.workspace.hub.tell({"type": "bot", "connected": connected})
        if connected:
            self.deliveries.bot_came()

    def routes(self) -> list[BaseRoute]:
        """Every address of the workspace."""
        return [
            Route("/", _page),
            *static(),
            Route("/api/{method}", self.web_api.endpoint, methods=["GET", "POST"]),
            *_sockets(self.transport),
            Route("/actions/{team}/{secret}", self.respond, methods=["POST"]),
            Route("/upload/{secret}", self.upload, methods=["POST", "PUT"]),
            Route("/files/{file_id}", self.download),
            Route("/archives/{channel}/{message}", self.permalink),
            *self.page_api.routes(),
            *self.faults_api.routes(),
        ]

    def remove_bot(self) -> None:
        """The bot is installed no more, and is sent nothing of what waited for it."""
        self.workspace.remove_bot()
        self.deliveries.forget_waiting()

    async def hang_up(self) -> None:
        """Let everyone go who waits for something; the first step of stopping."""
        self.workspace.hub.close()
        await self.transport.close()

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Runs while the application does."""
        self.transport.start()
        yield
        await self.hang_up()
        await self.deliveries.close()
        self.store.close()

    async def respond(self, request: Request) -> Response:
        """The response_url."""
        try:
            grant = self.workspace.response_urls.spend(request.path_params["secret"])
            answer = await arguments_of(request)
            self.faults.record("response_url", answer, None)
            self.workspace.responses.give(grant, answer)
        except SlackError as refusal:
            gone = refusal.code in ("expired_url", "used_url")
            return PlainTextResponse(refusal.code, 404 if gone else 400)
        return PlainTextResponse("ok")

    async def upload(self, request: Request) -> Response:
        """The address that files.getUploadURLExternal gave."""
        content = bytearray()
        async for piece in request.stream():
            content += piece
            if len(content) > MAX_BYTES:
                return PlainTextResponse("file_upload_size_restricted", 413)
        try:
            return PlainTextResponse(self.files.upload(request.path_params["secret"], bytes(content)))
        except SlackError as refusal:
            return PlainTextResponse(refusal.code, 404)

    async def download(self, request: Request) -> Response:
        """A file, never shown inside our own page's origin."""
        content = self.store.file(request.path_params["file_id"])
        if content is None:
            return PlainTextResponse("file_not_found", 404)
        headers = {"Content-Disposition": "attachment"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def permalink(self, request: Request) -> Response:
        """A link to a message leads to the page."""
        wanted = {"channel": request.path_params["channel"]}
        if thread_ts := request.query_params.get("thread_ts"):
            wanted["thread"] = thread_ts
        return RedirectResponse(f"/{self.path}?{urlencode(wanted)}")


def create_app(config: Config) -> Starlette:
    """The workspace as an ASGI application; `app.state.server` holds its parts."""
    server = Server(config, Installation(config.team), config.credentials.admit)
    app = Starlette(routes=server.routes(), middleware=[Middleware(Guard)], lifespan=server.lifespan)
    app.state.server = server
    return app


def static() -> list[BaseRoute]:
    """Scripts and styles, and what the page knows of emoji."""
    return [
        Route("/static/emoji.json", emoji.table),
        Mount("/static", StaticFiles(directory=PAGE, check_dir=False)),
    ]


def _sockets(transport: Transport) -> list[WebSocketRoute]:
    return [WebSocketRoute("/link/", transport.serve)] if isinstance(transport, SocketMode) else []


async def _page(_request: Request) -> Response:
    return FileResponse(PAGE / "index.html")
