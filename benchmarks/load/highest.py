"""The highest rate that holds: doubled until it does not, then halved in between."""

from __future__ import annotations

from collections.abc import Callable

CLOSE = 1.1
LOWER = 0.9


def highest(holds: Callable[[float], bool], start: float, most: float) -> float:
    """The highest rate found between `start` and `most`, to within a tenth; 0 where not even `start` holds.

    What is found late is tried once more, and lowered until it holds twice: of many tries one may hold by luck.
    """
    rate = _between(holds, *_doubled(holds, start, most))
    while rate >= start:
        if holds(rate):
            return rate
        rate *= LOWER
    return 0.0


def _doubled(holds: Callable[[float], bool], start: float, most: float) -> tuple[float, float]:
    """The last rate that held (0 where none did), and the first that did not."""
    held, rate = 0.0, start
    while holds(rate):
        if rate >= most:
            return rate, rate
        held, rate = rate, min(2 * rate, most)
    return held, rate


def _between(holds: Callable[[float], bool], held: float, failed: float) -> float:
    while held and failed > CLOSE * held:
        rate = (held + failed) / 2
        if holds(rate):
            held = rate
        else:
            failed = rate
    return held
