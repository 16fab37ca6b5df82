"""An emoji is one emoji, whichever of its names Slack tells."""

from __future__ import annotations

import pytest

from storage.database.engine import Database
from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.text.emoji import emoji_name
from tests.factories import TEAM


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("boom", "collision"),
        ("memo", "pencil"),
        ("telephone", "phone"),
        ("thumbsup", "+1"),
        ("-1", "thumbsdown"),
        (":thumbsup:", "+1::skin-tone-2"),
        (":wave::skin-tone-6:", "wave"),
        ("hankey", "poop"),
        ("us", "flag-us"),
    ],
)
def test_two_names_of_an_emoji_are_the_same(one: str, other: str) -> None:
    assert emoji_name(one) == emoji_name(other)


@pytest.mark.parametrize(
    ("one", "other"), [("bug", "beetle"), ("pencil", "pencil2"), ("phone", "telephone_receiver")]
)
def test_emoji_that_look_alike_are_two(one: str, other: str) -> None:
    assert emoji_name(one) != emoji_name(other)


def test_a_workspaces_own_emoji_stands_for_itself() -> None:
    assert emoji_name(":party-parrot:") == "party-parrot"
    assert emoji_name("") == ""


@pytest.mark.parametrize("reaction", ["boom", "collision"])
def test_a_reaction_by_either_name_means_the_label(database: Database, reaction: str) -> None:
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec("outage", emoji=":collision:"), LabelSpec("bug")])
        found = labels.by_emoji(session, TEAM, reaction)

    assert found is not None
    assert found.name == "outage"
