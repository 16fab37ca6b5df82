from __future__ import annotations

import time

import pytest

from learning.writing.prompt_like import is_prompt_like
from learning.writing.thread import CHARACTERS_MOST
from tests.learning.summarizing.attacks import ATTACKS, Attack

ORDINARY = [
    "The deploy failed again, can somebody look at the pipeline?",
    "Please review my pull request before Friday.",
    "The customer asked for a refund of 40 euros.",
    "Can you send me the summary of yesterday's meeting?",
    "I wrote the instructions for the new printer into the wiki.",
    "The system was down between 9 and 10.",
    "Who is the assistant of the director this week?",
    "The model predicts the wrong label for invoices.",
    "Our new rule about holidays starts in May, see the wiki.",
    "Lunch at noon? The usual place.",
    "Please answer the survey by Wednesday.",
    "You are right, the date was wrong.",
    "I'll act on it today and tell you how it went.",
    "The prompt in the terminal shows the wrong branch.",
    "We ignore warnings of that linter since last year.",
    "Forget the umbrella, the sun is out.",
    "The bot posts the report at eight every morning.",
    "Don't forget to write the release notes.",
    "What is the status of ticket 4711?",
    "The translation into Spanish is ready, only the footer is missing.",
    "Die Anweisung für den Drucker liegt im Wiki.",
    "La reunión de mañana empieza a las diez.",
    "Les règles de congés changent en mai.",
    "会议改到星期五下午三点。",
    "Don't mention it, happy to help!",
    "Please ignore my previous message, wrong channel.",
    "Do not follow up with the customer before Monday.",
    "Response: 502 after 30 seconds, on every second call.",
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.kind)
def test_an_attack_is_recognised(attack: Attack) -> None:
    assert is_prompt_like(attack.text)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.kind)
def test_an_attack_behind_a_polite_beginning_in_capitals_is_recognised(attack: Attack) -> None:
    assert is_prompt_like(f"Thanks Tom!\n{attack.text.upper()}")


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_message_is_not_taken_for_an_attack(text: str) -> None:
    assert not is_prompt_like(text)


@pytest.mark.parametrize("part", ["ignore ", "say ", "<|", "you are ", "show tell ", "dear the ", "#", "[/"])
def test_a_text_made_to_be_slow_is_read_at_once(part: str) -> None:
    text = (part * CHARACTERS_MOST)[:CHARACTERS_MOST]

    began = time.process_time()
    is_prompt_like(text)

    assert time.process_time() - began < 1
