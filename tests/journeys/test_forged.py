"""What was not meant for a workspace is refused at the door: somebody else's installation, another team's webhook."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
from standardwebhooks import Webhook

from bot.app.compose import Bot
from local.argilla.embedded import SignIn
from local.slack.setup.credentials import SIGNING_SECRET
from local.slack.transport.http_mode import signed
from tests.journeys.installing import everything, installable, installed, serves
from tests.journeys.reviewing import dataset
from tests.local.running import ACME, GLOBEX, free_port, grid, until
from tests.reviewer import Reviewer
from tests.running import PATIENT, settings

EVENT = '{"type": "response.created", "data": {}}'
COOKIE = "slack-app-oauth-state"


def test_an_installation_is_finished_by_the_browser_that_began_it_and_once(
    database_url: str, tmp_path: Path
) -> None:
    with everything(tmp_path, database_url) as (slack, running):
        stolen = slack.allow(slack.bot_url, GLOBEX.id)
        begun = httpx.get(f"{slack.bot_url}/slack/install")
        made_up = re.sub("state=[^&]+", "state=made-up", stolen)
        refused = [
            httpx.get(stolen),
            httpx.get(stolen, headers={"cookie": f"{COOKIE}={begun.cookies[COOKIE]}"}),
            httpx.get(made_up, headers={"cookie": f"{COOKIE}=made-up"}),
        ]
        done = slack.install(slack.bot_url, ACME.id)
        again = httpx.get(done.url, headers={"cookie": done.request.headers["cookie"]})
        until(lambda: serves(running, ACME.id))

    assert [one.status_code for one in refused] == [400, 400, 401]
    assert done.status_code == 200
    assert again.status_code == 401
    assert "invalid_state" in again.text


def test_what_is_malformed_and_for_no_workspace_that_is_served_is_acknowledged(
    database_url: str, tmp_path: Path
) -> None:
    removal = {"type": "event_callback", "team_id": "T0ACME\x00", "event": {"type": "app_uninstalled"}}
    unknown = [removal, {**removal, "team_id": ["T0ACME"]}, {**removal, "event": None}, {"type": "leaked"}]
    with everything(tmp_path, database_url) as (slack, running):
        installed(slack, running, ACME)
        answers = []
        for body in (json.dumps(one).encode() for one in unknown):
            headers = {"content-type": "application/json", **signed(SIGNING_SECRET, body)}
            answers.append(httpx.post(f"{slack.bot_url}/slack/events", headers=headers, content=body))
        figures = httpx.get(f"{slack.bot_url}/metrics").text

    assert [one.status_code for one in answers] == [200] * len(unknown)
    assert 'corrigible_errors_total{part="payload"} 4.0' in figures


def test_a_webhook_that_argilla_signed_for_one_team_is_not_believed_of_another(
    argilla: SignIn, database_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, database_url, port=free_port(), argilla_workspace=dataset())
    with (
        grid(f"http://127.0.0.1:{chosen.port}/slack/events", **PATIENT) as slack,
        installable(slack, chosen, argilla) as running,
        Reviewer(argilla, "") as reviewer,
    ):
        installed(slack, running, ACME, GLOBEX)
        until(lambda: _hears(running, ACME.id) and _hears(running, GLOBEX.id))
        of_acme = f"http://127.0.0.1:{chosen.port}/argilla/webhook/{ACME.id}"
        [secret] = [
            one["secret"] for one in reviewer.ask("GET", "webhooks")["items"] if one["url"] == of_acme
        ]
        at = datetime.now(UTC)
        signed = {
            "webhook-id": "1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign("1", at, EVENT),
        }
        answers = [
            httpx.post(of_acme.replace(ACME.id, team_id), headers=signed, content=EVENT).status_code
            for team_id in (ACME.id, GLOBEX.id, "T0NOBODY")
        ]

    assert answers == [200, 401, 401]


def _hears(running: Bot, team_id: str) -> bool:
    served = running.workspaces.of(team_id)
    webhooks = served.annotation.webhooks if served and served.annotation else None
    return webhooks is not None and webhooks.is_registered
