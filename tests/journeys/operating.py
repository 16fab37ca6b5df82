"""What operators do in these journeys: train, promote, roll back, and read the notes in their channel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.app.compose import Bot
from bot.context.settings import Settings
from local.slack.person import Person
from local.slack.setup.seed import CHANNELS, TEAM_ID
from storage.models import versions
from storage.tables.models import TaskName
from tests.local.running import Slack, until
from tests.running import ANA, settings

Json = dict[str, Any]

OPS = CHANNELS["corrigible-ops"]
QUICK = {"epochs": 1, "batch_size": 16, "max_tokens": 16}
SAMPLE = Path(__file__).parent.parent / "data" / "banking77_sample.jsonl"


def operated(folder: Path, database_url: str, **changes: Any) -> Settings:
    """Settings with an operator and their channel; a run is one quick epoch."""
    return settings(
        folder, database_url, **{"recipe": QUICK, "operators": (ANA,), "ops_channel": OPS, **changes}
    )


def with_labels_of_the_sample(folder: Path) -> list[dict[str, str]]:
    """Write a label file with three of its labels; the rows that have them."""
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    names = sorted({row["label"] for row in rows})[:3]
    labels = "".join(f'[[label]]\nname = "{name}"\n' for name in names)
    (folder / "labels.toml").write_text(labels, encoding="utf-8")
    return [row for row in rows if row["label"] in names]


def notes(slack: Slack) -> list[Json]:
    """What the bot posted in the operators' channel."""
    return [one for one in slack.messages(OPS) if "bot_id" in one]


def note_with(slack: Slack, words: str) -> Json | None:
    """The first note with these words."""
    return next((one for one in notes(slack) if words in str(one.get("text"))), None)


def press(somebody: Person, slack: Slack, words: str, action_id: str) -> None:
    """Press a button of the note with these words, once it is there."""
    shown: Json = until(lambda: _with_button(slack, words, action_id))
    somebody.press(shown, action_id)


def _with_button(slack: Slack, words: str, action_id: str) -> Json | None:
    found = note_with(slack, words)
    return found if action_id in str(found) else None


def in_service(running: Bot, task: TaskName = TaskName.CLASSIFICATION) -> int | None:
    """The number of the version that the alias names."""
    with running.database.reading() as session:
        return versions.in_service(session, TEAM_ID, task)


def until_swapped(running: Bot, times: int) -> None:
    """Wait until another version was put in service so many times."""
    until(lambda: running.metrics.registry.get_sample_value("corrigible_swaps_total") == times)
