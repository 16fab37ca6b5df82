"""Whatever a person of one workspace sends, with the ids of another's things in it, nothing there changes or shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import models
from learning.writing.language_model import INSTALLED
from storage.tables.messages import Mode
from tests.crossing import QUIET_SECRET, SECRET, Theirs
from tests.journeys.installing import ana_in, installable, installed
from tests.journeys.steps import turn_on
from tests.local.running import ACME, ANA, GLOBEX, SUPPORT, Grid, free_port, grid, until
from tests.running import PATIENT, settings

# What one may change in one's own, and what that leaves there.
TRACES = {
    "acceptance": ANA,
    "channel": ", 90, ",
    "choice": "ask_per_day",
    "correction": "withdrawn",
    "digest": SUPPORT,
    "label": "renamed",
    "message": "crossed",
    "ruling": "roll_back",
    "run": "a person asked",
    "summary": "only one short message",
    "summaryconsent": SUPPORT,
    "summaryword": "crossed",
}
MOVES = 6  # of the alias, to and fro
OFF = Mode.OFF.value
ERASED = "with vectors and cards"


def test_nothing_that_one_workspace_sends_reaches_into_another(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "is_installed", lambda: True)  # messages are too short: nothing is loaded
    chosen = settings(tmp_path, database_url, port=free_port(), summarizer=INSTALLED)
    with (
        grid(f"http://127.0.0.1:{chosen.port}/slack/events", **PATIENT) as slack,
        installable(slack, chosen) as running,
    ):
        installed(slack, running, ACME, GLOBEX)
        with ana_in(slack, ACME) as acme, ana_in(slack, GLOBEX) as globex:
            turn_on(globex, SUPPORT)
            theirs = Theirs(slack, running, acme)
            before = theirs.settled()
            answers = "\n".join([*_everything_sent(theirs), *_everything_ended(theirs)])
            theirs.finish()
            after = theirs.settled()
            home = str(globex.home())
            theirs.sender = ACME
            own = "\n".join(_everything_sent(theirs))
            until(lambda: _traces(theirs) == TRACES.keys())
            moves = len(theirs.rows()["ruling"])
            list(_everything_ended(theirs))
            until(lambda: ERASED in _seen(slack, ACME.id) and _is_ended(theirs))
            seen, calls = _seen(slack, GLOBEX.id), _calls(slack, GLOBEX.id)
            own_calls = _calls(slack, ACME.id)

    assert after == before
    for shown in (answers, home, seen, calls):
        for secret in (SECRET, QUIET_SECRET, theirs.message_id, theirs.label_id):
            assert secret not in shown
    assert "not known here" in answers
    assert moves == MOVES
    assert theirs.label_id in own, "that of the menu"
    assert theirs.message_id in own_calls, "that of the modal that a shortcut opens"


def _everything_sent(theirs: Theirs) -> Iterator[str]:
    yield from _of_cards(theirs)
    yield from _of_summaries(theirs)
    yield from _of_labels(theirs)
    yield from _of_versions(theirs)
    yield from _of_messages(theirs)
    for words in ("on", "summaries on", "keep 90 days", "digest on", "policy", "policy accept", "retrain"):
        yield theirs.command(words)
    yield theirs.click("keep_confirm", f"90::{int(time.time())}")
    yield theirs.event("app_home_opened", tab="home", channel="D1")
    yield theirs.click("home_settings", "now")
    yield theirs.finish()
    yield theirs.point("summarize_thread", theirs.ts)
    yield theirs.submit("choose_settings", "", {"ask_per_day": {"type": "number_input", "value": "7"}})


def _of_cards(theirs: Theirs) -> Iterator[str]:
    message, label = theirs.message_id, theirs.label_id
    chosen = {"type": "external_select", "selected_option": {"value": label}}
    written = {"type": "plain_text_input", "value": "crossed"}
    yield theirs.click("right", f"{message}:{label}")
    yield theirs.click("choose_0", f"{message}:{label}")
    yield theirs.click("change", message)
    yield theirs.search(message, "")
    yield theirs.submit("correct", message, {"label": chosen, "proposal": {**written, "value": ""}})
    yield theirs.submit(
        "correct", message, {"label": {**chosen, "selected_option": None}, "proposal": written}
    )
    yield theirs.click("undo", message)


def _of_summaries(theirs: Theirs) -> Iterator[str]:
    for action_id in ("summary_bad", "summary_good", "summary_edit"):
        yield theirs.click(action_id, theirs.summary_id)
    written = {"type": "plain_text_input", "value": "crossed"}
    yield theirs.submit("summary_edit_view", theirs.summary_id, {"text": written})
    yield theirs.click("summary_undo", theirs.summary_id)


def _of_labels(theirs: Theirs) -> Iterator[str]:
    label = theirs.label_id
    yield theirs.click("home_edit_labels", "now")
    yield theirs.submit("pick_label", "", {"label": {"selected_option": {"value": label}}})
    for fate in ("retire", "follow_file"):
        ticked = {"type": "checkboxes", "selected_options": [{"value": fate}]}
        yield theirs.submit("edit_label", label, {"fate": ticked})
    yield theirs.submit("edit_label", label, {"name": {"type": "plain_text_input", "value": "renamed"}})


def _of_versions(theirs: Theirs) -> Iterator[str]:
    """Three times promoted, and each time rolled back in another way."""
    number = theirs.challenger
    yield theirs.click("promote", number)
    yield theirs.click("roll_back", number)
    yield theirs.click("promote", number)
    yield theirs.click("home_roll_back", number)
    yield theirs.finish()
    yield theirs.click("promote", number)
    yield theirs.command("rollback")
    yield theirs.finish()
    yield theirs.click("home_retrain", "now")


def _of_messages(theirs: Theirs) -> Iterator[str]:
    for kind in ("reaction_added", "reaction_removed"):
        yield theirs.react(kind, theirs.quiet_ts)
    for callback_id in ("classify_message", "correct_message"):
        yield theirs.point(callback_id, theirs.ts)
    yield theirs.finish()
    yield theirs.edited(theirs.quiet_ts)


def _everything_ended(theirs: Theirs) -> Iterator[str]:
    """What leaves nothing of it."""
    yield theirs.deleted(theirs.ts)
    for words in ("digest off", "summaries off", "off", "forget me"):
        yield theirs.command(words)
    yield theirs.click("keep_undo", "undo")
    yield theirs.click("forget", "me")


def _traces(theirs: Theirs) -> set[str]:
    rows = theirs.rows()
    return {table for table, words in TRACES.items() if words in str(rows[table])}


def _is_ended(theirs: Theirs) -> bool:
    rows = theirs.rows()
    return not rows["digest"] and OFF in str(rows["channel"]) and "crossed" not in str(rows["message"])


def _seen(slack: Grid, team_id: str) -> str:
    return str(slack.team(team_id).messages(SUPPORT, ANA))


def _calls(slack: Grid, team_id: str) -> str:
    """All that the bot ever asked of a workspace."""
    return slack.team(team_id).http.get("/faults/calls").text
