from __future__ import annotations

from typing import Any

from bot.home.label_modals import EXAMPLES, EXAMPLES_MOST, NAME, editor, entry, is_untouched
from bot.slack.forms import SubmittedForm
from storage.tables.feedback import Label, LabelSource
from tests.factories import ANA, TEAM

MANY = [f"message number {number} that somebody wrote" for number in range(100)]


def test_of_more_examples_than_a_field_holds_whole_ones_are_shown() -> None:
    shown = _field(_label(MANY))["element"]["initial_value"].splitlines()

    assert shown == MANY[: len(shown)]
    assert len("\n".join(shown)) <= EXAMPLES_MOST < len("\n".join([*shown, MANY[len(shown)]]))
    assert f"{100 - len(shown)} more" in _field(_label(MANY))["hint"]["text"]


def test_those_that_were_not_shown_stay_when_a_label_is_saved() -> None:
    label = _label(MANY)
    shown = _field(label)["element"]["initial_value"].splitlines()

    saved = entry(_sent("\n".join(["a new one", *shown[1:]])), label)

    assert saved["examples"] == ["a new one", *MANY[1:]]


def test_a_label_with_many_examples_that_is_sent_as_it_was_opened_is_untouched() -> None:
    label = _label(MANY)

    assert is_untouched(label, _sent(_field(label)["element"]["initial_value"]))


def test_of_few_examples_what_was_taken_out_is_gone() -> None:
    label = _label(["first", "second"])

    assert entry(_sent("second"), label)["examples"] == ["second"]
    assert entry(_sent("second"), None)["examples"] == ["second"]
    assert "more" not in _field(label)["hint"]["text"]


def _label(examples: list[str]) -> Label:
    return Label(team_id=TEAM, name="bug", examples=examples, source=LabelSource.FILE)


def _field(label: Label) -> dict[str, Any]:
    [field] = [block for block in editor(label)["blocks"] if block.get("block_id") == EXAMPLES]
    return field


def _sent(examples: str) -> SubmittedForm:
    return SubmittedForm(ANA, "", {NAME: "bug", EXAMPLES: examples})
