"""What Slack refuses in texts, blocks, views and metadata.

slack_sdk's own models check most lengths; what they let through is checked here, before and after.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from local.slack.blocks.elements import elements
from local.slack.wire.wire import Json, SlackError

MAX_TEXT = 40_000
MAX_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
MAX_OPTIONS = 100
MAX_OPTION_TEXT = 75
MAX_METADATA_BYTES = 16_000

_BLOCKS = {
    *("actions", "alert", "card", "carousel", "context", "context_actions", "divider", "file", "header"),
    *("image", "input", "markdown", "plan", "rich_text", "section", "table", "task_card", "video"),
}
_SELECTS = {
    *("static_select", "external_select", "users_select", "conversations_select", "channels_select"),
    *("multi_static_select", "multi_external_select", "multi_users_select"),
    *("multi_conversations_select", "multi_channels_select"),
}
_CHOICES = {"radio_buttons", "checkboxes"}
_DATES = {"datepicker", "timepicker", "datetimepicker"}
_TYPED = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"}
_ALLOWED = {  # which elements each block may hold
    "actions": _SELECTS | _CHOICES | _DATES | {"button", "overflow", "workflow_button"},
    "section": _SELECTS | _CHOICES | _DATES | {"button", "overflow", "workflow_button", "image"},
    "input": _SELECTS | _CHOICES | _DATES | _TYPED | {"file_input"},
    "context_actions": {"feedback_buttons", "icon_button"},
}


def check_text(text: str) -> None:
    """Refuse a text longer than Slack takes."""
    if len(text) > MAX_TEXT:
        raise SlackError("msg_too_long")


def check_blocks(blocks: list[Any], most: int = MAX_BLOCKS) -> None:
    """Refuse blocks that Slack would refuse, saying why."""
    if len(blocks) > most:
        raise _invalid(f"no more than {most} items allowed [json-pointer:/blocks]")
    for at, block in enumerate(blocks):
        try:
            _check_block(block)
        except (SlackObjectFormationError, TypeError, AttributeError, KeyError, ValueError) as error:
            raise _invalid(f"{_words(error)} [json-pointer:/blocks/{at}]") from None
    named = [block["block_id"] for block in blocks if block.get("block_id")]
    if len(named) != len(set(named)):
        raise _invalid("block_id must be unique")


def check_view(view: Json) -> None:
    """Refuse a view that Slack would refuse."""
    if view.get("type") not in ("modal", "home"):
        raise SlackError("invalid_arguments", "must be one of: modal, home [json-pointer:/view/type]")
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        raise SlackError("invalid_arguments", "missing required field: blocks [json-pointer:/view]")
    check_blocks(blocks, MAX_VIEW_BLOCKS)
    try:
        _check_view_texts(view)
        View(**view).to_dict()
    except (SlackObjectFormationError, TypeError, AttributeError, ValueError) as error:
        raise SlackError("invalid_arguments", f"{_words(error)} [json-pointer:/view]") from None


def check_metadata(metadata: Json) -> None:
    """Refuse message metadata without its two fields, or too large."""
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
        raise SlackError("invalid_metadata_format", "event_type and event_payload are required")
    if len(repr(payload)) > MAX_METADATA_BYTES:
        raise SlackError("metadata_too_large")


def check_options(options: list[Any]) -> None:
    """Refuse the options of an external select that Slack would not show."""
    _require(len(options) <= MAX_OPTIONS, f"no more than {MAX_OPTIONS} options")
    for option in options:
        _check_option(option, plain=True)


def _check_block(block: Any) -> None:
    _require(isinstance(block, dict) and block.get("type") in _BLOCKS, "unsupported type of block")
    _check_name(block, "block_id")
    for element in _listed(block):
        _check_element(block["type"], element)
    for text in _texts(block):
        _require(bool(text.get("text")), "text must be more than 0 characters")
    if block["type"] == "header":
        _check_plain(block["text"])
    if block["type"] == "input":
        _check_plain(block["label"])
    if parsed := Block.parse(block):
        parsed.to_dict()  # this is where the models check


def _listed(block: Json) -> Iterator[Json]:
    if block["type"] in ("actions", "context_actions"):
        given = block["elements"]
        _require(isinstance(given, list) and bool(given), "elements must have at least 1 item")
    if block["type"] in _ALLOWED:
        yield from elements(block)
        ids = [str(element["action_id"]) for element in elements(block) if element.get("action_id")]
        _require(len(ids) == len(set(ids)), "action_id must be unique in its block")


def _check_element(block_type: str, element: Json) -> None:
    kind = element.get("type")
    _check_name(element, "action_id")
    _require(kind in _ALLOWED[block_type], "unsupported type of element")
    if kind == "button":
        _check_plain(element["text"])
    if "placeholder" in element:
        _check_plain(element["placeholder"])
    if kind in ("static_select", "multi_static_select"):
        _require(bool(element.get("options")) != bool(element.get("option_groups")), "options: at least 1")
    if kind in _CHOICES:
        _require(1 <= len(element["options"]) <= 10, "options must have between 1 and 10 items")
    options = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        _check_plain(group["label"])
        options += group["options"]
    for option in options:
        _check_option(option, plain=kind not in _CHOICES)


def _check_option(option: Any, plain: bool) -> None:
    text = option["text"]
    if plain:
        _check_plain(text)
    _require(
        1 <= len(text["text"]) <= MAX_OPTION_TEXT, f"option text must be 1 to {MAX_OPTION_TEXT} characters"
    )
    _require(isinstance(option.get("value", ""), str), "option value must be a string")
    _require(len(option.get("value", "")) <= 150, "option value must be at most 150 characters")


def _check_view_texts(view: Json) -> None:
    for key in ("title", "submit", "close"):
        if view.get(key) is not None:
            _check_plain(view[key])
    if view["type"] == "modal":
        _require(bool(view.get("title")), "missing required field: title")
        has_input = any(block["type"] == "input" for block in view["blocks"])
        _require(bool(view.get("submit")) or not has_input, "submit is required when there is an input")


def _check_name(found: Json, key: str) -> None:
    name = found.get(key)
    _require(name is None or isinstance(name, str), f"{key} must be a string")
    _require(len(name or "") <= 255, f"{key} must be at most 255 characters")


def _check_plain(text: Any) -> None:
    _require(isinstance(text, dict) and text.get("type") == "plain_text", "must be a plain_text object")
    _require(bool(text.get("text")), "text must be more than 0 characters")


def _texts(block: Json) -> Iterator[Json]:
    found = [block.get("text"), *(block.get("fields") or [])]
    if block["type"] == "context":
        found += [element for element in block["elements"] if element.get("type") != "image"]
    return (text for text in found if isinstance(text, dict))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _words(error: Exception) -> str:
    return f"missing required field: {error.args[0]}" if isinstance(error, KeyError) else str(error)


def _invalid(note: str) -> SlackError:
    return SlackError("invalid_blocks", note)
