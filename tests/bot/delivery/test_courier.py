"""The courier before a Slack that takes its time: the wire is real, and answers when the test says so."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
from slack_sdk import WebClient
from sqlalchemy import literal_column, update
from sqlmodel import col

from bot.context import worker as workers
from bot.context.metrics import Metrics
from bot.context.worker import Worker
from bot.delivery.courier import AT_ONCE, RESERVED, Courier
from bot.language.locales import Locales
from bot.web_api.reach import Reach
from storage.database.engine import Database
from storage.deliveries import cards
from storage.tables.feedback import Label
from storage.tables.messages import Message
from tests.factories import ANA, TEAM, UNPACED, label_set, predicted, say
from tests.local.running import PATIENCE_S, until

OF_HEARD = AT_ONCE - RESERVED
OVER = 5


class SlowSlack:
    """What Slack was asked for, by method; posts are answered once `answering` is set."""

    def __init__(self) -> None:
        self.answering = threading.Event()
        self.asked: dict[str, list[str]] = {"chat.postMessage": [], "chat.update": []}
        self._turn = threading.Lock()

    def answer(self, method: str, arguments: dict[str, str]) -> dict[str, object]:
        """What Slack says to one call."""
        with self._turn:
            place = arguments.get("thread_ts") or arguments.get("ts", "")
            self.asked.setdefault(method, []).append(place)
            ts = f"1800000000.{sum(map(len, self.asked.values())):06}"
        if method == "chat.postMessage":
            self.answering.wait(PATIENCE_S)
        return {"ok": True, "ts": ts, "user": {"locale": "en-US"}}


@contextmanager
def listening(slack: SlowSlack) -> Iterator[WebClient]:
    """A client of that Slack."""

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            is_json = "json" in self.headers["Content-Type"]
            arguments = json.loads(sent) if is_json else dict(parse_qsl(sent.decode()))
            said = json.dumps(slack.answer(self.path.rsplit("/", 1)[-1], arguments)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        base_url = f"http://127.0.0.1:{serving.server_port}/api/"
        try:
            yield WebClient("xoxb-test", base_url=base_url, retry_handlers=[])
        finally:
            serving.shutdown()


@contextmanager
def showing(database: Database, slack: SlowSlack) -> Iterator[Callable[[], None]]:
    """A courier at work; what wakes it."""
    with listening(slack) as client:
        locales = Locales(client, "en")
        courier = Courier(database, TEAM, "UBOT", client, Metrics(), UNPACED, locales, Reach(client))
        worker = Worker("courier", courier.step, Metrics())
        courier.on_due = worker.wake
        worker.start()
        try:
            yield worker.wake
        finally:
            slack.answering.set()
            worker.stop(PATIENCE_S)
            courier.close(PATIENCE_S)


@pytest.fixture(autouse=True)
def _wakes_alone_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "IDLE_S", 3_600.0)


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "bug", "billing")


def due(database: Database) -> int:
    with database.reading() as session:
        return cards.count_due(session, TEAM)


def test_while_slack_takes_its_time_a_click_is_shown_and_then_all_others_once_each(
    database: Database, known: dict[str, Label]
) -> None:
    slack = SlowSlack()
    clicked = predicted(database, known["bug"])
    with showing(database, slack) as wake:
        until(lambda: slack.asked["chat.postMessage"] == [clicked.ts])
        slack.answering.set()
        until(lambda: due(database) == 0)
        slack.answering.clear()
        waiting = [predicted(database, known["bug"]) for _ in range(OF_HEARD + OVER)]
        wake()
        until(lambda: len(slack.asked["chat.postMessage"]) == 1 + OF_HEARD)

        say(database, clicked, ANA, known["billing"])
        wake()
        until(lambda: slack.asked["chat.update"])
        under_way = len(slack.asked["chat.postMessage"])
        slack.answering.set()
        until(lambda: due(database) == 0)

    assert under_way == 1 + OF_HEARD
    assert sorted(slack.asked["chat.postMessage"]) == sorted(one.ts for one in [clicked, *waiting])


def test_what_somebody_says_while_the_card_is_posted_is_shown_next(
    database: Database, known: dict[str, Label]
) -> None:
    slack = SlowSlack()
    one = predicted(database, known["bug"])
    with showing(database, slack):
        until(lambda: slack.asked["chat.postMessage"])
        say(database, one, ANA, known["billing"])
        slack.answering.set()
        until(lambda: slack.asked["chat.update"])
        until(lambda: due(database) == 0)

    assert slack.asked["chat.postMessage"] == [one.ts]
    assert len(slack.asked["chat.update"]) == 1


def test_a_card_that_can_not_be_read_stops_no_other(database: Database, known: dict[str, Label]) -> None:
    slack = SlowSlack()
    slack.answering.set()
    unreadable, *others = [predicted(database, known["bug"]) for _ in range(3)]
    with database.engine.begin() as connection:
        spoilt = update(Message).where(col(Message.id) == unreadable.id)
        connection.execute(spoilt.values(mode=literal_column("'newer'")))

    with showing(database, slack):
        until(lambda: due(database) == 1)

    assert sorted(slack.asked["chat.postMessage"]) == sorted(one.ts for one in others)
