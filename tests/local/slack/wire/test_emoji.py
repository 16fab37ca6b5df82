"""The page knows the emoji that Slack knows."""

from __future__ import annotations

from pathlib import Path

import bot
from learning.data.label_file import read_label_file
from tests.local.running import Slack

SHIPPED = Path(bot.__file__).parent / "labels.toml"


def test_the_page_can_draw_every_emoji_of_the_shipped_labels_by_each_of_its_names(slack: Slack) -> None:
    known = slack.http.get("/static/emoji.json").json()

    for label in read_label_file(SHIPPED):
        assert label.emoji.strip(":") in known
    assert known["boom"] == known["collision"] == "💥"
    assert known["card_file_box"] == "🗃️"
