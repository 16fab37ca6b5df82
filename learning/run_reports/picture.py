"""The picture of a run: how it learned, and for each label the champion's F1 against the challenger's."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from learning.evaluation.metrics import LabelScore, Scores
from learning.text.names import visible

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
        figure.suptitle(_plain(title), parse_math=False)
        draw_curve(left, curve)
        _draw_labels(right, champion, challenger, names)
        figure.savefig(image, format="png")
    return image.getvalue(), _words(title, curve, champion, challenger)


def draw_curve(axes: Any, curve: Sequence[Mapping[str, float]]) -> None:
    """Loss, and accuracy where it was measured, by epoch."""
    from matplotlib.ticker import MaxNLocator

    if not curve:
        draw_nothing(axes, "No epoch was finished")
        return
    epochs = [row["epoch"] for row in curve]
    axes.plot(epochs, [row["loss"] for row in curve], color=LOSS, marker="s", label="loss")
    axes.set(xlabel="epoch", ylabel="loss", title="How it learned")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
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
            label="accuracy (right axis)",
        )
        other.set_ylim(0, 1)
        more = other.get_legend_handles_labels()
        handles, labels = handles + more[0], labels + more[1]
    axes.legend(handles, labels, **BELOW)


def _draw_labels(
    axes: Any, champion: Scores | None, challenger: Scores | None, names: Mapping[str, str]
) -> None:
    if challenger is None:
        draw_nothing(axes, "The holdout is empty:\nreviewers' answers fill it")
        return
    pairs = {one: pair for one, pair in _pairs(champion, challenger).items() if one in names}
    shown = sorted(pairs, key=lambda one: (-abs(pairs[one][1] - pairs[one][0]), pairs[one][1]))[:SHOWN]
    shown.sort(key=lambda one: pairs[one][1])
    before, after = [pairs[one][0] for one in shown], [pairs[one][1] for one in shown]
    places = range(len(shown))
    axes.hlines(places, before, after, color="#cccccc", linewidth=3, zorder=1)
    if champion is not None:
        axes.scatter(before, places, color=CHAMPION, marker="D", s=70, label="champion", zorder=2)
    axes.scatter(after, places, color=CHALLENGER, s=90, label="challenger", zorder=3)
    axes.set_yticks(
        list(places), [_short(_plain(visible(names[one])) or one) for one in shown], parse_math=False
    )
    why = "changed less" if champion else "do better"
    left_out = f" ({len(pairs) - len(shown)} {why})" if len(pairs) > len(shown) else ""
    axes.set(xlim=(-0.03, 1.03), xlabel="F1 on the holdout", title=f"Each label{left_out}")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(**BELOW)


def draw_nothing(axes: Any, why: str) -> None:
    """Why there is nothing to see."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, why, ha="center")


def _pairs(champion: Scores | None, challenger: Scores) -> dict[str, tuple[float, float]]:
    """F1 of champion and challenger by label, of labels with held-out messages; both the same without a champion."""
    before = champion or challenger
    ids = [one for one, found in challenger.labels.items() if found.support]
    return {one: (_f1(before, one), _f1(challenger, one)) for one in ids}


def _f1(scores: Scores, label: str) -> float:
    return scores.labels.get(label, NOTHING).f1


def _plain(text: str) -> str:
    """Without characters that the font lacks, which would be drawn as boxes."""
    from matplotlib import font_manager

    glyphs = font_manager.get_font(font_manager.findfont(font_manager.FontProperties())).get_charmap()
    drawn = "".join(one for one in text if one.isspace() or ord(one) in glyphs)
    return " ".join(drawn.split())


def _short(name: str) -> str:
    return name if len(name) <= NAME_MOST else f"{name[: NAME_MOST - 1].rstrip()}…"


def _words(
    title: str, curve: Sequence[Mapping[str, float]], champion: Scores | None, challenger: Scores | None
) -> str:
    """What the picture shows. It counts labels and names none: their names may hold anything."""
    learned = f"{title}.{curve_words(curve)}"
    if challenger is None:
        return f"{learned} The holdout is empty."
    scored = f"{learned} On {challenger.messages} held-out messages macro-F1 is {challenger.macro_f1:.2f}"
    if champion is None:
        return f"{scored}."
    pairs = _pairs(champion, challenger)
    lost = [before - after for before, after in pairs.values() if after < before]
    worse = (
        f" F1 is worse for {len(lost)} of {len(pairs)} labels, by {max(lost):.2f} at most." if lost else ""
    )
    return f"{scored}, the champion's {champion.macro_f1:.2f}.{worse}"


def curve_words(curve: Sequence[Mapping[str, float]]) -> str:
    """The curve in words, with a space before them; empty where no epoch was finished."""
    if not curve:
        return ""
    first, last = curve[0]["loss"], curve[-1]["loss"]
    right = [row["accuracy"] for row in curve if "accuracy" in row]
    validated = f", and accuracy on the validation split was {max(right):.2f} at its best" if right else ""
    if len(curve) == 1:
        return f" After one epoch the loss was {last:.2f}{validated}."
    moved = "rose" if last > first else "fell"
    return f" Over {len(curve)} epochs the loss {moved} from {first:.2f} to {last:.2f}{validated}."
