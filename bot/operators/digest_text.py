"""A channel's week in words."""

from __future__ import annotations

from collections.abc import Callable

from bot.language.catalogues import N_, _, many
from bot.operators.run_notes import BY
from bot.slack.mrkdwn import as_name
from bot.wording import accuracy_text
from learning.evaluation.accuracy import Accuracy
from learning.evaluation.curve import CurveWords
from storage.reports.digests import Week
from storage.tables.models import Ruling

HELPERS_MOST = 5
LABELS_MOST = 5
MONTHS = (
    *(N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun")),
    *(N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")),
)
END = N_("`/corrigible digest off` ends this.")


def digest_text(week: Week, accuracy: Accuracy | None, name: Callable[[str], str]) -> str:
    """The digest as mrkdwn. `accuracy`: in all channels; `name`: what a person is called. Nobody is mentioned, so
    nobody is called.
    """
    lines = [
        _("*The week here*"),
        *([_right(accuracy)] if accuracy else []),
        _("• What was learned: {things}.").format(things=_learned(week)),
        _("• Most confused: {labels}.").format(labels=_confused(week)),
    ]
    if week.helpers:
        helped = _("Whose corrections helped: {people}. Thank you!").format(people=_helped(week, name))
        lines.append(f"• {helped}")
    return "\n".join([*lines, _(END)])


def wording() -> CurveWords:
    """The words of its picture."""
    template, months = _("{month} {day}"), [_(month) for month in MONTHS]
    return CurveWords(
        title=_("Accuracy by week, all channels"),
        told=_("Accuracy by week, all channels: {weeks}."),
        week=_("{share} in the week to {day} ({confidence} interval: {low} to {high})"),
        took_over=_(" v{version} took over on {day}."),
        day=lambda at: template.format(month=months[at.month - 1], day=at.day),
    )


def _right(accuracy: Accuracy) -> str:
    return _("• Accuracy in all channels: {share}, by {messages}.").format(
        share=accuracy_text.interval(accuracy), messages=accuracy_text.basis(accuracy)
    )


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
