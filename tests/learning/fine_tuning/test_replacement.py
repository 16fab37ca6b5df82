from __future__ import annotations

import json

import numpy as np
import pytest

from learning.encoders.encoder import Encoder
from learning.fine_tuning.replacement import Replacement, close_words
from tests.learning.conftest import SAMPLE

CLOSE = {"invoice": ["bill"], "crashes": ["fails", "hangs"]}


def test_words_give_way_to_close_ones_and_all_else_stays() -> None:
    text = Replacement(CLOSE, share=1.0)(
        "My INVOICE: where is it? (It crashes, ção!)", np.random.default_rng(0)
    )

    assert text in {f"My bill: where is it? (It {other}, ção!)" for other in ("fails", "hangs")}


def test_about_a_share_of_the_words_is_replaced() -> None:
    replaced = Replacement(CLOSE, share=0.3)(" ".join(["invoice"] * 1_000), np.random.default_rng(0))

    assert 250 < replaced.split().count("bill") < 350


@pytest.mark.slow
def test_close_words_are_ones_that_the_team_uses_and_that_mean_much_the_same(encoder: Encoder) -> None:
    wrote = [json.loads(line)["text"] for line in SAMPLE.read_text(encoding="utf-8").splitlines()]

    close = close_words(wrote, encoder)

    assert close["card"] == ["cards"]
    assert {"cash", "funds"} <= set(close["money"])
    assert {"fees", "charge"} <= set(close["fee"])
    used = " ".join(wrote).casefold()
    assert all(word in used for words in close.values() for word in words)


@pytest.mark.slow
def test_where_nothing_is_said_twice_nothing_is_replaced(encoder: Encoder) -> None:
    assert close_words(["my invoice", "the export"], encoder) == {}
