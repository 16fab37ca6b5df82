"""kill -9 at any moment: every acknowledged message has exactly one card afterwards, and no word is lost."""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from learning.label_file import read_label_file
from storage import cards as stored_cards
from storage import labels, messages, predictions
from storage.database import Database, open_database
from storage.migrate import migrate
from storage.tables import Card, Message, Mode, Prediction
from tests.factories import UNPACED
from tests.local.running import Slack, free_port, until, workspace
from tests.running import SUPPORT, BotProcess, bot, cards, person, settings


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


def all_have_one_card(slack: Slack, written: list[str]) -> bool:
    return all(len(cards(slack, ts)) >= 1 for ts in written)


@pytest.mark.timeout(600)
def test_killed_again_and_again_while_people_write_the_bot_answers_every_message_once(
    slack: Slack, database_url: str, tmp_path: Path
) -> None:
    process = BotProcess(slack, settings(tmp_path, database_url), tmp_path)
    process.start()
    with person(slack) as ana:
        ana.command(SUPPORT, "/corrigible", "on reply")
    written: list[str] = []
    moments = random.Random(7)
    for _ in range(3):
        for number in range(8):
            written.append(slack.say(f"The app crashes again, number {number}"))
            time.sleep(moments.uniform(0, 0.05))
        process.kill()
        process.start()
    until(lambda: all_have_one_card(slack, written), within_s=200)
    time.sleep(1)
    assert process.stop() == 0

    assert [len(cards(slack, ts)) for ts in written] == [1] * len(written)


def stored(database: Database, ts: str) -> Message:
    """A message that an earlier run stored and acknowledged, then died."""
    message = Message(
        team_id="T0LOCAL", channel_id=SUPPORT, ts=ts, user_id="U1", text="The app crashes", mode=Mode.REPLY
    )
    with database.writing() as session:
        messages.receive(session, message)
    return message


def claimed(database: Database, message: Message, label_file: Path) -> None:
    """An earlier run predicted the message and began to post the card; its claim has ended since."""
    with database.writing() as session:
        labels.synchronize(session, "T0LOCAL", read_label_file(label_file))
        label = labels.active(session, "T0LOCAL")[0]
        prediction = Prediction(
            message_id=message.id,
            team_id="T0LOCAL",
            version=1,
            revision=0,
            label_id=label.id,
            confidence=0.9,
            margin=0.8,
            ranked=[[label.id, 0.9]],
            mode=message.mode,
        )
        predictions.put(session, [prediction])
        messages.take(session, [message])
        predictions.show(session, [message])
        stored_cards.claim(session, "T0LOCAL", 10, UNPACED)
        card = session.get(Card, message.id)
        assert card is not None
        card.claimed_until = 0.0


@pytest.mark.parametrize("step", ["stored", "claimed", "posted"])
def test_after_a_death_at_each_step_the_next_start_leaves_one_card(
    slack: Slack, database_url: str, tmp_path: Path, step: str
) -> None:
    chosen = settings(tmp_path, database_url)
    database = open_database(database_url)
    migrate(database)
    ts = slack.say("The app crashes")
    message = stored(database, ts)
    if step in ("claimed", "posted"):
        claimed(database, message, chosen.labels_file)
    if step == "posted":
        mark = {"event_type": "corrigible_card", "event_payload": {"message_id": message.id}}
        slack.web.chat_postMessage(channel=SUPPORT, thread_ts=ts, text="bug", metadata=mark)
    with bot(slack, chosen) as running:
        until(lambda: [card for card in cards(slack, ts) if "sure" in card["text"]])
        until(lambda: running.workspace.service.count_due() == 0)
    database.close()

    assert len(cards(slack, ts)) == 1


def test_ctrl_c_stops_all_of_it_soon_with_status_0(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SLACK_")},
        "DATABASE_URL": f"sqlite:///{tmp_path}/corrigible.db",
        "LOCAL_STATE": str(tmp_path / "slack.db"),
        "LOCAL_PORT": str(free_port()),
        "LOCAL_ARGILLA_HOME": str(tmp_path / "argilla"),
        "LOCAL_ARGILLA_PORT": "0",
        "PORT": str(free_port()),
    }
    (tmp_path / "Makefile").write_text(
        f'run:\n\t@{sys.executable} -c "from bot.cli import main; main()" run\n', encoding="utf-8"
    )
    ours, theirs = pty.openpty()
    make = subprocess.Popen(
        ["make", "-C", str(tmp_path), "run"],
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=_with_terminal,
    )
    os.close(theirs)
    screen = b""
    while b"Ctrl-C stops it." not in screen:
        screen += os.read(ours, 4096)
    os.write(ours, b"\x03")
    pressed_at = time.monotonic()
    status = make.wait(15)
    took_s = time.monotonic() - pressed_at
    os.close(ours)

    assert status == 0
    assert took_s < 12  # some 3 s; machines that test are shared
    assert b"http://127.0.0.1:" + environment["LOCAL_PORT"].encode() in screen


def _with_terminal() -> None:
    """Make standard input the terminal that signals come from, as in a shell's window."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
