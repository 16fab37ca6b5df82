"""What the bot does when Slack, the database or a message is not as it should be."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event, update
from sqlmodel import col

from bot.app.compose import Bot, SlackRefusedError, compose
from bot.app.compose import Slack as Address
from bot.transport.web_server import PortInUseError
from learning.encoders.encoder import EncoderNotFoundError
from local.slack.person import Person
from local.slack.serving import listen
from local.slack.setup.credentials import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from local.slack.setup.seed import BOT_USER_ID, TEAM_ID
from storage.database.engine import DatabaseUnavailableError
from storage.tables.feedback import Label
from tests.journeys.steps import card_on, predictions_in, propose, turn_on, until_answered
from tests.local.running import Slack, free_port, until, workspace
from tests.running import ANA, BEN, PATIENT, SUPPORT, bot, cards, person, settings

ODD_TEXTS = [
    "x" * 40_000,
    "```raise SystemExit(1)```",
    "האפליקציה קורסת",
    "\u202etxet",
    "\x00null",
    "<@U999>?",
]


@pytest.fixture
def channel(channel: str, ana: Person) -> str:
    """A channel in which the bot answers every message."""
    turn_on(ana, channel)
    return channel


@pytest.fixture
def address(slack: Slack) -> Address:
    """What the bot needs to reach its workspace."""
    return Address(f"{slack.url}/api/", BOT_TOKEN, APP_TOKEN, None)


def failing(port: int) -> list[tuple[str, str]]:
    """Why no message can be stored, as an orchestrator is told."""
    answer = httpx.get(f"http://127.0.0.1:{port}/readyz")
    told = [(one["part"], one["reason"]) for one in answer.json()["failing"]]
    assert (answer.status_code == 200) is (told == [])
    return told


def one_card(running: Bot, slack: Slack, channel: str, ts: str) -> str:
    """The text of the one card of a message, when the bot has nothing more to do."""
    until(lambda: cards(slack, ts, channel))
    until_answered(running, slack)
    [card] = cards(slack, ts, channel)
    return str(card["text"])


def test_any_text_gets_a_card(running: Bot, slack: Slack, channel: str) -> None:
    written = [slack.say(text, channel) for text in ODD_TEXTS]

    for ts in written:
        assert "sure" in one_card(running, slack, channel, ts)


def test_of_a_very_long_message_the_beginning_is_read_and_the_card_says_so(
    running: Bot, ana: Person, channel: str
) -> None:
    card = card_on(ana, channel, "The app crashes. " * 2_300)

    assert "I read only its beginning" in str(card["blocks"])


def test_a_message_without_words_is_answered_only_to_who_addressed_the_bot(
    running: Bot, slack: Slack, channel: str
) -> None:
    quiet = slack.say(f"<@{BEN}>", channel)
    addressed = slack.say(f"<@{BOT_USER_ID}>", channel)

    assert "this message has none" in one_card(running, slack, channel, addressed)
    assert cards(slack, quiet, channel) == []


def test_messages_of_bots_joins_and_unfolded_links_are_ignored(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    base = {"type": "message", "channel": channel, "user": ANA, "text": "crash", "channel_type": "channel"}
    slack.fault("event", event={**base, "ts": "1.1", "bot_id": "B0OTHER"})
    slack.fault("event", event={**base, "ts": "1.2", "subtype": "channel_join"})
    slack.fault("event", event={**base, "ts": "1.3", "subtype": "bot_message"})
    unfolded = {**base, "ts": "1.4", "attachments": []}
    slack.fault("event", event={**base, "subtype": "message_changed", "ts": "1.5", "message": unfolded})
    card_on(ana, channel, "The app crashes")

    assert predictions_in(running, channel) == 1


def test_an_event_of_unknown_shape_is_acknowledged_and_stops_nothing(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    shapeless = slack.fault("event", event={"type": "message", "channel": channel, "text": "no ts"})
    unknown = slack.fault("event", event={"type": "something_new"})

    assert shapeless["acknowledged"]
    assert unknown["acknowledged"]
    assert card_on(ana, channel, "The app crashes")


def test_an_event_that_comes_again_changes_nothing(running: Bot, slack: Slack, channel: str) -> None:
    duplicates = running.metrics.registry.get_sample_value
    ts = slack.say("The app crashes", channel)
    one_card(running, slack, channel, ts)
    before = duplicates("corrigible_duplicates_total") or 0
    slack.fault("redeliver", count=3)
    until(lambda: (duplicates("corrigible_duplicates_total") or 0) > before)

    assert one_card(running, slack, channel, ts)


def test_a_dropped_socket_comes_back(running: Bot, slack: Slack, channel: str) -> None:
    slack.fault("disconnect", kind="close")
    ts = slack.say("The app crashes", channel)

    assert one_card(running, slack, channel, ts)
    until(slack.bot_connected)


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "rate_limited", "retry_after": 1},
        {"kind": "status", "status": 500},
        {"kind": "error", "error": "internal_error"},
        {"kind": "no_answer"},
        {"kind": "answer_lost"},
    ],
    ids=lambda trouble: trouble["kind"],
)
def test_whatever_slack_answers_to_a_post_there_is_exactly_one_card(
    running: Bot, slack: Slack, channel: str, trouble: dict[str, object]
) -> None:
    slack.fault("method", method="chat.postMessage", times=2, **trouble)
    troubled = slack.say("The app crashes", channel)
    next_one = slack.say("I want a refund", channel)

    assert one_card(running, slack, channel, next_one).startswith("billing")
    assert one_card(running, slack, channel, troubled).startswith("bug")


def test_a_card_that_slack_refuses_for_good_is_counted_and_stops_nothing(
    running: Bot, slack: Slack, ana: Person, channel: str
) -> None:
    before = refusals(running)
    slack.fault("method", method="chat.postMessage", kind="error", error="restricted_action", times=1)
    slack.say("The app crashes", channel)
    until(lambda: refusals(running) != before)
    card_on(ana, channel, "I want a refund")

    assert refusals(running) - before == Counter(restricted_action=1)


def refusals(running: Bot) -> Counter[str]:
    """How often Slack refused a card for good, by its reason."""
    return Counter(running.workspace.service.overview(TEAM_ID).failures)


def test_two_people_at_once_and_one_twice_leave_one_correct_state(
    running: Bot, slack: Slack, ana: Person, ben: Person, channel: str
) -> None:
    card = card_on(ana, channel, "The app crashes")
    before = running.workspace.service.overview(TEAM_ID).words
    for _ in range(3):
        ana.press(card, "right")
        ben.press(card, "right")
    until_answered(running, slack)

    assert running.workspace.service.overview(TEAM_ID).words == before + 2
    assert one_card(running, slack, channel, card["thread_ts"]) == "bug, settled by 2 people"


def test_a_modal_with_nothing_chosen_or_a_retired_label_says_what_to_do(
    running: Bot, ana: Person, channel: str
) -> None:
    propose(ana, ana.open_view(card_on(ana, channel, "The garage is closed"), "change"), "Parking")
    with running.database.writing() as session:
        session.connection().execute(update(Label).where(col(Label.name) == "Parking").values(retired_at=1.0))
    view = ana.open_view(card_on(ana, channel, "Is the garage open again?"), "change")
    cleared = {"label": {"label": {"type": "external_select", "selected_option": None}}}
    nothing = ana.submit(view, cleared)
    retired = propose(ana, view, "parking")

    assert "Choose a label" in nothing["errors"]["label"]
    assert "was retired" in retired["errors"]["proposal"]


@pytest.fixture
def port() -> int:
    """The port of a bot of its own."""
    return free_port()


@pytest.fixture
def impatient(database_url: str, tmp_path: Path, port: int) -> Iterator[tuple[Slack, Bot]]:
    """A bot of its own, and a Slack that sends again what was not acknowledged within three seconds."""
    with workspace() as slack, bot(slack, settings(tmp_path, database_url, port=port)) as running:
        with person(slack) as ana:
            turn_on(ana, SUPPORT)
        yield slack, running


def test_a_locked_database_delays_a_message_and_loses_none(
    impatient: tuple[Slack, Bot], tmp_path: Path
) -> None:
    slack, running = impatient
    lock = sqlite3.connect(str(running.database.engine.url.database), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    ts = slack.say("The app crashes")
    until(lambda: slack.deliveries()[-1]["attempts"] >= 2)
    lock.execute("ROLLBACK")
    lock.close()

    assert one_card(running, slack, SUPPORT, ts).startswith("bug")


def test_a_full_database_acknowledges_nothing_that_it_could_not_store_and_is_not_ready(
    impatient: tuple[Slack, Bot], port: int
) -> None:
    slack, running = impatient
    with running.database.reading() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
    limited: list[sqlite3.Connection] = []

    def limit(connection: sqlite3.Connection, _record: object, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").close()
        limited.append(connection)

    event.listen(running.database.engine, "checkout", limit)
    slack.say("y" * 30_000)
    until(lambda: limited and slack.deliveries()[-1]["attempts"] >= 2)
    unacknowledged = slack.deliveries()[-1]["acknowledged_at"]
    until(lambda: failing(port) == [("database", "disk_full")])
    event.remove(running.database.engine, "checkout", limit)
    for connection in limited:
        connection.execute("PRAGMA max_page_count=1000000").close()

    assert unacknowledged is None
    assert one_card(running, slack, SUPPORT, slack.say("I want a refund"))
    until(lambda: failing(port) == [])


def test_a_wrong_token_is_refused_at_the_start_with_what_to_do(
    slack: Slack, database_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, database_url)
    with pytest.raises(SlackRefusedError, match=r"SLACK_BOT_TOKEN \(invalid_auth\)\. Copy the token again"):
        compose(chosen, Address(f"{slack.url}/api/", "xoxb-wrong", APP_TOKEN, None))
    started = compose(chosen, Address(f"{slack.url}/api/", BOT_TOKEN, "xapp-wrong", None))
    try:
        with pytest.raises(SlackRefusedError, match="SLACK_APP_TOKEN"):
            started.start()
    finally:
        started.stop()


def test_a_slack_that_does_not_answer_is_named_at_the_start(database_url: str, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/api/"
    with pytest.raises(SlackRefusedError, match="Check SLACK_API_URL"):
        compose(settings(tmp_path, database_url), Address(nowhere, BOT_TOKEN, APP_TOKEN, None))


def test_an_unreachable_database_is_named_at_the_start_without_its_password(
    address: Address, tmp_path: Path
) -> None:
    url = f"postgresql://bot:hush@127.0.0.1:{free_port()}/corrigible"
    with pytest.raises(DatabaseUnavailableError) as raised:
        compose(settings(tmp_path, url), address)

    assert "hush" not in str(raised.value)


def test_an_encoder_that_does_not_exist_is_named_at_the_start(
    address: Address, database_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, database_url, encoder=str(tmp_path / "no-model"))
    with pytest.raises(EncoderNotFoundError, match="no-model"):
        compose(chosen, address)


def test_a_port_in_use_is_named_at_the_start(address: Address, database_url: str, tmp_path: Path) -> None:
    with listen(0) as taken:
        started = compose(settings(tmp_path, database_url, port=taken.getsockname()[1]), address)
        try:
            with pytest.raises(PortInUseError, match="set PORT to a free port"):
                started.start()
        finally:
            started.stop()


def signed(body: bytes, secret: str = SIGNING_SECRET, age_s: float = 0) -> dict[str, str]:
    stamp = str(int(time.time() - age_s))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/json",
    }


def test_over_http_only_what_slack_signed_just_now_is_heard(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/slack/events"
    opened = {"type": "event_callback", "team_id": TEAM_ID, "event": {"type": "app_home_opened"}}
    good, large = json.dumps(opened).encode(), b" " * 1_000_001
    with (
        workspace(bot_url=address, **PATIENT) as slack,
        bot(slack, settings(tmp_path, database_url, port=port), by_http=True),
        httpx.Client() as http,
    ):
        answers = {
            "signed": http.post(address, content=good, headers=signed(good)),
            "forged": http.post(address, content=good, headers=signed(good, secret="wrong")),
            "unsigned": http.post(address, content=good),
            "old": http.post(address, content=good, headers=signed(good, age_s=301)),
            "early": http.post(address, content=good, headers=signed(good, age_s=-301)),
            "large": http.post(address, content=large, headers=signed(large)),
            "no JSON": http.post(address, content=b"{", headers=signed(b"{")),
            "a list": http.post(address, content=b"[1]", headers=signed(b"[1]")),
            "nowhere": http.get(address + "/else"),
        }
        health = http.get(f"http://127.0.0.1:{port}/healthz").json()
        figures = http.get(f"http://127.0.0.1:{port}/metrics").text

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "signed": 200,
        "forged": 401,
        "unsigned": 401,
        "old": 401,
        "early": 401,
        "large": 413,
        "no JSON": 200,
        "a list": 200,
        "nowhere": 404,
    }
    assert health["ok"]
    assert "corrigible_waiting_messages 0.0" in figures


def test_no_log_line_holds_what_people_wrote_or_a_token(
    running: Bot, slack: Slack, ana: Person, channel: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", logger="bot"):
        slack.fault("method", method="chat.postMessage", kind="error", error="internal_error", times=1)
        card_on(ana, channel, "Pineapple juice on the keyboard")

    assert "Pineapple" not in caplog.text
    assert BOT_TOKEN not in caplog.text
