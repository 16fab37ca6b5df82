from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from bot.logs import FORMAT, Redaction

LOG_ALL = """
import logging
from bot.logs import configure_logs
configure_logs("INFO")
logging.getLogger("bot.card").info("card shown message=%s", "m1")
logging.getLogger("bot.card").debug("not this")
logging.getLogger("slack_sdk.web").warning("body: what people wrote")
logging.getLogger("slack_bolt.App").info("payload: what people wrote")
logging.getLogger("slack_bolt.App").error("no connection with xapp-1-A0-secret")
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


def test_secrets_are_taken_out_of_traces_and_arguments_too() -> None:
    try:
        raise ValueError("invalid token xoxb-1-secret")
    except ValueError:
        record = logging.LogRecord("bot", logging.ERROR, "", 1, "with %s", ("xapp-2-secret",), sys.exc_info())

    written = Redaction(FORMAT).format(record)

    assert "ValueError: invalid token [secret]" in written
    assert "with [secret]" in written
    assert "xoxb" not in written


@pytest.mark.parametrize("text", ["at 10:30:45 in https://host:8080/path", "ratio 1:2@3", "message=0123abcd"])
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert _line(text).endswith(text)


def test_libraries_that_quote_messages_are_heard_only_with_errors() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOG_ALL], capture_output=True, text=True, timeout=60, check=True
    )

    lines = [line.split(" ", 2)[2] for line in ended.stderr.splitlines()]
    assert lines == [
        "INFO bot.card card shown message=m1",
        "ERROR slack_bolt.App no connection with [secret]",
    ]
    assert ended.stdout == ""


def _line(text: str) -> str:
    return Redaction(FORMAT).format(logging.LogRecord("bot", logging.INFO, "", 1, text, None, None))
