"""A modal that somebody sent, whatever its fields are: Slack's nested state as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.payloads import Json, PayloadError

HELD_UNDER = ("value", "selected_conversation", "selected_users")


@dataclass(frozen=True)
class Form:
    """Who sent it, what the bot kept in it, and for each block what it holds: a text, an id, a list, or None."""

    user_id: str
    metadata: str
    fields: dict[str, Any]

    def text(self, block: str) -> str:
        """What somebody wrote or chose in a block, without spaces around; empty for nothing."""
        return str(self.fields.get(block) or "").strip()


def form(body: Json) -> Form:
    """A `view_submission`. Raises PayloadError."""
    try:
        view = body["view"]
        fields = {block: _held(state) for block, state in view["state"]["values"].items()}
        return Form(str(body["user"]["id"]), str(view["private_metadata"]), fields)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PayloadError(f"not a modal of ours: {type(error).__name__}") from error


def _held(elements: Json) -> Any:
    [state] = elements.values()
    for key in HELD_UNDER:
        if state.get(key):
            return state[key]
    if "selected_options" in state:
        return [one["value"] for one in state["selected_options"] or ()]
    return (state.get("selected_option") or {}).get("value")
