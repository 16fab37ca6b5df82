"""What the bot does when Slack, the database or a message is not as it should be."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.compose import Bot, SlackRefusedError, compose
from bot.compose import Slack as Address
from bot.web import PortInUseError
from learning.encoder import EncoderNotFoundError
from local.slack.credentials import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from local.slack.serving import listen
from storage.database import DatabaseUnavailableError
from tests.local.running import Slack, free_port, until, workspace
from tests.running import ANA, BEN, SUPPORT, bot, cards, person, settings


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/corrigible.db"


@pytest.fixture
def running(slack: Slack, sqlite_url: str, tmp_path: Path) -> Iterator[Bot]:
    """A bot that is on in #support."""
    with bot(slack, settings(tmp_path, sqlite_url)) as started, person(slack) as ana:
        ana.command(SUPPORT, "/corrigible", "on reply")
        yield started


def one_card(slack: Slack, ts: str, within_s: float = 60) -> str:
    """The text of the one card of a message, after it had time to come twice."""
    until(lambda: cards(slack, ts), within_s)
    time.sleep(0.3)
    [card] = cards(slack, ts)
    return str(card["text"])


@pytest.mark.parametrize(
    "text",
    [
        "x" * 40_000,
        "🔥🔥🔥",
        ":fire:",
        "```raise SystemExit(1)```",
        "האפליקציה קורסת",
        "\u202etxet",
        "\x00null",
        "<@U999>?",
    ],
)
def test_any_text_gets_a_card(slack: Slack, running: Bot, text: str) -> None:
    assert "sure" in one_card(slack, slack.say(text))


def test_of_a_very_long_message_the_beginning_is_read_and_the_card_says_so(
    slack: Slack, running: Bot
) -> None:
    ts = slack.say("The app crashes. " * 2_300)
    one_card(slack, ts)

    assert "I read only its beginning" in str(cards(slack, ts)[0]["blocks"])


def test_a_message_without_words_is_answered_only_to_who_addressed_the_bot(
    slack: Slack, running: Bot
) -> None:
    quiet = slack.say("<@U0BEN00002>")
    addressed = slack.say("<@U0CORRIGIB>")

    assert "this message has none" in one_card(slack, addressed)
    assert cards(slack, quiet) == []


def test_messages_of_bots_joins_and_unfolded_links_are_ignored(slack: Slack, running: Bot) -> None:
    base = {"type": "message", "channel": SUPPORT, "user": ANA, "text": "crash", "channel_type": "channel"}
    slack.fault("event", event={**base, "ts": "1.1", "bot_id": "B0OTHER"})
    slack.fault("event", event={**base, "ts": "1.2", "subtype": "channel_join"})
    slack.fault("event", event={**base, "ts": "1.3", "subtype": "bot_message"})
    unfolded = {**base, "ts": "1.4", "attachments": []}
    slack.fault("event", event={**base, "subtype": "message_changed", "ts": "1.5", "message": unfolded})
    one_card(slack, slack.say("The app crashes"))

    assert running.workspace.service.overview("T0LOCAL").predictions == 1


def test_an_event_of_unknown_shape_is_acknowledged_and_stops_nothing(slack: Slack, running: Bot) -> None:
    slack.fault("event", event={"type": "message", "channel": SUPPORT, "text": "no ts"})
    slack.fault("event", event={"type": "something_new"})
    one_card(slack, slack.say("The app crashes"))

    assert until(lambda: all(one["acknowledged_at"] for one in slack.deliveries("something_new")))
    assert until(lambda: all(one["acknowledged_at"] for one in slack.deliveries("message")))


def test_an_event_that_comes_again_changes_nothing(slack: Slack, running: Bot) -> None:
    ts = slack.say("The app crashes")
    one_card(slack, ts)
    slack.fault("redeliver", count=3)
    until(lambda: running.metrics.registry.get_sample_value("corrigible_duplicates_total"))

    assert one_card(slack, ts)


def test_a_dropped_socket_comes_back(slack: Slack, running: Bot) -> None:
    slack.fault("disconnect", kind="close")
    ts = slack.say("The app crashes")

    assert one_card(slack, ts)


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
    slack: Slack, running: Bot, trouble: dict[str, object]
) -> None:
    slack.fault("method", method="chat.postMessage", times=2, **trouble)
    troubled = slack.say("The app crashes")
    next_one = slack.say("I want a refund")

    assert one_card(slack, next_one).startswith("billing")
    assert one_card(slack, troubled).startswith("bug")


def test_a_card_that_slack_refuses_for_good_is_counted_and_stops_nothing(slack: Slack, running: Bot) -> None:
    slack.fault("method", method="chat.postMessage", kind="error", error="restricted_action", times=1)
    slack.say("The app crashes")
    until(lambda: running.workspace.service.overview("T0LOCAL").failures)
    one_card(slack, slack.say("I want a refund"))

    assert running.workspace.service.overview("T0LOCAL").failures == {"restricted_action": 1}


def test_two_people_at_once_and_one_twice_leave_one_correct_state(slack: Slack, running: Bot) -> None:
    ts = slack.say("The app crashes")
    one_card(slack, ts)
    [card] = cards(slack, ts)
    with person(slack, ANA) as ana, person(slack, BEN) as ben:
        for _ in range(3):
            ana.press(card, "right")
            ben.press(card, "right")
    until(lambda: cards(slack, ts)[0]["text"] == "bug, settled by 2 people")
    until(lambda: running.workspace.service.count_due() == 0)

    assert running.workspace.service.overview("T0LOCAL").words == 6
    assert cards(slack, ts)[0]["text"] == "bug, settled by 2 people"


def test_a_modal_with_nothing_chosen_or_a_retired_label_says_what_to_do(slack: Slack, running: Bot) -> None:
    with running.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE label SET retired_at = 1 WHERE name = 'praise'")
    ts = slack.say("The app crashes")
    one_card(slack, ts)
    with person(slack) as ana:
        view = ana.open_view(cards(slack, ts)[0], "change")
        cleared = {"label": {"label": {"type": "external_select", "selected_option": None}}}
        nothing = ana.submit(view, cleared)
        retired = ana.submit(
            view, {"proposal": {"proposal": {"type": "plain_text_input", "value": "Praise"}}}
        )

    assert "Choose a label" in nothing["errors"]["label"]
    assert "was retired" in retired["errors"]["proposal"]


def test_a_locked_database_delays_a_message_and_loses_none(
    slack: Slack, running: Bot, tmp_path: Path
) -> None:
    lock = sqlite3.connect(tmp_path / "corrigible.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    ts = slack.say("The app crashes")
    time.sleep(2.5)
    lock.execute("ROLLBACK")
    lock.close()

    assert one_card(slack, ts).startswith("bug")


def test_a_full_database_acknowledges_nothing_that_it_could_not_store(slack: Slack, running: Bot) -> None:
    with running.database.reading() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
    limited: list[object] = []

    def limit(connection: sqlite3.Connection, _record: object, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").close()
        limited.append(connection)

    from sqlalchemy import event

    event.listen(running.database.engine, "checkout", limit)
    slack.say("y" * 30_000)
    until(lambda: limited and slack.deliveries()[-1]["attempts"] >= 2)
    unacknowledged = slack.deliveries()[-1]["acknowledged_at"]
    event.remove(running.database.engine, "checkout", limit)
    for connection in limited:
        assert isinstance(connection, sqlite3.Connection)
        connection.execute("PRAGMA max_page_count=1000000").close()
    one_card(slack, slack.say("I want a refund"))

    assert unacknowledged is None


def test_a_wrong_token_is_refused_at_the_start_with_what_to_do(
    slack: Slack, sqlite_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, sqlite_url)
    with pytest.raises(SlackRefusedError, match=r"SLACK_BOT_TOKEN \(invalid_auth\)\. Copy the token again"):
        compose(chosen, Address(f"{slack.url}/api/", "xoxb-wrong", APP_TOKEN, None))
    started = compose(chosen, Address(f"{slack.url}/api/", BOT_TOKEN, "xapp-wrong", None))
    try:
        with pytest.raises(SlackRefusedError, match="SLACK_APP_TOKEN"):
            started.start()
    finally:
        started.stop()


def test_a_slack_that_does_not_answer_is_named_at_the_start(sqlite_url: str, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/api/"
    with pytest.raises(SlackRefusedError, match="Check SLACK_API_URL"):
        compose(settings(tmp_path, sqlite_url), Address(nowhere, BOT_TOKEN, APP_TOKEN, None))


def test_an_unreachable_database_is_named_at_the_start_without_its_password(
    slack: Slack, tmp_path: Path
) -> None:
    url = f"postgresql://bot:hush@127.0.0.1:{free_port()}/corrigible"
    with pytest.raises(DatabaseUnavailableError) as raised:
        compose(settings(tmp_path, url), Address(f"{slack.url}/api/", BOT_TOKEN, APP_TOKEN, None))

    assert "hush" not in str(raised.value)


def test_an_encoder_that_does_not_exist_is_named_at_the_start(
    slack: Slack, sqlite_url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, sqlite_url, encoder=str(tmp_path / "no-model"))
    with pytest.raises(EncoderNotFoundError, match="no-model"):
        compose(chosen, Address(f"{slack.url}/api/", BOT_TOKEN, APP_TOKEN, None))


def test_a_port_in_use_is_named_at_the_start(slack: Slack, sqlite_url: str, tmp_path: Path) -> None:
    with listen(0) as taken:
        chosen = settings(tmp_path, sqlite_url, port=taken.getsockname()[1])
        started = compose(chosen, Address(f"{slack.url}/api/", BOT_TOKEN, APP_TOKEN, None))
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


def test_over_http_only_what_slack_signed_just_now_is_heard(sqlite_url: str, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/slack/events"
    event = {"type": "event_callback", "team_id": "T0LOCAL", "event": {"type": "app_home_opened"}}
    good, large = json.dumps(event).encode(), b" " * 1_000_001
    with (
        workspace(bot_url=address) as slack,
        bot(slack, settings(tmp_path, sqlite_url, port=port), by_http=True),
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
        "no JSON": 400,
        "a list": 400,
        "nowhere": 404,
    }
    assert health["ok"]
    assert "corrigible_waiting_messages 0.0" in figures


def test_no_log_line_holds_what_people_wrote_or_a_token(
    slack: Slack, running: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", logger="bot"):
        slack.fault("method", method="chat.postMessage", kind="error", error="internal_error", times=1)
        ts = slack.say("Pineapple juice on the keyboard")
        one_card(slack, ts)

    assert "Pineapple" not in caplog.text
    assert BOT_TOKEN not in caplog.text
