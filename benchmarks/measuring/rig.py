"""A bot and a local Slack of its own, each its own process, connected by Socket Mode."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measuring.processes import Process, python
from benchmarks.measuring.report import BenchmarkError
from local.slack.person import Person
from local.slack.serving import listen
from local.slack.setup.credentials import APP_TOKEN, BOT_TOKEN
from local.slack.setup.seed import CHANNELS, PEOPLE

START_S = 120.0
CONNECTIONS = 32
SUPPORT = CHANNELS["support"]
ANA = PEOPLE["ana"]
READY = re.compile(r"Slack workspace: (http://127\.0\.0\.1:\d+/)")


class Rig:
    """What a benchmark does with one bot's Slack: write as Ana, and read what passed over the wire."""

    def __init__(self, address: str, slack: Process) -> None:
        self.address = address
        self.slack = slack
        self.bot: Process | None = None
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self.http = httpx.Client(base_url=address, trust_env=False, timeout=30, limits=limits)

    @property
    def bot_pid(self) -> int:
        """The process of the bot that is connected."""
        if self.bot is None:
            raise BenchmarkError("no bot is connected")
        return self.bot.pid

    def write(self, text: str) -> str:
        """A new message in #support; its ts."""
        words = {"user": ANA, "channel": SUPPORT, "text": text}
        return str(self.http.post("page/message", json=words).raise_for_status().json()["ts"])

    def deliveries(self) -> list[dict[str, Any]]:
        """Every event that went to the bot."""
        return list(self.http.get("faults/deliveries").raise_for_status().json()["deliveries"])

    def posts(self) -> list[dict[str, Any]]:
        """Every message that the bot posted."""
        asked = self.http.get("faults/calls", params={"method": "chat.postMessage"})
        return list(asked.raise_for_status().json()["calls"])

    def take(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The deliveries and the calls since the last time; a delivery comes again until it is acknowledged."""
        taken = self.http.post("faults/take").raise_for_status().json()
        return list(taken["deliveries"]), list(taken["calls"])

    def is_bot_connected(self) -> bool:
        return bool(self.http.get("page/state", params={"user": ANA}).json()["bot"]["connected"])

    def switch_on(self) -> None:
        """A person wants a card for each message in #support."""
        with Person(self.address, ANA) as person:
            person.command(SUPPORT, "/corrigible", "on reply")


@contextmanager
def bare(folder: Path) -> Iterator[Rig]:
    """Bolt with one listener, and nothing else."""
    with slack(folder) as rig, _bare_bot(rig.address, folder) as bot:
        _connected(rig, bot)
        yield rig


@contextmanager
def ours(folder: Path, **given: str) -> Iterator[Rig]:
    """`corrigible run` on SQLite with these settings, switched on in #support by a person."""
    with slack(folder) as rig, our_bot(rig, folder, **given):
        rig.switch_on()
        yield rig


@contextmanager
def slack(folder: Path) -> Iterator[Rig]:
    """A local Slack without a bot."""
    folder.mkdir(exist_ok=True)
    arguments = ["-m", "local.slack", "--port", "0", "--state", str(folder / "slack.db")]
    with python(arguments, {}, folder / "slack.log") as process:
        _wait(process, lambda: READY.search(process.output))
        found = READY.search(process.output)
        assert found is not None
        rig = Rig(found[1], process)
        with rig.http:
            yield rig


@contextmanager
def _bare_bot(address: str, folder: Path) -> Iterator[Process]:
    environment = {
        "BARE_API_URL": f"{address}api/",
        "BARE_BOT_TOKEN": BOT_TOKEN,
        "BARE_APP_TOKEN": APP_TOKEN,
    }
    with python(["-m", "benchmarks.pipeline.bare_app"], environment, folder / "bot.log") as process:
        yield process


@contextmanager
def our_bot(rig: Rig, folder: Path, **given: str) -> Iterator[Process]:
    """`corrigible run`, connected to that Slack."""
    environment = {
        "SLACK_API_URL": f"{rig.address}api/",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "DATABASE_URL": f"sqlite:///{folder}/corrigible.db",
        "PORT": str(_free_port()),
        "MAX_WRONG_NONE": "0",  # every message gets its card
        "POSTS_PER_SECOND": "1000",  # what is measured is the bot, not what Slack wishes
        **given,
    }
    command = ["-c", "from bot.cli.main import main; main()", "run"]
    with python(command, environment, folder / "bot.log") as process:
        _connected(rig, process)
        yield process


def _connected(rig: Rig, bot: Process) -> None:
    _wait(bot, rig.is_bot_connected)
    rig.bot = bot


def _wait(process: Process, is_ready: Callable[[], object]) -> None:
    until = time.monotonic() + START_S
    while not is_ready():
        if not process.is_alive or time.monotonic() > until:
            raise BenchmarkError(f"a process did not start: {process.output}")
        time.sleep(0.1)


def _free_port() -> int:
    with listen(0) as free:
        return int(free.getsockname()[1])
