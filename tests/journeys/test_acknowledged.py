"""Slack waits three seconds for an acknowledgement: the bot asks Slack for nothing before it gives one."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_bolt.request import BoltRequest

from bot import compose
from bot.compose import Bot
from local.slack.credentials import APP_TOKEN, BOT_TOKEN
from local.slack.seed import PEOPLE, TEAM_ID
from storage.tables import Making, Mode, Origin, Summary, SummarySource
from tests.factories import message
from tests.journeys.steps import card_on
from tests.local.running import PATIENCE_S, Slack, until, workspace
from tests.running import ANA, HANG_S, PATIENT, SUPPORT, person, settings

Json = dict[str, Any]


@dataclass
class Gate:
    """Slack's Web API, where who asks for a user waits until `opened`."""

    url: str = ""
    opened: threading.Event = field(default_factory=threading.Event)


@contextmanager
def gate_before(slack: Slack) -> Iterator[Gate]:
    """Pass on what the bot asks Slack."""
    gate = Gate()
    gate.opened.set()

    class Passing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("users.info"):
                gate.opened.wait(HANG_S)
            kept = {
                name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers[name]
            }
            answer = httpx.post(f"{slack.url}{self.path}", content=body, headers=kept, timeout=HANG_S)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *_arguments: object) -> None:
            """Not on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    gate.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield gate
    finally:
        gate.opened.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Held:
    """A bot that Slack keeps waiting for who its users are, and what its buttons mean."""

    gate: Gate
    running: Bot
    team_id: str
    right: str
    summary_id: str

    def acknowledges(self, kind: str, user: str, **body: Any) -> bool:
        """Is this request of a user answered while Slack still keeps back who that is?"""
        of_user = {"type": kind, "team_id": self.team_id, "api_app_id": "A1", "trigger_id": "1.2.3"}
        people = {
            "user": {"id": user, "team_id": self.team_id},
            "team": {"id": self.team_id},
            "user_id": user,
        }
        where = {
            "channel": {"id": SUPPORT},
            "channel_id": SUPPORT,
            "response_url": f"{self.gate.url}/nowhere",
        }
        request = BoltRequest(body={**of_user, **people, **where, **body}, mode="socket_mode")
        answers: list[int] = []

        def send() -> None:
            answers.append(self.running.workspaces.dispatch(request).status)

        waits = threading.Thread(target=send)
        self.gate.opened.clear()
        waits.start()
        waits.join(PATIENCE_S)
        is_acknowledged = answers == [200]
        self.gate.opened.set()
        waits.join()
        return is_acknowledged

    def clicked(self, user: str, action_id: str, value: str) -> bool:
        action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
        return self.acknowledges("block_actions", user, actions=[action])

    def happened(self, user: str, **event: Any) -> bool:
        now = f"{time.time():.6f}"
        heard_in = [{"team_id": self.team_id, "enterprise_id": None, "is_bot": True}]
        event = {"user": user, "event_ts": now, "ts": now, "channel": SUPPORT, **event}
        return self.acknowledges("event_callback", user, event=event, authorizations=heard_in)


@pytest.fixture(scope="module")
def held(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    folder = tmp_path_factory.mktemp("held")
    shutil.copyfile(sqlite_template, folder / "corrigible.db")
    chosen = settings(folder, f"sqlite:///{folder}/corrigible.db", summarizer="none")
    with (
        pytest.MonkeyPatch.context() as patience,
        workspace(**PATIENT) as slack,
        gate_before(slack) as gate,
    ):
        for timeout in ("LOCALE_TIMEOUT_S", "SLACK_TIMEOUT_S"):  # or the bot would go on without an answer
            patience.setattr(compose, timeout, HANG_S)
        running = compose.compose(chosen, compose.Slack(f"{gate.url}/api/", BOT_TOKEN, APP_TOKEN, None), None)
        try:
            running.start()
            until(slack.bot_connected)
            with person(slack) as ana:
                running.workspace.service.set_mode(TEAM_ID, SUPPORT, Mode.REPLY, ANA)
                card = card_on(ana, SUPPORT, "The app crashes with an error")
            buttons = {
                one["action_id"]: one["value"]
                for block in card["blocks"]
                for one in block.get("elements", ())
                if "value" in one
            }
            right = buttons["right"]
            yield Held(gate, running, TEAM_ID, right, _summary(running))
        finally:
            gate.opened.set()
            running.stop()


def _summary(running: Bot) -> str:
    """A summary that a user got for themselves, of what somebody wrote whom Slack does not know."""
    wrote = message(team_id=TEAM_ID, channel_id=SUPPORT, user_id="U0GWEN", mode=Mode.OFF)
    sentence = {
        "text": "It crashes",
        "sources": [wrote.id],
        "supported": True,
        "support": 1.0,
        "unfounded": [],
    }
    summary = Summary(
        team_id=TEAM_ID,
        channel_id=SUPPORT,
        asked_by=ANA,
        origin=Origin.COMMAND,
        making=Making.DONE,
        sentences=[sentence],
        due=False,
        shown=1,
    )
    summary_id, message_id = summary.id, wrote.id
    with running.database.writing() as session:
        session.add_all([wrote, summary])
        session.flush()
        session.add(SummarySource(summary_id=summary_id, message_id=message_id, place=0))
    return summary_id


def test_a_click_is_acknowledged_before_slack_tells_who_clicked(held: Held) -> None:
    assert held.clicked(PEOPLE["ben"], "right", held.right)
    assert held.clicked(PEOPLE["ben"], "undo", held.right.partition(":")[0])


def test_an_opinion_of_a_summary_is_acknowledged_before_slack_tells_who_wrote_the_messages(
    held: Held,
) -> None:
    assert held.clicked(PEOPLE["chloe"], "summary_good", held.summary_id)
    assert held.clicked(PEOPLE["chloe"], "summary_undo", held.summary_id)
    assert held.clicked(PEOPLE["chloe"], "summary_edit", held.summary_id)


def test_a_command_is_acknowledged_before_slack_tells_the_language_of_its_answer(held: Held) -> None:
    assert held.acknowledges("command", PEOPLE["dev"], command="/corrigible", text="status")


def test_an_event_is_acknowledged_before_slack_tells_whose_it_is(held: Held) -> None:
    mention = {"type": "message", "text": "summarize this", "channel_type": "channel"}

    assert held.happened("U0EVE", **mention)
    assert held.happened("U0FAYE", type="app_home_opened", tab="home")
