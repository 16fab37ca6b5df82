"""The learning curve as a picture: accuracy week by week as people see it, and when versions changed."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from storage.record import DAY_S, Stretch

INCHES, DPI = (10.0, 4.5), 100
# From Okabe & Ito's palette; weeks have round marks, versions a dashed line with their name.
CURVE, VERSION = "#0072b2", "#d55e00"


@dataclass(frozen=True)
class Promoted:
    """A version that was put into service: its number, and when (seconds since 1970)."""

    version: int
    at: float


@dataclass(frozen=True)
class Wording:
    """The picture's words in some language, values in braces. `day`: how a day is called."""

    title: str
    told: str  # {weeks}
    week: str  # {share}, {day}
    took_over: str  # {version}, {day}
    nothing: str
    day: Callable[[datetime], str]


def draw(
    weeks: Sequence[Stretch], promoted: Sequence[Promoted], now: float, zone: tzinfo, words: Wording
) -> tuple[bytes, str]:
    """A PNG of 1,000 × 450 points, and in words what it shows. `weeks`: latest first, the first one ends `now`."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    def day(at: float) -> str:
        return words.day(datetime.fromtimestamp(at, zone))

    ends = [now - 7 * DAY_S * back for back in range(len(weeks))]
    known = [(end, week.accuracy) for end, week in zip(ends, weeks, strict=True) if week.accuracy is not None]
    known.reverse()
    image = io.BytesIO()
    with rc_context({"font.size": 14}):  # Slack shows it small first
        figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
        axes = figure.subplots()
        axes.plot(
            [at for at, _ in known],
            [right for _, right in known],
            color=CURVE,
            marker="o",
            markersize=9,
            clip_on=False,
        )
        for one in promoted:
            axes.axvline(one.at, color=VERSION, linestyle="--")
            axes.annotate(
                f"v{one.version}", (one.at, 0.02), color=VERSION, xytext=(4, 0), textcoords="offset points"
            )
        axes.set(ylim=(0, 1.03), xlim=(ends[-1] - DAY_S, now + DAY_S), title=words.title)
        axes.set_xticks(ends, [day(end) for end in ends])
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
        axes.grid(axis="y", alpha=0.3)
        figure.savefig(image, format="png")
    return image.getvalue(), _told(known, promoted, words, day)


def _told(
    known: Sequence[tuple[float, float]],
    promoted: Sequence[Promoted],
    words: Wording,
    day: Callable[[float], str],
) -> str:
    if not known:
        return words.nothing
    weeks = ", ".join(words.week.format(share=f"{right:.0%}", day=day(at)) for at, right in known)
    versions = "".join(words.took_over.format(version=one.version, day=day(one.at)) for one in promoted)
    return words.told.format(weeks=weeks) + versions
