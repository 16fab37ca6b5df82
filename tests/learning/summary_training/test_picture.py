from __future__ import annotations

import numpy as np
import pytest

from learning.summary_training.picture import draw

CURVE = [{"epoch": 1.0, "loss": 3.0}, {"epoch": 2.0, "loss": 2.0}]


@pytest.mark.parametrize("curve", [CURVE, []])
@pytest.mark.parametrize(("champion", "challenger"), [([], []), ([20.0, 30.0, 10.0], [40.0, 25.0, 30.0])])
def test_it_is_drawn_whatever_is_there_to_show(
    curve: list[dict[str, float]], champion: list[float], challenger: list[float]
) -> None:
    image, words = draw("Training run 1", curve, np.array(champion), np.array(challenger))

    assert image.startswith(b"\x89PNG")
    assert words.startswith("Training run 1.")


def test_its_words_say_what_it_shows() -> None:
    _, words = draw("Training run 1", CURVE, np.array([20.0, 30.0]), np.array([40.0, 25.0]))

    assert words == (
        "Training run 1. Over 2 epochs the loss fell from 3.00 to 2.00. On 2 held-out summaries ROUGE-L is 32.5, the "
        "champion's 25.0; 1 of them are closer to what people settled."
    )
