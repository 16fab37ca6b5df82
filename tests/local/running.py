"""The real workspace and the real Bolt, run for one test."""

from __future__ import annotations

import html
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urljoin
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from local.slack.server import Server, create_app
from local.slack.serving import LocalServer, listen
from local.slack.setup.config import App as SlackApp
from local.slack.setup.config import Config
from local.slack.setup.credentials import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from local.slack.setup.seed import CHANNELS, PEOPLE
from local.slack.setup.team import Team
from local.slack.state.grants import ResponseGrant
from local.slack.wire.certificates import certificates
from tests.fakes.slack_grid.grid import Grid as Parts
from tests.fakes.slack_grid.grid import create_grid

PATIENCE_S = 300.0  # bounds a hang: it says nothing of how long something takes

# A workspace that waits for a bot for as long as a slow machine may take.
PATIENT: dict[str, Any] = {
    "ack_timeout_s": PATIENCE_S,
    "trigger_life_s": PATIENCE_S,
    "retry_delays_s": (0.05, 0.1, 0.2),
}

SUPPORT = CHANNELS["support"]
ANA, BEN = PEOPLE["ana"], PEOPLE["ben"]


class Slack:
    """A running workspace: `web` is the bot's client, the rest is what people do."""

    def __init__(self, url: str, token: str | None = BOT_TOKEN, parts: Server | None = None) -> None:
        self.url = url
        self._parts = parts
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE_S, verify=certificates())
        self.web = WebClient(token=token, base_url=f"{url}/api/")

    def page(self, name: str, /, user: str = ANA, **body: Any) -> dict[str, Any]:
        """POST /page/…, as one person."""
        return self.http.post(f"/page/{name}", json={"user": user, **body}).json()

    def say(self, text: str, channel: str = SUPPORT, user: str = ANA, **more: Any) -> str:
        """Write a message; its ts."""
        return self.page("message", user, channel=channel, text=text, **more)["ts"]

    def channel(self, name: str) -> str:
        """Make a public channel and invite the bot; the channel's id."""
        made = self.page("channel", name=name)["channel"]["id"]
        assert self.page("invite", channel=made)["ok"]
        return str(made)

    def employ(self, user: str, team_id: str) -> None:
        """Let a person be another team's, whom a shared channel let in."""
        assert self._parts
        self._parts.workspace.directory.users[user]["team_id"] = team_id

    def dismiss(self, user: str) -> None:
        """Let a person leave the workspace."""
        assert self._parts
        self._parts.workspace.directory.users[user]["deleted"] = True

    def app(self, user_id: str, **profile: Any) -> None:
        """Let another app be here, as whose bot somebody acts."""
        assert self._parts
        users = self._parts.workspace.directory.users
        users[user_id] = {**users[ANA], "id": user_id, "name": user_id.lower(), "is_bot": True, **profile}

    def post(self, channel: str, /, **message: Any) -> str:
        """Post a message as given: another app's, or one that forwards another; its ts."""
        return str(self.fault("post", channel=channel, message=message)["ts"])

    def group(self, *users: str) -> str:
        """Open a group direct message of Ana, others and the bot; its id."""
        return str(self.page("group", users=",".join(users))["channel"]["id"])

    def messages(self, channel: str = SUPPORT, user: str = ANA) -> list[dict[str, Any]]:
        """Everything that a person sees in a channel."""
        asked: dict[str, str | int] = {"user": user, "channel": channel, "limit": 100_000}
        return self.http.get("/page/messages", params=asked).json()["messages"]

    def fault(self, name: str, /, **body: Any) -> dict[str, Any]:
        """POST /faults/…"""
        return self.http.post(f"/faults/{name}", json=body).json()

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The bot's calls of one method."""
        return self.http.get("/faults/calls", params={"method": method}).json()["calls"]

    def deliveries(self, kind: str = "message") -> list[dict[str, Any]]:
        """What became of the events of one type."""
        found = self.http.get("/faults/deliveries").json()["deliveries"]
        return [delivery for delivery in found if delivery["type"] == kind]

    @contextmanager
    def watching(self, user: str = ANA) -> Iterator[list[dict[str, Any]]]:
        """What is pushed to a person's page meanwhile."""
        pushes: list[dict[str, Any]] = []
        with connect(f"{self.url.replace('http', 'ws')}/page/events?user={user}") as socket:
            reader = threading.Thread(target=_read, args=(socket, pushes), daemon=True)
            reader.start()
            until(lambda: pushes)
            yield pushes
        reader.join(5)

    def bot_connected(self) -> bool:
        """Whether the page shows the bot as there."""
        return self.http.get("/page/state", params={"user": ANA}).json()["bot"]["connected"]


def _read(socket: ClientConnection, pushes: list[dict[str, Any]]) -> None:
    with suppress(ConnectionClosed):
        for text in socket:
            pushes.append(json.loads(text))


@contextmanager
def workspace(port: int = 0, **settings: Any) -> Iterator[Slack]:
    """Run the workspace in a thread of this process."""
    app = create_app(Config(**settings))
    with served(app, port) as url:
        slack = Slack(url, parts=app.state.server)
        with slack.http:
            yield slack


class Grid:
    """Several running workspaces behind one address; the API is at `{url}/api/`."""

    def __init__(self, url: str, bot_url: str, parts: Parts) -> None:
        self.url = url
        self.bot_url = urljoin(bot_url, "/").rstrip("/")
        self._parts = parts
        self._teams = {team_id: Slack(f"{url}/{team_id}", token=None) for team_id in parts.teams}

    def team(self, team_id: str) -> Slack:
        """What people do in one team; its `web` has no token until a test gives it one."""
        return self._teams[team_id]

    def web(self, token: str | None = None) -> WebClient:
        """A client of the API."""
        return WebClient(token=token, base_url=f"{self.url}/api/")

    def entitled(self, team_id: str, user: str, channel: str) -> dict[str, str]:
        """What comes with whatever a person does: the right to open one modal, and to answer that person."""
        workspace = self._parts.teams[team_id].workspace
        answers = workspace.response_urls.issue(f"{self.url}/{team_id}/", ResponseGrant(channel, user))
        return {"trigger_id": workspace.triggers.issue(user), "response_url": answers}

    def install(self, bot_url: str, place: str, user: str = "ana") -> httpx.Response:
        """From the bot's own page through Slack's and back, as a browser goes; what the bot says in the end.

        `user` is an id or a name.
        """
        return self._decide(bot_url, place=place, user=user, decision="allow")

    def cancel(self, bot_url: str) -> httpx.Response:
        """The same, by somebody who does not allow it."""
        return self._decide(bot_url, decision="cancel")

    def uninstall(self, team_id: str) -> None:
        """Somebody removes the app."""
        assert self.team(team_id).page("uninstall")["ok"]

    def withdraw(self, team_id: str) -> None:
        """The organization takes the app out of this one of its workspaces."""
        assert self.team(team_id).page("withdraw")["ok"]

    def revoke(self, team_id: str) -> None:
        """The bot's tokens die; the app is not said to be removed."""
        assert self.team(team_id).page("revoke")["ok"]

    def allow(self, bot_url: str, place: str, user: str = "ana") -> str:
        """As `install`, up to the address to which Slack sends the browser back."""
        with _browser() as browser:
            return self._decided(browser, bot_url, place=place, user=user, decision="allow")

    def _decide(self, bot_url: str, **form: str) -> httpx.Response:
        with _browser() as browser:
            return browser.get(self._decided(browser, bot_url, **form))

    def _decided(self, browser: httpx.Client, bot_url: str, **form: str) -> str:
        page = browser.get(f"{bot_url}/slack/install")
        for cookie in browser.cookies.jar:
            cookie.secure = False  # browsers send such cookies to this machine itself without TLS too
        if page.url.path != AUTHORIZE:
            link = re.search(rf'href="([^"]*{AUTHORIZE}[^"]*)"', page.text)
            assert link, "the bot's page leads nowhere"
            page = browser.get(html.unescape(link[1]))
        page.raise_for_status()
        decided = browser.post(page.url, data=form, headers={"Origin": self.url}, follow_redirects=False)
        return decided.headers["location"]

    def close(self) -> None:
        """Let go of the connections."""
        for slack in self._teams.values():
            slack.http.close()


def _browser() -> httpx.Client:
    return httpx.Client(follow_redirects=True, trust_env=False, timeout=PATIENCE_S, verify=certificates())


ACME, GLOBEX = Team("T0ACME", "Acme", "acme"), Team("T0GLOBEX", "Globex", "globex")
AUTHORIZE = "/oauth/v2/authorize"


@contextmanager
def grid(
    bot_url: str,
    teams: Sequence[Team] = (ACME, GLOBEX),
    port: int = 0,
    token_life_s: int | None = None,
    **settings: Any,
) -> Iterator[Grid]:
    """Run several workspaces, which post to `bot_url`, in a thread of this process."""
    app = SlackApp(bot_url, token_life_s=token_life_s)
    several = create_grid([Config(team=team, **settings) for team in teams], app)
    with (
        served(several, port) as url,
        closing(Grid(url, bot_url, several.state.server)) as running,
    ):
        yield running


@contextmanager
def served(app: Starlette, port: int) -> Iterator[str]:
    """Serve in a thread of this process; the address."""
    with listen(port) as listening:
        server = LocalServer(app)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            until(lambda: server.started)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)  # its socket is closed by itself, and must not be before


def bolt(slack: Slack, **options: Any) -> App:
    """An unmodified Bolt app that talks to the workspace."""
    return App(client=slack.web, signing_secret=SIGNING_SECRET, **options)


@contextmanager
def socket_mode(app: App, ping_interval: float = 10.0) -> Iterator[SocketModeHandler]:
    """The app, connected through Socket Mode. As often as it pings, it looks whether it has to connect again."""
    handler = SocketModeHandler(app, APP_TOKEN, ping_interval=ping_interval)
    handler.connect()
    try:
        yield handler
    finally:
        handler.client.closed = True
        handler.client.message_queue.put(None)  # its thread would wait for another message for a second
        handler.close()


@contextmanager
def http_bot(app: App, port: int) -> Iterator[None]:
    """The app behind a web server, at /slack/events of `port`."""
    with make_server("127.0.0.1", port, SlackRequestHandler(app), _Threads, _Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(5)


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Tests need no lines about requests."""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with listen(0) as listening:
        return int(listening.getsockname()[1])


def until(holds: Callable[[], Any], within_s: float = PATIENCE_S) -> Any:
    """Wait for something to become true; what it then was. A shared machine can be slow: who waits is patient."""
    deadline, pause_s = time.monotonic() + within_s, 0.005
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(pause_s)
        pause_s = min(1.2 * pause_s, 0.2)  # what takes long is asked for less often: asking costs time too
    return found


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    """The code with which the Web API refuses a call."""
    try:
        call(**arguments)
    except SlackApiError as error:
        return str(error.response["error"])
    raise AssertionError("it was not refused")
