from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from learning.data import trust
from learning.data.trust import (
    HEAD_MOST,
    AdmissionGrounds,
    AdmittedLabels,
    Belief,
    Doubt,
    Reliability,
    Trust,
    choose_for_head,
    weigh,
)
from storage.feedback.corrections import Background, Spoken
from storage.feedback.imports import Imported
from storage.feedback.resolution import Evidence, Gathered
from storage.feedback.responses import Verdict
from storage.tables.feedback import Word
from storage.workspaces.pseudonyms import FORGOTTEN
from tests.factories import ANA, BEN, CAT
from tests.properties import REPEATABLE

WEEK = trust.CYCLE_S
EVE, MAL = "U8", "U9"
BELIEF = Belief(operators=frozenset({ANA}))
JUDGED_AT = 1e6


def _evidence(
    number: int,
    *said: tuple[str, str],
    verdict: str | None = None,
    at: float = 0.0,
    imported: str | None = None,
    word: Word = Word.CHANGED,
    foreseen: float | None = None,
) -> Evidence:
    """What users said of one message, one after the other; `verdict`: reviewers' label, "-" a discard, "=" a tie."""
    words = tuple(
        Spoken(f"m{number}", user, label, word, (at or float(number)) + 0.1 * later, foreseen)
        for later, (user, label) in enumerate(said)
    )
    label = verdict if verdict not in ("-", "=") else None
    reached = Verdict(label, verdict == "=", 1, JUDGED_AT) if verdict else None
    return Evidence(f"m{number}", words, reached, Imported(imported, float(number)) if imported else None)


def _reviewed(user: str, right: int, wrong: int = 0, first: int = 1_000) -> list[Evidence]:
    """Messages of which a user said what reviewers said later, or something else."""
    agreed = [_evidence(first + number, (user, "bug"), verdict="bug") for number in range(right)]
    return agreed + [
        _evidence(first + right + number, (user, "bug"), verdict="praise") for number in range(wrong)
    ]


def _trust(evidence: Sequence[Evidence] = (), background: Mapping[str, Background] | None = None) -> Trust:
    return weigh(evidence, background or {}, BELIEF)


def _admit(*evidence: Evidence, belief: Belief = BELIEF) -> AdmittedLabels:
    return trust.admit(evidence, weigh(evidence, {}, belief))


# Reliability


def test_nobody_unknown_is_trusted_and_operators_are() -> None:
    found = _trust()

    assert BEN not in found
    assert found.of(BEN) == pytest.approx(1 / 3)
    assert ANA in found


@REPEATABLE
@given(st.integers(0, 200), st.integers(0, 200))
@example(0, 0)
def test_each_agreement_raises_trust_and_each_disagreement_lowers_it(right: int, wrong: int) -> None:
    now = Reliability(right, wrong).trust

    assert Reliability(right, wrong + 1).trust < now < Reliability(right + 1, wrong).trust
    assert 0 < now < 1


def test_trust_is_earned_by_agreement_with_reviewers() -> None:
    assert BEN not in _trust(_reviewed(BEN, 4))
    assert BEN in _trust(_reviewed(BEN, 5))
    assert BEN not in _trust(_reviewed(BEN, 6, wrong=2))
    assert BEN in _trust(_reviewed(BEN, 40, wrong=2))


def test_whoever_repeats_what_reviewers_have_said_shows_nothing_by_it() -> None:
    late = [_evidence(number, (BEN, "bug"), verdict="bug", at=JUDGED_AT + number) for number in range(1, 30)]

    assert _trust(late).of(BEN) == _trust().of(BEN)


def test_confirming_what_the_bot_said_shows_little() -> None:
    confirmed = [_evidence(number, (BEN, "bug"), verdict="bug", word=Word.CONFIRMED) for number in range(10)]

    assert BEN not in _trust(confirmed)
    assert BEN in _trust(_reviewed(BEN, 10))


def test_trust_is_earned_by_agreement_with_trusted_users_who_spoke_later_and_passed_on_to_others() -> None:
    with_ana = [_evidence(number, (BEN, "bug"), (ANA, "bug")) for number in range(12)]
    with_ben = [_evidence(100 + number, (CAT, "bug"), (BEN, "bug")) for number in range(12)]
    copied = [_evidence(200 + number, (ANA, "bug"), (EVE, "bug")) for number in range(50)]

    found = _trust([*with_ana, *with_ben, *copied])

    assert BEN in found
    assert CAT in found
    assert EVE not in found


@REPEATABLE
@given(st.integers(2, 6), st.integers(1, 60))
def test_newcomers_who_agree_with_each_other_earn_no_trust_by_it(accounts: int, messages: int) -> None:
    names = [f"S{number}" for number in range(accounts)]
    evidence = [_evidence(at, *((name, "bug") for name in names)) for at in range(messages)]

    found = _trust(evidence)

    assert {found.of(name) for name in names} == {found.of("unknown")}
    assert trust.admit(evidence, found).admitted == {}


def test_trust_is_earned_on_messages_that_say_nearly_the_same_as_one_with_a_known_label() -> None:
    assert BEN in _trust(background={BEN: Background(agreements=10)})
    assert BEN not in _trust(background={BEN: Background(agreements=10, disagreements=5)})


def test_corrections_that_are_held_back_or_were_discarded_cost_trust() -> None:
    evidence = _reviewed(BEN, 20)

    assert BEN in _trust(evidence)
    assert BEN not in _trust(evidence, {BEN: Background(held=20)})


# What may be fine-tuned on


def test_reviewers_outrank_what_users_said() -> None:
    found = _admit(_evidence(1, (ANA, "bug"), (BEN, "bug"), verdict="praise"))

    assert found.admitted == {"m1": ("praise", AdmissionGrounds.REVIEWERS)}


def test_what_reviewers_took_out_or_are_tied_about_is_not_fine_tuned_on() -> None:
    found = _admit(_evidence(1, (ANA, "bug"), verdict="-"), _evidence(2, (ANA, "bug"), verdict="="))

    assert found.admitted == {}
    assert found.held_back == {"m2": Doubt.TIED}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([(ANA, "bug")], ("bug", AdmissionGrounds.TRUSTED)),
        ([(BEN, "bug")], Doubt.UNTRUSTED),
        ([(BEN, "bug"), (CAT, "bug")], Doubt.UNTRUSTED),
        ([(BEN, "bug"), (ANA, "bug")], ("bug", AdmissionGrounds.AGREED)),
        ([(ANA, "bug"), (BEN, "praise")], Doubt.DISPUTED),
        ([(ANA, "bug"), (BEN, "praise"), (CAT, "praise")], Doubt.DISPUTED),
        ([(ANA, "bug"), (BEN, "bug"), (CAT, "praise")], ("bug", AdmissionGrounds.AGREED)),
    ],
)
def test_a_label_needs_somebody_who_is_trusted_and_nobody_who_says_as_much_against_it(
    said: list[tuple[str, str]], expected: tuple[str, AdmissionGrounds] | Doubt
) -> None:
    found = _admit(_evidence(1, *said))

    assert {**found.admitted, **found.held_back} == {"m1": expected}


def test_what_the_model_finds_absurd_waits_for_a_second_opinion_unless_an_operator_says_so() -> None:
    earned = _reviewed(BEN, 20)
    absurd, likely = (
        _evidence(1, (BEN, "bug"), foreseen=0.001),
        _evidence(2, (BEN, "bug"), foreseen=0.1),
    )
    by_operator = _evidence(3, (ANA, "bug"), foreseen=0.001)

    found = _admit(*earned, absurd, likely, by_operator)

    assert found.held_back == {"m1": Doubt.IMPLAUSIBLE}
    assert found.admitted["m2"] == found.admitted["m3"] == ("bug", AdmissionGrounds.TRUSTED)


def test_of_one_users_uncontested_corrections_only_so_many_count_in_a_cycle() -> None:
    first = [_evidence(number, (ANA, "bug"), at=WEEK + number) for number in range(5)]
    later = [_evidence(10, (ANA, "bug"), at=3 * WEEK)]
    belief = Belief(uncontested_most=3, operators=frozenset({ANA}))

    found = _admit(*later, *reversed(first), belief=belief)

    assert set(found.admitted) == {"m0", "m1", "m2", "m10"}
    assert found.held_back == {"m3": Doubt.TOO_MANY, "m4": Doubt.TOO_MANY}


def test_imported_labels_are_believed_however_many_they_are_and_are_nobodys_record() -> None:
    evidence = [_evidence(number, imported="bug") for number in range(100)]

    found = _admit(*evidence, _evidence(200, imported="bug", verdict="praise"))

    assert found.admitted == {
        **{f"m{number}": ("bug", AdmissionGrounds.IMPORTED) for number in range(100)},
        "m200": ("praise", AdmissionGrounds.REVIEWERS),
    }
    assert found.held_back == {}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([(BEN, "bug")], ("bug", AdmissionGrounds.IMPORTED)),
        ([(ANA, "praise")], Doubt.DISPUTED),
        ([(BEN, "praise"), (CAT, "praise")], Doubt.DISPUTED),
        ([(BEN, "praise"), (ANA, "praise")], ("praise", AdmissionGrounds.AGREED)),
        ([(ANA, "bug"), (BEN, "praise")], Doubt.DISPUTED),
    ],
)
def test_of_an_imported_label_one_user_makes_us_doubt_and_a_trusted_one_with_another_convinces_us(
    said: list[tuple[str, str]], expected: tuple[str, AdmissionGrounds] | Doubt
) -> None:
    found = _admit(_evidence(1, *said, imported="bug"))

    assert {**found.admitted, **found.held_back} == {"m1": expected}


# What the head learns from at once


def _once(user: str, number: int, at: float, word: Word = Word.CHANGED) -> Spoken:
    return Spoken(f"{user}-{number}", user, "bug", word, at)


def test_the_head_learns_from_a_newcomer_at_once_and_of_each_no_more_than_so_many() -> None:
    said = [_once(user, number, float(number)) for user in (BEN, ANA) for number in range(HEAD_MOST + 5)]
    next_week = _once(BEN, 99, WEEK)

    found = choose_for_head(Gathered({one.message_id: one for one in [*said, next_week]}, []), _trust())

    assert len([one for one in found if one.startswith(ANA)]) == HEAD_MOST + 5
    of_newcomer = {one for one in found if one.startswith(BEN)}
    assert of_newcomer == {f"{BEN}-{number}" for number in range(HEAD_MOST)} | {next_week.message_id}


def test_nobody_takes_others_corrections_from_the_head_by_contradicting_all_of_them() -> None:
    number = HEAD_MOST - 2
    contradicted = [
        _evidence(place + number * later, (user, "bug"), (MAL, "praise"))
        for later, user in enumerate((BEN, CAT, EVE))
        for place in range(number)
    ]

    found = choose_for_head(Gathered({}, contradicted), _trust())

    assert len(found) == len(contradicted)
    assert Counter(found.values()) == {"praise": HEAD_MOST, "bug": len(contradicted) - HEAD_MOST}


def test_having_oneself_forgotten_again_and_again_teaches_the_head_no_more() -> None:
    said = [
        _once(f"{FORGOTTEN}{time}", number, 30.0 * time + number) for time in range(5) for number in range(14)
    ]

    found = choose_for_head(Gathered({one.message_id: one for one in said}, []), _trust())

    assert len(found) == HEAD_MOST


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (_evidence(1, (ANA, "bug"), (BEN, "praise")), "bug"),
        (_evidence(1, (BEN, "praise"), imported="bug"), "bug"),
        (_evidence(1, (BEN, "praise"), verdict="bug"), "bug"),
        (_evidence(1, (BEN, "bug"), (CAT, "praise")), "praise"),
        (_evidence(1, (BEN, "bug"), verdict="-"), None),
        (_evidence(1, (BEN, "bug"), verdict="="), "bug"),
    ],
)
def test_the_head_does_not_learn_from_a_newcomer_what_others_contradict_who_are_believed(
    one: Evidence, expected: str | None
) -> None:
    assert choose_for_head(Gathered({}, [one]), _trust()).get("m1") == expected
