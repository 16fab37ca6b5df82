"""Whatever a person of one workspace sends, with the ids of another's things in it, nothing there changes or shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slack_bolt.request import BoltRequest
from sqlalchemy import MetaData, Table, select

from bot.compose import Bot
from local.slack.person import Person
from storage.database import Database
from storage.tables import Making, Origin, Summary
from tests.journeys.test_installations import ana_in, everything, installed, sqlite
from tests.journeys.test_main_job import teach
from tests.local.running import ACME, ANA, GLOBEX, SUPPORT, until

SECRET = "The merger with Hooli is on"
THEIR_WORK = {"correction", "summaryword", "label", "choice", "run"}  # what one may change in one's own
Json = dict[str, Any]


class Theirs:
    """What Acme has, and a person of Globex who got hold of all its ids."""

    def __init__(self, running: Bot, acme: Person) -> None:
        self.running = running
        self.sender = GLOBEX
        acme.command(SUPPORT, "/corrigible", "on reply")
        card = acme.wait_for_reply(SUPPORT, acme.write(SUPPORT, SECRET))
        teach(acme, card, "praise")
        values = [
            one["value"] for block in card["blocks"] for one in block.get("elements", []) if "value" in one
        ]
        self.message_id, _, self.label_id = values[0].partition(":")
        summary = Summary(
            team_id=ACME.id,
            channel_id=SUPPORT,
            of_ts=card["thread_ts"],
            thread_ts=card["thread_ts"],
            asked_by=ANA,
            origin=Origin.SHORTCUT,
            making=Making.DONE,
            sentences=[
                {
                    "text": SECRET,
                    "sources": [self.message_id],
                    "supported": True,
                    "support": 1.0,
                    "unfounded": [],
                }
            ],
            due=False,
            shown=1,
        )
        self.summary_id = summary.id
        with running.database.writing() as session:
            session.add(summary)

    def send(self, body: Json) -> str:
        """As Slack sends it to the app of whoever sends; what it answers."""
        served = self.running.workspaces.of(self.sender.id)
        assert served
        user = {"id": self.sender.own(ANA), "team_id": self.sender.id}
        of_team = {"team": {"id": self.sender.id}, "user": user, "api_app_id": "A1", "trigger_id": "1.2"}
        answer = served.app.dispatch(BoltRequest(body={**of_team, **body}, mode="socket_mode"))
        return str(answer.body)

    def click(self, action_id: str, value: str) -> str:
        action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
        channel = {"id": self.sender.own(SUPPORT)}
        return self.send(
            {"type": "block_actions", "actions": [action], "channel": channel, "message": {"ts": "1.1"}}
        )

    def submit(self, callback_id: str, metadata: str, fields: Json) -> str:
        values = {block: {block: state} for block, state in fields.items()}
        view = {
            "type": "modal",
            "callback_id": callback_id,
            "private_metadata": metadata,
            "state": {"values": values},
        }
        return self.send({"type": "view_submission", "view": {"id": "V1", "hash": "1", **view}})

    def rows(self) -> dict[str, list[str]]:
        """Every row of Acme, but for times that tick by themselves."""
        found = {
            table.name: list(_rows(self.running.database, table)) for table in _tables(self.running.database)
        }
        return {
            name: rows for name, rows in found.items() if name not in ("job", "lease", "pacing", "estimate")
        }

    def changed(self, before: dict[str, list[str]]) -> set[str]:
        """The names of Acme's tables that are not as they were."""
        return {name for name, rows in self.rows().items() if rows != before.get(name)}


def _tables(database: Database) -> list[Table]:
    known = MetaData()
    known.reflect(database.engine)
    return [table for table in known.sorted_tables if "team_id" in table.c]


def _rows(database: Database, table: Table) -> Iterator[str]:
    with database.engine.connect() as connection:
        for row in connection.execute(select(table).where(table.c.team_id == ACME.id)):
            yield str(tuple(row))


def test_nothing_that_one_workspace_sends_reaches_into_another(tmp_path: Path) -> None:
    with everything(tmp_path, sqlite(tmp_path)) as (slack, running):
        installed(slack, running, ACME, GLOBEX)
        with ana_in(slack, ACME) as acme, ana_in(slack, GLOBEX) as globex:
            globex.command(SUPPORT, "/corrigible", "on reply")
            theirs = Theirs(running, acme)
            time.sleep(2.0)  # what Acme set off has come to rest
            before = theirs.rows()
            answers = "\n".join(_everything_sent(theirs))
            time.sleep(2.0)
            after = theirs.rows()
            home = str(globex.home())
            theirs.sender = ACME
            list(_everything_sent(theirs))
            until(lambda: theirs.changed(before) >= THEIR_WORK)
            seen = str(slack.team(GLOBEX.id).messages(GLOBEX.own(SUPPORT), GLOBEX.own(ANA)))

    assert after == before
    for shown in (answers, home, seen):
        assert SECRET not in shown
    assert "not known here" in answers


def _everything_sent(theirs: Theirs) -> Iterator[str]:
    message, label, summary = theirs.message_id, theirs.label_id, theirs.summary_id
    chosen = {"type": "external_select", "selected_option": {"value": label}}
    written = {"type": "plain_text_input", "value": "crossed"}
    yield theirs.click("right", f"{message}:{label}")
    yield theirs.click("choose_0", f"{message}:{label}")
    yield theirs.click("change", message)
    yield theirs.submit("correct", message, {"label": chosen, "proposal": {**written, "value": ""}})
    yield theirs.submit(
        "correct", message, {"label": {**chosen, "selected_option": None}, "proposal": written}
    )
    for action_id in ("summary_good", "summary_bad", "summary_edit"):
        yield theirs.click(action_id, summary)
    yield theirs.submit("summary_edit_view", summary, {"text": written})
    yield theirs.submit("pick_label", "", {"label": chosen})
    yield theirs.submit("edit_label", label, {"name": written})
    for fate in ("retire", "follow_file"):
        ticked = {"type": "checkboxes", "selected_options": [{"value": fate}]}
        yield theirs.submit("edit_label", label, {"fate": ticked})
    yield theirs.submit("choose_settings", "", {"ask_per_day": {"type": "number_input", "value": "7"}})
    yield theirs.click("home_retrain", "now")
    yield theirs.click("forget", "me")
