"""What a person sees before and after `/corrigible forget me`."""

from __future__ import annotations

from slack_sdk.models.blocks import (
    ButtonElement,
    ConfirmObject,
)

from bot.language.catalogues import _, many
from bot.privacy.forgetting import Forgotten
from bot.slack.blocks import with_button
from bot.slack.payloads import Json
from storage.privacy.erasure import KeptOfUser

FORGET = "forget"


def question(kept: KeptOfUser, is_removing: bool) -> Json:
    """What is kept of whoever asks, and the button that erases it. `is_removing`: what was erased has not left all
    files yet.
    """
    if kept.is_nothing and is_removing:
        return {"text": _("I keep no message of yours any more. {removing}").format(removing=_removing())}
    if kept.is_nothing:
        return {"text": _("I keep nothing that you wrote or said, so there is nothing to erase.")}
    text = _(
        "I keep {messages} that you wrote ({records} of them in Argilla too), and {words} of yours on messages and "
        "summaries. Erasing them can't be undone. What you said of others' messages counts on, without your name. In "
        "Slack your messages stay."
    ).format(messages=_messages(kept.messages), records=kept.records, words=_words(kept.words))
    button = ButtonElement(
        text=_("Erase all that I wrote"),
        action_id=FORGET,
        style="danger",
        accessibility_label=_("Erase all that I wrote"),
        confirm=ConfirmObject(
            title=_("Erase it?"),
            text=_("{messages}. This can't be undone.").format(messages=_messages(kept.messages)),
            confirm=_("Erase"),
            deny=_("Keep"),
        ),
    )
    return with_button(text, button)


def proof(forgotten: Forgotten) -> Json:
    """What was erased, and what is kept now."""
    before, after = forgotten.before, forgotten.after
    gone = before.records - forgotten.undelivered
    argilla = many("{number} record in Argilla deleted", "{number} records in Argilla deleted", max(gone, 0))
    if forgotten.undelivered:
        argilla += _(", {number} more as soon as Argilla answers").format(number=forgotten.undelivered)
    erased = _("Erased: {messages} with vectors and cards; {argilla}; your name taken from {words}.").format(
        messages=_messages(before.messages), argilla=argilla, words=_words(before.words)
    )
    left = _("What I keep of you now: {messages}, {words}.").format(
        messages=_messages(after.messages), words=_words(after.words)
    )
    if forgotten.is_in_files:
        left = _removing()
    return {
        "text": "\n".join([erased, left, _("What you write from now on is read where I am on, as before.")])
    }


def _removing() -> str:
    return _(
        "Files may still hold some of what was erased. It is removed within minutes, from a large database by "
        "tomorrow; `/corrigible forget me` says when nothing is left."
    )


def _messages(number: int) -> str:
    return many("{number} message", "{number} messages", number)


def _words(number: int) -> str:
    return many("{number} word", "{number} words", number)
