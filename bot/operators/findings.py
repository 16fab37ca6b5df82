"""What a run found out, in words: about its data, with the messages behind each number, and about groups of messages.

Reports hold ids of messages and quote none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.language.catalogues import N_, _, many
from bot.slack.mrkdwn import inert
from learning.evaluation.metrics import Scores, SliceScore

LINKS_SHOWN = 10
VALUES_SHOWN = 6
LANGUAGES_SHOWN = 5
KINDS = {"channel": N_("By channel"), "length": N_("By length"), "language": N_("By language")}
VALUES = {
    "(none)": N_("no channel"),
    "up to 10 words": N_("up to 10 words"),
    "11 to 30 words": N_("11 to 30 words"),
    "over 30 words": N_("over 30 words"),
    "unknown": N_("unknown"),
}


@dataclass(frozen=True)
class Finding:
    """A number of a report in words, and the messages, or label examples, behind it."""

    words: str
    message_ids: tuple[str, ...] = ()


def findings(report: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what there is to say of a run's data."""
    if "suspects" not in report:  # of summaries
        rows = report.get("rows", [])
        yield from [Finding(" · ".join(f"{name} {value}" for name, value in rows))] if rows else []
        return
    yield Finding(_examples(report))
    duplicates, conflicts = report["duplicates"], report["conflicts"]
    if duplicates:
        groups = many(
            "{number} group of near-duplicates", "{number} groups of near-duplicates", len(duplicates)
        )
        yield Finding(groups, _members(duplicates))
    if conflicts:
        groups = many(
            "{number} group of near-duplicates with different labels",
            "{number} groups of near-duplicates with different labels",
            len(conflicts),
        )
        yield Finding(groups, _members(conflicts))
    if report["outliers"]:
        outliers = many("{number} outlier", "{number} outliers", len(report["outliers"]))
        yield Finding(outliers, tuple(report["outliers"]))
    if report["suspects"]:
        suspects = many("{number} suspicious label", "{number} suspicious labels", len(report["suspects"]))
        yield Finding(suspects, tuple(one["id"] for one in report["suspects"]))


def _examples(report: Mapping[str, Any]) -> str:
    used = {name: number for name, number in report["counts"].items() if number}
    parts = [
        _("{examples} in {labels}").format(
            examples=many("{number} example", "{number} examples", report["examples"]),
            labels=many("{number} label", "{number} labels", len(used)),
        )
    ]
    scarce = sorted(report["counts"].items(), key=lambda one: one[1])[:3]
    parts += [_("fewest: {labels}").format(labels=", ".join(f"{name} ({number})" for name, number in scarce))]
    least, median, _most, longest = report["lengths"]
    parts += [
        _("{least} to {most} words, median {median}").format(
            least=f"{least:.0f}", most=f"{longest:.0f}", median=f"{median:.0f}"
        )
    ]
    if len(report["languages"]) > 1:
        shares = list(report["languages"].items())[:LANGUAGES_SHOWN]
        parts += [", ".join(f"{_(VALUES.get(name, name))} {number}" for name, number in shares)]
    return " · ".join(parts)


def _members(groups: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(one for group in groups for one in group)


def linked(finding: Finding, links: Mapping[str, str], run_id: str) -> str:
    """A finding as mrkdwn, with links to its messages. links: addresses of those that still exist."""
    found = [links[one] for one in finding.message_ids if one in links]
    shown = " ".join(f"<{address}|{number}>" for number, address in enumerate(found[:LINKS_SHOWN], start=1))
    words, more = inert(finding.words), len(found) - LINKS_SHOWN
    if not shown:
        return words
    rest = many("and {number} more", "and {number} more", more)
    return f"{words}: {shown} {rest}: `corrigible report {run_id[:8]}`" if more > 0 else f"{words}: {shown}"


def groups(champion: Scores | None, challenger: Scores) -> Iterator[str]:
    """A line for each way to divide the held-out messages: macro-F1 of each group, before and after. As mrkdwn."""
    for kind, found in challenger.slices.items():
        known = [(value, one) for value, one in found.items() if one.f1 is not None]
        if len(known) < 2:
            continue  # the same messages as the whole
        known.sort(key=lambda one: -one[1].messages)
        before = champion.slices.get(kind, {}) if champion else {}
        told = [_group(kind, value, before.get(value), one) for value, one in known[:VALUES_SHOWN]]
        title = _(KINDS[kind]) if kind in KINDS else inert(kind)
        yield _("{kind}, macro-F1: {groups}").format(kind=title, groups=" · ".join(told))


def _group(kind: str, value: str, before: SliceScore | None, after: SliceScore) -> str:
    figure = f"{after.f1:.2f}"
    if before and before.f1 is not None:
        figure = f"{before.f1:.2f} → {figure}"
    messages = many("{number} message", "{number} messages", after.messages)
    return f"{group_name(kind, value)} {figure} ({messages})"


def group_name(kind: str, value: str) -> str:
    """Return the name of a group, as mrkdwn."""
    if value in VALUES:
        return _(VALUES[value])
    return f"<#{value}>" if kind == "channel" else inert(value)
