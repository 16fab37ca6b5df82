"""Whatever people and Slack send, and whatever breaks: nothing of it is in the log, at its most talkative."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.app.compose import Bot
from bot.context.logs import configure_logs
from local.argilla.embedded import SignIn
from local.slack.person import Person, PersonError
from local.slack.setup.credentials import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.bot.command_line import own_logs
from tests.journeys.operating import operated
from tests.journeys.steps import card_on, correct, propose, turn_on
from tests.journeys.threads import allow_summaries, rewrite, summarize, summary_of, thread
from tests.local.running import Slack, free_port, until, workspace
from tests.running import PATIENT, SUPPORT, bot, person

# Each in its own place: a message, a reply, an edit, a label, what is typed into a menu, a command and a summary.
WORDS = ("aardvark", "baboon", "caracal", "dugong", "echidna", "fossa", "gerenuk")
MESSAGE, REPLY, EDIT, LABEL, SEARCH, COMMAND, SUMMARY = WORDS
KEY = "argilla-key-of-the-reviewers"
SECRETS = (*WORDS, "Ribeiro", BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, KEY, "Bearer", "v0=")
LIBRARIES = (
    "",
    "slack_bolt",
    "slack_sdk",
    "urllib3",
    "httpx",
    "httpcore",
    "websockets",
    "sqlalchemy",
    "asyncio",
)


class Everything(logging.Handler):
    """Keeps all that a handler could write of each record, of whichever level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.getMessage()} {vars(record)}")


@contextmanager
def talkative() -> Iterator[Everything]:
    """Meanwhile this process logs as much as it can, also what libraries say."""
    heard = Everything()
    with own_logs():
        configure_logs("DEBUG")
        levels = {name: logging.getLogger(name).level for name in LIBRARIES}
        for name in LIBRARIES:
            logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger().addHandler(heard)
        yield heard
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize("by_http", [True, False])
def test_no_log_holds_what_people_wrote_a_header_or_a_secret(
    by_http: bool,
    capfd: pytest.CaptureFixture[str],
    database_url: str,
    tmp_path: Path,
) -> None:
    port = free_port()
    chosen = operated(tmp_path, database_url, port=port, summarizer="none", argilla_names="real")
    away = SignIn(f"http://127.0.0.1:{free_port()}", "owner", "word", KEY)
    serving: dict[str, Any] = {"bot_url": f"http://127.0.0.1:{port}/slack/events"} if by_http else {}
    with (
        talkative() as everything,
        workspace(**PATIENT, **serving) as slack,
        bot(slack, chosen, by_http=by_http, argilla=away) as running,
        person(slack) as ana,
    ):
        _live(slack, ana)
        if by_http:  # Slack hears at once that it failed
            _break(running, ana)
        until(lambda: any("Argilla waits" in line for line in everything.heard))

    written = "".join(capfd.readouterr())
    heard = "\n".join(everything.heard)
    assert [one for one in SECRETS if one in written] == []
    assert [one for one in SECRETS if one in heard] == []
    assert "message withheld" in heard
    assert "Argilla waits" in written
    assert not by_http or "listener failed kind=view_submission" in written


def _live(slack: Slack, ana: Person) -> None:
    """All that a person does with the bot."""
    turn_on(ana, SUPPORT)
    card = card_on(ana, SUPPORT, f"My {MESSAGE} crashes")
    correct(ana, card, "praise")
    ana.wait_for_change(card)
    modal = ana.open_view(card, "change")
    ana.search(modal, "label", SEARCH)
    propose(ana, modal, LABEL)
    ana.edit(SUPPORT, card["thread_ts"], f"My {EDIT} crashes")
    ana.command(SUPPORT, "/corrigible", f"{COMMAND} {COMMAND}")
    ana.command(SUPPORT, "/corrigible", "retrain")
    ana.home()
    _summarize(slack, ana)
    ana.react(SUPPORT, card["thread_ts"], "bug")
    ana.point(SUPPORT, ana.write(SUPPORT, f"A {MESSAGE} more"), "classify_message")
    slack.fault("method", method="chat.postMessage", kind="error", error="internal_error", times=1)
    card_on(ana, SUPPORT, f"Another {MESSAGE}")


def _summarize(slack: Slack, ana: Person) -> None:
    channel = slack.channel("quiet")
    allow_summaries(ana, channel)
    ts = thread(slack, channel)
    slack.say(f"I will feed the {REPLY} tomorrow, before the board meets.", channel, thread_ts=ts)
    summary = summarize(ana, slack, channel, ts)
    rewrite(ana, summary, f"The {SUMMARY} crashes, and nobody knows why it does that to people.")
    until(lambda: SUMMARY in summary_of(slack, channel, ts)["text"])


def _break(running: Bot, ana: Person) -> None:
    """Let listeners and workers fail with what people wrote in their hands."""
    card = card_on(ana, SUPPORT, f"The last {MESSAGE}")
    modal = ana.open_view(card, "change")
    with running.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE correction RENAME TO away"))
    with pytest.raises(PersonError):
        propose(ana, modal, f"{LABEL} again")
