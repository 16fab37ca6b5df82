"""The picture of a run: how it learned, and for each label the champion's F1 against the challenger's."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from learning.training.metrics import LabelScore, Scores

SHOWN = 16
NAME_MOST = 28
INCHES, DPI = (12.0, 7.0), 100
# From Okabe & Ito's palette, which the colour-blind can tell apart; the shapes differ too.
CHAMPION, CHALLENGER, LOSS = "#7f7f7f", "#0072b2", "#d55e00"
BELOW: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.1), "ncols": 2, "frameon": False}
NOTHING = LabelScore(0.0, 0.0, 0.0, 0)


def draw(
    title: str,
    curve: Sequence[Mapping[str, float]],
    champion: Scores | None,
    challenger: Scores | None,
    names: Mapping[str, str],
) -> tuple[bytes, str]:
    """A PNG of 1,200 × 700 points, and in words what it shows.

    curve: for each epoch `epoch`, `loss` and perhaps `accuracy`; names: of the labels by id.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    image = io.BytesIO()
    with rc_context({"font.size": 15}):  # Slack shows it small first
        figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        figure.suptitle(_plain(title))
        _draw_curve(left, curve)
        _draw_labels(right, champion, challenger, names)
        with warnings.catch_warnings(action="ignore"):  # a letter that the font lacks is drawn as a box
            figure.savefig(image, format="png")
    return image.getvalue(), _words(title, curve, champion, challenger)


def _draw_curve(axes: Any, curve: Sequence[Mapping[str, float]]) -> None:
    epochs = [row["epoch"] for row in curve]
    axes.plot(epochs, [row["loss"] for row in curve], color=LOSS, marker="s", label="loss (left)")
    axes.set(xlabel="epoch", ylabel="loss", title="How it learned")
    axes.set_ylim(bottom=0)
    handles, labels = axes.get_legend_handles_labels()
    validated = [row for row in curve if "accuracy" in row]
    if validated:
        other = axes.twinx()
        places = [row["epoch"] for row in validated]
        other.plot(
            places,
            [row["accuracy"] for row in validated],
            color=CHALLENGER,
            marker="o",
            label="accuracy (right)",
        )
        other.set_ylim(0, 1)
        more = other.get_legend_handles_labels()
        handles, labels = handles + more[0], labels + more[1]
    axes.legend(handles, labels, **BELOW)


def _draw_labels(
    axes: Any, champion: Scores | None, challenger: Scores | None, names: Mapping[str, str]
) -> None:
    if champion is None or challenger is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "The holdout is empty:\nreviewers' answers fill it", ha="center")
        return
    ids = [one for one in names if one in champion.labels or one in challenger.labels]
    pairs = {one: (_f1(champion, one), _f1(challenger, one)) for one in ids}
    shown = sorted(ids, key=lambda one: -abs(pairs[one][1] - pairs[one][0]))[:SHOWN]
    shown.sort(key=lambda one: pairs[one][1])
    for place, one in enumerate(shown):
        axes.plot(pairs[one], (place, place), color="#cccccc", linewidth=3, zorder=1)
    places = range(len(shown))
    axes.scatter(
        [pairs[one][0] for one in shown], places, color=CHAMPION, marker="D", s=70, label="champion", zorder=2
    )
    axes.scatter(
        [pairs[one][1] for one in shown], places, color=CHALLENGER, s=90, label="challenger", zorder=3
    )
    axes.set_yticks(list(places), [_plain(names[one])[:NAME_MOST] for one in shown])
    left_out = f" ({len(ids) - len(shown)} changed less)" if len(ids) > len(shown) else ""
    axes.set(xlim=(-0.03, 1.03), xlabel="F1 on the holdout", title=f"Each label{left_out}")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(**BELOW)


def _f1(scores: Scores, label: str) -> float:
    return scores.labels.get(label, NOTHING).f1


def _plain(text: str) -> str:
    """Without what matplotlib would read as mathematics."""
    return text.replace("$", "\\$")


def _words(
    title: str, curve: Sequence[Mapping[str, float]], champion: Scores | None, challenger: Scores | None
) -> str:
    learned = (
        f"{title}. Over {len(curve)} epochs the loss fell from {curve[0]['loss']:.2f} to {curve[-1]['loss']:.2f}."
        if curve
        else f"{title}."
    )
    if champion is None or challenger is None:
        return f"{learned} The holdout is empty."
    return (
        f"{learned} On {challenger.messages} held-out messages macro-F1 is {challenger.macro_f1:.2f}, the champion's "
        f"{champion.macro_f1:.2f}."
    )
