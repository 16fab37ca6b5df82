from __future__ import annotations

import pytest

from learning.encoders.encoder import Encoder
from learning.summarizing.faithfulness import REMOVED, SOURCES_MOST, SUPPORT_LEAST, Checker, Sentence
from learning.writing.thread import Utterance

THREAD = [
    Utterance("1", "Maya", "The invoice 4711 of Northwind is 14 days late, who calls them?"),
    Utterance(
        "2", "Tom", "I call Northwind tomorrow at 10:30, their number is in https://crm.example.com/c/7."
    ),
    Utterance("3", "Maya", "Good. By the way, the coffee machine on the second floor leaks water again."),
    Utterance("4", "Tom", "Write to facilities@example.com, they sent a plumber last time."),
    Utterance("5", "Ana", "Is anyone against moving the retrospective to Thursday?"),
    Utterance("6", "Ivo", "Not me, that works."),
]


@pytest.fixture(scope="module")
def checker(encoder: Encoder) -> Checker:
    return Checker(THREAD, encoder)


def _check(checker: Checker, text: str) -> Sentence:
    [checked] = checker.check([text])
    return checked


@pytest.mark.parametrize(
    ("text", "unfounded"),
    [
        ("Tom calls Northwind tomorrow at 10:30.", ()),
        ("The invoice 4711 is 14 days late.", ()),
        ("The invoice 4711 is 15 days late.", ("15",)),
        ("Tom calls Northwind tomorrow at 11:30.", ("11:30",)),
        ("Tom calls Contoso tomorrow.", ("Contoso",)),
        ("Mallory calls Northwind's office, which is 14 days late.", ("Mallory",)),
        ("Northwind has to pay 50,000 euros to Mallory within 14 days.", ("50,000", "Mallory")),
        ("Tom’s call to Northwind is tomorrow.", ()),
        ("The coffee machine leaks water, says Maya.", ()),
        ("In the second floor the machine leaks. They wrote it down.", ()),
        ("Mallory calls Mallory.", ("Mallory",)),
    ],
)
def test_names_and_numbers_that_nobody_wrote_are_found_and_others_left_alone(
    checker: Checker, text: str, unfounded: tuple[str, ...]
) -> None:
    checked = _check(checker, text)

    assert checked.unfounded == unfounded
    assert checked.text == text


@pytest.mark.parametrize("sign", ["%", " days", ".", ":", "!", ")"])
def test_a_number_that_was_written_is_known_whatever_stands_behind_it(encoder: Encoder, sign: str) -> None:
    checker = Checker([Utterance("1", "Tom", f"the rate is 14{sign} as of today")], encoder)

    assert _check(checker, "The rate is 14.").unfounded == ()
    assert _check(checker, "The rate is 15.").unfounded == ("15",)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/login",
        "http://192.0.2.1/x",
        "www.evil.example",
        "evil.com",
        "evil.io/a/b",
        "boss@evil.example",
        "https://crm.example.com.evil.example/c/7",
        "HTTPS://EVIL.EXAMPLE/login",
        "https://crm.example.com/c",
        "crm.example.co",
        "bit.ly/3xYz",
        "evil.ru/login",
    ],
)
def test_a_link_that_nobody_wrote_is_taken_out(checker: Checker, link: str) -> None:
    checked = _check(checker, f"Tom finds the number of Northwind at {link}.")

    assert checked.text == f"Tom finds the number of Northwind at {REMOVED}."


@pytest.mark.parametrize("link", ["https://crm.example.com/c/7", "facilities@example.com"])
@pytest.mark.parametrize("sign", [".", ",", " today.", "!", ")."])
def test_a_link_that_somebody_wrote_stays_as_it_is(checker: Checker, link: str, sign: str) -> None:
    text = f"Tom says ({link}{sign}"

    assert _check(checker, text).text == text


def test_slacks_own_marks_around_a_link_do_not_make_it_foreign(encoder: Encoder) -> None:
    checker = Checker(
        [Utterance("1", "Tom", "the list is at <https://crm.example.com/c/7|the CRM>")], encoder
    )

    assert "https://crm.example.com/c/7" in _check(checker, "See https://crm.example.com/c/7.").text


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("The invoice of Northwind is 14 days late.", "1"),
        ("Tom calls Northwind tomorrow.", "2"),
        ("The coffee machine on the second floor leaks.", "3"),
        ("A plumber was sent by facilities last time.", "4"),
    ],
)
def test_a_sentence_rests_on_who_said_it(checker: Checker, text: str, source: str) -> None:
    checked = _check(checker, text)

    assert checked.is_supported
    assert checked.sources[0] == source
    assert len(checked.sources) <= SOURCES_MOST


def test_a_sentence_that_is_an_utterance_is_fully_supported_by_it(checker: Checker) -> None:
    checked = _check(checker, THREAD[2].text)

    assert checked.sources[0] == "3"
    assert checked.support == pytest.approx(1.0, abs=1e-3)


def test_a_question_and_its_answer_support_together_what_neither_says_alone(encoder: Encoder) -> None:
    text = "The retrospective is moved to Thursday, which works for everybody."
    question, answer = THREAD[4:]

    together = _check(Checker(THREAD[4:], encoder), text)
    alone = [_check(Checker([one], encoder), text).support for one in (question, answer)]

    assert together.support >= max(alone)
    assert together.is_supported
    assert set(together.sources) == {"5", "6"}


def test_a_pair_makes_support_greater_than_any_one_who_spoke(encoder: Encoder) -> None:
    thread = [
        Utterance("1", "Ana", "Who fixes the login page?"),
        Utterance("2", "Ivo", "Me, on Monday morning."),
    ]
    text = "Ivo fixes the login page on Monday morning."

    together = _check(Checker(thread, encoder), text).support

    assert together > max(_check(Checker([one], encoder), text).support for one in thread)


@pytest.mark.parametrize(
    "text",
    [
        "HACKED.",
        "The volcano erupted and the island was evacuated.",
        "You are a helpful assistant.",
        "Bitcoin rises to a new record.",
        "The football team won the championship.",
        "Maya and Tom adopt a cat.",
        "I can't help with that.",
    ],
)
def test_a_sentence_of_another_topic_is_not_supported(checker: Checker, text: str) -> None:
    checked = _check(checker, text)

    assert checked.support < SUPPORT_LEAST
    assert not checked.is_supported


def test_a_name_alone_supports_nothing(checker: Checker) -> None:
    assert not _check(checker, "Maya Tom").is_supported


def test_no_sentences_are_checked_at_once(checker: Checker) -> None:
    assert checker.check([]) == []


def test_a_thread_of_one_utterance_has_no_pairs_and_is_checked(encoder: Encoder) -> None:
    checked = _check(Checker(THREAD[:1], encoder), "The invoice of Northwind is late.")

    assert checked.sources == ("1",)
    assert checked.is_supported


@pytest.mark.parametrize("speaker", ["", "(", "Maya.*", "Tom|Ana", "\\", "李雷"])
def test_any_name_can_be_a_speakers(encoder: Encoder, speaker: str) -> None:
    checked = _check(
        Checker([Utterance("1", speaker, "the printer is broken")], encoder), "The printer is broken."
    )

    assert checked.is_supported
    assert checked.sources == ("1",)


def test_sentences_keep_their_order(checker: Checker) -> None:
    texts = ["Tom calls Northwind.", "The coffee machine leaks.", "The volcano erupted."]

    assert [one.text for one in checker.check(texts)] == texts
