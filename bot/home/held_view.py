"""The section of the App Home in which operators keep or discard corrections that are held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    HeaderBlock,
)

from bot.language.catalogues import _, many
from bot.slack.blocks import person, section
from bot.slack.mrkdwn import as_name
from storage.tables.feedback import Burst

KEEP, DISCARD = "home_keep", "home_discard"
SHOWN_MOST, EXAMPLES_MOST = 3, 5
TEXT_MOST = 2_900


@dataclass(frozen=True)
class HeldExample:
    """What a user said instead of the bot, by the labels' names, and the address of the message in Slack.

    Its text is not shown: an operator need not be in its channel.
    """

    said: str
    predicted: str | None
    url: str


@dataclass(frozen=True)
class Held:
    """Corrections that are held back, and some of them."""

    burst: Burst
    examples: list[HeldExample]


def held_blocks(held: Sequence[Held], number: int) -> list[Block]:
    """The section for operators; nothing if nothing is held back. `number`: how many bursts are, shown or not."""
    if not held:
        return []
    blocks: list[Block] = [HeaderBlock(text=_("Corrections to look at"))]
    for one in held:
        blocks += [section("\n".join([_told(one.burst), *map(_example, one.examples)])), _buttons(one.burst)]
    more = number - len(held)
    return (
        [*blocks, section(many("… and {number} more", "… and {number} more", more))] if more > 0 else blocks
    )


def _told(burst: Burst) -> str:
    given = many("{number} correction", "{number} corrections", burst.corrections)
    since = f"<!date^{int(burst.began)}^{{date_short_pretty}} {{time}}|?>"
    return _(
        "*{corrections}* by {person} since {time}: about {share} of them look right. "
        "I don't learn from them until you decide."
    ).format(corrections=given, person=person(burst.user_id), time=since, share=f"{burst.share_right:.0%}")


def _example(example: HeldExample) -> str:
    word = _("message")
    seen = f"<{example.url}|{word}>"
    said = f"“{as_name(example.said)}”"
    if example.predicted is None or example.predicted == example.said:
        return "• " + _("{label} confirmed ({message})").format(label=said, message=seen)
    predicted = f"“{as_name(example.predicted)}”"
    return "• " + _("{label} instead of {predicted} ({message})").format(
        label=said, predicted=predicted, message=seen
    )


def _buttons(burst: Burst) -> ActionsBlock:
    keep = ButtonElement(
        text=_("Keep"),
        action_id=KEEP,
        value=f"{burst.id}:{burst.corrections}",
        accessibility_label=_("Keep these corrections: I learn from them again"),
    )
    discard = ButtonElement(
        text=_("Discard"),
        action_id=DISCARD,
        value=f"{burst.id}:{burst.corrections}",
        style="danger",
        accessibility_label=_("Discard these corrections: I never learn from them"),
    )
    return ActionsBlock(block_id=f"held-{burst.id}", elements=[keep, discard])
