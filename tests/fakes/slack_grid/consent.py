"""The page on which a person allows an app to be installed, or does not."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from local.slack.api.web_api import arguments_of
from local.slack.setup import seed
from local.slack.setup.config import App
from local.slack.wire.wire import Arguments, SlackError
from tests.fakes.slack_grid.oauth import OAuth
from tests.fakes.slack_grid.places import Places
from tests.fakes.slack_grid.tokens import Grant

PAGE = Path(__file__).with_name("authorize.html")
SCOPES = {
    "app_mentions:read": "Hear messages that mention it",
    "channels:history": "Read public channels that it is in",
    "channels:join": "Join public channels",
    "channels:read": "See which public channels there are",
    "chat:write": "Write messages under its own name",
    "commands": "Add slash commands and shortcuts",
    "files:write": "Upload files",
    "groups:history": "Read private channels that it is in",
    "groups:read": "See private channels that it is in",
    "im:history": "Read direct messages with it",
    "im:read": "See who writes to it directly",
    "im:write": "Begin direct messages",
    "reactions:read": "See emoji reactions",
    "reactions:write": "Add and remove emoji reactions",
    "users:read": "See who is in the workspace",
}


class Consent:
    """Nobody signs in on this machine, so the page also asks who it is that decides."""

    def __init__(self, app: App, places: Places, oauth: OAuth) -> None:
        self._app = app
        self._places = places
        self._oauth = oauth

    async def ask(self, request: Request) -> Response:
        """GET /oauth/v2/authorize."""
        asked = Arguments(dict(request.query_params))
        try:
            redirect_uri = self._redirect_uri(asked)
        except SlackError as refusal:
            return HTMLResponse(_page(_refused(refusal)), 400)
        return HTMLResponse(_page(self._question(asked)), headers=_rules(redirect_uri))

    async def decide(self, request: Request) -> Response:
        """POST of the form on the page, to the page's own address."""
        try:
            given = Arguments(await arguments_of(request))
            redirect_uri = self._redirect_uri(given)
            answer = self._answer(given)
        except SlackError as refusal:
            return HTMLResponse(_page(_refused(refusal)), 400)
        separator = "&" if urlsplit(redirect_uri).query else "?"
        back = {**answer, "state": given.text("state")}
        return RedirectResponse(f"{redirect_uri}{separator}{urlencode(back)}", 303)

    def _answer(self, given: Arguments) -> dict[str, str]:
        if given.text("decision") != "allow":
            return {"error": "access_denied"}
        place = given.required("place")
        installer = self._places.servers(place)[0].workspace.directory.person_named(given.required("user"))
        grant = Grant(place, installer["id"], given.text("scope"))
        return {"code": self._oauth.code(grant, given.text("redirect_uri"))}

    def _redirect_uri(self, asked: Arguments) -> str:
        """Where the person goes afterwards; refuses what Slack refuses to ask people."""
        if asked.text("client_id") != self._app.client_id:
            raise SlackError("invalid_client_id")
        if not asked.text("scope"):
            raise SlackError("invalid_scope")
        wanted = asked.text("redirect_uri") or self._app.redirect_url
        if _origin(wanted) != _origin(self._app.redirect_url):
            raise SlackError("bad_redirect_uri")
        return wanted

    def _question(self, asked: Arguments) -> str:
        places = self._places.named()
        chosen = asked.text("team") if asked.text("team") in places else next(iter(places))
        options = [_radio(place, name, place == chosen) for place, name in places.items()]
        people = [
            f'<option value="{name}">{escape(real)}</option>' for name, real in seed.real_names().items()
        ]
        wishes = [f"<li>{escape(SCOPES.get(scope, scope))}</li>" for scope in asked.text("scope").split(",")]
        return QUESTION.substitute(
            app=escape(seed.BOT_NAME),
            scopes="\n".join(wishes),
            places="\n".join(options),
            people="\n".join(people),
        )


QUESTION = Template("""
<h1>$app asks to be installed</h1>
<form method="post">
<section aria-labelledby="wishes"><h2 id="wishes">What it will be able to do</h2><ul>
$scopes
</ul></section>
<fieldset><legend>Where</legend>
$places
</fieldset>
<label class="field" for="user">You are</label>
<select class="input" id="user" name="user">
$people
</select>
<p class="decision">
<button class="button" name="decision" value="cancel">Cancel</button>
<button class="button primary" name="decision" value="allow">Allow</button>
</p>
</form>
""")


def _radio(place: str, name: str, chosen: bool) -> str:
    checked = " checked" if chosen else ""
    return (
        f'<label class="choice"><input type="radio" name="place" value="{escape(place)}"{checked}>'
        f" {escape(name)}</label>"
    )


def _refused(refusal: SlackError) -> str:
    return f"<h1>This app cannot be installed</h1><p>Slack says: <code>{escape(refusal.code)}</code></p>"


def _page(content: str) -> str:
    return Template(PAGE.read_text("utf-8")).substitute(content=content)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _rules(redirect_uri: str) -> dict[str, str]:
    """The form may be sent, and lead on to the app; and the browser says that it comes from this page."""
    origin = "://".join(_origin(redirect_uri))
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {origin}"
    )
    return {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
