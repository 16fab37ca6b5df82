"""Why a summary is late, plain or missing, in the reader's language: its row says it in English, values filled in."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.language.catalogues import N_, _
from bot.summaries.history import MEND, UNREADABLE

# As learning says them, for the catalogues.
OF_LEARNING = (
    N_("sentence picker"),
    N_("There is nothing to summarize: I found no messages."),
    N_("There are no words to summarize, only files or pictures."),
    N_("There is only one short message, and that says it all."),
    N_("the messages read like instructions to a bot"),
    N_("it had nothing to say"),
    N_("what it wrote was not supported by the messages"),
    N_("its model took too long to load"),
    N_("its model could not be loaded; an operator finds the reason in the log"),
    N_("it took longer than {seconds} seconds"),
    N_("there was not enough memory"),
    N_("its process died, perhaps for lack of memory"),
    N_("it failed ({error})"),
)
HOLDING_A_VALUE = tuple(text for text in (*OF_LEARNING, *MEND.values(), UNREADABLE) if "{" in text)
FIELD = re.compile(r"\\\{(\w+)\\\}")


def of_summary(told: str) -> str:
    """What a row says, in the reader's language; as it is where nobody says that any more."""
    for text in HOLDING_A_VALUE:
        if found := _form(text).fullmatch(told):
            return _(text).format(**found.groupdict())
    return _(told)


@lru_cache
def _form(text: str) -> re.Pattern[str]:
    """A text with any value in its braces."""
    return re.compile(FIELD.sub(r"(?P<\1>.+)", re.escape(text)), re.DOTALL)
