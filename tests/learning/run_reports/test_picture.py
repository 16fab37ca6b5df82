from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from learning.evaluation.metrics import Scores, score
from learning.run_reports.picture import NAME_MOST, _plain, _short, _words, draw

CURVE = [{"epoch": 1.0, "loss": 0.9, "accuracy": 0.5}, {"epoch": 2.0, "loss": 0.4, "accuracy": 0.8}]
MANY = tuple(f"label{number}" for number in range(30))
NAMES = {label: f"name of {label}" for label in MANY}


def test_any_name_can_be_drawn_without_a_warning() -> None:
    odd = [
        "💸💸",
        "請求書",
        "$a$ \\frac $",
        "_^{",
        "tab\there",
        "\u200b",
        "a" * 500,
        "\u05d7\u05e9\u05d1",
        "",
    ]
    names = {**NAMES, **dict(zip(MANY, odd, strict=False))}  # the first labels are those that are shown

    image, _ = draw(" ".join(odd), CURVE, _scores(0.2), _scores(0.8), names)

    with Image.open(io.BytesIO(image)) as picture:
        assert picture.size == (1_200, 700)
        assert picture.getpixel((0, 0)) == (255, 255, 255, 255)


def test_characters_that_the_font_lacks_are_left_out_and_others_kept() -> None:
    assert _plain("請求 💸 выставлен счёт ✓") == "выставлен счёт ✓"
    assert _plain("請求") == ""


def test_a_long_name_shows_that_it_goes_on() -> None:
    assert _short("n" * NAME_MOST) == "n" * NAME_MOST
    assert _short("n" * 99) == "n" * (NAME_MOST - 1) + "…"


def test_the_words_say_where_the_challenger_is_worse() -> None:
    words = _words("Run 1", CURVE, _scores(1.0), _scores(0.0))

    assert "F1 is worse for 30 of 30 labels, by 1.00 at most." in words


def test_the_words_tell_what_the_curve_shows_of_the_validation_split() -> None:
    words = _words("Run 1", CURVE, None, None)

    assert "from 0.90 to 0.40, and accuracy on the validation split was 0.80 at its best." in words


def test_the_words_name_no_label() -> None:
    _, words = draw("Run 1", CURVE, _scores(0.5), _scores(0.2), dict.fromkeys(MANY, "<!channel>"))

    assert "channel" not in words


def test_without_a_champion_the_challenger_is_shown_alone() -> None:
    alone, words = draw("Run 1", CURVE, None, _scores(0.8), NAMES)
    empty, nothing = draw("Run 1", CURVE, None, None, NAMES)

    assert "macro-F1" in words
    assert "champion" not in words
    assert nothing.endswith("The holdout is empty.")
    assert alone != empty


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([], "Run 1. The holdout is empty."),
        ([0.5], "Run 1. After one epoch the loss was 0.50. The holdout is empty."),
        ([0.5, 0.7], "Run 1. Over 2 epochs the loss rose from 0.50 to 0.70. The holdout is empty."),
    ],
)
def test_the_words_tell_the_curve_as_it_went(losses: list[float], words: str) -> None:
    curve = [{"epoch": float(epoch), "loss": loss} for epoch, loss in enumerate(losses, start=1)]

    assert _words("Run 1", curve, None, None) == words


def _scores(right: float) -> Scores:
    """Of 10 messages of each of MANY labels, this share of them right."""
    truth = np.repeat(np.arange(len(MANY)), 10)
    wrong = np.tile(np.arange(10), len(MANY)) >= 10 * right
    said = np.where(wrong, (truth + 1) % len(MANY), truth)
    return score(np.eye(len(MANY), dtype=np.float32)[said], truth, MANY, {})
