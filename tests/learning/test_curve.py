from __future__ import annotations

from datetime import UTC, datetime

from learning.curve import Promoted, Wording, draw
from storage.record import DAY_S, Stretch

WORDS = Wording(
    title="Right by week",
    told="Right by week: {weeks}.",
    week="{share} up to {day}",
    took_over=" v{version} since {day}.",
    nothing="Nothing yet.",
    day=lambda at: f"{at:%d/%m}",
)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp()


def test_the_words_say_what_the_picture_shows() -> None:
    weeks = [Stretch(9, 1), Stretch(0, 0), Stretch(3, 1)]

    picture, words = draw(weeks, [Promoted(3, NOW - 2 * DAY_S)], NOW, UTC, WORDS)

    assert picture.startswith(b"\x89PNG")
    assert words == "Right by week: 75% up to 09/11, 90% up to 23/11. v3 since 21/11."


def test_with_nothing_to_count_it_says_so() -> None:
    _, words = draw([Stretch(0, 0)], [], NOW, UTC, WORDS)

    assert words == "Nothing yet."
