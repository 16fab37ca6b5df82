"""The verdict that every benchmark ends with, and the exit status that goes with it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks.cold_start import __main__ as cold_start
from benchmarks.measuring.latencies import latencies
from benchmarks.measuring.report import FAILS, HOLDS, NO_DATA, Bound, conclude

Capture = pytest.CaptureFixture[str]

BOUNDS = (Bound("accuracy", at_least=0.7), Bound("lost", at_most=0))


def test_figures_within_every_bound_hold(capsys: Capture) -> None:
    status = conclude("sample", {"accuracy": 0.7, "lost": 0, "rows": 10}, BOUNDS)

    assert status == HOLDS
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "name": "sample",
        "figures": {"accuracy": 0.7, "lost": 0, "rows": 10},
        "expected": {"accuracy": {"at_least": 0.7}, "lost": {"at_most": 0}},
        "holds": True,
    }


def test_a_figure_that_only_rounds_up_to_its_bound_does_not_hold(capsys: Capture) -> None:
    assert conclude("sample", {"accuracy": 0.69999, "lost": 0}, BOUNDS) == FAILS
    assert json.loads(capsys.readouterr().out)["holds"] is False


@pytest.mark.parametrize("figures", [{"accuracy": 0.8}, {"accuracy": math.nan, "lost": 0}])
def test_a_figure_that_was_not_measured_does_not_hold(figures: dict[str, float], capsys: Capture) -> None:
    assert conclude("sample", figures, BOUNDS) == FAILS
    assert "NaN" not in capsys.readouterr().out


def test_a_message_without_its_card_is_lost_and_one_with_two_is_doubled() -> None:
    deliveries = [
        {"type": "message", "ts": ts, "sent_at": 1.0, "acknowledged_at": 1.002} for ts in ("a", "b", "c")
    ]
    posts = [{"arguments": {"thread_ts": ts}, "at": at} for ts, at in (("a", 1.05), ("b", 1.04), ("b", 1.09))]

    found = latencies(["a", "b", "c", "never delivered"], deliveries, posts)

    assert (found.lost, found.doubled) == (2, 1)
    assert found.ack_s == pytest.approx([0.002] * 3)
    assert found.card_s == pytest.approx([0.05, 0.04])


def test_without_its_data_a_benchmark_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("CORRIGIBLE_DATA", str(tmp_path))

    assert cold_start.main([]) == NO_DATA
    assert "Banking77" in capsys.readouterr().err
