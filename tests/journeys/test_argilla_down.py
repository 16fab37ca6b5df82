"""Nothing that a person decided is lost, whichever side is down meanwhile."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.argilla.embedded import EmbeddedArgilla, SignIn
from storage import answers, outbox, overview, resolution
from tests.local.running import Slack, until, workspace
from tests.reviewer import Reviewer
from tests.running import ANA, SUPPORT, bot, person, settings

Json = dict[str, Any]


def cards_on(slack: Slack, texts: list[str]) -> list[Json]:
    """Write these messages; the bot's cards on them."""
    with person(slack) as ana:
        ana.command(SUPPORT, "/corrigible", "on reply")
    for text in texts:
        slack.say(text)
    found: list[Json] = until(lambda: all_cards(slack, len(texts)), within_s=120)
    return found


def all_cards(slack: Slack, number: int) -> list[Json] | None:
    time.sleep(0.5)
    asked: Json = {"user": ANA, "channel": SUPPORT, "limit": 3 * number}
    seen = slack.http.get("/page/messages", params=asked).json()["messages"]
    shown = [one for one in seen if "bot_id" in one and one.get("thread_ts") not in (None, one["ts"])]
    return shown if len(shown) == number else None


def confirm(slack: Slack, shown: list[Json]) -> None:
    """Press Right on each of these cards."""
    for card in shown:
        [actions] = [block for block in card["blocks"] if block["type"] == "actions"]
        right = actions["elements"][0]
        action = {"action_id": "right", "block_id": "actions", "type": "button", "value": right["value"]}
        assert slack.page("action", channel=SUPPORT, ts=card["ts"], action=action)["acknowledged"]


@pytest.mark.timeout(600)
def test_argilla_killed_in_the_middle_of_500_corrections_has_each_exactly_once_when_it_is_back(
    tmp_path: Path,
) -> None:
    texts = [f"Where is invoice number {number}?" for number in range(500)]
    server = EmbeddedArgilla(tmp_path / "argilla", 0)
    known = server.start()
    chosen = settings(
        tmp_path, f"sqlite:///{tmp_path}/corrigible.db", argilla_dataset="killed", ask_per_day=0
    )
    with workspace() as slack, bot(slack, chosen, argilla=known) as running:
        shown = cards_on(slack, texts)
        confirm(slack, shown[:250])
        server.kill()
        confirm(slack, shown[250:])
        waiting = backlog(running)
        server.start()
        until(lambda: backlog(running) == 0, within_s=200)
        with Reviewer(known, "killed") as reviewer:
            records = reviewer.records()
    server.stop()

    assert waiting >= 250
    assert Counter(one["fields"]["text"] for one in records) == dict.fromkeys(texts, 1)
    assert all("confirmed" in one["fields"]["said"] for one in records)


def backlog(running: Any) -> int:
    with running.database.reading() as session:
        [team] = overview.teams(session)
        return outbox.backlog(session, team).messages


@pytest.mark.timeout(600)
def test_200_answers_given_while_the_bot_is_down_are_labels_after_its_start(
    argilla: SignIn, tmp_path: Path, database_url: str
) -> None:
    texts = [f"Where is invoice number {number}?" for number in range(200)]
    name = f"test-{secrets.token_hex(6)}"
    chosen = settings(tmp_path, database_url, argilla_dataset=name, ask_per_day=0)
    with workspace() as slack, Reviewer(argilla, name) as reviewer:
        with bot(slack, chosen, argilla=argilla) as running:
            confirm(slack, cards_on(slack, texts))
            until(lambda: backlog(running) == 0, within_s=120)
        records = reviewer.records()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda one: reviewer.submit(one, "how-to"), records))
        with bot(slack, chosen, argilla=argilla) as running:
            with running.database.reading() as session:
                [team] = overview.teams(session)
            until(lambda: answered(running, team) == 200, within_s=120)
            with running.database.reading() as session:
                labels = resolution.labelled(session, team)
                named = {
                    label.name
                    for label in running.workspace.service.labels(team)
                    if label.id in labels.values()
                }

    assert len(labels) == 200
    assert named == {"how-to"}


def answered(running: Any, team: str) -> int:
    with running.database.reading() as session:
        return answers.count(session, team)
