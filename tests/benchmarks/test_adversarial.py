from __future__ import annotations

import pytest

from benchmarks.adversarial.__main__ import BOUNDS, Slowest, _slowest


class Clock:
    """Processor time that passes as a path says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("benchmarks.adversarial.__main__.time.process_time", lambda: self.now)

    def read(self, power: int) -> Slowest:
        """What is found of a path whose time grows with this power of how many `<` a text holds."""

        def path(text: str) -> None:
            self.now += 0.01 + (text.count("<") / 10_000) ** power

        return _slowest(path, ["-", "<"], 40_000)


def test_a_path_whose_time_grows_with_the_square_breaks_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    square, straight = Clock(monkeypatch).read(2), Clock(monkeypatch).read(1)

    [growth] = [bound for bound in BOUNDS if bound.figure == "growth"]
    assert (square.of, straight.of) == ("<", "<")
    assert straight.growth == pytest.approx(2, abs=0.1)
    assert growth.holds({"growth": straight.growth})
    assert not growth.holds({"growth": square.growth})
