from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from storage.text.spelling import MARKS_MOST, composed
from tests.properties import REPEATABLE

ABOVE, BELOW = "\u0301", "\u0316"


@REPEATABLE
@given(some.text(alphabet=f"ae{ABOVE}{BELOW}가ᄀ\u1161é中 ", max_size=MARKS_MOST))
def test_what_any_language_writes_is_composed_as_unicode_says(text: str) -> None:
    assert composed(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("number", [MARKS_MOST + 1, 40_000])
def test_a_pile_of_marks_is_sorted_in_pieces_and_loses_none(number: int) -> None:
    pile = f"e{(BELOW + ABOVE) * number}"[: number + 1]

    made = composed(pile)

    assert made.startswith("é")
    assert made.count(BELOW) == pile.count(BELOW)
    assert composed(made) == made
