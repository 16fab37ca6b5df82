"""The modals that answer shortcuts on a message."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, ContextBlock, MarkdownTextObject, SectionBlock
from slack_sdk.models.views import View

from bot.card import sure, title, version
from bot.correction_view import CORRECT, inputs
from bot.language import _
from bot.mrkdwn import as_name
from bot.payloads import Json, Target
from bot.pointing import Glance
from storage.contents import Content

OTHERS = 3


def reading() -> Json:
    """What is shown until the model has read the message."""
    return _closed([_section(_("Reading the message …"))])


def fault(reason: str) -> Json:
    """Why there is no answer."""
    return _closed([_section(reason)])


def glance(seen: Glance, reason: str) -> Json:
    """What the model says of a message of which nothing is kept, and why it can't be corrected."""
    answer = f"{title(seen.label)} · {sure(seen.confidence)}"
    return _closed([_section(answer), ContextBlock(elements=[MarkdownTextObject(text=reason)])])


def answer(content: Content) -> Json:
    """What is said of a message, with all that is needed to correct it."""
    prediction = content.prediction
    assert prediction is not None
    label = content.labels[content.current or prediction.label_id]
    told = _("settled by people") if content.settled else sure(prediction.confidence)
    others = [
        f"{as_name(content.labels[label_id].name)} {share:.0%}"
        for label_id, share in prediction.ranked[: OTHERS + 1]
        if label_id != prediction.label_id
    ]
    context = _("model {version} said {label}, {sure}").format(
        version=version(prediction),
        label=as_name(content.labels[prediction.label_id].name),
        sure=sure(prediction.confidence),
    )
    if others:
        context += _("; then {labels}").format(labels=", ".join(others))
    view = View(
        type="modal",
        callback_id=CORRECT,
        private_metadata=str(Target(content.message.id, content.message.meaning)),
        title=_("This message"),
        submit=_("Save"),
        close=_("Close"),
        blocks=[
            _section(f"{title(label)} · {told}"),
            ContextBlock(elements=[MarkdownTextObject(text=context)]),
            *inputs(label),
        ],
    )
    return view.to_dict()


def _closed(blocks: Sequence[Block]) -> Json:
    return View(type="modal", title=_("This message"), close=_("Close"), blocks=list(blocks)).to_dict()


def _section(text: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=text))
