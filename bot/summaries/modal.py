"""The modal behind *Edit*: the summary's text, to be improved."""

from __future__ import annotations

import hashlib

from slack_sdk.models.blocks import InputBlock, PlainTextInputElement, PlainTextObject

from bot.language.catalogues import _
from bot.slack.blocks import modal
from bot.slack.payloads import Json

EDIT_VIEW = "summary_edit_view"
TEXT = "text"
# Slack's limit for a text input.
TEXT_MOST = 3_000


def mark(text: str) -> str:
    """What tells a text that the modal showed from another one; spaces around it don't count."""
    return hashlib.sha256(text[:TEXT_MOST].strip().encode()).hexdigest()[:16]


def edit_view(summary_id: str, text: str) -> Json:
    """A view for views.open."""
    field = PlainTextInputElement(
        action_id=TEXT, multiline=True, initial_value=text[:TEXT_MOST], max_length=TEXT_MOST
    )
    hint = PlainTextObject(
        text=_("Everybody in the thread sees it, reviewers may polish it, and later summaries learn.")
    )
    return modal(
        EDIT_VIEW,
        _("Edit the summary"),
        [InputBlock(block_id=TEXT, label=_("What it should say"), element=field, hint=hint)],
        submit=_("Save"),
        close=_("Cancel"),
        metadata=f"{summary_id}:{mark(text)}",
    )
