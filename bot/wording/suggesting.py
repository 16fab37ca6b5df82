"""What `/corrigible` answers to words that it doesn't know: which word that is, and the two closest commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from bot.language.catalogues import _
from bot.slack.mrkdwn import as_name, as_plain_name

# As people may type them; a number stands for any.
MEMBERS = (
    "on",
    "on reply",
    "on quiet",
    "on reply including workflows",
    "off",
    "keep 90 days",
    "keep forever",
    "keep undo",
    "digest on",
    "digest off",
    "summarize",
    "summarize 30 messages",
    "summarize since yesterday",
    "summaries",
    "summaries on",
    "summaries on over 1000",
    "summaries off",
    "forget me",
    "status",
    "labels",
    "help",
)
OPERATORS = (
    "retrain",
    "retrain summaries",
    "rollback",
    "rollback summaries",
    "policy",
    "policy accept",
    "policy withdraw",
    "resend",
)
# Known too, but there is a shorter one for the same.
ALIASES = (
    "on ask",
    "on including workflows",
    "on ask including workflows",
    "on quiet including workflows",
    "summarise",
)
SUGGESTED = 2
SHOWN_MOST = 40

Words = Sequence[str]


def suggestion(words: Words, for_operator: bool) -> str:
    """What to tell somebody who typed these words, which are no command. Members hear of no operator's command."""
    known = [command.split() for command in (*MEMBERS, *(OPERATORS if for_operator else ()))]
    right = max(_shared(words, command) for command in [*known, *(alias.split() for alias in ALIASES)])
    closest = [f"`/corrigible {' '.join(command)}`" for command in _closest(words, right, known)]
    did_you_mean = _("Did you mean {commands}?").format(commands=_(" or ").join(closest))
    if right == len(words):
        told = _("`/corrigible {words}` needs another word.").format(words=" ".join(words))
    else:
        told = _("I don't know the word “{word}”.").format(word=_shown(words[right]))
    return f"{told} {did_you_mean}"


def _shared(words: Words, command: Words) -> int:
    """With how many of the same words both begin."""
    number = 0
    for one, other in zip(words, command, strict=False):
        if one != other and not (one.isdecimal() and other.isdecimal()):
            break
        number += 1
    return number


def _closest(words: Words, right: int, known: Iterable[Words]) -> list[Words]:
    """The commands that look most like the words; of commands that differ only after the wrong word, one."""
    typed = _clipped(" ".join(words))
    wrong = _clipped(words[right]) if right < len(words) else ""

    def closeness(command: Words) -> tuple[int, float, float]:
        word = command[right] if right < len(command) else ""
        return _shared(words, command), _likeness(wrong, word), _likeness(typed, " ".join(command))

    found: dict[tuple[str, ...], Words] = {}
    for command in sorted(known, key=closeness, reverse=True):
        found.setdefault(tuple(command[: right + 1]), command)
    return list(found.values())[:SUGGESTED]


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _clipped(text: str) -> str:
    return text[:SHOWN_MOST]


def _shown(word: str) -> str:
    return as_name(as_plain_name(word, SHOWN_MOST))
