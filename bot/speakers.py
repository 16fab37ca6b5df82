"""What the people of one thread are called, and their names kept out of what is stored.

A summary keeps people as Slack writes them (`<@U0123>`); names take their place where it is shown, so nobody is pinged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bot.language import _
from learning.names import visible

SIGNS = re.compile(r"[:<>*~`|@#]|(?<=\w)\.(?=[^\W\d_]{2})|(?<![^\W_])_|_(?![^\W_])")
MARK = re.compile(r"<@([A-Z0-9]+)>")


class Speakers:
    """Names of some people, each of them another one."""

    def __init__(self, user_ids: Iterable[str], name: Callable[[str], str]) -> None:
        self.names: dict[str, str] = {}
        for user_id in dict.fromkeys(user_ids):
            wanted = _plain(name(user_id)) or user_id
            taken = set(self.names.values())
            number = 2
            unique = wanted
            while unique in taken:
                unique, number = f"{wanted} {number}", number + 1
            self.names[user_id] = unique

    def marked(self, text: str) -> str:
        """`text` with a mark in the place of each name."""
        if not self.names:
            return text
        ids = {name[:1].upper() + name[1:]: user_id for user_id, name in self.names.items()}
        ids |= {name: user_id for user_id, name in self.names.items()}
        longest_first = "|".join(re.escape(name) for name in sorted(ids, key=len, reverse=True))
        return re.sub(rf"(?<!\w)(?:{longest_first})(?!\w)", lambda found: f"<@{ids[found[0]]}>", text)

    def named(self, text: str) -> str:
        """`text` with a name in the place of each mark."""
        return MARK.sub(lambda found: self.names.get(found[1], _("somebody")), text)


def _plain(name: str) -> str:
    """A name on one line that ends no turn of its own, and formats nothing around it."""
    return " ".join(SIGNS.sub(" ", visible(name)).split())[:40].rstrip()
