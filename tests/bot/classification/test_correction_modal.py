from __future__ import annotations

import json

from bot.classification.correction_modal import OPTIONS_MOST, correction_view, matching, option
from bot.slack.payloads import ButtonTarget
from storage.tables.feedback import Label, LabelSource
from tests.factories import TEAM


def _label(name: str, description: str = "") -> Label:
    return Label(id=f"l-{name}", team_id=TEAM, name=name, description=description, source=LabelSource.FILE)


def _found(labels: list[Label], words: str) -> list[str]:
    return [one["text"]["text"] for one in matching(labels, words)]


LABELS = [
    _label("billing", "invoice, payment and account statements"),
    _label("account access", "cannot log in"),
    _label("bug", "a payment that fails with an error"),
]


def test_the_modal_knows_its_message_and_names_the_label_shown_but_chooses_none() -> None:
    view = correction_view(ButtonTarget("m1", 0), LABELS[0])

    menu, new = (block["element"] for block in view["blocks"])
    assert (view["callback_id"], view["private_metadata"]) == ("correct", "m1")
    assert "initial_option" not in menu
    assert view["blocks"][0]["hint"]["text"] == "Shown now: billing"
    assert menu["min_query_length"] == 0
    assert new["max_length"] == 60
    assert all(block["optional"] for block in view["blocks"])


def test_whoever_corrected_a_message_can_undo_that_in_the_modal() -> None:
    blocks = correction_view(ButtonTarget("m1", 0), LABELS[0], mine=LABELS[2])["blocks"]

    [undo] = [block for block in blocks if block["type"] == "actions"]
    assert "You chose *bug*." in str(blocks)
    assert (undo["elements"][0]["action_id"], undo["elements"][0]["value"]) == ("undo", "m1")


def test_before_anything_is_typed_every_label_is_offered() -> None:
    assert _found(LABELS, "") == ["billing", "account access", "bug"]


def test_labels_are_found_by_name_and_by_description_names_first() -> None:
    assert _found(LABELS, "account") == ["account access", "billing"]
    assert _found(LABELS, "PAYMENT") == ["billing", "bug"]


def test_all_words_have_to_match() -> None:
    assert _found(LABELS, "payment error") == ["bug"]
    assert _found(LABELS, "payment nonsense") == []


def test_no_more_labels_are_offered_than_slack_takes() -> None:
    assert len(matching([_label(f"label {number}") for number in range(300)], "label")) == OPTIONS_MOST == 100


def test_no_more_labels_are_offered_than_a_frame_of_socket_mode_holds() -> None:
    labels = [_label(f"{number} " + "\U0001f41b" * 60, "\U0001f41b" * 75) for number in range(100)]
    offered = json.dumps(matching(labels, ""))

    assert 60_000 < len(offered) < 64_100


def test_a_long_description_is_cut_to_slacks_bound_and_none_is_left_out() -> None:
    assert len(option(_label("bug", "x" * 1_000)).to_dict()["description"]["text"]) == 75
    assert "description" not in option(_label("bug")).to_dict()
