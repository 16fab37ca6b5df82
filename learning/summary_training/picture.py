"""The picture of a run that made a summarizer: how it learned, and each held-out summary before and after."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from learning.run_reports.picture import (
    BELOW,
    CHALLENGER,
    CHAMPION,
    DPI,
    INCHES,
    curve_words,
    draw_curve,
    draw_nothing,
)
from learning.summary_training.gate import Scores


def draw(
    title: str, curve: Sequence[Mapping[str, float]], champion: Scores, challenger: Scores
) -> tuple[bytes, str]:
    """A PNG of 1,200 × 700 points, and in words what it shows. champion, challenger: (summaries,) ROUGE-L."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    image = io.BytesIO()
    with rc_context({"font.size": 15}):
        figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        figure.suptitle(title, parse_math=False)
        if curve:
            draw_curve(left, curve)
        else:
            draw_nothing(left, "Only the sentence picker learned:\nno model that writes was trained")
        _draw_scores(right, champion, challenger)
        figure.savefig(image, format="png")
    return image.getvalue(), _words(title, curve, champion, challenger)


def _draw_scores(axes: Any, champion: Scores, challenger: Scores) -> None:
    if not len(challenger):
        draw_nothing(axes, "The holdout is empty:\nmore settled summaries fill it")
        return
    places = range(len(challenger))
    order = challenger.argsort()
    axes.hlines(places, champion[order], challenger[order], color="#cccccc", linewidth=3, zorder=1)
    axes.scatter(champion[order], places, color=CHAMPION, marker="D", s=50, label="champion", zorder=2)
    axes.scatter(challenger[order], places, color=CHALLENGER, s=60, label="challenger", zorder=3)
    axes.axvline(champion.mean(), color=CHAMPION, linestyle="--", linewidth=1)
    axes.axvline(challenger.mean(), color=CHALLENGER, linewidth=1)
    axes.set_yticks([])
    axes.set(xlim=(-3, 103), xlabel="ROUGE-L (lines: means)", title="Each held-out summary")
    axes.legend(**BELOW)


def _words(title: str, curve: Sequence[Mapping[str, float]], champion: Scores, challenger: Scores) -> str:
    begun = f"{title}.{curve_words(curve)}"
    if not len(challenger):
        return f"{begun} The holdout is empty."
    better = int((challenger > champion).sum())
    return (
        f"{begun} On {len(challenger)} held-out summaries ROUGE-L is {challenger.mean():.1f}, the champion's "
        f"{champion.mean():.1f}; {better} of them are closer to what people settled."
    )
