"""The command line: what an operator is told, and the exit status."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from bot.cli import health as terminal_health
from bot.context.health import Health, StoreProbe, Trouble
from bot.context.metrics import Metrics
from bot.transport.web import application
from bot.transport.web_server import WebServer
from learning.data.label_file import read_label_file
from local.argilla.server import progress
from local.argilla.server.progress import SERVING, Progress
from storage.database.engine import Database
from storage.deliveries import cards, notices
from storage.feedback import labels
from storage.messages import channels
from storage.tables.deliveries import News
from storage.tables.messages import ChannelState, Mode
from tests import running
from tests.bot.command_line import corrigible
from tests.factories import ANA, TEAM, label_set, predicted
from tests.local.running import free_port


def test_all_that_is_wrong_with_the_settings_is_named_at_once_and_no_secret(tmp_path: Path) -> None:
    told = corrigible(tmp_path, "run", SLACK_BOT_TOKEN="hush-hush", PORT="many", ASK_BELOW_MARGIN="2")

    assert told.returncode == 1
    for name in ("SLACK_BOT_TOKEN: must begin with xoxb-", "PORT: ", "ASK_BELOW_MARGIN: "):
        assert name in told.stderr
    assert "hush" not in told.stderr + told.stdout
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("environment", "fault"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN: missing"),
        ({"SLACK_CLIENT_ID": "1.2"}, "SLACK_CLIENT_SECRET: missing"),
        ({"DATABASE_URL": "mysql://host/db"}, "mysql is not supported"),
        ({"LABELS_FILE": "absent.toml"}, "absent.toml: can't be read"),
    ],
)
def test_a_fault_of_the_setup_is_one_clear_message(
    tmp_path: Path, environment: dict[str, str], fault: str
) -> None:
    told = corrigible(tmp_path, "run", **environment)

    assert told.returncode == 1
    assert fault in told.stderr
    assert "Traceback" not in told.stderr


def test_the_labels_that_are_shipped_are_in_order() -> None:
    assert len(read_label_file(Path(__file__).parents[3] / "bot" / "labels.toml")) == 12


def test_a_folder_without_labels_gets_a_copy_to_edit_which_the_next_start_leaves_alone(
    tmp_path: Path,
) -> None:
    own = tmp_path / "labels.toml"

    first = corrigible(tmp_path, "run", DATABASE_URL="mysql://host/db")
    copied = own.read_text(encoding="utf-8")
    own.write_text("# mine\n", encoding="utf-8")
    second = corrigible(tmp_path, "run", DATABASE_URL="mysql://host/db")

    assert f"Your labels are in {own}" in first.stdout.replace("\n", "")
    assert copied == (Path(__file__).parents[3] / "bot" / "labels.toml").read_text(encoding="utf-8")
    assert own.read_text(encoding="utf-8") == "# mine\n"
    assert "Your labels" not in second.stdout


def test_the_copy_is_in_the_language_that_settings_name(tmp_path: Path) -> None:
    corrigible(tmp_path, "run", DATABASE_URL="mysql://host/db", LANGUAGE="pt")

    assert "Como adiciono um colega" in (tmp_path / "labels.toml").read_text(encoding="utf-8")


def test_status_and_labels_read_the_database(tmp_path: Path, database: Database, database_url: str) -> None:
    with database.writing() as session:
        labels.synchronize(session, "T0LOCAL", [labels.LabelSpec("bug"), labels.LabelSpec("billing")])

    status = corrigible(tmp_path, "status", DATABASE_URL=database_url)
    listed = corrigible(tmp_path, "labels", DATABASE_URL=database_url)

    assert "Team T0LOCAL" in status.stdout
    assert "labels.toml" in listed.stdout
    assert "billing" in listed.stdout


def test_what_slack_refused_and_what_became_of_channels_is_in_status_and_is_sent_again_once(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    refused = predicted(database, label_set(database, "bug")["bug"], channel_id="C1")
    states: dict[str, dict[str, Any]] = {
        "C1": {"name": "support"},
        "C2": {"name": "secret", "is_private": True, "archived_at": 1.0},
    }
    with database.writing() as session:
        for channel_id, state in states.items():
            channels.set_mode(session, TEAM, channel_id, Mode.REPLY, ANA)
            session.add(ChannelState(team_id=TEAM, channel_id=channel_id, **state))
        cards.give_up(session, refused.id, "restricted_action", wanted=1)
        notices.add(session, TEAM, News.RATE_LIMITED, "", "60", about={"minute": 60.0})

    status, resent, again = (
        corrigible(tmp_path, command, DATABASE_URL=database_url).stdout
        for command in ("status", "resend", "resend")
    )

    assert (
        "#support (reply), C2 (reply, archived: unarchive it and invite the bot to go on, private)" in status
    )
    assert "given up in #support" in status
    assert "1, because the channel's settings don't let me post." in status
    assert "events of 1 minute in 7 days" in status
    assert "secret" not in status
    assert "1 answer will be posted to Slack again." in resent
    assert "Nothing was refused that can be tried again." in again


def test_a_label_gives_the_terminal_no_orders(tmp_path: Path, database: Database, database_url: str) -> None:
    with database.writing() as session:
        odd = [
            labels.LabelSpec("\x1b[31mred\x07"),
            labels.LabelSpec("[bold]b[/bold]"),
            labels.LabelSpec("\u200b"),
        ]
        labels.synchronize(session, "T0LOCAL", odd)

    listed = corrigible(tmp_path, "labels", DATABASE_URL=database_url).stdout

    assert all(one in listed for one in ("[31mred", "[bold]b[/bold]", "(unnamed)"))
    assert "\x1b" not in listed


@pytest.mark.slow
def test_what_is_told_and_the_exit_status_leave_the_process(tmp_path: Path) -> None:
    well = running.corrigible(tmp_path, "status")
    fault = running.corrigible(tmp_path, "labels", DATABASE_URL="mysql://host/db")

    assert (well.returncode, well.stderr) == (0, "")
    assert "make run" in well.stdout
    assert (fault.returncode, fault.stdout) == (1, "")
    assert "mysql is not supported" in fault.stderr
    assert "Traceback" not in fault.stderr


def test_status_before_the_first_start_says_what_to_do(tmp_path: Path) -> None:
    assert "make run" in corrigible(tmp_path, "status").stdout
    assert not (tmp_path / "var").exists()  # a file that was moved away can be put back


def test_a_replay_of_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    told = corrigible(tmp_path, "replay", "absent.csv")

    assert told.returncode == 1
    assert "absent.csv can't be read" in told.stderr


def test_status_tells_in_words_what_the_running_bot_says_of_its_health(tmp_path: Path) -> None:
    full, lost = Trouble("database", "disk_full", 0.0), Trouble("argilla", "no_answer", 0.0)
    odd = [Trouble("workspace", "SlackRefusedError", 0.0), Trouble("notes", "KeyError", 0.0)]
    odd += [Trouble("slack", "token_revoked", 0.0), Trouble("operators' channel", "not_in_channel", 0.0)]
    told = Health(list, StoreProbe(lambda: None), lambda: [full], lambda: [lost, *odd])
    port = free_port()
    server = WebServer("127.0.0.1", port, application(None, None, Metrics(), told, None, "127.0.0.1"))
    server.start()
    try:
        shown = corrigible(tmp_path, "status", PORT=str(port), HOST="0.0.0.0")
    finally:
        server.stop()

    lines = [" ".join(line.strip("│ ").split("│")).split() for line in shown.stdout.splitlines()]
    said = [" ".join(line) for line in lines]
    assert "can store messages no" in said
    assert any(line.startswith("failing: database the disk is full (since 1970-01-0") for line in said)
    assert any(
        line.startswith("degraded: argilla it does not answer in time: check whether it") for line in said
    )
    assert any(line.startswith("degraded: workspace one can't be served (SlackRef") for line in said)
    assert any(line.startswith("degraded: notes it ends with an error each time (KeyError)") for line in said)
    assert any(
        line.startswith("degraded: slack it refuses everything in a workspace (token_") for line in said
    )
    assert any(line.startswith("degraded: operators' channel the bot is not in it: invite") for line in said)
    assert shown.returncode == 0


def test_status_says_how_far_the_embedded_argilla_is_while_it_starts_or_rebuilds_its_index(
    tmp_path: Path,
) -> None:
    home = tmp_path / "var" / "argilla"
    home.mkdir(parents=True)
    assert "search index" not in corrigible(tmp_path, "status").stdout

    progress.write(home, Progress(SERVING, time.time(), time.time(), records=50_000, left=38_000))

    shown = " ".join(corrigible(tmp_path, "status").stdout.replace("│", " ").split())
    assert "Argilla rebuilding its search index: 12,000 of 50,000 records" in shown


def test_status_tells_a_bot_that_hangs_from_one_that_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal_health, "TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        chosen = running.settings(tmp_path, "sqlite:///unused.db", port=hanging.getsockname()[1])
        [(_, told)] = terminal_health.rows(chosen)

    assert "it hangs" in told


def test_status_says_that_no_bot_runs_here(tmp_path: Path) -> None:
    assert "not running here" in corrigible(tmp_path, "status", PORT=str(free_port())).stdout
