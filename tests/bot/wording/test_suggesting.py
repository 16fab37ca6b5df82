"""What is suggested in the place of a command that does not exist."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wording.suggesting import MEMBERS, OPERATORS, suggestion
from tests.properties import REPEATABLE


def suggested(told: str) -> list[str]:
    return re.findall(r"`/corrigible ([^`]+)`", told.partition("Did you mean")[2])


@pytest.mark.parametrize(
    ("typed", "unknown", "first"),
    [
        ("statsu", "statsu", "status"),
        ("labls", "labls", "labels"),
        ("onn", "onn", "on"),
        ("on replay", "replay", "on reply"),
        ("sumarise 20 messages", "sumarise", "summarize 30 messages"),
        ("summaries onn", "onn", "summaries on"),
        ("keep 90 weeks", "weeks", "keep 90 days"),
        ("digest of", "of", "digest off"),
        ("status please", "please", "status"),
        ("help me", "me", "help"),
    ],
)
def test_the_unknown_word_is_named_with_the_two_closest_commands(
    typed: str, unknown: str, first: str
) -> None:
    told = suggestion(typed.split(), for_operator=False)

    assert f"“{unknown}”" in told
    assert suggested(told)[0] == first
    assert len(set(suggested(told))) == 2


def test_a_command_that_lacks_a_word_is_completed() -> None:
    told = suggestion(["digest"], for_operator=False)

    assert told.startswith("`/corrigible digest` needs another word.")
    assert suggested(told) == ["digest on", "digest off"]


@pytest.mark.parametrize(("for_operator", "first"), [(True, "retrain"), (False, None)])
def test_operators_commands_are_suggested_to_operators_alone(for_operator: bool, first: str | None) -> None:
    found = suggested(suggestion(["retrian"], for_operator))

    assert (found[0] == first) if first else not set(found) & set(OPERATORS)


@REPEATABLE
@given(st.lists(st.text(min_size=1, max_size=600), min_size=1, max_size=20))
def test_whatever_is_typed_is_not_obeyed_and_two_commands_are_suggested(words: list[str]) -> None:
    told = suggestion(words, for_operator=False)

    assert len(told) < 400
    assert not re.search(r"<[@!#h]", told)
    assert set(suggested(told)) <= set(MEMBERS)
