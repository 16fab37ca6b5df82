from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from learning.encoders.encoder import Encoder
from learning.summarizing.extractive import (
    FEATURES,
    PICKED_MOST,
    PRIOR,
    ChosenUtterances,
    Picker,
    chosen_by,
    describe,
    fit,
)
from learning.writing.thread import Utterance

THREAD = [
    Utterance(str(row), speaker, text)
    for row, (speaker, text) in enumerate(
        [
            ("Maya", "Good morning!"),
            (
                "Maya",
                "The payment service drops every tenth request since the update of the database driver.",
            ),
            ("Tom", "lol"),
            ("Tom", "I see timeouts of the database in the log of the payment service, about 300 an hour."),
            ("Ana", "Does anyone want pizza?"),
            ("Maya", "Let us go back to the old database driver and watch the payment service until noon."),
            ("Tom", "ok"),
        ]
    )
]
TELLING = [1, 3, 5]


def _picked(picker: Picker, thread: list[Utterance], encoder: Encoder, most: int = PICKED_MOST) -> list[int]:
    return picker.pick(thread, encoder.encode([one.line for one in thread]).vectors, most)


def test_what_the_thread_is_about_is_picked_in_the_order_in_which_it_was_said(encoder: Encoder) -> None:
    assert _picked(Picker(), THREAD, encoder) == TELLING


def test_what_was_said_twice_is_picked_once(encoder: Encoder) -> None:
    twice = [*THREAD[:2], THREAD[1], *THREAD[2:]]

    picked = _picked(Picker(), twice, encoder)

    assert picked == sorted(set(picked))
    assert len({twice[row].text for row in picked}) == PICKED_MOST


@pytest.mark.parametrize(
    ("number", "most", "picked"), [(1, 3, 1), (2, 3, 2), (7, 3, 3), (7, 1, 1), (7, 7, 7)]
)
def test_no_more_is_picked_than_there_is_or_was_asked_for(
    encoder: Encoder, number: int, most: int, picked: int
) -> None:
    rows = _picked(Picker(), THREAD[:number], encoder, most)

    assert rows == sorted(set(rows))
    assert len(rows) == picked


def test_vectors_that_are_all_zero_are_picked_from(encoder: Encoder) -> None:
    assert len(Picker().pick(THREAD, np.zeros((len(THREAD), encoder.dimensions), np.float32))) == PICKED_MOST


def test_of_an_utterance_its_features_are_known(encoder: Encoder) -> None:
    features = describe(THREAD, encoder.encode([one.line for one in THREAD]).vectors)

    row = dict(zip(FEATURES, features[4], strict=True))
    assert features.shape == (len(THREAD), len(FEATURES))
    assert np.isfinite(features).all()
    assert (row["question"], row["number"], row["short"]) == (1.0, 0.0, 0.0)
    assert features[3][FEATURES.index("number")] == 1.0
    assert features[2][FEATURES.index("short")] == 1.0
    assert list(features[[0, -1], FEATURES.index("early")]) == [1.0, 0.0]


def _choices(encoder: Encoder, rows: list[int], times: int) -> list[ChosenUtterances]:
    features = describe(THREAD, encoder.encode([one.line for one in THREAD]).vectors)
    chosen = np.zeros(len(THREAD))
    chosen[rows] = 1.0
    return [ChosenUtterances(features, chosen)] * times


def test_people_who_choose_questions_are_given_questions(encoder: Encoder) -> None:
    learned = fit(_choices(encoder, [4], times=40))

    assert learned.learned == 40
    assert learned.weights[FEATURES.index("question")] > PRIOR[FEATURES.index("question")]
    assert 4 not in _picked(Picker(), THREAD, encoder)
    assert 4 in _picked(learned, THREAD, encoder)


def test_the_more_people_choose_the_further_the_head_moves(encoder: Encoder) -> None:
    moved = [
        float(np.abs(np.array(fit(_choices(encoder, [4], times)).weights) - np.array(PRIOR)).sum())
        for times in (1, 5, 40)
    ]

    assert 0 < moved[0] < moved[1] < moved[2]


def test_people_who_choose_what_is_picked_anyway_change_no_pick(encoder: Encoder) -> None:
    assert _picked(fit(_choices(encoder, TELLING, times=10)), THREAD, encoder) == TELLING


def test_choices_of_nothing_and_threads_of_one_teach_nothing(encoder: Encoder) -> None:
    nothing = _choices(encoder, [], times=3)
    one = ChosenUtterances(nothing[0].features[:1], np.ones(1))

    assert fit([]) == fit([*nothing, one]) == Picker()


def test_what_a_persons_own_summary_rests_on_counts_as_chosen() -> None:
    chosen = chosen_by(
        "Maya wants to go back to the old database driver and watch the payment service.", THREAD
    )

    assert chosen.argmax() == 5
    assert chosen[[0, 2, 4, 6]].max() == 0.0
    assert 0.0 <= chosen.min() <= chosen.max() <= 1.0


@pytest.mark.parametrize("text", ["", "Xylophone!", "会议改到星期五。"])
def test_a_summary_of_other_words_chooses_nothing(text: str) -> None:
    assert chosen_by(text, THREAD).sum() == 0.0


def test_a_summary_of_no_thread_chooses_nothing() -> None:
    assert chosen_by("anything", []).shape == (0,)


def test_a_head_is_read_as_it_was_written(tmp_path: Path, encoder: Encoder) -> None:
    learned = fit(_choices(encoder, [4], times=5))

    learned.save(tmp_path / "picker.json")

    assert Picker.load(tmp_path / "picker.json") == learned


ABOUT = {"features": FEATURES, "weights": PRIOR, "learned": 3}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not JSON",
        "\x00\x01",
        "{}",
        json.dumps({**ABOUT, "features": ["central"]}),
        json.dumps({**ABOUT, "weights": ["a"] * len(FEATURES)}),
        json.dumps({**ABOUT, "weights": PRIOR[:3]}),
        json.dumps({"features": FEATURES, "weights": PRIOR}),
        "[]",
        "null",
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "picker.json").write_text(content, encoding="utf-8")

    with pytest.raises((KeyError, ValueError)):
        Picker.load(tmp_path / "picker.json")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "picker.json").write_bytes(b"\xff\xfe\x00\x80")

    with pytest.raises(ValueError, match="decode"):
        Picker.load(tmp_path / "picker.json")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="picker"):
        Picker.load(tmp_path / "picker.json")
