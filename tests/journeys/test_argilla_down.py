"""Nothing that a person decided is lost, whichever side is down meanwhile."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from bot.app.compose import Bot
from bot.wording import argilla_text
from local.argilla.embedded import EmbeddedArgilla, SignIn
from local.slack.person import Person
from local.slack.setup.seed import TEAM_ID
from storage.deliveries import outbox
from storage.feedback import resolution, responses
from tests.journeys.reviewing import annotated
from tests.journeys.steps import card_counts, turn_on
from tests.local.running import Slack, until
from tests.reviewer import Reviewer
from tests.running import ANA, SUPPORT, bot

Json = dict[str, Any]
# Records are delivered in batches of 100, and answers kept a hundred in a transaction: more than one of each.
CORRECTIONS = 240
ANSWERS = 110


def cards_on(slack: Slack, ana: Person, texts: list[str]) -> list[Json]:
    """Write these messages; the bot's cards on them."""
    turn_on(ana, SUPPORT)
    for text in texts:
        slack.say(text)
    until(lambda: card_counts(slack, SUPPORT).total() == len(texts))
    return [
        one for one in slack.messages() if "bot_id" in one and one.get("thread_ts") not in (None, one["ts"])
    ]


def confirm(slack: Slack, shown: list[Json]) -> None:
    """Press Right on each of these cards."""
    for card in shown:
        [actions] = [block for block in card["blocks"] if block["type"] == "actions"]
        right = actions["elements"][0]
        action = {"action_id": "right", "block_id": "actions", "type": "button", "value": right["value"]}
        assert slack.page("action", channel=SUPPORT, ts=card["ts"], action=action)["acknowledged"]


def backlog(running: Bot) -> int:
    with running.database.reading() as session:
        return outbox.backlog(session, TEAM_ID).messages


def answered(running: Bot) -> int:
    with running.database.reading() as session:
        return responses.count(session, TEAM_ID)


def test_argilla_killed_in_the_middle_of_corrections_has_each_exactly_once_when_it_is_back(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    texts = [f"Where is invoice number {number}?" for number in range(CORRECTIONS)]
    half = CORRECTIONS // 2
    server = EmbeddedArgilla(tmp_path / "argilla", 0)
    known = server.start()
    chosen = annotated(tmp_path, database_url, operators=ANA)

    def degraded() -> Json:
        """Each reason why the bot is degraded, and since when; it is ready nevertheless."""
        answer = httpx.get(f"http://127.0.0.1:{chosen.port}/readyz")
        assert answer.status_code == 200
        return {f"{one['part']} {one['reason']}": one["since"] for one in answer.json()["degraded"]}

    with bot(slack, chosen, argilla=known) as running:
        shown = cards_on(slack, ana, texts)
        confirm(slack, shown[:half])
        server.kill()
        confirm(slack, shown[half:])
        waiting = backlog(running)
        until(lambda: list(degraded()) == ["argilla connection_refused"])
        until(lambda: "nothing listens at its address: start it (" in str(ana.home()))
        with running.database.reading() as session:
            [(_, told)] = argilla_text.rows(session, TEAM_ID)
        server.start()
        until(lambda: backlog(running) == 0 and not degraded())
        assert "Argilla can't be used" not in str(ana.home())
        with Reviewer(known, str(chosen.argilla_dataset)) as reviewer:
            records = reviewer.records()
    server.stop()

    assert waiting >= half
    assert "or check ARGILLA_API_URL (since 20" in told
    assert Counter(one["fields"]["text"] for one in records) == dict.fromkeys(texts, 1)
    assert all("confirmed" in one["fields"]["said"] for one in records)


def test_answers_given_while_the_bot_is_down_are_labels_after_its_start(
    slack: Slack, ana: Person, argilla: SignIn, database_url: str, tmp_path: Path
) -> None:
    texts = [f"Where is invoice number {number}?" for number in range(ANSWERS)]
    chosen = annotated(tmp_path, database_url, operators=ANA)
    with Reviewer(argilla, str(chosen.argilla_dataset)) as reviewer:
        with bot(slack, chosen, argilla=argilla) as running:
            confirm(slack, cards_on(slack, ana, texts))
            until(lambda: backlog(running) == 0)
        records = reviewer.records()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda one: reviewer.submit(one, "how-to"), records))
        with bot(slack, chosen, argilla=argilla) as running:
            until(lambda: answered(running) == ANSWERS)
            with running.database.reading() as session:
                labels = resolution.labelled(session, TEAM_ID)
            how_to = {one.id for one in running.workspace.service.labels(TEAM_ID) if one.name == "how-to"}

    assert len(labels) == ANSWERS
    assert set(labels.values()) == how_to
