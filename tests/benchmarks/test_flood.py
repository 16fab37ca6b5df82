from __future__ import annotations

import pytest

from benchmarks.flood.__main__ import _order, _places

MESSAGES = [f"1700000000.{number:06}" for number in range(40)]


@pytest.mark.parametrize(
    ("answered", "ahead"), [(MESSAGES, -0.75), (MESSAGES[::-1], 0.75), (MESSAGES[:3], float("nan"))]
)
def test_the_order_of_answers_is_told_by_mean_places(answered: list[str], ahead: float) -> None:
    assert _places(answered)["newest_ahead"] == pytest.approx(ahead, abs=0.03, nan_ok=True)


def test_what_was_answered_while_messages_kept_coming_is_told_apart_from_the_rest() -> None:
    came = [{"ts": ts, "sent_at": float(at)} for at, ts in enumerate(MESSAGES)]
    soon = [{"arguments": {"thread_ts": ts}, "at": at + 0.5} for at, ts in enumerate(MESSAGES[:10])]
    late = [
        {"arguments": {"thread_ts": ts}, "at": 100.0 + at} for at, ts in enumerate(reversed(MESSAGES[10:]))
    ]
    notice = [{"arguments": {"text": "a notice"}, "at": 500.0}]

    told = _order(MESSAGES, came, soon + late + notice)

    assert (told["answered_meanwhile"], told["backlog"], told["took_s"]) == (10, 30, 129.0)
    assert told["meanwhile_p50_ms"] == 500
    assert told["newest_ahead"] > 0.7
