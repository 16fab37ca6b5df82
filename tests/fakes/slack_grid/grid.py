"""Several workspaces behind one address, into which one app is installed by OAuth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from local.slack.api.web_api import Admit, arguments_of, token_of
from local.slack.server import Server, static
from local.slack.setup.config import App, Config
from local.slack.setup.installation import Installation
from local.slack.setup.seed import BOT_USER_ID
from local.slack.setup.team import Team
from local.slack.transport.guard import Guard
from local.slack.wire.wire import Arguments, Json, SlackError
from tests.fakes.slack_grid.addressee import addressee
from tests.fakes.slack_grid.consent import Consent
from tests.fakes.slack_grid.oauth import METHOD, OAuth
from tests.fakes.slack_grid.places import Places
from tests.fakes.slack_grid.tokens import Tokens

# Where Bolt sends who installed an app for an organization, to choose its workspaces; here all of them have it.
ADD_WORKSPACES = "/manage/organization/apps/profile/{app}/workspaces/add"
TOKENS_REVOKED: Json = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER_ID]}}
APP_UNINSTALLED: Json = {"type": "app_uninstalled"}


class Grid:
    """The parts of the running workspaces; a call belongs to the team of its token."""

    def __init__(self, configs: Sequence[Config], app: App) -> None:
        self._app = app
        self.tokens = Tokens(app.token_life_s)
        self.teams = {config.team.id: self._server(config) for config in configs}
        self.places = Places(self.teams)
        self.oauth = OAuth(app, self.places, self.tokens)
        self.consent = Consent(app, self.places, self.oauth)

    def _server(self, config: Config) -> Server:
        credentials = replace(config.credentials, signing_secret=self._app.signing_secret)
        config = replace(
            config, path=f"{config.team.id}/", bot_url=self._app.request_url, credentials=credentials
        )
        installation = Installation(config.team, exists=False, removable=True)
        server = Server(config, installation, self._admit(config.team))
        server.remove_bot()
        return server

    def _admit(self, team: Team) -> Admit:
        def admit(token: str, _to_app: bool) -> None:
            if self.tokens.place(token) not in (team.id, team.enterprise_id):
                raise SlackError("invalid_auth")

        return admit

    def routes(self) -> list[BaseRoute]:
        """Every address: the API's, the installation's, and below its id each team's."""
        return [
            *static(),
            Route("/oauth/v2/authorize", self.consent.ask, methods=["GET"]),
            Route("/oauth/v2/authorize", self.consent.decide, methods=["POST"]),
            Route(f"/api/{METHOD}", self.oauth.access, methods=["GET", "POST"]),
            Route("/api/{method}", self.call, methods=["GET", "POST"]),
            *(Mount(f"/{team_id}", routes=self._below(server)) for team_id, server in self.teams.items()),
        ]

    def _below(self, server: Server) -> list[BaseRoute]:
        return [
            _order("/page/uninstall", lambda: self._take_away(server, TOKENS_REVOKED, APP_UNINSTALLED)),
            _order("/page/revoke", lambda: self._take_away(server, TOKENS_REVOKED)),
            _order("/page/withdraw", lambda: self._withdraw(server)),
            _order("/faults/expire", lambda: self.tokens.expire(server.installation.place)),
            Route(ADD_WORKSPACES, partial(_to_page, server)),
            *server.routes(),
        ]

    async def call(self, request: Request) -> Response:
        """A call to the Web API."""
        try:
            given = await arguments_of(request)
            servers = self.places.servers(self.tokens.place(token_of(request, given)))
            server = addressee(servers, request.path_params["method"], Arguments(given))
        except SlackError as refusal:
            return JSONResponse(refusal.answer())
        return await server.web_api.endpoint(request)

    def _take_away(self, server: Server, *events: Json) -> None:
        """The tokens are dead first; then the bot hears of it."""
        if not server.installation.exists:
            raise SlackError("app_not_installed")
        place = server.installation.place
        self.tokens.revoke(place)
        for each in self.places.servers(place):
            each.remove_bot()
        nowhere = {"team_id": None, "context_team_id": None} if server.installation.for_organization else {}
        for event in events:
            server.deliveries.begin(server.deliveries.callback(event) | nowhere)

    def _withdraw(self, server: Server) -> None:
        """The organization takes this one of its workspaces out; its token stays good for the others."""
        if not server.installation.for_organization:
            raise SlackError("app_not_installed")
        server.remove_bot()
        event = {"type": "team_access_revoked", "team_ids": [server.installation.team.id]}
        server.deliveries.begin(server.deliveries.callback(event))

    async def hang_up(self) -> None:
        """Let everyone go who waits for something; the first step of stopping."""
        await asyncio.gather(*(server.hang_up() for server in self.teams.values()))

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Runs while the application does."""
        async with AsyncExitStack() as running:
            for server in self.teams.values():
                await running.enter_async_context(server.lifespan(app))
            yield


def create_grid(configs: Sequence[Config], app: App) -> Starlette:
    """The workspaces as one ASGI application; `app.state.server` holds its parts."""
    grid = Grid(configs, app)
    served = Starlette(routes=grid.routes(), middleware=[Middleware(Guard)], lifespan=grid.lifespan)
    served.state.server = grid
    return served


async def _to_page(server: Server, _request: Request) -> Response:
    return RedirectResponse(f"/{server.path}", 303)


def _order(path: str, carry_out: Callable[[], None]) -> Route:
    async def endpoint(_request: Request) -> Response:
        try:
            carry_out()
        except SlackError as refusal:
            return JSONResponse(refusal.answer())
        return JSONResponse({"ok": True})

    return Route(path, endpoint, methods=["POST"])
