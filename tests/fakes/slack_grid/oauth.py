"""oauth.v2.access: the codes that people's consent gives out, and what an app gets for them."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.slack.api.web_api import arguments_of
from local.slack.setup.config import App
from local.slack.setup.seed import APP_ID, BOT_USER_ID
from local.slack.wire.wire import Arguments, Json, SlackError
from tests.fakes.slack_grid.places import Places
from tests.fakes.slack_grid.tokens import Grant, Tokens

METHOD = "oauth.v2.access"
CODE_LIFE_S = 600.0


@dataclass(frozen=True)
class _Code:
    grant: Grant
    redirect_uri: str
    expires_at: float = field(default_factory=lambda: time.monotonic() + CODE_LIFE_S)


class OAuth:
    """The app is installed when it exchanges the code, not yet when somebody allows it."""

    def __init__(self, app: App, places: Places, tokens: Tokens) -> None:
        self._app = app
        self._places = places
        self._tokens = tokens
        self._codes: dict[str, _Code] = {}

    def code(self, grant: Grant, redirect_uri: str) -> str:
        """What the browser carries back to the app; `redirect_uri` is empty where the app named none."""
        code = f"{secrets.randbelow(10**10)}.{secrets.randbelow(10**10)}.{secrets.token_hex(32)}"
        self._codes[code] = _Code(grant, redirect_uri)
        return code

    async def access(self, request: Request) -> Response:
        """Exchange a code or a refresh token; the call and its troubles are those of the team it is about."""
        try:
            arguments = Arguments(await arguments_of(request))
            self._check_client(*_client(request, arguments))
            exchange, grant = self._exchange(arguments)
        except SlackError as refusal:
            return JSONResponse(refusal.answer())
        recorded = {"grant_type": arguments.text("grant_type", "authorization_code")}
        server = self._places.servers(grant.place)[0]
        return await server.web_api.answer(request, METHOD, recorded, exchange)

    def _check_client(self, client_id: str, client_secret: str) -> None:
        if client_id != self._app.client_id:
            raise SlackError("invalid_client_id")
        if client_secret != self._app.client_secret:
            raise SlackError("bad_client_secret")

    def _exchange(self, arguments: Arguments) -> tuple[Callable[[], Json], Grant]:
        kind = arguments.text("grant_type", "authorization_code")
        if kind == "refresh_token":
            refresh_token = arguments.text("refresh_token")
            return lambda: self._refreshed(refresh_token), self._tokens.refreshable(refresh_token)
        if kind != "authorization_code":
            raise SlackError("invalid_grant_type")
        code = arguments.text("code")
        known = self._known(code)
        if arguments.text("redirect_uri") != known.redirect_uri:
            raise SlackError("bad_redirect_uri")
        return lambda: self._installed(code), known.grant

    def _known(self, code: str) -> _Code:
        known = self._codes.get(code)
        if known is None or time.monotonic() > known.expires_at:
            raise SlackError("invalid_code")
        return known

    def _installed(self, code: str) -> Json:
        grant = self._known(code).grant
        del self._codes[code]
        self._places.install(grant.place, frozenset(grant.scope.split(",")))
        for server in self._places.servers(grant.place):
            if server.installation.for_organization:
                self._tokens.revoke(server.installation.team.id)  # the organization's stand in their place
        return self._answer(grant, {"authed_user": {"id": grant.user}, **self._tokens.issue(grant)})

    def _refreshed(self, refresh_token: str) -> Json:
        grant = self._tokens.refreshable(refresh_token)
        return self._answer(grant, self._tokens.refresh(refresh_token))

    def _answer(self, grant: Grant, tokens: Json) -> Json:
        installation = self._places.servers(grant.place)[0].installation
        team = installation.team
        return {
            "ok": True,
            "app_id": APP_ID,
            "scope": grant.scope,
            "token_type": "bot",
            "bot_user_id": BOT_USER_ID,
            "team": {"id": team.id, "name": team.name} if grant.place == team.id else None,
            "enterprise": installation.enterprise(),
            "is_enterprise_install": grant.place != team.id,
            **tokens,
        }


def _client(request: Request, arguments: Arguments) -> tuple[str, str]:
    """Id and secret of the caller, by HTTP basic or in the form."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return arguments.text("client_id"), arguments.text("client_secret")
    try:
        client_id, _, client_secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("invalid_client_id") from None
    return client_id, client_secret
