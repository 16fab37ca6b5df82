"""Slack waits three seconds for an acknowledgement: the bot asks Slack for nothing before it gives one.

What Slack tells is stored by then, whoever did it.
"""

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
from sqlmodel import SQLModel, select

from bot.app import compose
from bot.app.compose import Bot
from bot.slack.payloads import OF_CHANNELS
from local.slack.setup.credentials import APP_TOKEN, BOT_TOKEN
from local.slack.setup.seed import BOT_USER_ID, PEOPLE, TEAM_ID
from storage.tables.deliveries import News, Notice
from storage.tables.messages import ChannelState, Message, Mode, Unattributed
from storage.tables.summaries import Making, Origin, Summary, SummarySource
from tests.factories import message
from tests.journeys.steps import card_on
from tests.local.running import PATIENCE_S, Slack, until, workspace
from tests.manifest import listed
from tests.running import ANA, HANG_S, PATIENT, SUPPORT, person, settings

Json = dict[str, Any]
# Where what happens in Slack is stored.
BY_EVENTS: tuple[type[SQLModel], ...] = (Message, Unattributed, ChannelState, Notice)
BY_WORKERS = {"waiting", "due_at", "attempts", "asked_at", "told_at"}


@dataclass
class Gate:
    """Slack's Web API, which answers nobody until it is `opened`."""

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
    """A bot that Slack keeps waiting for whatever it asks, and what its buttons mean."""

    gate: Gate
    running: Bot
    team_id: str
    right: str
    summary_id: str

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Slack answers nothing meanwhile."""
        self.gate.opened.clear()
        try:
            yield
        finally:
            self.gate.opened.set()

    def acknowledges(self, kind: str, user: str, **body: Any) -> bool:
        """Is this request of a user answered while Slack answers nothing?"""
        with self.silence():
            return self._answers(kind, user, **body)

    def _answers(self, kind: str, user: str, **body: Any) -> bool:
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

        waits = threading.Thread(target=send, daemon=True)
        waits.start()
        waits.join(PATIENCE_S)
        return answers == [200]

    def clicked(self, user: str, action_id: str, value: str) -> bool:
        action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
        return self.acknowledges("block_actions", user, actions=[action])

    def hears(self, user: str, event: Json) -> bool:
        """Is an event acknowledged?"""
        now = f"{time.time():.6f}"
        heard_in = [{"team_id": self.team_id, "enterprise_id": None, "is_bot": True}]
        event = {"user": user, "event_ts": now, "ts": now, "channel": SUPPORT, **event}
        return self._answers("event_callback", user, event=event, authorizations=heard_in)

    def stored(self) -> dict[type[SQLModel], list[str]]:
        """All that an event may have stored, by table."""
        with self.running.database.reading() as session:
            return {
                table: sorted(str(row.model_dump(exclude=BY_WORKERS)) for row in session.exec(select(table)))
                for table in BY_EVENTS
            }


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


# Channels of their own, in which the bot is on, so that no event is about what another one closed.
PLACES = {name: f"C0PLACE{number:03}" for number, name in enumerate(sorted(OF_CHANNELS))}
QUIET, WITH_APPS = "C0QUIET001", "C0APPS0001"
QUIET_TS, POST_TS = "1700000000.000001", "1700000000.000002"
BY_APP = {"type": "message", "channel": WITH_APPS, "bot_id": "B0ZAPIER01", "app_id": "A0ZAPIER01"}
ITEM = {"type": "message", "channel": QUIET, "ts": QUIET_TS}
EDITED = {"edited": {"ts": "1700000001.000000"}, "user": "U0EVE0001", "ts": POST_TS, "text": "It is broken"}


def _of_channel(name: str) -> Json:
    place = PLACES[name]
    channel = {"id": place, "name": "renamed"} if name.endswith("_rename") else place
    return {"type": name, "channel": channel}


def _of_whom(name: str) -> str:
    return BOT_USER_ID if name.startswith("member_") else "U0EVE0013"


# By the manifest's name of an event: who does it, the event, and in which table it is stored, if in any.
EVENTS: list[tuple[str, str, Json, type[SQLModel] | None]] = [
    ("message.channels", "U0EVE0002", {"type": "message", "text": "It crashes"}, Message),
    (
        "message.groups",
        "U0EVE0003",
        {"type": "message", "text": "It crashes", "channel_type": "group"},
        Message,
    ),
    (
        "message.im",
        "U0EVE0004",
        {"type": "message", "text": "It crashes", "channel": "D0EVE0004", "channel_type": "im"},
        Message,
    ),
    (
        "message.mpim",
        "U0EVE0005",
        {
            "type": "message",
            "text": f"<@{BOT_USER_ID}> It crashes",
            "channel": "G0EVE",
            "channel_type": "mpim",
        },
        Message,
    ),
    ("message.channels", "U0EVE0001", {**BY_APP, "ts": POST_TS, "text": "It crashes"}, Unattributed),
    (
        "message.channels",
        "U0EVE0001",
        {
            "type": "message",
            "subtype": "message_changed",
            "channel": WITH_APPS,
            "message": {**BY_APP, **EDITED},
        },
        Unattributed,
    ),
    (
        "message.channels",
        "U0EVE0001",
        {"type": "message", "subtype": "message_deleted", "channel": WITH_APPS, "deleted_ts": POST_TS},
        Unattributed,
    ),
    ("app_mention", "U0EVE0006", {"type": "app_mention", "text": f"<@{BOT_USER_ID}> It crashes"}, Message),
    (
        "app_mention",
        "U0EVE0007",
        {**BY_APP, "type": "app_mention", "channel": SUPPORT, "text": f"<@{BOT_USER_ID}> It crashes"},
        None,  # the channel does not include apps: the user is told so afterwards
    ),
    (
        "reaction_added",
        "U0EVE0008",
        {"type": "reaction_added", "reaction": "bug", "item": ITEM},
        Unattributed,
    ),
    (
        "reaction_removed",
        "U0EVE0008",
        {"type": "reaction_removed", "reaction": "bug", "item": ITEM},
        Unattributed,
    ),
    ("app_home_opened", "U0EVE0009", {"type": "app_home_opened", "tab": "home"}, None),
    ("app_uninstalled", "U0EVE0010", {"type": "app_uninstalled"}, None),
    ("tokens_revoked", "U0EVE0011", {"type": "tokens_revoked", "tokens": {"oauth": ["U0EVE0011"]}}, None),
    ("team_access_revoked", "U0EVE0012", {"type": "team_access_revoked", "team_ids": ["T0OTHER001"]}, None),
    *((name, _of_whom(name), _of_channel(name), ChannelState) for name in sorted(OF_CHANNELS)),
]


def _furnish(held: Held) -> None:
    """Let the bot be on wherever something happens, in channels that are about to open again or become public."""
    opening = {News.UNARCHIVED, News.BACK, News.PUBLIC}
    was: Json = {"archived_at": 1.0, "shared_at": 1.0, "left_at": 1.0, "is_private": True}
    service = held.running.workspace.service
    service.set_mode(TEAM_ID, QUIET, Mode.QUIET, ANA)
    service.set_mode(TEAM_ID, WITH_APPS, Mode.REPLY, ANA, workflows=True)
    for place in PLACES.values():
        service.set_mode(TEAM_ID, place, Mode.REPLY, ANA)
    with held.running.database.writing() as session:
        session.add(message(team_id=TEAM_ID, channel_id=QUIET, ts=QUIET_TS, mode=Mode.QUIET, waiting=False))
        for name, news in OF_CHANNELS.items():
            if news in opening:
                session.add(ChannelState(team_id=TEAM_ID, channel_id=PLACES[name], **was))


def test_every_event_is_stored_and_acknowledged_while_slack_answers_nothing(held: Held) -> None:
    with held.silence():
        _furnish(held)
        for name, user, event, table in EVENTS:
            before = held.stored()
            assert held.hears(user, event), name
            after = held.stored()
            changed = {one for one in before if before[one] != after[one]}
            assert table in changed if table else not changed, name

    assert {name for name, *_ in EVENTS} == {*listed("bot_events"), *OF_CHANNELS}
