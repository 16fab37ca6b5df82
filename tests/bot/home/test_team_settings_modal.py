"""The modal in which operators choose settings."""

from __future__ import annotations

from typing import Any

import pytest

from bot.context.settings import Settings
from bot.home.team_settings_modal import choices_view
from bot.permissions.team_settings import Chosen
from storage.tables.workspaces import Choice
from tests.factories import ANA, TEAM


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [("ask_below_margin", 0.1234567, "0.1234567"), ("ask_per_day", 100_000, "100000")],
)
def test_what_was_chosen_stands_in_its_field_as_it_was_chosen(name: str, value: Any, shown: str) -> None:
    chosen = Choice(team_id=TEAM, name=name, value=value, set_by=ANA)

    view = choices_view(Chosen(Settings(_env_file=None), {name: chosen}))

    [block] = [one for one in view["blocks"] if one.get("block_id") == name]
    assert block["element"]["initial_value"] == shown
