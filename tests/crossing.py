"""A person of one workspace who got hold of all ids of another's things, and sends them to their own app."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Barrier
from typing import Any

from slack_bolt.request import BoltRequest
from sqlalchemy import MetaData, Table, select

from bot.app.compose import LISTENERS, Bot
from local.slack.person import Person
from storage.database.engine import Database
from storage.tables.summaries import Making, Origin, Summary
from tests.factories import second_version
from tests.journeys.steps import card_on, teach, turn_on
from tests.local.running import ACME, ANA, GLOBEX, SUPPORT, Grid, until
from tests.running import learned

SECRET = "The merger with Hooli is on"
QUIET_SECRET = "The merger with Hooli is announced quietly"
OF_THE_CLOCK = ("job", "lease", "pacing", "estimate", "floor")  # what ticks by itself
STILL_S = 1.0
Json = dict[str, Any]


class Theirs:
    """What Acme has. `sender`: the team of whoever sends its ids; that of Globex until a test says otherwise."""

    def __init__(self, slack: Grid, running: Bot, acme: Person) -> None:
        self.slack = slack
        self.running = running
        self.sender = GLOBEX
        turn_on(acme, SUPPORT)
        card = card_on(acme, SUPPORT, SECRET)
        before = learned(running)
        teach(acme, card, "praise")
        until(lambda: learned(running) > before)
        turn_on(acme, SUPPORT, "quiet")
        self.ts, self.quiet_ts = card["thread_ts"], acme.write(SUPPORT, QUIET_SECRET)
        values = [
            one["value"] for block in card["blocks"] for one in block.get("elements", []) if "value" in one
        ]
        self.message_id, _, self.label_id = values[0].partition(":")
        self.summary_id = self._summarized()
        self.challenger = str(second_version(running.database, ACME.id))

    def _summarized(self) -> str:
        sentence = {
            "text": SECRET,
            "sources": [self.message_id],
            "supported": True,
            "support": 1.0,
            "unfounded": [],
        }
        summary = Summary(
            team_id=ACME.id,
            channel_id=SUPPORT,
            of_ts=self.ts,
            thread_ts=self.ts,
            asked_by=ANA,
            origin=Origin.SHORTCUT,
            making=Making.DONE,
            sentences=[sentence],
            due=False,
            shown=1,
        )
        summary_id = summary.id
        with self.running.database.writing() as session:
            session.add(summary)
        return summary_id

    def send(self, body: Json) -> str:
        """As Slack sends it to the app of whoever sends; what it answers."""
        served = self.running.workspaces.of(self.sender.id)
        assert served
        given = self.slack.entitled(self.sender.id, self.sender.own(ANA), self.sender.own(SUPPORT))
        of_team = {"team_id": self.sender.id, "api_app_id": "A1", **given}
        answer = served.app.dispatch(BoltRequest(body={**of_team, **body}, mode="socket_mode"))
        return str(answer.body)

    def interact(self, kind: str, **body: Any) -> str:
        user = {"id": self.sender.own(ANA), "team_id": self.sender.id}
        channel = {"id": self.sender.own(SUPPORT)}
        team = {"id": self.sender.id}
        return self.send({"type": kind, "user": user, "team": team, "channel": channel, **body})

    def click(self, action_id: str, value: str) -> str:
        action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value}
        return self.interact("block_actions", actions=[action], message={"ts": self.ts})

    def submit(self, callback_id: str, metadata: str, fields: Json) -> str:
        values = {block: {block: state} for block, state in fields.items()}
        view = {
            "id": "V1",
            "hash": "1",
            "type": "modal",
            "callback_id": callback_id,
            "private_metadata": metadata,
            "state": {"values": values},
        }
        return self.interact("view_submission", view=view)

    def search(self, metadata: str, words: str) -> str:
        view = {"id": "V1", "type": "modal", "private_metadata": metadata}
        return self.interact("block_suggestion", action_id="label", block_id="label", value=words, view=view)

    def point(self, callback_id: str, ts: str) -> str:
        message = {"type": "message", "user": self.sender.own(ANA), "ts": ts, "text": "crossed"}
        return self.interact("message_action", callback_id=callback_id, message=message)

    def command(self, words: str) -> str:
        where = {"channel_id": self.sender.own(SUPPORT), "user_id": self.sender.own(ANA)}
        return self.send({"command": "/corrigible", "text": words, **where})

    def event(self, kind: str, **fields: Any) -> str:
        now = f"{time.time():.6f}"
        event = {"type": kind, "user": self.sender.own(ANA), "event_ts": now, "ts": now, **fields}
        heard_in = [{"team_id": self.sender.id, "enterprise_id": None, "is_bot": True}]
        return self.send({"type": "event_callback", "event": event, "authorizations": heard_in})

    def react(self, kind: str, ts: str) -> str:
        item = {"type": "message", "channel": self.sender.own(SUPPORT), "ts": ts}
        return self.event(kind, reaction="bug", item=item)

    def edited(self, ts: str) -> str:
        by = self.sender.own(ANA)
        message = {"type": "message", "user": by, "ts": ts, "text": "crossed", "edited": {"user": by}}
        return self.event(
            "message", subtype="message_changed", channel=self.sender.own(SUPPORT), message=message
        )

    def deleted(self, ts: str) -> str:
        return self.event(
            "message", subtype="message_deleted", channel=self.sender.own(SUPPORT), deleted_ts=ts
        )

    def finish(self) -> str:
        """Wait until the listeners are done: some go on after they have acknowledged."""
        served = self.running.workspaces.of(self.sender.id)
        assert served
        listeners = served.app.listener_runner.listener_executor
        together = Barrier(LISTENERS)  # each listener that is free waits for all the others
        for done in [listeners.submit(together.wait) for _ in range(LISTENERS)]:
            done.result()
        return ""

    def settled(self) -> dict[str, list[str]]:
        """Every row of Acme, once no worker changes any."""
        served = self.running.workspaces.of(ACME.id)
        assert served
        until(lambda: served.service.count_waiting() == 0 and served.service.count_due() == 0)
        rows: dict[str, list[str]] = {}
        while self.changed(rows):
            rows = self.rows()
            time.sleep(STILL_S)
        return rows

    def rows(self) -> dict[str, list[str]]:
        """Every row of Acme, but for times that tick by themselves."""
        database = self.running.database
        tables = [table for table in _tables(database) if table.name not in OF_THE_CLOCK]
        return {table.name: list(_rows(database, table)) for table in tables}

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
