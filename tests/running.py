"""The real bot, in this process or in one of its own, connected to a real local workspace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bot.app.compose import Bot, compose
from bot.app.compose import Slack as Address
from bot.context.settings import Settings
from learning.argilla.connection import Access
from local.argilla.embedded import SignIn
from local.slack.person import Person
from local.slack.setup.credentials import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from local.slack.setup.seed import CHANNELS, PEOPLE
from tests.local.running import Slack, free_port, until

HANG_S = 300  # Long after a process should have ended; it only keeps a test from waiting forever.
# Slack gives a bot three seconds to answer a click. On a busy machine that would be a test of the machine.
PATIENT: dict[str, Any] = {"ack_timeout_s": 30.0, "trigger_life_s": 60.0}

SUPPORT = CHANNELS["support"]
ANA, BEN = PEOPLE["ana"], PEOPLE["ben"]

COMMAND = "from bot.cli.main import main; main()"
LABELS = """
[[label]]
name = "bug"
description = "something is broken, crashes or shows an error"
emoji = ":bug:"

[[label]]
name = "billing"
description = "invoice, payment, refund, price"

[[label]]
name = "how-to"
description = "a question about how to do something"

[[label]]
name = "praise"
description = "thanks and compliments"
"""


def settings(tmp_path: Path, database_url: str, **changes: Any) -> Settings:
    """Settings of a bot for a test: a free port, four labels, nothing from the environment's `.env`."""
    labels = tmp_path / "labels.toml"
    if not labels.exists():
        labels.write_text(LABELS, encoding="utf-8")
    given = {
        "database_url": database_url,
        "labels_file": labels,
        "port": free_port(),
        "models_url": str(tmp_path / "models"),
        "workplace": tmp_path / "training",
        "posts_per_second": 1_000,
        "max_wrong_none": 0.0,  # so that a test knows which message gets a card
        "argilla_overlap": 0.0,  # so that a test knows in which dataset a record is
        **changes,
    }
    return Settings(_env_file=None, **given)


def learned(running: Bot) -> float:
    """How many heads were fitted so far; one is when the bot starts."""
    return running.metrics.registry.get_sample_value("corrigible_refits_total") or 0.0


@contextmanager
def bot(
    slack: Slack, chosen: Settings, *, by_http: bool = False, argilla: SignIn | None = None
) -> Iterator[Bot]:
    """A bot in this process, connected by Socket Mode or signed HTTP, and to an Argilla where one is given."""
    app_token, secret = (None, SIGNING_SECRET) if by_http else (APP_TOKEN, None)
    find = partial(Access, argilla.url, argilla.api_key) if argilla else None
    running = compose(chosen, Address(f"{slack.url}/api/", BOT_TOKEN, app_token, secret), find)
    try:
        running.start()
        if not by_http:
            until(slack.bot_connected)
        yield running
    finally:
        running.stop()


@contextmanager
def person(slack: Slack, user: str = ANA) -> Iterator[Person]:
    """Somebody in the workspace, who is patient."""
    with Person(f"{slack.url}/", user, HANG_S) as somebody:
        yield somebody


def cards(slack: Slack, ts: str, channel: str = SUPPORT) -> list[dict[str, Any]]:
    """The bot's cards in the thread of a message."""
    seen = slack.messages(channel)
    return [one for one in seen if one.get("thread_ts") == ts != one["ts"] and "bot_id" in one]


class BotProcess:
    """`corrigible run` as an operator starts it, which can be killed."""

    def __init__(
        self, slack: Slack, chosen: Settings, folder: Path, argilla: dict[str, str] | None = None
    ) -> None:
        self._slack = slack
        self.log = folder / "bot.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SLACK_")},
            "SLACK_API_URL": f"{slack.url}/api/",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "DATABASE_URL": chosen.database_url.get_secret_value(),
            "LABELS_FILE": str(chosen.labels_file),
            "PORT": str(chosen.port),
            "POSTS_PER_SECOND": str(chosen.posts_per_second),
            "MODELS_URL": chosen.models_url,
            "WORKPLACE": str(chosen.workplace),
            **(argilla or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the bot is connected."""
        command = [sys.executable, "-c", COMMAND, "run"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(self._slack.bot_connected)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        until(lambda: not self._slack.bot_connected())

    def stop(self) -> int:
        """Ctrl-C; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(HANG_S)


def corrigible(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `corrigible …` in a folder, with these variables and no others that concern it."""
    ours = ("SLACK_", "DATABASE_URL", "ENCODER", "LABELS_FILE", "PORT", "HOST", "LOCAL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        cwd=folder,
        env={**kept, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )
