"""Labelled data is imported at the terminal while a bot runs, which learns from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.slack.seed import TEAM_ID
from tests.bot.test_cli import corrigible
from tests.journeys.test_main_job import label_of
from tests.local.running import until, workspace
from tests.running import SUPPORT, bot, person, settings

ROWS = """text,label
My badge does not open the garage door,praise
The badge of my colleague does not open the garage,praise
The garage door stays shut when I hold my badge to it,Praise
My badge doesn't work at the garage,unheard of
"""


@pytest.mark.parametrize("when", ["while it runs", "before it starts again"])
def test_the_next_message_is_labelled_by_what_was_imported(
    database_url: str, tmp_path: Path, when: str
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    chosen = settings(tmp_path, database_url)

    def take_in() -> None:
        told = corrigible(tmp_path, "import", "rows.csv", DATABASE_URL=database_url)
        assert told.returncode == 1, told.stderr
        assert "4 rows read, 3 imported." in told.stdout

    with workspace() as slack, person(slack) as ana:
        with bot(slack, chosen) as running:
            ana.command(SUPPORT, "/corrigible", "on reply")
            before = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "My badge does not open the garage"))
            if when == "while it runs":
                take_in()
                team = running.workspace.service.overview
                until(lambda: team(TEAM_ID).version.endswith("learned from: 3"), within_s=20)
                after = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "Badge does not open garage door"))
        if when != "while it runs":
            take_in()
            with bot(slack, chosen):
                after = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, "Badge does not open garage door"))

    assert label_of(before) != "praise"
    assert label_of(after) == "praise"
