"""A channel's week in words."""

from __future__ import annotations

from collections.abc import Callable

from bot.language import N_, _, many
from bot.mrkdwn import as_name
from bot.note import BY
from learning.curve import Wording
from storage.digests import Week
from storage.record import Stretch
from storage.tables import Ruling

HELPERS_MOST = 5
LABELS_MOST = 5
MONTHS = (
    *(N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun")),
    *(N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")),
)
END = N_("`/corrigible digest off` ends this.")


def digest_text(week: Week, name: Callable[[str], str]) -> str:
    """The digest as mrkdwn. `name`: what a person is called; nobody is mentioned, so nobody is called."""
    lines = [
        _("*The week here*"),
        f"• {_right(week.record[0])}{_compared(week.record)}",
        _("• What was learned: {things}.").format(things=_learned(week)),
        _("• Most confused: {labels}.").format(labels=_confused(week)),
    ]
    if week.helpers:
        helped = _("Whose corrections helped: {people}. Thank you!").format(people=_helped(week, name))
        lines.append(f"• {helped}")
    return "\n".join([*lines, _(END)])


def wording() -> Wording:
    """The words of its picture."""
    template, months = _("{month} {day}"), [_(month) for month in MONTHS]
    return Wording(
        title=_("Right answers by week"),
        told=_("Right answers by week: {weeks}."),
        week=_("{share} in the week to {day}"),
        took_over=_(" v{version} took over on {day}."),
        nothing=_("Right answers by week: nothing to count yet."),
        day=lambda at: template.format(month=months[at.month - 1], day=at.day),
    )


def _right(stretch: Stretch) -> str:
    if stretch.accuracy is None:
        return _("Of no answer it is known yet whether it was right")
    told = _("{share} of my answers were right: {right} right, {wrong} corrected")
    return told.format(share=f"{stretch.accuracy:.0%}", right=stretch.right, wrong=stretch.wrong)


def _compared(record: list[Stretch]) -> str:
    this, before = record[0].accuracy, record[1].accuracy
    if this is None or before is None:
        return "."
    if round(100 * this) == round(100 * before):
        return _(", as in the week before.")
    told = (
        _(", up from {share} in the week before.")
        if this > before
        else _(", down from {share} in the week before.")
    )
    return told.format(share=f"{before:.0%}")


def _learned(week: Week) -> str:
    what = [
        many("{number} message that somebody settled", "{number} messages that somebody settled", week.words)
    ]
    if week.new_labels:
        shown = ", ".join(f"“{as_name(one)}”" for one in week.new_labels[:LABELS_MOST])
        what.append(_("new labels {labels}").format(labels=shown) + _more(len(week.new_labels) - LABELS_MOST))
    what += [_promoted(one) for one in week.promotions if one.made_at > week.since]
    return "; ".join(what)


def _promoted(ruling: Ruling) -> str:
    told = _("v{version} took the place of v{before}, {by}")
    return told.format(version=ruling.challenger, before=ruling.champion, by=_(BY[ruling.grounds]))


def _confused(week: Week) -> str:
    if week.confusion is None:
        return _("nothing")
    one = week.confusion
    times = many("{number} time", "{number} times", one.times)
    told = _("I said “{said}” where “{right}” was right, {times}")
    return told.format(said=as_name(one.said), right=as_name(one.right), times=times)


def _helped(week: Week, name: Callable[[str], str]) -> str:
    shown = [f"{as_name(name(user))} ({number})" for user, number in week.helpers[:HELPERS_MOST]]
    return ", ".join(shown) + _more(len(week.helpers) - HELPERS_MOST)


def _more(number: int) -> str:
    return many(" and {number} more", " and {number} more", number) if number > 0 else ""
