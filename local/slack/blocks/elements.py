"""The interactive elements inside blocks: their ids, where they are, and what an input holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.slack.wire.ids import new_id
from local.slack.wire.wire import Json, SlackError

# Under which key an element holds its value, and under which it was given an initial one.
_VALUES = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", ""),
}
_CHOSEN = ("value", "selected_option", "selected_options")
_SECTION_KEYS = ("elements", "accessory", "element")


def elements(block: Json) -> Iterator[Json]:
    """The elements of a block that have, or may have, an action_id."""
    for key in _SECTION_KEYS if block["type"] not in ("context", "rich_text") else ():
        found = block.get(key) or []
        for element in found if isinstance(found, list) else [found]:
            if element.get("type") != "image":
                yield element


def with_ids(blocks: list[Json]) -> list[Json]:
    """The same blocks, with an id wherever the bot left one out."""
    named = []
    for block in blocks:
        block = {**block, "block_id": block.get("block_id") or new_id("b", 5)}
        if block["type"] in ("section", "actions", "input", "context_actions"):
            for key in _SECTION_KEYS:
                if isinstance(block.get(key), list):
                    block[key] = [_with_id(element) for element in block[key]]
                elif isinstance(block.get(key), dict):
                    block[key] = _with_id(block[key])
        named.append(block)
    return named


def _with_id(element: Json) -> Json:
    if element.get("type") == "image" or element.get("action_id"):
        return element
    return {**element, "action_id": new_id("a", 5)}


def find(blocks: list[Json], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    """The block and the element that a click names."""
    for block in blocks:
        if block_id in (None, "", block.get("block_id")):
            for element in elements(block):
                if element.get("action_id") == action_id:
                    return block, element
    raise SlackError("action_not_found")


def taken_action(blocks: list[Json], action: Json, action_ts: str) -> Json:
    """One entry of a payload's `actions`: what was clicked as the bot made it, and what the person chose."""
    block, element = find(blocks, str(action.get("action_id")), action.get("block_id"))
    own: Json = {
        key: element[key] for key in ("type", "action_id", "text", "placeholder", "style") if key in element
    }
    chosen = {key: value for key, value in action.items() if key in _CHOSEN or key.startswith("selected_")}
    if element["type"] == "button":
        chosen = {"value": element["value"]} if "value" in element else {}
    _refuse_what_was_not_offered(element, chosen)
    return {**own, "block_id": block["block_id"], **chosen, "action_ts": action_ts}


def _refuse_what_was_not_offered(element: Json, chosen: Json) -> None:
    offered = element.get("options") or [o for g in element.get("option_groups") or [] for o in g["options"]]
    values = {option.get("value") for option in offered}
    picked = [chosen["selected_option"]] if chosen.get("selected_option") else chosen.get("selected_options")
    if offered and any(option.get("value") not in values for option in picked or []):
        raise SlackError("option_not_found")
    if element["type"] == "feedback_buttons":
        buttons = (element["positive_button"], element["negative_button"])
        if chosen.get("value") not in [button["value"] for button in buttons]:
            raise SlackError("option_not_found")


def input_values(blocks: list[Json], given: Json) -> Json:
    """`state.values` with every input: as the person left it, else its initial value, else empty."""
    values: dict[str, dict[str, Json]] = {}
    for block in blocks:
        for element in elements(block):
            if element.get("type") not in _VALUES:
                continue
            if block["type"] != "input" and element["action_id"] not in given.get(block["block_id"], {}):
                continue
            state = given.get(block["block_id"], {}).get(element["action_id"])
            values.setdefault(block["block_id"], {})[element["action_id"]] = _held(element, state)
    return values


def _held(element: Json, given: Json | None) -> Json:
    key, initial = _VALUES[element["type"]]
    empty: Any = [] if key.endswith("s") else None
    held = given.get(key, empty) if given is not None else element.get(initial, empty)
    return {"type": element["type"], key: empty if held in ("", None) else held}


def unanswered(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack says, before the bot is asked, under required inputs that were left empty."""
    errors = {}
    for block in blocks:
        if block["type"] == "input" and not block.get("optional"):
            element = block["element"]
            key, _ = _VALUES.get(element["type"], ("value", ""))
            if not values.get(block["block_id"], {}).get(element["action_id"], {}).get(key):
                errors[block["block_id"]] = "Please complete this required field."
    return errors
