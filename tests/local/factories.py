"""Payloads that tests send: texts, blocks, views."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str = "hello", **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "go", text: str = "Go", **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


def actions(*elements: Json, block_id: str = "card") -> Json:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def option(text: str = "Bug", value: str = "bug") -> Json:
    return {"text": plain(text), "value": value}


def static_select(options: list[Json], action_id: str = "pick", **more: Any) -> Json:
    return {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain("Pick"),
        "options": options,
        **more,
    }


def external_select(action_id: str = "find") -> Json:
    return {
        "type": "external_select",
        "action_id": action_id,
        "placeholder": plain("Find"),
        "min_query_length": 0,
    }


def text_input(block_id: str = "reason", action_id: str = "text", **more: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": action_id}
    return {"type": "input", "block_id": block_id, "label": plain("Why"), "element": element, **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("A form"),
        "submit": plain("Send"),
        "blocks": list(blocks) or [text_input()],
        **more,
    }


def state(block_id: str = "reason", action_id: str = "text", value: str = "because") -> Json:
    return {"values": {block_id: {action_id: {"type": "plain_text_input", "value": value}}}}
