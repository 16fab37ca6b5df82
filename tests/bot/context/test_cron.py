"""Times as cron writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from bot.context.schedule import CronError, check_cron, next_due
from tests.properties import REPEATABLE

DAY_S = 86_400
BERLIN, LORD_HOWE = "Europe/Berlin", "Australia/Lord_Howe"


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


CHANGES = {
    BERLIN: [at(2026, 3, 29, 1), at(2026, 10, 25, 1)],
    LORD_HOWE: [at(2026, 4, 4, 15), at(2026, 10, 3, 15, 30)],
}


def test_times_are_those_of_cron_in_the_zone_of_the_team() -> None:
    after = at(2026, 7, 1, 2, 30)

    assert next_due("0 3 * * *", after) == at(2026, 7, 1, 3)
    assert next_due("0 3 * * *", after, ZoneInfo("Europe/Berlin")) == at(2026, 7, 2, 1)


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("1", "Mon"),
        ("0", "Sun"),
        ("7", "Sun"),
        ("sun", "Sun"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("5-7", "Fri Sat Sun"),
        ("Fri-Mon", "Fri Sat Sun Mon"),
        ("*/2", "Sun Tue Thu Sat"),
        ("mon,3-4", "Mon Wed Thu"),
        ("*", "Mon Tue Wed Thu Fri Sat Sun"),
    ],
)
def test_weekdays_are_counted_as_cron_counts_them(weekdays: str, days: str) -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    due = [next_due(f"0 3 * * {weekdays}", (noon + timedelta(day)).timestamp()) for day in range(7)]

    assert {f"{datetime.fromtimestamp(moment, UTC):%a}" for moment in due} == set(days.split())


def _moments(zone: str) -> some.SearchStrategy[tuple[str, float]]:
    """Moments of the two days around each change of a zone's clocks, and some of the whole year."""
    days = [some.floats(change - DAY_S, change + DAY_S) for change in CHANGES[zone]]
    year = some.floats(at(2026, 1, 1), at(2027, 1, 1))
    return some.tuples(some.just(zone), some.one_of(*days, *days, year))


@REPEATABLE
@given(some.one_of(*map(_moments, CHANGES)))
@example((BERLIN, at(2026, 3, 29, 0, 30)))  # an hour before the clocks go from 2 to 3
@example((BERLIN, at(2026, 3, 29, 1, 0)))
@example((BERLIN, at(2026, 10, 25, 0, 30)))  # in the hour that there is twice
@example((BERLIN, at(2026, 10, 25, 1, 0)))
@example((LORD_HOWE, at(2026, 4, 4, 14, 45)))  # the clocks go back by half an hour
@example((LORD_HOWE, at(2026, 4, 4, 15, 0)))
@example((LORD_HOWE, at(2026, 10, 3, 15, 15)))  # and forth
@example((LORD_HOWE, at(2026, 10, 3, 15, 30)))
def test_a_next_time_is_later_also_when_clocks_change(place_and_moment: tuple[str, float]) -> None:
    place, moment = place_and_moment
    daily, often = (next_due(cron, moment, ZoneInfo(place)) for cron in ("30 2 * * *", "*/10 * * * *"))

    assert moment < daily < moment + 2 * DAY_S
    assert moment < often <= moment + 600


@pytest.mark.parametrize(
    "text", ["", "daily", "61 * * * *", "* * * *", "* * * * 8", "* * * * 1-", "* * * * */0", "0 0 30 2 *"]
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CronError, match=r"0 3 \* \* \*"):
        check_cron(text)
