from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import BoltResponse
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import OAuthStateStore

from bot.connections import Request
from bot.health import Health, StoreProbe
from bot.metrics import Metrics
from bot.web import MAX_PAGES, Signed, application
from local.slack.http_mode import signed
from tests.local.running import PATIENCE_S, until

INSTALL = Request("GET", "/slack/install", "", [], b"")

WELL = Health(list, StoreProbe(lambda: None), list, list)


class SlowStates(OAuthStateStore):
    """A database that is in no hurry."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.waiting = 0

    def issue(self, *args: Any, **kwargs: Any) -> str:
        self.waiting += 1
        self.free.wait(PATIENCE_S)
        return "state"

    def consume(self, state: str) -> bool:
        return False


def flow(states: OAuthStateStore, folder: Path) -> OAuthFlow:
    store = FileInstallationStore(base_dir=str(folder))
    chosen = OAuthSettings(
        client_id="1.2", client_secret="secret", state_store=states, installation_store=store
    )
    return OAuthFlow(client=WebClient(), settings=chosen)


def test_people_who_install_the_app_leave_threads_to_slack(tmp_path: Path) -> None:
    states = SlowStates()
    slack = Signed(lambda _: BoltResponse(status=200), "secret")
    serve = application(slack, flow(states, tmp_path), Metrics(), WELL, None, "127.0.0.1")
    headers = [(name.lower(), value) for name, value in signed("secret", b"{}").items()]
    with ThreadPoolExecutor(MAX_PAGES) as people:
        pages = [people.submit(serve, INSTALL) for _ in range(MAX_PAGES)]
        until(lambda: states.waiting == MAX_PAGES)
        refused = serve(INSTALL)
        heard = serve(Request("POST", "/slack/events", "", headers, b"{}"))
        states.free.set()

    assert refused.status == 503
    assert heard.status == 200
    assert {page.result().status for page in pages} == {200}
    assert serve(INSTALL).status == 200


def test_only_a_team_goes_into_the_address_at_which_people_install(tmp_path: Path) -> None:
    states = SlowStates()
    states.free.set()
    serve = application(None, flow(states, tmp_path), Metrics(), WELL, None, "127.0.0.1")
    team = serve(replace(INSTALL, query="team=T1"))
    forged = serve(replace(INSTALL, query="team=T1%26redirect_uri=https://evil.example"))

    assert b"&amp;team=T1" in team.body
    assert forged.status == 400


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics"])
def test_a_name_that_a_foreign_page_made_up_for_this_machine_shows_it_nothing(path: str) -> None:
    serve = application(None, None, Metrics(), WELL, None, "127.0.0.1")
    asked = Request("GET", path, "", [("host", "localhost:8318")], b"")

    assert serve(asked).status == 200
    assert serve(replace(asked, headers=[("host", "rebound.example:8318")])).status == 403
