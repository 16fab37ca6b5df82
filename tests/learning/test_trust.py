from __future__ import annotations

import pytest

from learning import trust
from learning.trust import Doubt, Grounds, Record, admit, bursts, records
from storage.answers import Verdict
from storage.corrections import Spoken
from storage.imports import Imported
from storage.resolution import Evidence
from storage.tables import Word
from tests.factories import ANA, BEN

WEEK = trust.CYCLE_S


def _evidence(
    number: int,
    *said: tuple[str, str],
    verdict: str | None = None,
    at: float = 0.0,
    imported: str | None = None,
) -> Evidence:
    """What people said of one message; `verdict` is the reviewers' label, "-" a discard, "=" a tie."""
    words = tuple(
        Spoken(f"m{number}", user, label, Word.CHANGED, created_at=at or float(number))
        for user, label in said
    )
    reached = Verdict(verdict if verdict not in ("-", "=") else None, verdict == "=", 1) if verdict else None
    return Evidence(f"m{number}", words, reached, Imported(imported, float(number)) if imported else None)


@pytest.mark.parametrize(
    ("agreements", "reviewed", "expected"), [(0, 0, 0.8), (0, 2, 4 / 7), (3, 3, 7 / 8), (10, 20, 14 / 25)]
)
def test_trust_grows_with_agreement_and_begins_at_four_fifths(
    agreements: int, reviewed: int, expected: float
) -> None:
    assert Record(agreements, reviewed).trust == pytest.approx(expected)


def test_a_persons_record_is_how_often_reviewers_said_the_same() -> None:
    evidence = [
        _evidence(1, (ANA, "bug"), (BEN, "billing"), verdict="bug"),
        _evidence(2, (ANA, "bug"), verdict="praise"),
        _evidence(3, (ANA, "bug")),
        _evidence(4, (ANA, "bug"), verdict="="),
        _evidence(5, (BEN, "bug"), verdict="-"),
    ]

    assert records(evidence) == {ANA: Record(1, 2), BEN: Record(0, 1)}


def test_reviewers_outrank_what_people_said() -> None:
    found = admit([_evidence(1, (ANA, "bug"), (BEN, "bug"), verdict="praise")], 0.6, 30)

    assert found.admitted == {"m1": ("praise", Grounds.REVIEWERS)}


def test_what_reviewers_took_out_or_are_tied_about_is_not_fine_tuned_on() -> None:
    found = admit([_evidence(1, (ANA, "bug"), verdict="-"), _evidence(2, (ANA, "bug"), verdict="=")], 0.6, 30)

    assert found.admitted == {}
    assert found.held_back == {"m2": Doubt.TIED}


def test_two_people_who_agree_need_no_trust() -> None:
    wrong = [_evidence(number, (ANA, "bug"), (BEN, "bug"), verdict="praise") for number in range(20)]

    found = admit([*wrong, _evidence(99, (ANA, "bug"), (BEN, "bug"))], 0.6, 30)

    assert found.admitted["m99"] == ("bug", Grounds.AGREED)


@pytest.mark.parametrize(
    "said", [[(ANA, "bug"), (BEN, "praise")], [(ANA, "x"), (BEN, "y"), ("U7", "y"), ("U8", "x")]]
)
def test_where_people_are_of_two_minds_the_label_waits(said: list[tuple[str, str]]) -> None:
    assert admit([_evidence(1, *said)], 0.6, 30).held_back == {"m1": Doubt.DISPUTED}


def test_one_persons_word_counts_while_reviewers_mostly_agree_with_them() -> None:
    wrong = [_evidence(number, (BEN, "bug"), verdict="praise") for number in range(2)]

    found = admit([*wrong, _evidence(8, (ANA, "bug")), _evidence(9, (BEN, "bug"))], 0.6, 30)

    assert found.admitted["m8"] == ("bug", Grounds.TRUSTED)
    assert found.held_back == {"m9": Doubt.UNTRUSTED}


def test_of_one_persons_uncontested_words_only_so_many_count_in_a_cycle() -> None:
    first = [_evidence(number, (ANA, "bug"), at=WEEK + number) for number in range(5)]
    later = [_evidence(10, (ANA, "bug"), at=3 * WEEK)]

    found = admit([*later, *reversed(first)], 0.6, uncontested_most=3)

    assert set(found.admitted) == {"m0", "m1", "m2", "m10"}
    assert found.held_back == {"m3": Doubt.TOO_MANY, "m4": Doubt.TOO_MANY}


def test_imported_labels_are_believed_however_many_they_are_and_are_nobodys_record_or_burst() -> None:
    evidence = [_evidence(number, imported="bug") for number in range(100)]

    found = admit([*evidence, _evidence(200, imported="bug", verdict="praise")], 0.9, 3)

    assert found.admitted == {
        **{f"m{number}": ("bug", Grounds.IMPORTED) for number in range(100)},
        "m200": ("praise", Grounds.REVIEWERS),
    }
    assert found.held_back == {}
    assert records(evidence) == {}
    assert bursts(evidence) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([(ANA, "bug")], ("bug", Grounds.IMPORTED)),
        ([(ANA, "praise")], Doubt.DISPUTED),
        ([(ANA, "praise"), (BEN, "praise")], ("praise", Grounds.AGREED)),
        ([(ANA, "bug"), (BEN, "praise")], Doubt.DISPUTED),
    ],
)
def test_of_an_imported_label_one_person_makes_us_doubt_and_two_who_agree_convince_us(
    said: list[tuple[str, str]], expected: tuple[str, Grounds] | Doubt
) -> None:
    found = admit([_evidence(1, *said, imported="bug")], 0.6, 30)

    assert {**found.admitted, **found.held_back} == {"m1": expected}


def test_a_burst_of_words_is_noticed_and_a_steady_worker_is_not() -> None:
    hasty = [_evidence(number, (ANA, "bug"), at=1_000.0 + number) for number in range(25)]
    steady = [_evidence(100 + number, (BEN, "bug"), at=1_000.0 + 60 * number) for number in range(100)]

    [burst] = bursts([*hasty, *steady])

    assert (burst.user_id, burst.words, burst.began) == (ANA, 25, 1_000.0)
