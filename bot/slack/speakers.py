"""What the people of one thread are called, and their names kept out of what is stored.

A summary keeps people as Slack writes them (`<@U0123>`); names take their place where it is shown, so nobody is pinged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from bot.language.catalogues import _
from learning.text.linear import WORD, Pattern, escape
from learning.text.names import visible
from learning.writing.thread import MARK

SIGNS = re.compile(r"[:<>*~`|@#]|(?<=\w)\.(?=[^\W\d_]{2})|(?<![^\W_])_|_(?![^\W_])")


class Speakers:
    """Names of some people, each of them another one."""

    def __init__(self, user_ids: Iterable[str], name: Callable[[str], str]) -> None:
        self.names: dict[str, str] = {}
        taken: set[str] = set()
        called: Counter[str] = Counter()
        for user_id in dict.fromkeys(user_ids):
            unique = wanted = _plain(name(user_id)) or user_id
            while unique in taken:
                called[wanted] += 1
                unique = f"{wanted} {called[wanted] + 1}"
            taken.add(unique)
            self.names[user_id] = unique

    def marked(self, text: str) -> str:
        """`text` with a mark in the place of each name."""
        ids = {name[:1].upper() + name[1:]: user_id for user_id, name in self.names.items()}
        ids |= {name: user_id for user_id, name in self.names.items()}
        # Most names of a long thread are not in it, and an expression of thousands would be too long.
        longest_first = sorted((name for name in ids if name in text), key=len, reverse=True)
        if not longest_first:
            return text
        names = Pattern("|".join(map(escape, longest_first)), unless_after=WORD, unless_before=WORD)
        return names.sub(lambda found: f"<@{ids[found[0]]}>", text)

    def named(self, text: str) -> str:
        """`text` with a name in the place of each mark."""
        return MARK.sub(lambda found: self.names.get(found["user"], _("somebody")), text)


def _plain(name: str) -> str:
    """A name on one line that ends no turn of its own, and formats nothing around it."""
    return " ".join(SIGNS.sub(" ", visible(name)).split())[:40].rstrip()
