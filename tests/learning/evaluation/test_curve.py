from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from matplotlib.axes import Axes

from learning.evaluation.curve import CurveWords, Promoted, draw
from storage.feedback.judged_predictions import DAY_S
from tests.factories import measured

WORDS = CurveWords(
    title="Right by week",
    told="Right by week: {weeks}.",
    week="{share} ({low} to {high}) up to {day}",
    took_over=" v{version} since {day}.",
    day=lambda at: f"{at:%d/%m}",
)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp()


def test_the_words_say_what_the_picture_shows() -> None:
    weeks = [measured(9, 10), None, measured(3, 4)]

    picture, words = draw(weeks, [Promoted(3, NOW - 2 * DAY_S)], NOW, UTC, WORDS)

    assert picture.startswith(b"\x89PNG")
    assert words == (
        "Right by week: 75% (28% to 97%) up to 09/11, 90% (62% to 99%) up to 23/11. v3 since 21/11."
    )


def test_of_a_week_without_data_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, Any] = {}
    plot, ticks = Axes.plot, Axes.set_xticks
    monkeypatch.setattr(
        Axes, "plot", lambda axes, x, y, **how: drawn.update(y=list(y)) or plot(axes, x, y, **how)
    )
    monkeypatch.setattr(
        Axes, "set_xticks", lambda axes, at, names: drawn.update(names=names) or ticks(axes, at, names)
    )

    draw([measured(9, 10), None, measured(3, 4)], [], NOW, UTC, WORDS)

    assert drawn["names"] == ["23/11", "16/11", "09/11"], "it begins with the first week that has data"
    assert drawn["y"][::2] == [0.9, 0.75]
    assert math.isnan(drawn["y"][1])


def test_a_version_of_before_the_first_week_is_left_out() -> None:
    _, words = draw([measured(9, 10)], [Promoted(2, NOW - 8 * DAY_S)], NOW, UTC, WORDS)

    assert "v2" not in words
