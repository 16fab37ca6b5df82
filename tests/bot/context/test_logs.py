from __future__ import annotations

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import main
from bot.context import logs
from bot.context.logs import FORMAT, STRANGERS_MOST, Redaction, Sparing
from tests.bot.command_line import corrigible

# What people and Slack send, in each way in which a program can say it on its standard error.
LOG_ALL = """
import asyncio, gc, logging, sys, threading, warnings
from bot.context.logs import configure_logs
configure_logs("DEBUG")
ours, theirs = logging.getLogger("bot.classification.card"), logging.getLogger("slack_bolt.App")
theirs.setLevel(logging.DEBUG)

def fail(said="what people wrote"):
    raise ValueError(said)

class Doomed:
    def __del__(self):
        fail()

async def forgotten():
    fail()

async def forget():
    asyncio.ensure_future(forgotten())
    await asyncio.sleep(0)

ours.info("card shown message=%s", "m1")
ours.debug("card looked at message=%s", "m1")
theirs.warning("payload: what people wrote")
theirs.error("request: %s", "what people wrote", stack_info=False)
try:
    fail()
except ValueError as error:
    ours.exception("failed: %s", error)
    theirs.exception("failed with what people wrote")
    ours.error(error)
ours.info("%d", "what people wrote")
doomed = threading.Thread(target=fail)
doomed.start()
doomed.join()
Doomed()
gc.collect()
asyncio.run(forget())
gc.collect()
warnings.warn("what people wrote")
own = logging.getLogger("transformers")
own.addHandler(logging.StreamHandler())
own.propagate = False
own.error("what people wrote")
"""


@pytest.mark.parametrize(
    "secret",
    ["xoxb-1234-5678-abcDEF", "xapp-1-A012-345-abc", "xoxp-1-2", "xoxe-1-abc"],
)
def test_a_token_never_reaches_the_log(secret: str) -> None:
    line = _line(f"auth failed token={secret} team=T1")

    assert secret.removeprefix("xo") not in line
    assert line.endswith("auth failed token=[secret] team=T1")


@pytest.mark.parametrize("url", ["postgresql://ana:s3cr3t@host/db", "https://:s3cr3t@host/"])
def test_a_password_in_an_address_never_reaches_the_log(url: str) -> None:
    line = _line(f"cannot connect to {url}")

    assert "s3cr3t" not in line
    assert "host/" in line


@pytest.mark.parametrize("text", ["at 10:30:45 in https://host:8080/path", "ratio 1:2@3", "message=0123abcd"])
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert _line(text).endswith(text)


def test_standard_error_never_shows_what_people_wrote_whoever_writes_there() -> None:
    ended = subprocess.run([sys.executable, "-c", LOG_ALL], capture_output=True, text=True, timeout=60)

    assert "people" not in ended.stderr
    assert (ended.returncode, ended.stdout) == (0, "")
    lines = [
        re.sub(r":\d+$", "", line.split(" ", 2)[2])
        for line in ended.stderr.splitlines()
        if re.match(r"\d{4}-", line)
    ]
    assert lines == [
        "INFO bot.classification.card card shown message=m1",
        "DEBUG bot.classification.card card looked at message=m1",
        "ERROR slack_bolt.App message withheld at <string>",
        "ERROR bot.classification.card failed: ValueError",
        "ERROR slack_bolt.App message withheld at <string>",
        "ERROR bot.classification.card ValueError",
        "ERROR bot.context.logs a thread ended by an error",
        "ERROR bot.context.logs an error that nobody can catch",
        "ERROR asyncio message withheld at base_events.py",
        "WARNING bot.context.logs warning kind=UserWarning at <string>",
    ]
    assert "in fail" in ended.stderr
    assert "a log line can't be written name=bot.classification.card" in ended.stderr
    assert re.fullmatch(r"message withheld at <string>:\d+", ended.stderr.splitlines()[-1])


def test_strangers_fill_no_disk_with_lines_and_hide_no_other_line(monkeypatch: pytest.MonkeyPatch) -> None:
    sparing = Sparing()

    def written(text: str, times: int) -> int:
        lines = [logging.LogRecord("bot", logging.INFO, "", 1, text, (one,), None) for one in range(times)]
        return sum(sparing.filter(line) for line in lines)

    assert written("webhook not believed reason=%s", 1_000) == STRANGERS_MOST
    assert written("not installed reason=%s", 1) == 1
    monkeypatch.setattr(logs, "STRANGERS_S", 0.0)  # it is over
    assert written("webhook not believed reason=%s", 1) == 1


def test_a_command_that_fails_by_a_fault_of_ours_says_where_and_not_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "_database", _fail)

    told = corrigible(tmp_path, "labels")

    assert told.returncode == 1
    assert "RuntimeError in" in told.stderr
    assert "salary" not in told.stdout + told.stderr


def _fail(*_: object) -> None:
    raise RuntimeError("yralas"[::-1])  # its line of code is shown


def _line(text: str) -> str:
    return Redaction(FORMAT).format(logging.LogRecord("bot", logging.INFO, "", 1, text, None, None))
