"""What Slack refuses in blocks and views."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

import pytest

from local.slack.blocks.limits import check_blocks, check_view
from local.slack.wire.wire import SlackError
from tests.local.factories import (
    actions,
    button,
    external_select,
    modal,
    option,
    plain,
    section,
    static_select,
    text_input,
)

FEEDBACK = {
    "type": "feedback_buttons",
    "action_id": "f",
    "positive_button": {"text": plain("Good"), "value": "1"},
    "negative_button": {"text": plain("Bad"), "value": "0"},
}
GOOD: list[dict[str, Any]] = [
    section("x" * 3000),
    section(accessory=button(style="primary", value="v" * 2000)),
    section(accessory={"type": "image", "image_url": "http://x.example/i.png", "alt_text": "i"}),
    actions(*[button(f"a{n}", "x" * 75) for n in range(25)]),
    actions(static_select([option("x" * 75, str(n)) for n in range(100)]), external_select()),
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 10},
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    {"type": "context_actions", "elements": [FEEDBACK]},
    {"type": "markdown", "text": "**x**"},
    text_input(),
]
BAD: list[Any] = [
    "divider",
    {},
    {"type": ["divider"]},
    {"type": "nonsense"},
    section("x" * 3001),
    section(""),
    {"type": "section"},
    section(block_id="x" * 256),
    section(block_id=3),
    section(accessory={"type": "nonsense"}),
    section(accessory="button"),
    section(fields=[{"type": "mrkdwn", "text": "x"}] * 11),
    actions(),
    {"type": "actions"},
    {"type": "actions", "elements": "x"},
    actions(*[button(f"a{n}") for n in range(26)]),
    actions(button("same"), button("same")),
    actions(button(text="x" * 76)),
    actions(button(text="")),
    actions(button(value="v" * 2001)),
    actions(button(style="loud")),
    actions({**button(), "text": {"type": "mrkdwn", "text": "x"}}),
    actions(button([])),  # type: ignore[arg-type]
    actions(static_select([])),
    actions(static_select([option()] * 101)),
    actions(static_select([option("x" * 76)])),
    actions(static_select([option(value="v" * 151)])),
    actions(static_select([{"text": {"type": "mrkdwn", "text": "x"}, "value": "v"}])),
    actions({"type": "overflow", "action_id": "o", "options": [option()] * 6}),
    actions({"type": "plain_text_input", "action_id": "t"}),
    {"type": "header", "text": plain("x" * 151)},
    {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11},
    {"type": "image", "image_url": "http://x.example/i.png"},
    {"type": "input", "label": plain("x")},
    {"type": "input", "label": plain("x"), "element": button()},
]


@pytest.mark.parametrize("block", GOOD)
def test_a_block_within_the_limits_passes(block: dict[str, Any]) -> None:
    check_blocks([block])


@pytest.mark.parametrize("block", BAD, ids=lambda block: str(block)[:60])
def test_a_block_outside_the_limits_is_refused(block: Any) -> None:
    with pytest.raises(SlackError, match="invalid_blocks"):
        check_blocks([block])


def test_a_message_takes_fifty_blocks_and_a_view_a_hundred() -> None:
    check_blocks([section()] * 50)
    check_view(modal(*[section()] * 100))

    with pytest.raises(SlackError):
        check_blocks([section()] * 51)
    with pytest.raises(SlackError):
        check_view(modal(*[section()] * 101))


def test_two_blocks_cannot_share_an_id() -> None:
    with pytest.raises(SlackError, match="invalid_blocks"):
        check_blocks([section(block_id="same"), section(block_id="same")])


@pytest.mark.parametrize(
    "view",
    [
        {},
        modal(type="window"),
        modal(title=plain("x" * 25)),
        modal(title=None),
        modal(title={"type": "mrkdwn", "text": "x"}),
        modal(submit=None),
        modal(submit=plain("x" * 25)),
        modal(private_metadata="x" * 3001),
        modal(callback_id="x" * 256),
        modal(blocks=None),
        modal(blocks=[{"type": "nonsense"}]),
        modal(blocks=[]),
    ],
    ids=lambda view: str(view)[:60],
)
def test_a_view_outside_the_limits_is_refused(view: dict[str, Any]) -> None:
    with pytest.raises(SlackError):
        check_view(view)


def test_whatever_is_broken_in_a_block_is_a_refusal_and_never_a_crash() -> None:
    chance = random.Random(7)
    refused: set[str] = set()
    for _ in range(800):
        block = chance.choice(GOOD)
        view = modal(deepcopy(block))
        spoil(view, chance)
        try:
            check_view(view)
        except SlackError:
            if view["blocks"] != [block]:
                refused.add(block["type"])

    assert refused == {block["type"] for block in GOOD}


def spoil(found: Any, chance: random.Random) -> None:
    """Put something absurd at a random place of nested JSON."""
    while True:
        keys = list(found) if isinstance(found, dict) else list(range(len(found)))
        key = chance.choice(keys)
        if not isinstance(found[key], (dict, list)) or not found[key] or chance.random() < 0.2:
            found[key] = chance.choice([None, 3, "", "x", [], {}, [None], {"type": 1}, True])
            return
        found = found[key]
