"""The workspace as a process of its own: its port, its state file, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.slack.serving import listen
from tests.local.factories import section
from tests.local.running import ANA, PATIENCE_S, SUPPORT, Slack, bolt, socket_mode, until
from tests.traces import files_with

pytestmark = pytest.mark.slow


@contextmanager
def process(state: Path | str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], Slack]]:
    command = [sys.executable, "-m", "local.slack", "--port", str(port), "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout
        slack = Slack(running.stdout.readline().split()[-1].rstrip("/"))
        try:
            yield running, slack
        finally:
            slack.http.close()
            running.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_said_and_events_nobody_heard_survive_the_end_of_the_process(
    tmp_path: Path, number: int
) -> None:
    state = tmp_path / "new" / "slack.db"
    with process(state) as (running, slack):
        ts = slack.say("remember me")
        slack.web.chat_postMessage(channel=SUPPORT, text="card", blocks=[section()], thread_ts=ts)
        slack.web.chat_postEphemeral(channel=SUPPORT, user=ANA, text="only you")
        channel = slack.page("channel", name="bugs")["channel"]["id"]
        before = slack.messages()
        running.send_signal(number)
        running.wait(PATIENCE_S)

    with process(state) as (_, slack):
        assert slack.messages() == before
        assert len(slack.web.conversations_replies(channel=SUPPORT, ts=ts)["messages"]) == 2
        app, heard = bolt(slack), []
        app.event("message")(lambda event: heard.append(event["ts"]))
        with socket_mode(app):
            assert until(lambda: heard) == [ts]
        assert slack.say("later", channel=channel) > before[-1]["ts"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_by_itself_whoever_is_connected(number: int) -> None:
    with process(":memory:") as (running, slack), slack.watching(ANA):
        app = bolt(slack)
        with socket_mode(app) as handler:
            until(slack.bot_connected)
            handler.client.auto_reconnect_enabled = False
            handler.client.default_auto_reconnect_enabled = False
            running.send_signal(number)

            assert running.wait(PATIENCE_S) == 0
        assert running.stderr
        assert running.stderr.read() == ""


def test_a_port_in_use_is_one_clear_line() -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "local.slack", "--port", str(port), "--state", ":memory:"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)

    assert ended.returncode == 1
    assert ended.stderr == f"local.slack: cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_two_workspaces_do_not_share_a_state_file(tmp_path: Path) -> None:
    state = tmp_path / "slack.db"
    with process(state):
        command = [sys.executable, "-m", "local.slack", "--port", "0", "--state", str(state)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)

    assert ended.returncode == 1
    assert ended.stderr.count(os.linesep) == 1
    assert "database is locked" in ended.stderr


def test_a_message_that_is_deleted_leaves_the_state_file(tmp_path: Path) -> None:
    secrets = "zyxwmarkervuts", "ζσέκρετ"
    with process(tmp_path / "slack.db") as (_, slack):
        app, heard = bolt(slack), []
        app.event({"type": "message", "subtype": "message_deleted"})(lambda event: heard.append(event["ts"]))
        app.event("message")(lambda: None)
        with socket_mode(app):
            alone, thread = slack.say(f"{secrets[0]}!"), slack.say(f"{secrets[1]}!")
            slack.web.chat_postMessage(channel=SUPPORT, text="a card", thread_ts=thread)
            before = files_with(tmp_path, *secrets)
            for ts in (alone, thread):
                slack.page("delete", channel=SUPPORT, ts=ts)
            until(lambda: heard)
            until(lambda: files_with(tmp_path, *secrets) == [])
            slack.say("Something else")

        assert before
        assert files_with(tmp_path, *secrets) == []


def test_an_event_acknowledged_after_its_message_was_deleted_leaves_the_state_file(tmp_path: Path) -> None:
    secret, go_on = "zyxwmarkervuts", threading.Event()
    with process(tmp_path / "slack.db") as (_, slack):
        app, heard = bolt(slack), []

        @app.middleware
        def wait(body: Any, next: Any) -> None:
            if "subtype" not in body["event"]:
                go_on.wait(PATIENCE_S)
            next()

        app.event({"type": "message", "subtype": "message_deleted"})(lambda event: heard.append(event["ts"]))
        app.event("message")(lambda: None)
        with socket_mode(app):
            slack.page("delete", channel=SUPPORT, ts=slack.say(f"{secret}!"))
            until(lambda: heard)
            before = files_with(tmp_path, secret)
            go_on.set()

            until(lambda: files_with(tmp_path, secret) == [])

    assert before
