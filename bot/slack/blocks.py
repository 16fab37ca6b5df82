"""Blocks, messages and modals over slack_sdk's models, within the lengths that Slack allows."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    MarkdownTextObject,
    SectionBlock,
)
from slack_sdk.models.views import View

from bot.language.catalogues import _
from bot.slack.mrkdwn import clipped
from bot.slack.payloads import Json
from storage.workspaces.pseudonyms import is_forgotten

# Slack allows 3,000 characters in a text object; what else a caller adds has to fit too.
MAX_TEXT = 2_900
BAR = 20


def section(text: str) -> SectionBlock:
    """Return a paragraph of mrkdwn, cut where Slack would refuse it."""
    return SectionBlock(text=MarkdownTextObject(text=_fitting(text)))


def context(text: str) -> ContextBlock:
    """Return small print."""
    return ContextBlock(elements=[MarkdownTextObject(text=_fitting(text))])


def message(text: str, blocks: Sequence[Block]) -> Json:
    """Return arguments of chat.postMessage and chat.update. text: for screen readers and notifications."""
    return {"text": clipped(text, MAX_TEXT), "blocks": [block.to_dict() for block in blocks]}


def with_button(text: str, button: ButtonElement) -> Json:
    """Return a message of one paragraph and one button."""
    return message(text, [section(text), ActionsBlock(elements=[button])])


def modal(
    callback_id: str | None,
    title: str,
    blocks: Sequence[Block],
    submit: str | None,
    close: str,
    metadata: str = "",
) -> Json:
    """Return a view for views.open. metadata: what its submission brings back."""
    view = View(
        type="modal",
        callback_id=callback_id,
        private_metadata=metadata,
        title=title,
        submit=submit,
        close=close,
        blocks=list(blocks),
    )
    return view.to_dict()


def person(user_id: str) -> str:
    """Return a mention of a user, or *somebody* if the user was forgotten."""
    return _("somebody") if is_forgotten(user_id) else f"<@{user_id}>"


def bar(done: float) -> str:
    """Return a progress bar of letters. done: between 0 and 1."""
    full = round(BAR * min(max(done, 0.0), 1.0))
    return "█" * full + "░" * (BAR - full)


def _fitting(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{clipped(text, MAX_TEXT)} …"
