"""What a person sees before and after `/corrigible forget me`."""

from __future__ import annotations

from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    MarkdownTextObject,
    SectionBlock,
)

from bot.forgetting import Forgotten
from bot.payloads import Json
from storage.erasure import Kept

FORGET = "forget"


def question(kept: Kept) -> Json:
    """What is kept of whoever asks, and the button that erases it."""
    if kept.is_nothing:
        return {"text": "I keep nothing that you wrote or said, so there is nothing to erase."}
    text = (
        f"I keep {_count(kept.messages, 'message')} that you wrote ({kept.records} of them in Argilla too), and "
        f"{_count(kept.words, 'word')} of yours on messages and summaries. Erasing them can't be undone. What you said "
        "of others' messages counts on, without your name. In Slack your messages stay."
    )
    button = ButtonElement(
        text="Erase all that I wrote",
        action_id=FORGET,
        style="danger",
        accessibility_label="Erase all that I wrote",
        confirm=ConfirmObject(
            title="Erase it?",
            text=f"{_count(kept.messages, 'message')}. This can't be undone.",
            confirm="Erase",
            deny="Keep",
        ),
    )
    blocks = [SectionBlock(text=MarkdownTextObject(text=text)), ActionsBlock(elements=[button])]
    return {"text": text, "blocks": [block.to_dict() for block in blocks]}


def proof(forgotten: Forgotten) -> Json:
    """What was erased, and what is kept now."""
    before, after = forgotten.before, forgotten.after
    gone = before.records - forgotten.undelivered
    argilla = f"{_count(max(gone, 0), 'record')} in Argilla deleted"
    if forgotten.undelivered:
        argilla += f", {forgotten.undelivered} more as soon as Argilla answers"
    text = (
        f"Erased: {_count(before.messages, 'message')} with vectors and cards; {argilla}; your name taken from "
        f"{_count(before.words, 'word')}.\n"
        f"What I keep of you now: {_count(after.messages, 'message')}, {_count(after.words, 'word')}.\n"
        "What you write from now on is read where I am on, as before."
    )
    return {"text": text}


def _count(number: int, one: str) -> str:
    return f"{number} {one}{'s' * (number != 1)}"
