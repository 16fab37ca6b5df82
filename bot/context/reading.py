"""What is kept of what people write: plain words, without personal data unless an operator wants it kept."""

from __future__ import annotations

from collections.abc import Callable

from bot.context.settings import Settings
from bot.slack.mrkdwn import plain
from learning.text.masking import Mask, Masking, unmasked

Read = Callable[[str], str]


def mask(settings: Settings) -> Mask:
    """What takes personal data out of a text, as settings say."""
    return Masking(settings.phone_regions) if settings.mask_personal_data else unmasked


def reader(masked: Mask) -> Read:
    """What makes of a text in Slack's mrkdwn the words that are kept."""
    return lambda text: masked(plain(text))
