from __future__ import annotations

from typing import Any

import numpy as np

from bot.language.catalogues import speaking
from bot.operators.findings import Finding, findings, groups, linked
from learning.evaluation.metrics import Scores, score

REPORT: dict[str, Any] = {
    "examples": 633,
    "counts": {"billing": 600, "bug": 30, "praise": 3, "other": 0},
    "lengths": [2.0, 9.0, 30.0, 59.0],
    "languages": {"en": 600, "pt": 30, "unknown": 3},
    "duplicates": [["a", "b"], ["c", "d"]],
    "conflicts": [["c", "d"]],
    "outliers": ["e"],
    "suspects": [{"id": "f", "label_id": "l1", "suggested": "l2", "confidence": 0.9}],
}
LINKS = {one: f"https://t.slack.com/archives/C1/{one}" for one in "abcdef"}


def test_numbers_come_with_their_unit_and_the_messages_behind_them() -> None:
    found = list(findings(REPORT))

    assert [one.words for one in found] == [
        "633 examples in 3 labels · fewest: other (0), praise (3), bug (30) · 2 to 59 words, median 9 · "
        "en 600, pt 30, unknown 3",
        "2 groups of near-duplicates",
        "1 group of near-duplicates with different labels",
        "1 outlier",
        "1 suspicious label",
    ]
    assert [one.message_ids for one in found] == [(), ("a", "b", "c", "d"), ("c", "d"), ("e",), ("f",)]


def test_nothing_is_said_of_what_was_not_found() -> None:
    clean = {**REPORT, "duplicates": [], "conflicts": [], "outliers": [], "suspects": []}

    assert len(list(findings(clean))) == 1
    assert list(findings({})) == []
    assert [one.words for one in findings({"rows": [["held out", "3"]]})] == ["held out 3"]


def test_messages_are_linked_as_far_as_they_still_exist() -> None:
    told = linked(Finding("2 outliers", ("a", "gone", "b")), LINKS, "0123456789abcdef")

    assert told == f"2 outliers: <{LINKS['a']}|1> <{LINKS['b']}|2>"
    assert linked(Finding("1 outlier", ("gone",)), LINKS, "r") == "1 outlier"


def test_of_many_messages_some_are_linked_and_the_rest_is_in_the_terminal() -> None:
    links = {f"m{number}": f"https://t.slack.com/{number}" for number in range(13)}

    told = linked(Finding("13 suspicious labels", tuple(links)), links, "0123456789abcdef")

    assert told.count("|") == 10
    assert told.endswith("|10> and 3 more: `corrigible report 01234567`")


def scores(said: list[int]) -> Scores:
    truth = np.array([0, 1, 0, 1])
    slices = {
        "length": ["up to 10 words", "up to 10 words", "over 30 words", "over 30 words"],
        "channel": ["C1", "C1", "C1", "C2"],
        "language": ["en"] * 4,
    }
    return score(np.eye(2, dtype=np.float32)[said], truth, ["billing", "bug"], slices)


def test_groups_of_messages_are_told_before_and_after_and_one_that_is_all_is_left_out() -> None:
    told = list(groups(scores([0, 0, 0, 1]), scores([0, 1, 0, 0])))

    assert told == [
        "By length, macro-F1: over 30 words 1.00 → 0.33 (2 messages) · up to 10 words 0.33 → 1.00 (2 messages)",
        "By channel, macro-F1: <#C1> 0.40 → 1.00 (3 messages) · <#C2> 1.00 → 0.00 (1 message)",
    ]


def test_without_a_champion_groups_have_one_figure() -> None:
    assert next(groups(None, scores([0, 1, 0, 1]))).startswith("By length, macro-F1: over 30 words 1.00 (2")


def test_operators_read_it_in_their_language() -> None:
    with speaking("pt"):
        told = [*(one.words for one in findings(REPORT)), *groups(None, scores([0, 1, 0, 1]))]

    assert not any(
        word in " ".join(told) for word in ("examples", "outlier", "suspicious", "words", "message")
    )
