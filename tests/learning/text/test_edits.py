"""What an edit does to a message: by its words alone."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from learning.text.edits import LONGEST, distance_up_to, judge
from storage.messages.earlier_texts import EditEffect, EditJudgement, words
from tests.properties import REPEATABLE

KNOWN = frozenset(
    (
        *(
            "the",
            "export",
            "button",
            "crashes",
            "i",
            "was",
            "charged",
            "changed",
            "twice",
            "it",
            "is",
            "paid",
        ),
        *(
            "java",
            "unpaid",
            "turn",
            "on",
            "off",
            "app",
            "up",
            "down",
            "works",
            "can",
            "log",
            "in",
            "lock",
            "possible",
        ),
    )
)


def _judge(before: str, after: str) -> EditJudgement:
    return judge(before, after, KNOWN.__contains__)


@pytest.mark.parametrize(
    ("before", "after", "letters"),
    [
        ("The export button crashes", "the EXPORT button crashes!!", 0),
        ("The export button crashes", "The export   button\ncrashes.", 0),
        ("The export button crashes", "*The* `export` button ~crashes~", 0),
        ("I cant log in", "I can't log in", 0),
        ("I can’t log in", "I can't log in", 0),
        ("log in", "login", 0),
        ("café", "cafe\u0301", 0),
        ("The exprot button crashes", "The export button crashes", 1),
        ("The export button crashes", "The export button crahses", 1),
        ("teh app crashes", "the app crashes", 1),
        ("The exprot buton crashes", "The export button crashes", 2),
        ("The export button crash", "The export button crashes", 2),
        ("Fui cobrdo duas vezes", "Fui cobrado duas vezes", 1),
        ("ошибка при входе", "ошибкa при входе", 1),
    ],
)
def test_case_punctuation_white_space_and_up_to_two_mistyped_letters_keep_the_meaning(
    before: str, after: str, letters: int
) -> None:
    assert _judge(before, after) == EditJudgement(EditEffect.NONE, letters)
    assert _judge(after, before) == EditJudgement(EditEffect.NONE, letters)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Turn it on", "Turn it off"),
        ("I can log in", "I can't log in"),
        ("I can log in", "I cant log in"),
        ("It is paid", "It is not paid"),
        ("It is paid", "It is unpaid"),
        ("I was charged twice", "I was changed twice"),
        ("I was charged 15 twice", "I was charged 16 twice"),
        ("I was charged 1.5 twice", "I was charged 15 twice"),
        ("I was charged -5 twice", "I was charged 5 twice"),
        ("I was charged $5 twice", "I was charged €5 twice"),
        ("The app is up", "The app is down"),
        ("Lock it", "Unlock it"),
        ("Jira is down", "Java is down"),
        ("possible", "impossible"),
        ("I am not able", "I am notable"),
        ("Fui cobrado duas vezes", "Fui comprado duas vezes"),
        ("com juros", "sem juros"),
        ("Я не могу войти", "Я могу войти"),
        ("The export button crashes", "The export button crashes on Firefox"),
        ("The exprot buton crahses", "The export button crashes"),
        ("The export button crashes", "The export button crashes 🎉"),
        (
            "The export button crashes",
            "Since yesterday the export button crashes: open the list, press it, wait",
        ),
    ],
)
def test_what_may_change_the_meaning_is_asked_about(before: str, after: str) -> None:
    assert _judge(before, after).change is EditEffect.NEAR
    assert _judge(after, before).change is EditEffect.NEAR


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The export button crashes", "I was charged twice"),
        ("The export button crashes", ""),
        ("", "The export button crashes"),
        ("退款失败", "付款失败"),
    ],
)
def test_few_words_in_common_make_another_message(before: str, after: str) -> None:
    assert _judge(before, after).change is EditEffect.OTHER
    assert _judge(after, before).change is EditEffect.OTHER


@REPEATABLE
@given(st.text())
@example("don't")
@example("3.5-fold, -2")
def test_an_edit_to_the_same_words_changes_nothing(text: str) -> None:
    assert _judge(text, f"  {text.strip()} ").change is EditEffect.NONE
    assert words(" ".join(words(text))) == words(text)


@REPEATABLE
@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
@example("ab", "ba")
@example("ca", "abc")
def test_the_distance_is_the_same_both_ways_and_zero_for_the_same_alone(one: str, other: str) -> None:
    found = distance_up_to(one, other, 2)

    assert found == distance_up_to(other, one, 2)
    assert (found == 0) == (one == other)


def test_a_word_longer_than_any_is_not_compared_letter_by_letter() -> None:
    assert distance_up_to("a" * LONGEST, "a" * (LONGEST - 1), 2) == 1
    assert distance_up_to("a" * 40_000, "a" * 40_001, 2) is None
