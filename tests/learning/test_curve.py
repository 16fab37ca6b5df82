from __future__ import annotations

from datetime import UTC, datetime

from learning.curve import Promoted, draw
from storage.record import DAY_S, Stretch

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp()


def test_the_words_say_what_the_picture_shows() -> None:
    weeks = [Stretch(9, 1), Stretch(0, 0), Stretch(3, 1)]

    picture, words = draw(weeks, [Promoted(3, NOW - 2 * DAY_S)], NOW, UTC)

    assert picture.startswith(b"\x89PNG")
    assert words == (
        "Right answers by week: 75% in the week to Nov 9, 90% in the week to Nov 23. v3 took over on Nov 21."
    )


def test_with_nothing_to_count_it_says_so() -> None:
    _, words = draw([Stretch(0, 0)], [], NOW, UTC)

    assert words == "Right answers by week: nothing to count yet."
