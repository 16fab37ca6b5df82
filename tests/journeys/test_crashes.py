"""kill -9 at any moment: every acknowledged message has exactly one card afterwards, and no word is lost."""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from learning.data.label_file import read_label_file
from local.argilla.embedded import interpreter
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.database.engine import Database
from storage.deliveries import cards as stored_cards
from storage.feedback import corrections, labels
from storage.messages import messages, unattributed
from storage.models import predictions
from storage.tables.deliveries import Card
from storage.tables.messages import Message, Mode
from storage.tables.models import Prediction
from tests.databases import on_both
from tests.factories import UNPACED
from tests.fresh_clone.terminal import Terminal
from tests.journeys.steps import all_heard, card_counts, reactions, turn_on, until_answered
from tests.local.running import Slack, free_port, until
from tests.running import ANA, BEN, COMMAND, HANG_S, SUPPORT, BotProcess, bot, cards, settings


def owes_nothing(database: Database) -> bool:
    """Does every message that the bot stored have a prediction and a card?"""
    with database.reading() as session:
        waiting = messages.count_waiting(session, TEAM_ID)
        return waiting == 0 and stored_cards.count_due(session, TEAM_ID) == 0


@on_both
def test_killed_again_and_again_while_people_write_the_bot_answers_every_message_once(
    slack: Slack, ana: Person, database: Database, database_url: str, tmp_path: Path
) -> None:
    process = BotProcess(slack, settings(tmp_path, database_url), tmp_path)
    process.start()
    turn_on(ana, SUPPORT)
    written: list[str] = []
    moments = random.Random(7)
    for _ in range(3):
        for number in range(8):
            written.append(slack.say(f"The app crashes again, number {number}"))
            time.sleep(moments.uniform(0, 0.05))
        process.kill()
        process.start()
    until(lambda: card_counts(slack, SUPPORT).keys() == set(written) and owes_nothing(database))
    assert process.stop() == 0

    assert card_counts(slack, SUPPORT) == dict.fromkeys(written, 1)


def test_what_was_stored_before_slack_said_who_did_it_counts_after_a_death(
    slack: Slack, ana: Person, channel: str, database: Database, database_url: str, tmp_path: Path
) -> None:
    process = BotProcess(slack, settings(tmp_path, database_url), tmp_path)
    process.start()
    turn_on(ana, SUPPORT, "reply including workflows")
    turn_on(ana, channel, "quiet")
    quiet = ana.write(channel, "The app crashes")
    until(lambda: "bug" in reactions(slack, quiet, channel))
    slack.fault("method", method="users.info", kind="no_answer", times=1_000_000)
    ana.react(channel, quiet, "bug")
    posted = slack.post(
        SUPPORT, text="The import crashes", user=BEN, bot_id="B0ZAPIER01", app_id="A0ZAPIER01"
    )
    until(lambda: all_heard(slack) and slack.deliveries("reaction_added")[-1]["acknowledged_at"])
    process.kill()
    with database.reading() as session:
        waiting = [unattributed.count(session, TEAM_ID, user) for user in (ANA, BEN)]
        counted = corrections.count(session, TEAM_ID)
    slack.fault("clear")
    process.start()
    until(lambda: card_counts(slack, SUPPORT)[posted] == 1 and corrected(database) == [ANA])
    assert process.stop() == 0

    assert (waiting, counted) == ([(0, 1), (1, 0)], 0)


def corrected(database: Database) -> list[str]:
    """Who says what a message is."""
    with database.reading() as session:
        said = corrections.words(session, TEAM_ID)
    return [word.user_id for words in said.values() for word in words]


def stored(database: Database, ts: str) -> Message:
    """A message that an earlier run stored and acknowledged, then died."""
    message = Message(
        team_id=TEAM_ID, channel_id=SUPPORT, ts=ts, user_id="U1", text="The app crashes", mode=Mode.REPLY
    )
    with database.writing() as session:
        messages.receive(session, message)
    return message


def claimed(database: Database, message: Message, label_file: Path) -> None:
    """An earlier run predicted the message and began to post the card; its claim has ended since."""
    with database.writing() as session:
        labels.synchronize(session, TEAM_ID, read_label_file(label_file))
        label = labels.active(session, TEAM_ID)[0]
        prediction = Prediction(
            message_id=message.id,
            team_id=TEAM_ID,
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
        stored_cards.claim(session, TEAM_ID, 10, UNPACED)
        card = session.get(Card, message.id)
        assert card is not None
        card.claimed_until = 0.0


@on_both
@pytest.mark.parametrize("step", ["stored", "claimed", "posted"])
def test_after_a_death_at_each_step_the_next_start_leaves_one_card(
    slack: Slack, database: Database, database_url: str, tmp_path: Path, step: str
) -> None:
    chosen = settings(tmp_path, database_url)
    ts = slack.say("The app crashes")
    message = stored(database, ts)
    if step in ("claimed", "posted"):
        claimed(database, message, chosen.labels_file)
    if step == "posted":
        mark = {"event_type": "corrigible_card", "event_payload": {"message_id": message.id}}
        slack.web.chat_postMessage(channel=SUPPORT, thread_ts=ts, text="bug", metadata=mark)
    with bot(slack, chosen) as running:
        until(lambda: [card for card in cards(slack, ts) if "sure" in card["text"]])
        until_answered(running, slack)

    assert len(cards(slack, ts)) == 1


@dataclass(frozen=True)
class Run:
    """What became of `make run` in a folder in which an older version had run, and Ctrl-C."""

    folder: Path
    port: int
    status: int
    terminal: Terminal


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Run:
    """One run of everything that starts on this machine."""
    folder = tmp_path_factory.mktemp("run")
    older(folder, sqlite_template)
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SLACK_")},
        "DATABASE_URL": f"sqlite:///{folder}/var/corrigible.db",
        "LOCAL_PORT": str(port),
        "LOCAL_ARGILLA_PORT": "0",
        "CORRIGIBLE_ARGILLA_PYTHON": str(interpreter()),
        "PORT": str(free_port()),
    }
    (folder / "Makefile").write_text(f'run:\n\t@{sys.executable} -c "{COMMAND}" run\n', encoding="utf-8")
    terminal = Terminal(["make", "-C", str(folder), "run"], folder, environment)
    terminal.read_until(lambda screen: "Ctrl-C stops it." in screen, HANG_S)
    return Run(folder, port, terminal.interrupt(HANG_S), terminal)


def older(folder: Path, sqlite_template: Path) -> None:
    """Leave what an older version kept, for everybody to read."""
    kept = folder / "var"
    for name in ("models/" + "0" * 64, "training/cache", "training/" + "1" * 32, "training/tracking"):
        (kept / name).mkdir(parents=True)
        (kept / name / "file").write_text("what people wrote", encoding="utf-8")
    shutil.copyfile(sqlite_template, kept / "corrigible.db")
    for path in (kept, *kept.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_ctrl_c_ends_every_process_with_status_0(run: Run) -> None:
    assert run.status == 0
    until(lambda: processes_in_session(run.terminal.pid) == [])
    assert f"http://127.0.0.1:{run.port}" in run.terminal.text


def test_nothing_that_is_kept_can_be_read_by_others_not_even_what_an_older_version_left(run: Run) -> None:
    public = (
        run.folder / "var" / "argilla" / "tmp"
    )  # copies of the interface's own files, in a folder that is closed
    found = [run.folder / "var", *(run.folder / "var").rglob("*")]
    kept = [path for path in found if public not in path.parents]
    names = {path.name for path in kept}

    assert names >= {
        "corrigible.db",
        "local-slack.db",
        "credentials.json",
        "supervisor.log",
        "server.log",
        "file",
    }
    assert [path for path in kept if not path.is_symlink() and path.lstat().st_mode & 0o077] == []


def processes_in_session(session: int) -> list[int]:
    """The processes that were started from one terminal and still run."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found
