from __future__ import annotations

import pytest

from learning.summarizing.rouge import Rouge


@pytest.mark.parametrize(
    ("wanted", "said", "score"),
    [
        ("The export is broken.", "the EXPORT is broken", 100.0),
        ("one two three four", "one two", 100 * 2 * 1.0 * 0.5 / 1.5),
        ("one two three", "three two one", 100 / 3),
        ("A exportação não funciona.", "a exportação não funciona", 100.0),
        ("Экспорт не работает", "экспорт не работает", 100.0),
        ("出口坏了", "出口好了", 75.0),
        ("anything", "", 0.0),
        ("anything", "…!", 0.0),
    ],
)
def test_words_count_in_their_order_in_any_script(wanted: str, said: str, score: float) -> None:
    assert Rouge().score(wanted, said) == pytest.approx(score)
