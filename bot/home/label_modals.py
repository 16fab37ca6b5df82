"""The modals behind *Edit labels*: which one, and what it is called and for."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from slack_sdk.models.blocks import (
    CheckboxesElement,
    ContextBlock,
    ExternalDataSelectElement,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    PlainTextObject,
)

from bot.classification.correction_modal import LABEL
from bot.language.catalogues import _
from bot.slack.blocks import modal
from bot.slack.forms import SubmittedForm
from bot.slack.payloads import Json
from learning.data.label_file import NAME_MOST
from learning.text.names import visible
from storage.tables.feedback import Label, LabelSource

PICK, EDIT = "pick_label", "edit_label"
NAME, DESCRIPTION, EMOJI, EXAMPLES, FATE = "name", "description", "emoji", "examples", "fate"
RETIRE, FOLLOW_FILE = "retire", "follow_file"
DESCRIPTION_MOST = 1_000
EXAMPLES_MOST = 3_000
MOST = {NAME: NAME_MOST, DESCRIPTION: DESCRIPTION_MOST, EMOJI: 100, EXAMPLES: EXAMPLES_MOST}


def picker() -> Json:
    """A view for views.open: a label to change, or none for a new one."""
    menu = ExternalDataSelectElement(action_id=LABEL, min_query_length=0, placeholder=_("Choose a label"))
    hint = PlainTextObject(text=_("Leave it empty to add a new label."))
    choose = InputBlock(
        block_id=LABEL, label=_("The label to change"), element=menu, optional=True, hint=hint
    )
    return modal(PICK, _("Edit labels"), [choose], submit=_("Next"), close=_("Cancel"))


def editor(label: Label | None) -> Json:
    """A view to push: what a label is, empty for a new one."""
    return modal(
        EDIT,
        _("Edit a label") if label else _("Add a label"),
        [*_fields(label), *_fate(label)],
        submit=_("Save"),
        close=_("Back"),
        metadata=label.id if label else "",
    )


def _shown(label: Label | None) -> dict[str, str]:
    """Return the initial value of each field."""
    if label is None:
        return dict.fromkeys(MOST, "")
    examples = "\n".join(_lines(label)[: _fitting(label)])
    values = {NAME: label.name, DESCRIPTION: label.description, EMOJI: label.emoji, EXAMPLES: examples}
    return {block: value[: MOST[block]] for block, value in values.items()}


def _lines(label: Label) -> list[str]:
    return [" ".join(one.split()) for one in label.examples]


def _fitting(label: Label) -> int:
    """How many of a label's examples, from the first on, Slack lets one field hold."""
    ends = accumulate(len(line) + 1 for line in _lines(label))
    return sum(end - 1 <= EXAMPLES_MOST for end in ends)


def is_untouched(label: Label, form: SubmittedForm) -> bool:
    """Was the editor of this label sent as it was opened? Raises PayloadError."""
    was = {block: value.strip() for block, value in _shown(label).items()}
    return not form.chosen(FATE) and {block: form.text(block) for block in MOST} == was


def _fields(label: Label | None) -> list[InputBlock]:
    shown = _shown(label)
    described = _("A sentence in the words that people use: the bot reads it before it has examples.")
    return [
        _text(NAME, _("Name"), shown[NAME], _("Short; people read it on every card.")),
        _text(DESCRIPTION, _("What it is for"), shown[DESCRIPTION], described),
        _text(EMOJI, "Emoji", shown[EMOJI], _("A code such as :bug:, for cards and quiet mode.")),
        _text(EXAMPLES, _("Examples"), shown[EXAMPLES], _of_examples(label)),
    ]


def _of_examples(label: Label | None) -> str:
    hint = _("Messages with this label, one a line.")
    further = len(label.examples) - _fitting(label) if label else 0
    if not further:
        return hint
    return f"{hint} " + _("Kept, but too many to show here: {number} more.").format(number=further)


def _text(block: str, name: str, value: str, hint: str) -> InputBlock:
    field = PlainTextInputElement(
        action_id=block,
        initial_value=value or None,
        max_length=MOST[block],
        multiline=block in (DESCRIPTION, EXAMPLES),
    )
    optional = block != NAME
    return InputBlock(
        block_id=block,
        label=name,
        element=field,
        optional=optional,
        hint=PlainTextObject(text=hint, emoji=False),
    )


def _fate(label: Label | None) -> list[InputBlock | ContextBlock]:
    if label is None:
        return []
    choices = [
        Option(value=RETIRE, text=_("Retire it: nobody can choose it any more, what it was stays known"))
    ]
    if label.edited_at is not None and label.source is LabelSource.FILE:
        choices.append(
            Option(value=FOLLOW_FILE, text=_("Follow labels.toml again, and forget the fields above"))
        )
    boxes = CheckboxesElement(action_id=FATE, options=choices)
    told = [ContextBlock(elements=[MarkdownTextObject(text=_edited(label))])] if label.edited_at else []
    return [*told, InputBlock(block_id=FATE, label=_("Or"), element=boxes, optional=True)]


def _edited(label: Label) -> str:
    day = f"<!date^{int(label.edited_at or 0)}^{{date_short_pretty}}|?>"
    told = _("Edited here by {person}, {day}; labels.toml does not change it.")
    return told.format(person=f"<@{label.edited_by}>", day=day)


def entry(form: SubmittedForm, label: Label | None) -> dict[str, Any]:
    """What an operator wrote, with the fields of labels.toml. Raises PayloadError.

    Examples of the label that did not fit into the field stay.
    """
    written = [line.strip() for line in form.text(EXAMPLES).splitlines() if line.strip()]
    examples = [*written, *label.examples[_fitting(label) :]] if label else written
    name = visible(form.text(NAME))
    return {
        "name": name,
        "description": form.text(DESCRIPTION),
        "emoji": form.text(EMOJI),
        "examples": examples,
    }
