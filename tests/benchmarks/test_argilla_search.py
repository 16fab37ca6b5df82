"""The benchmark of the embedded Argilla, on a few records."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.argilla_search.__main__ import BOUNDS, measure
from benchmarks.measuring.data import Row


@pytest.mark.slow
def test_every_figure_that_is_asked_for_is_measured(tmp_path: Path) -> None:
    chosen = [Row(f"message number {n} of some length", "greeting") for n in range(60)]

    figures = measure(tmp_path, chosen, 60, 70, 2)

    assert figures["records"] == 60
    assert figures["records_50000"] == 70
    assert {bound.figure for bound in BOUNDS} <= figures.keys()
    assert all(value > 0 for value in figures.values())
