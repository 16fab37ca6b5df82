"""From corrections to a fine-tuned version in service, while people go on writing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.compose import Bot
from bot.settings import Settings
from local.slack.person import Person
from local.slack.seed import CHANNELS
from storage import runs, versions
from storage.tables import Phase, Run
from tests.local.running import Slack, until, workspace
from tests.running import ANA, BEN, SUPPORT, bot, person, settings

OPS = CHANNELS["corrigible-ops"]
QUICK = {"epochs": 1, "batch_size": 16, "max_tokens": 16}
SAMPLE = Path(__file__).parent.parent / "data" / "banking77_sample.jsonl"


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.fixture
def ana(slack: Slack) -> Iterator[Person]:
    with person(slack, ANA) as somebody:
        yield somebody


def operated(tmp_path: Path, database_url: str, **changes: Any) -> Settings:
    """Settings with an operator and their channel; a run is one quick epoch."""
    written = {"recipe": QUICK, "operators": (ANA,), "ops_channel": OPS, **changes}
    return settings(tmp_path, database_url, **written)


def with_labels_of_the_sample(tmp_path: Path) -> list[dict[str, str]]:
    """Writes their label file; rows of three labels."""
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    names = sorted({row["label"] for row in rows})[:3]
    labels = "".join(f'[[label]]\nname = "{name}"\n' for name in names)
    (tmp_path / "labels.toml").write_text(labels, encoding="utf-8")
    return [row for row in rows if row["label"] in names]


def correct(ana: Person, card: dict[str, Any], label: str) -> None:
    view = ana.open_view(card, "change")
    [option] = [one for one in ana.search(view, "label", label) if one["text"]["text"] == label]
    ana.submit(view, {"label": {"label": {"type": "external_select", "selected_option": option}}})


def latest(running: Bot) -> Run:
    with running.database.reading() as session:
        found = runs.latest(session, "T0LOCAL")
    assert found
    return found


def in_service(running: Bot) -> int | None:
    with running.database.reading() as session:
        return versions.in_service(session, "T0LOCAL")


def notes(slack: Slack) -> list[dict[str, Any]]:
    return [one for one in slack.messages(OPS) if "bot_id" in one]


def note_with(slack: Slack, words: str) -> dict[str, Any] | None:
    return next((one for one in notes(slack) if words in str(one.get("text"))), None)


def press(ana: Person, slack: Slack, words: str, action_id: str) -> None:
    """Press a button of the note with these words, once it is there."""
    until(lambda: action_id in str(note_with(slack, words)))
    shown = note_with(slack, words)
    assert shown
    ana.press(shown, action_id)


def until_trained(running: Bot) -> Run:
    ended = (Phase.SHADOW, Phase.PROMOTED, Phase.REFUSED, Phase.FAILED)
    until(lambda: latest(running).phase in ended, within_s=200)
    return latest(running)


def answers(slack: Slack, written: list[str]) -> list[list[dict[str, Any]]]:
    """The bot's cards under each of these messages."""
    found: dict[str, list[dict[str, Any]]] = {ts: [] for ts in written}
    query = f"user={ANA}&channel={SUPPORT}&limit=10000"
    for one in slack.http.get(f"/page/messages?{query}").json()["messages"]:
        if "bot_id" in one and one.get("thread_ts") in found:
            found[one["thread_ts"]].append(one)
    return list(found.values())


class Crowd:
    """People who write ten messages a second until they are asked to stop."""

    def __init__(self, slack: Slack, texts: list[str]) -> None:
        self._slack = slack
        self._texts = texts
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self.written: list[str] = []

    def __enter__(self) -> Crowd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(10)

    def _write(self) -> None:
        for number in count():
            text = f"{self._texts[number % len(self._texts)]} ({number})"
            self.written.append(self._slack.say(text, user=BEN))
            if self._enough.wait(0.1):
                return


@pytest.mark.timeout(600)
def test_corrections_become_a_version_in_service_while_messages_keep_coming_and_none_is_lost(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    rows = with_labels_of_the_sample(tmp_path)
    with bot(slack, operated(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on reply")
        for row in rows:
            correct(ana, ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, row["text"])), row["label"])
        with Crowd(slack, [row["text"] for row in rows]) as crowd:
            ana.command(SUPPORT, "/corrigible", "retrain")
            run = until_trained(running)
            assert run.phase is not Phase.FAILED, run.failed
            if in_service(running) == 1:  # the holdout is empty: nobody reviewed anything
                until(lambda: note_with(slack, "runs in shadow beside v1"))
                press(ana, slack, "Training: v2", "promote")
            until(lambda: note_with(slack, "v2 takes the place of v1"))
            until(lambda: running.metrics.registry.get_sample_value("corrigible_swaps_total") == 1)
            after = len(crowd.written)
            until(lambda: len(crowd.written) > after + 20)
        until(lambda: all(answers(slack, crowd.written)), within_s=60)
        time.sleep(0.5)

        shown = answers(slack, crowd.written)
        picture = [one for one in slack.messages(OPS) if one.get("files")]

    assert [len(one) for one in shown] == [1] * len(shown)
    assert any("model v1." in one[0]["text"] for one in shown)
    assert "model v2." in shown[-1][0]["text"]
    assert picture


@pytest.mark.timeout(600)
def test_a_roll_back_by_click_is_served_within_a_second_while_messages_keep_coming(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    rows = with_labels_of_the_sample(tmp_path)
    with bot(slack, operated(tmp_path, database_url)) as running:
        ana.command(SUPPORT, "/corrigible", "on reply")
        for row in rows[:9]:
            correct(ana, ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, row["text"])), row["label"])
        ana.command(SUPPORT, "/corrigible", "retrain")
        until_trained(running)
        if in_service(running) == 1:
            press(ana, slack, "Training: v2", "promote")
        until(lambda: running.metrics.registry.get_sample_value("corrigible_swaps_total") == 1)
        until(lambda: "roll_back" in str(note_with(slack, "v2 takes the place of v1")))

        with Crowd(slack, [row["text"] for row in rows]) as crowd:
            until(lambda: len(crowd.written) > 20)
            began = time.monotonic()
            press(ana, slack, "v2 takes the place of v1", "roll_back")
            until(lambda: running.metrics.registry.get_sample_value("corrigible_swaps_total") == 2)
            took_s = time.monotonic() - began
            after = len(crowd.written)
            until(lambda: len(crowd.written) > after + 20)
        until(lambda: all(answers(slack, crowd.written)), within_s=60)
        time.sleep(0.5)
        shown = answers(slack, crowd.written)

    assert took_s < 1
    assert [len(one) for one in shown] == [1] * len(shown)
    assert "model v2." in shown[0][0]["text"]
    assert "model v1." in shown[-1][0]["text"]


def test_only_operators_may_retrain_and_roll_back(
    slack: Slack, ana: Person, database_url: str, tmp_path: Path
) -> None:
    with bot(slack, operated(tmp_path, database_url)), person(slack, BEN) as ben:
        refused = ben.command(SUPPORT, "/corrigible", "retrain")
        nothing = ana.command(SUPPORT, "/corrigible", "rollback")

    assert "Only operators can do this" in str(refused)
    assert "nothing to roll back to" in str(nothing)
