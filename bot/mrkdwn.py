"""Slack's mrkdwn: read as plain words for the model, written without letting people's text become markup."""

from __future__ import annotations

import html
import re

from storage.texts import clean

MENTION = re.compile(r"<[@!#]([^>|]*)(?:\|([^>]*))?>")
LINK = re.compile(r"<((?:https?|mailto|tel):[^>|]*)(?:\|([^>]*))?>")
EMOJI = re.compile(r"(?<!\w):([a-z0-9_+'-]+?)(?:::skin-tone-\d)?:(?!\w)")  # not the minutes of 10:30:45
HALF_A_SIGN = re.compile(r"&[a-z]{0,3}$")
SPACES = re.compile(r"[ \t]+")


def plain(text: str) -> str:
    """What a person reads in `text`: mentions of people left out, links by their words, emoji by their names."""
    text = MENTION.sub(lambda found: found[2] or "", text)
    text = LINK.sub(lambda found: found[2] or found[1], text)
    text = EMOJI.sub(lambda found: f" {found[1].replace('_', ' ').replace('-', ' ')} ", text)
    return clean(SPACES.sub(" ", html.unescape(text))).strip()


def clipped(text: str, most: int) -> str:
    """The beginning of an escaped text: no sign is cut in two."""
    return text if len(text) <= most else HALF_A_SIGN.sub("", text[:most])


def escape(text: str) -> str:
    """`text` as it must be written so that Slack shows it as it is."""
    return html.escape(text, quote=False)
