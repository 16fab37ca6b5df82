"""The modal behind *Settings*: what operators may set for their own team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    ConversationFilter,
    ConversationSelectElement,
    InputBlock,
    InputInteractiveElement,
    NumberInputElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
    UserMultiSelectElement,
)

from bot.language.catalogues import CALLED, N_, _
from bot.permissions.team_settings import NAMES, Chosen
from bot.slack.blocks import context, modal
from bot.slack.forms import SubmittedForm
from bot.slack.payloads import Json

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
            initial_value=None if value is None else f"{value:.12g}",
        )


@dataclass(frozen=True)
class Text:
    """A short text."""

    most: int = 100

    def element(self, name: str, value: Any) -> InputInteractiveElement:
        """Slack's own field for it."""
        return PlainTextInputElement(action_id=name, initial_value=value, max_length=self.most)


@dataclass(frozen=True)
class Languages:
    """One of those that the bot speaks, each by its own name."""

    def element(self, name: str, value: Any) -> InputInteractiveElement:
        """Slack's own menu for it."""
        options = {one: Option(value=one, text=called) for one, called in CALLED.items()}
        return StaticSelectElement(
            action_id=name,
            placeholder=_("Choose a language"),
            options=[*options.values()],
            initial_option=options.get(value),
        )


@dataclass(frozen=True)
class Conversation:
    """A channel."""

    def element(self, name: str, value: Any) -> InputInteractiveElement:
        """Slack's own menu for it."""
        kinds = ConversationFilter(include=["public", "private"], exclude_external_shared_channels=True)
        return ConversationSelectElement(
            action_id=name, placeholder=_("Choose a channel"), initial_conversation=value, filter=kinds
        )


@dataclass(frozen=True)
class People:
    """Some people."""

    def element(self, name: str, value: Any) -> InputInteractiveElement:
        """Slack's own menu for it."""
        return UserMultiSelectElement(
            action_id=name, placeholder=_("Choose people"), initial_users=value or None
        )


Kind = Number | Text | Languages | Conversation | People


@dataclass(frozen=True)
class Field:
    """One setting as people read it."""

    label: str
    hint: str
    kind: Kind


COUNT = Number("0", "100000", decimals=False)
FIELDS = {
    "ask_below_margin": Field(
        N_("Not sure below"),
        N_("0 to 1: how far ahead the best label must be of the second, or the bot asks."),
        Number("0", "1", decimals=True),
    ),
    "ask_per_day": Field(
        N_("Messages for reviewers a day"), N_("At most so many are picked; 0 for none."), COUNT
    ),
    "duel_per_day": Field(
        N_("Questions about a new version a day"),
        N_("At most so many cards ask which of two is right."),
        COUNT,
    ),
    "retrain_after_labels": Field(
        N_("Retrain after so many new labels"), N_("0: at the set time only."), COUNT
    ),
    "retrain_cron": Field(
        N_("When to look for something new to learn"),
        N_("As cron has it: 0 3 * * * is every night at three."),
        Text(),
    ),
    "timezone": Field(N_("Time zone"), N_("For all set times, such as Europe/Lisbon."), Text()),
    "language": Field(
        N_("Language"),
        N_("Of digests and operators' notes, and with people whose Slack is set to another language."),
        Languages(),
    ),
    "ops_channel": Field(
        N_("Channel for operators"), N_("Training runs and verdicts are told there."), Conversation()
    ),
    "operators": Field(
        N_("More operators"), N_("Besides those whom whoever runs this bot has named."), People()
    ),
}


def choices_view(chosen: Chosen) -> Json:
    """A view for views.open."""
    return modal(
        CHOOSE,
        _("Settings"),
        [
            context(_("For this workspace. An empty field means what the bot's own settings say.")),
            *(_block(name, chosen) for name in NAMES),
            *_authors(chosen),
        ],
        submit=_("Save"),
        close=_("Cancel"),
    )


def wanted(form: SubmittedForm) -> dict[str, Any]:
    """What an operator chose; None where a field is empty. Raises PayloadError."""
    return {
        name: (form.chosen(name) if isinstance(FIELDS[name].kind, People) else form.text(name)) or None
        for name in NAMES
    }


def _block(name: str, chosen: Chosen) -> Block:
    field = FIELDS[name]
    choice = chosen.choices.get(name)
    otherwise = _otherwise(field.kind, getattr(chosen.settings, name))
    return InputBlock(
        block_id=name,
        label=_(field.label),
        element=field.kind.element(name, choice.value if choice else None),
        hint=PlainTextObject(text=_(field.hint) + _(" Empty: {value}.").format(value=otherwise)),
        optional=True,
    )


def _otherwise(kind: Kind, value: Any) -> str:
    if isinstance(kind, Languages):
        return CALLED[value]
    if value is None or isinstance(value, tuple):
        return _("none")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _authors(chosen: Chosen) -> list[Block]:
    lines = [
        f"{_(FIELDS[name].label)}: <@{one.set_by}>, <!date^{int(one.set_at)}^{{date_short_pretty}}|?>"
        for name, one in chosen.choices.items()
        if name in FIELDS
    ]
    return [context(_("Chosen here by") + "\n" + "\n".join(lines))] if lines else []
