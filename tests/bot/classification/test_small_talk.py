"""Which messages say nothing that could be labelled."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.classification.small_talk import MAX_CHARACTERS, has_no_words, says_nothing
from tests.properties import REPEATABLE

NOTHING = [
    "",
    "   ",
    "ok",
    "OK!",
    "Okkkk",
    "thanks",
    "Thanks!!!",
    "thanksss",
    "thank you so much 🙏",
    "Got it, thanks!",
    "great, thank you",
    "you’re welcome",
    "np",
    "lol",
    "hahaha",
    "+1",
    ":+1:",
    ":tada::tada:",
    "ok :thumbsup::skin-tone-3:",
    "👍🏽",
    "❤️",
    "👩‍👩‍👧",
    "🇵🇹",
    "1️⃣ 2️⃣",
    "...",
    "!!!",
    "<@U123> thanks",
    "<!here> good morning!",
    "obrigado",
    "Muito obrigada!",
    "tá bom, obrigado",
    "Bom dia",
    "kkkk",
    "gracias",
    "¡Muchas gracias!",
    "vale, perfecto",
    "sí",
    "jajaja",
]
SOMETHING = [
    "thanks but it still crashes",
    "ok so the export is broken",
    "Thanks, you are the best!",
    "bug",
    "no invoice",
    "not ok",
    "42",
    "10:30:45",
    "https://example.com",
    "<https://example.com|thanks>",
    "<#C1|billing> billing",
    "sim o app caiu",
    "gracias pero no funciona",
    "ok obrigado gracias",
    "好的",
    "rash",
    "?",
    "<@U123>?",
    "ok " * MAX_CHARACTERS,
]


@pytest.mark.parametrize("text", NOTHING)
def test_thanks_assent_greetings_laughter_and_emoji_say_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", SOMETHING)
def test_what_has_a_word_more_says_something(text: str) -> None:
    assert not says_nothing(text)


@settings(REPEATABLE, max_examples=40)
@given(st.text(max_size=MAX_CHARACTERS), st.sampled_from(["invoice", "crash", "reembolso"]))
def test_a_word_that_is_no_small_talk_is_never_left_out(text: str, word: str) -> None:
    assert not says_nothing(f"{text} {word} ok")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":tada:",
        "\U0001f389 :+1::skin-tone-2:",
        "1\ufe0f\u20e3",
        "<@U123> :wave:",
        "<https://example.com/a?b=c>",
        "https://example.com/a?b=c",
        "<http://example.com|example.com>",
        "<mailto:ana@example.com|ana@example.com> !",
        "...",
    ],
)
def test_emoji_bare_links_and_signs_are_no_words(text: str) -> None:
    assert has_no_words(text)


@pytest.mark.parametrize(
    "text",
    ["ok", "+1", "?", "<https://example.com|our prices>", "see <https://example.com>", "好的", "x " * 500],
)
def test_what_has_a_word_can_have_a_label(text: str) -> None:
    assert not has_no_words(text)
