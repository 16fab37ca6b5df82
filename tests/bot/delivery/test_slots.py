from __future__ import annotations

import threading

from bot.delivery.slots import Places, Slot
from tests.local.running import PATIENCE_S

URGENT, HEARD = Slot(1, 0), Slot(1, 1)


def test_some_places_never_go_to_what_nobody_waits_for() -> None:
    places = Places(8, 2)

    assert places.take() == Slot(8, 6)
    assert places.take() == Slot(0, 0)


def test_what_was_taken_for_nothing_can_be_taken_again() -> None:
    places = Places(3, 1)
    places.take()

    places.give_back(Slot(2, 1))

    assert places.take() == Slot(2, 1)


def test_no_more_is_free_for_what_was_heard_than_is_free_at_all() -> None:
    places = Places(3, 1)
    places.take()

    places.give_back(URGENT)
    assert places.take() == Slot(1, 0)
    places.give_back(URGENT)
    places.end(HEARD)

    assert places.take() == Slot(2, 1)


def test_who_found_no_place_is_told_once_of_the_next_that_gets_free() -> None:
    places = Places(2, 0)
    places.take()
    assert not places.end(HEARD)  # nobody looked meanwhile

    places.take()
    places.take()

    assert places.end(HEARD)
    assert not places.end(HEARD)


def test_who_found_places_for_clicks_alone_is_told_of_the_others() -> None:
    places = Places(3, 1)
    places.take()
    places.give_back(URGENT)
    places.take()

    assert places.end(HEARD)


def test_who_closes_waits_until_nothing_is_under_way() -> None:
    places = Places(2, 1)
    places.take()
    places.give_back(URGENT)
    waiting = threading.Thread(target=places.wait_until_free, args=(PATIENCE_S,))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()

    places.end(HEARD)
    waiting.join(PATIENCE_S)

    assert not waiting.is_alive()


def test_who_closes_waits_no_longer_than_it_may() -> None:
    places = Places(1, 0)
    places.take()

    places.wait_until_free(0.01)

    assert places.take() == Slot(0, 0)
