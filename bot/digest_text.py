"""A channel's week in words."""

from __future__ import annotations

from collections.abc import Callable

from bot.mrkdwn import escape
from storage.digests import Week
from storage.record import Stretch
from storage.tables import Ruling

HELPERS_MOST = 5
LABELS_MOST = 5
END = "`/corrigible digest off` ends this."


def digest_text(week: Week, name: Callable[[str], str]) -> str:
    """The digest as mrkdwn. `name`: what a person is called; nobody is mentioned, so nobody is called."""
    lines = [
        "*The week here*",
        f"• {_right(week.record[0])}{_compared(week.record)}",
        f"• What was learned: {_learned(week)}.",
        f"• Most confused: {_confused(week)}.",
        *([f"• Whose corrections helped: {_helped(week, name)}. Thank you!"] if week.helpers else []),
        END,
    ]
    return "\n".join(lines)


def _right(stretch: Stretch) -> str:
    if stretch.accuracy is None:
        return "Of no answer it is known yet whether it was right"
    return (
        f"{stretch.accuracy:.0%} of my answers were right: {stretch.right} right, {stretch.wrong} corrected"
    )


def _compared(record: list[Stretch]) -> str:
    this, before = record[0].accuracy, record[1].accuracy
    if this is None or before is None:
        return "."
    if round(100 * this) == round(100 * before):
        return ", as in the week before."
    return f", {'up' if this > before else 'down'} from {before:.0%} in the week before."


def _learned(week: Week) -> str:
    what = [f"{_count(week.words, 'message')} that somebody settled"]
    if week.new_labels:
        shown = ", ".join(f"“{escape(one)}”" for one in week.new_labels[:LABELS_MOST])
        more = len(week.new_labels) - LABELS_MOST
        what.append(f"new labels {shown}" + (f" and {more} more" if more > 0 else ""))
    what += [_promoted(one) for one in week.promotions if one.made_at > week.since]
    return "; ".join(what)


def _promoted(ruling: Ruling) -> str:
    return f"v{ruling.challenger} took the place of v{ruling.champion} ({escape(ruling.reason)})"


def _confused(week: Week) -> str:
    if week.confusion is None:
        return "nothing"
    one = week.confusion
    return f"I said “{escape(one.said)}” where “{escape(one.right)}” was right, {_count(one.times, 'time')}"


def _helped(week: Week, name: Callable[[str], str]) -> str:
    shown = [f"{escape(name(user))} ({number})" for user, number in week.helpers[:HELPERS_MOST]]
    more = len(week.helpers) - HELPERS_MOST
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'s' * (number != 1)}"
