from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from benchmarks.load.__main__ import PARTS, bounds
from benchmarks.load.highest import highest
from benchmarks.measuring.latencies import Latencies, latencies
from benchmarks.measuring.memory import growth
from benchmarks.measuring.steady import steady
from benchmarks.measuring.wire import Step


def up_to(capacity: float, tried: list[float]) -> Callable[[float], bool]:
    """A bot that is fast below `capacity`."""

    def holds(rate: float) -> bool:
        tried.append(rate)
        return rate <= capacity

    return holds


def step(card_s: list[float], lost: int = 0, accepted_p99_s: float = 0.01) -> Step:
    seen = Latencies(messages=len(card_s) + lost, ack_s=[], card_s=card_s, lost=lost, doubled=0)
    return Step(20.0, seen, lost, accepted_p99_s, drained_s=0.1)


@pytest.mark.parametrize("capacity", [16, 17, 31, 100, 333.3, 1023])
def test_the_highest_rate_is_found_to_within_a_tenth(capacity: float) -> None:
    tried: list[float] = []

    assert capacity / 1.1 <= highest(up_to(capacity, tried), 16, 1024) <= capacity
    assert len(tried) <= 12


def test_no_rate_is_the_highest_where_the_first_is_too_much() -> None:
    assert highest(up_to(15, []), 16, 1024) == 0


def test_no_more_is_tried_than_was_allowed() -> None:
    tried: list[float] = []

    assert highest(up_to(10_000, tried), 16, 100) == 100
    assert max(tried) == 100


def test_a_rate_that_held_by_luck_is_lowered_until_it_holds_again() -> None:
    answers = iter([True, True, *[False] * 7, True])

    assert highest(lambda _rate: next(answers), 16, 1024) == pytest.approx(32 * 0.9**2)


def test_a_rate_holds_where_nearly_all_cards_come_within_a_second() -> None:
    assert step([0.1] * 995 + [5.0] * 5).holds
    assert not step([0.1] * 950 + [5.0] * 50).holds


def test_a_message_without_a_card_took_forever() -> None:
    assert step([0.1] * 999, lost=1).p99_s == math.inf
    assert not step([0.1] * 999, lost=1).holds


def test_a_rate_that_was_not_offered_does_not_hold() -> None:
    assert not step([0.1] * 1000, accepted_p99_s=0.5).holds


def test_flat_memory_does_not_grow_and_its_warm_up_does_not_count() -> None:
    assert growth([100.0] * 60 + [500.0] * 540) == 1
    assert growth([400.0 + 0.1 * second for second in range(600)]) == pytest.approx(1.09, abs=0.01)


def test_memory_that_was_hardly_looked_at_says_nothing() -> None:
    assert math.isnan(growth([500.0, 500.0]))


def test_a_message_is_late_where_it_is_accepted_late() -> None:
    clock = iter(range(100))

    sent = steady(lambda text: f"{next(clock)} {text}", rate_per_s=200, seconds=0.1)
    assert len(sent.ts) == len(sent.late_s) == len(sent.accepted_s) == 20


def test_cards_and_acknowledgements_are_told_by_message() -> None:
    deliveries = [
        {"ts": ts, "type": "message", "sent_at": 1.0, "acknowledged_at": at}
        for ts, at in (("1", 1.1), ("2", 1.2), ("3", None), ("other", 1.0))
    ]
    posts = [{"at": at, "arguments": {"thread_ts": ts}} for ts, at in (("1", 1.5), ("2", 1.6), ("2", 9.0))]

    found = latencies(["1", "2", "3"], deliveries, posts)
    assert found.card_s == pytest.approx([0.5, 0.6])
    assert (found.messages, found.lost, found.doubled) == (3, 1, 1)


def test_every_part_asks_for_something() -> None:
    assert all(bounds("sqlite", [part]) for part in PARTS)
