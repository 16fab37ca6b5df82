"""The learning curve as a picture: accuracy week by week with its interval, and when versions changed."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import nan

from learning.evaluation.accuracy import WEEK_S, Accuracy
from learning.evaluation.estimate import CONFIDENCE
from storage.feedback.judged_predictions import DAY_S

INCHES, DPI = (10.0, 4.5), 100
# From Okabe & Ito's palette; weeks have round marks, versions a dashed line with their name.
CURVE, VERSION = "#0072b2", "#d55e00"


@dataclass(frozen=True)
class Promoted:
    """A version that was put into service: its number, and when (seconds since 1970)."""

    version: int
    at: float


@dataclass(frozen=True)
class CurveWords:
    """The picture's words in some language, values in braces. `day`: how a day is called."""

    title: str
    told: str  # {weeks}
    week: str  # {share}, {confidence}, {low}, {high}, {day}
    took_over: str  # {version}, {day}
    day: Callable[[datetime], str]


def draw(
    weeks: Sequence[Accuracy | None],
    promoted: Sequence[Promoted],
    now: float,
    zone: tzinfo,
    words: CurveWords,
) -> tuple[bytes, str]:
    """A PNG of 1,000 × 450 points, and in words what it shows.

    `weeks`: latest first, the first one ends `now`. The last one is the earliest that is drawn, and has data; of one
    without data nothing is drawn.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    def day(at: float) -> str:
        return words.day(datetime.fromtimestamp(at, zone))

    ends = [now - WEEK_S * back for back in range(len(weeks))]
    shares = [week.share.value if week else nan for week in weeks]
    known = [(end, week) for end, week in zip(ends, weeks, strict=True) if week]
    known.reverse()
    shown = [one for one in promoted if one.at > ends[-1] - WEEK_S]
    image = io.BytesIO()
    with rc_context({"font.size": 14}):  # Slack shows it small first
        figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
        axes = figure.subplots()
        axes.plot(ends, shares, color=CURVE, marker="o", markersize=9, clip_on=False)  # NaN leaves a gap
        axes.vlines(
            [at for at, _ in known],
            [week.share.low for _, week in known],
            [week.share.high for _, week in known],
            color=CURVE,
            linewidth=3,
            alpha=0.4,
            clip_on=False,
        )
        for one in shown:
            axes.axvline(one.at, color=VERSION, linestyle="--")
            axes.annotate(
                f"v{one.version}", (one.at, 0.02), color=VERSION, xytext=(4, 0), textcoords="offset points"
            )
        axes.set(ylim=(0, 1.03), xlim=(min(ends[-1], now - WEEK_S) - DAY_S, now + DAY_S), title=words.title)
        axes.set_xticks(ends, [day(end) for end in ends])
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
        axes.grid(axis="y", alpha=0.3)
        figure.savefig(image, format="png")
    return image.getvalue(), _told(known, shown, words, day)


def _told(
    known: Sequence[tuple[float, Accuracy]],
    promoted: Sequence[Promoted],
    words: CurveWords,
    day: Callable[[float], str],
) -> str:
    weeks = ", ".join(
        words.week.format(
            share=f"{week.share.value:.0%}",
            low=f"{week.share.low:.0%}",
            high=f"{week.share.high:.0%}",
            confidence=f"{CONFIDENCE:.0%}",
            day=day(at),
        )
        for at, week in known
    )
    versions = "".join(words.took_over.format(version=one.version, day=day(one.at)) for one in promoted)
    return words.told.format(weeks=weeks) + versions
