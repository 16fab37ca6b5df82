"""A modal that somebody sent, whatever its fields are: Slack's nested state as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.slack.payloads import clicker, fields
from bot.slack.shapes import (
    OUR_ID_OR_NONE,
    SLACK_ID,
    VALUE,
    Json,
    PayloadError,
    like,
    like_or_none,
    part,
    parts,
    text,
    text_or_none,
)


@dataclass(frozen=True)
class SubmittedForm:
    """Who sent it, what the bot kept in it, and for each block what it holds: a text, an id, a list, or None."""

    user_id: str
    metadata: str
    fields: dict[str, Any]

    def text(self, block: str) -> str:
        """What somebody wrote or chose in a block, without spaces around; empty for nothing. Raises PayloadError."""
        return (text_or_none(self.fields, block) or "").strip()

    def chosen(self, block: str) -> list[str]:
        """All that somebody chose in a block. Raises PayloadError."""
        found = self.fields.get(block) or []
        if not isinstance(found, list):
            raise PayloadError("a field for several choices holds something else")
        return found


def form(body: Json) -> SubmittedForm:
    """A `view_submission`. Raises PayloadError."""
    view = part(body, "view")
    held = {block: _held(state) for block, _action, state in fields(view)}
    return SubmittedForm(clicker(body), like(OUR_ID_OR_NONE, view, "private_metadata"), held)


def _held(state: Json) -> Any:
    """What a field holds: the texts of it, and ids and values of what was chosen in it."""
    if state.get("value"):
        return text(state, "value")
    if state.get("selected_conversation"):
        return like(SLACK_ID, state, "selected_conversation")
    if state.get("selected_users"):
        return _ids(state["selected_users"])
    if "selected_options" in state:
        chosen = parts(state, "selected_options") if state["selected_options"] else []
        return [like(VALUE, one, "value") for one in chosen]
    return like_or_none(VALUE, state, "selected_option", "value")


def _ids(users: object) -> list[str]:
    if not isinstance(users, list):
        raise PayloadError("selected_users is not a list")
    return [like(SLACK_ID, {"user": user}, "user") for user in users]
