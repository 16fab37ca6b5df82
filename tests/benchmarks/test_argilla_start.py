"""The benchmark of the embedded Argilla's start, on a few records."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.argilla_start.__main__ import bounds, measure
from benchmarks.measuring.data import Row


@pytest.mark.slow
def test_every_kind_of_stop_is_measured_and_no_search_answers_with_less_than_there_is(tmp_path: Path) -> None:
    chosen = [Row(f"where is my card number {n}", "card_arrival") for n in range(60)]

    figures = measure(tmp_path, chosen, [80])

    assert {bound.figure for bound in bounds({80: 60.0})} <= figures.keys()
    assert figures["wrong_answers"] == 0
    assert figures["deleted_80_ready_s"] <= figures["deleted_80_listed_s"] <= figures["deleted_80_searched_s"]
