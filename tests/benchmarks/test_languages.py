from __future__ import annotations

import numpy as np
import pytest

from benchmarks.languages.__main__ import DEVELOPMENT, INTENTS, MESSAGES, is_right, read, serve, wilson
from bot.context.settings import SHIPPED_IN, SHIPPED_LABELS
from bot.context.shipped_labels import labels_of
from bot.language.catalogues import LANGUAGES
from learning.data.label_file import read_label_file
from learning.encoders.encoder import Encoder, load_encoder
from storage.feedback.labels import LabelSpec


@pytest.fixture(scope="module")
def shipped() -> Encoder:
    return load_encoder(None, max_tokens=256, threads=1)


def test_each_label_has_messages_in_each_language_and_none_serves_two_purposes() -> None:
    names = {spec.name for spec in read_label_file(SHIPPED_LABELS)}
    measured, chosen_on = read(MESSAGES), read(DEVELOPMENT)

    for language in LANGUAGES:
        assert measured[language].keys() == chosen_on[language].keys() == names
        texts, others = (
            [text for of_label in one[language].values() for text in of_label]
            for one in (measured, chosen_on)
        )
        assert len(set(texts)) == len(texts) >= 100
        assert not set(texts) & set(others)


def test_no_message_is_an_example_of_a_label() -> None:
    for language in LANGUAGES:
        examples = {text for spec in labels_of(SHIPPED_IN[language]) for text in spec.examples}
        for file in (MESSAGES, DEVELOPMENT):
            assert not examples & {text for texts in read(file)[language].values() for text in texts}


def test_intents_say_the_same_in_both_languages_line_by_line() -> None:
    intents = read(INTENTS)

    assert len(intents) == 8
    assert all(len(texts["en"]) == len(texts["es"]) >= 12 for texts in intents.values())


def test_messages_are_asked_as_a_bot_with_these_labels_reads_them(shipped: Encoder) -> None:
    served = serve(shipped, [LabelSpec("invoice", "money to pay"), LabelSpec("crash", "an error, it stops")])

    right = is_right(
        served, {"invoice": ["where is the bill"], "crash": ["it crashes", "where is the bill"]}, ""
    )

    assert right.tolist() == [True, True, False]


def test_the_interval_is_wilsons() -> None:
    low, high = wilson(np.array([True] * 85 + [False] * 15))

    assert (low, high) == pytest.approx((0.767, 0.907), abs=1e-3)
