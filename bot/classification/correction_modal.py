"""The modal behind *Change*: every label to choose from, or a new one to propose. Nothing is chosen beforehand."""

from __future__ import annotations

import json
from itertools import accumulate

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ContextBlock,
    ExternalDataSelectElement,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    PlainTextObject,
)

from bot.classification.card import none_of_these, undo_button
from bot.language.catalogues import _
from bot.slack.blocks import modal, section
from bot.slack.mrkdwn import as_name, as_plain_name, plain_text
from bot.slack.payloads import ButtonTarget, Json
from learning.data.label_file import NAME_MOST
from learning.text.names import visible
from storage.tables.feedback import Label

CORRECT = "correct"
LABEL = "label"
PROPOSAL = "proposal"
UNDO = "undo"
OPTIONS_MOST = 100
# By Socket Mode an acknowledgement, with its envelope, has to be of less than 64 KiB (`slack_sdk` sends no larger one).
OPTIONS_BYTES = 64_000


def correction_view(
    of: ButtonTarget, current: Label | None, mine: Label | None = None, notice: str = ""
) -> Json:
    """A view for views.open. `mine`: the label that whoever opens it has chosen already; `notice`: what the user has
    to know first.
    """
    told = [section(notice)] if notice else []
    return modal(
        CORRECT,
        _("Correct the label"),
        [*told, *inputs(current), *own(of.message_id, mine)],
        submit=_("Save"),
        close=_("Cancel"),
        metadata=str(of),
    )


def own(message_id: str, mine: Label | None) -> list[Block]:
    """Show what a user has said already, and the button that undoes it."""
    if mine is None:
        return []
    told = _("You chose *{label}*.").format(label=as_name(mine.name))
    return [
        ContextBlock(elements=[MarkdownTextObject(text=told)]),
        ActionsBlock(block_id=UNDO, elements=[undo_button(message_id)]),
    ]


def inputs(current: Label | None) -> list[InputBlock]:
    """Return the inputs for the right label. `current`: the label that is shown now; None if none fits."""
    menu = ExternalDataSelectElement(action_id=LABEL, min_query_length=0, placeholder=_("Choose a label"))
    new = PlainTextInputElement(action_id=PROPOSAL, max_length=NAME_MOST, placeholder=_("e.g. data export"))
    name = as_plain_name(current.name) if current else none_of_these()
    now = _("Shown now: {label}").format(label=name)
    shown = PlainTextObject(text=now, emoji=False)
    hint = PlainTextObject(text=_("If none fits. It can be chosen from then on, and wins over the menu."))
    return [
        InputBlock(block_id=LABEL, label=_("The right label"), element=menu, optional=True, hint=shown),
        InputBlock(block_id=PROPOSAL, label=_("Or a new one"), element=new, optional=True, hint=hint),
    ]


def option(label: Label) -> Option:
    """A label as a line of the menu."""
    description = plain_text(label.description) if visible(label.description) else None
    return Option(value=label.id, text=plain_text(label.name), description=description)


def matching(labels: list[Label], words: str) -> list[Json]:
    """The labels whose name or description holds all the words, as many as Slack can be sent; names first."""
    wanted = set(words.lower().split())
    found = [
        label
        for label in labels
        if all(word in f"{label.name} {label.description}".lower() for word in wanted)
    ]
    found.sort(key=lambda label: not all(word in label.name.lower() for word in wanted))
    options = [option(label).to_dict() for label in found[:OPTIONS_MOST]]
    sizes = accumulate(len(json.dumps(one)) + len(", ") for one in options)
    return [one for one, size in zip(options, sizes, strict=True) if size <= OPTIONS_BYTES]
