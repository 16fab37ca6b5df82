"""The modal behind *Settings*: what operators may set for their own team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    ConversationFilter,
    ConversationSelectElement,
    InputBlock,
    InputInteractiveElement,
    MarkdownTextObject,
    NumberInputElement,
    PlainTextInputElement,
    PlainTextObject,
    UserMultiSelectElement,
)
from slack_sdk.models.views import View

from bot.choices import NAMES, Chosen
from bot.forms import Form
from bot.payloads import Json

CHOOSE = "choose_settings"


@dataclass(frozen=True)
class Number:
    """A number between two bounds; `decimals`: may it have any?"""

    least: str
    most: str
    decimals: bool

    def element(self, name: str, value: Any) -> InputInteractiveElement:
        """Slack's own field for it."""
        return NumberInputElement(
            action_id=name,
            is_decimal_allowed=self.decimals,
            min_value=self.least,
            max_value=self.most,
            initial_value=None if value is None else f"{value:g}",
        )


@dataclass(frozen=True)
class Text:
    """A short text."""

    most: int = 100

    def element(self, name: str, value: Any) -> InputInteractiveElement:
        """Slack's own field for it."""
        return PlainTextInputElement(action_id=name, initial_value=value, max_length=self.most)


@dataclass(frozen=True)
class Conversation:
    """A channel."""

    def element(self, name: str, value: Any) -> InputInteractiveElement:
        """Slack's own menu for it."""
        kinds = ConversationFilter(include=["public", "private"], exclude_external_shared_channels=True)
        return ConversationSelectElement(
            action_id=name, placeholder="Choose a channel", initial_conversation=value, filter=kinds
        )


@dataclass(frozen=True)
class People:
    """Some people."""

    def element(self, name: str, value: Any) -> InputInteractiveElement:
        """Slack's own menu for it."""
        return UserMultiSelectElement(
            action_id=name, placeholder="Choose people", initial_users=value or None
        )


@dataclass(frozen=True)
class Field:
    """One setting as people read it."""

    label: str
    hint: str
    kind: Number | Text | Conversation | People


COUNT = Number("0", "100000", decimals=False)
FIELDS = {
    "ask_below_margin": Field(
        "Not sure below",
        "0 to 1: how far ahead the best label must be of the second, or the bot asks.",
        Number("0", "1", decimals=True),
    ),
    "ask_per_day": Field("Messages for reviewers a day", "At most so many are picked; 0 for none.", COUNT),
    "duel_per_day": Field(
        "Questions about a new version a day", "At most so many cards ask which of two is right.", COUNT
    ),
    "retrain_after_labels": Field("Retrain after so many new labels", "0: at the set time only.", COUNT),
    "retrain_cron": Field(
        "When to look for something new to learn",
        "As cron has it: 0 3 * * * is every night at three.",
        Text(),
    ),
    "timezone": Field("Time zone", "For all set times, such as Europe/Lisbon.", Text()),
    "ops_channel": Field(
        "Channel for operators", "Training runs and verdicts are told there.", Conversation()
    ),
    "operators": Field("More operators", "Besides those whom whoever runs this bot has named.", People()),
}


def choices_view(chosen: Chosen) -> Json:
    """A view for views.open."""
    view = View(
        type="modal",
        callback_id=CHOOSE,
        title="Settings",
        submit="Save",
        close="Cancel",
        blocks=[
            _context("For this workspace. An empty field means what the bot's own settings say."),
            *(_block(name, chosen) for name in NAMES),
            *_authors(chosen),
        ],
    )
    return view.to_dict()


def wanted(form: Form) -> dict[str, Any]:
    """What an operator chose; None where a field is empty."""
    return {name: form.fields.get(name) or None for name in NAMES}


def _block(name: str, chosen: Chosen) -> Block:
    field = FIELDS[name]
    choice = chosen.choices.get(name)
    otherwise = _otherwise(getattr(chosen.settings, name))
    return InputBlock(
        block_id=name,
        label=field.label,
        element=field.kind.element(name, choice.value if choice else None),
        hint=PlainTextObject(text=f"{field.hint} Empty: {otherwise}."),
        optional=True,
    )


def _otherwise(value: Any) -> str:
    if value is None or isinstance(value, tuple):
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _authors(chosen: Chosen) -> list[Block]:
    lines = [
        f"{FIELDS[name].label}: <@{one.set_by}>, <!date^{int(one.set_at)}^{{date_short_pretty}}|some day>"
        for name, one in chosen.choices.items()
        if name in FIELDS
    ]
    return [_context("Chosen here by\n" + "\n".join(lines))] if lines else []


def _context(text: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=text)])
