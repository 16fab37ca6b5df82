from __future__ import annotations

import numpy as np
import pytest

from learning.encoders.encoder import Encoder
from learning.heads import head
from learning.heads.champion import Champion, Ranking, Served
from learning.heads.head import Head

LABELS = ("bug", "billing", "praise")


@pytest.fixture(scope="module")
def served(encoder: Encoder) -> Served:
    descriptions = encoder.encode(["bug: an error", "billing: invoices", "praise: thank you"]).vectors
    return Served(
        3, 7, encoder, head.fit(LABELS, descriptions, descriptions[:0], np.zeros(0, np.int64), None)
    )


def test_the_likeliest_labels_come_first(served: Served) -> None:
    error, thanks = served.rank(["I see an error", "Many thanks to all of you"])

    assert (error.label_id, thanks.label_id) == ("bug", "praise")
    for ranking in (error, thanks):
        chances = [chance for _, chance in ranking.ranked]
        assert chances == sorted(chances, reverse=True)
        assert ranking.confidence == chances[0]
        assert sum(chances) == pytest.approx(1, abs=1e-5)


def test_no_more_labels_are_ranked_than_asked_for(served: Served) -> None:
    [ranking] = served.rank(["I see an error"], most=2)

    assert ranking.label_id == "bug"
    assert len(ranking.ranked) == 2


def test_a_ranking_keeps_the_vector_it_was_made_from(served: Served, encoder: Encoder) -> None:
    [ranking] = served.rank(["I see an error"])

    assert np.allclose(ranking.vector, encoder.encode(["I see an error"]).vectors[0], atol=1e-5)


def test_a_ranking_says_where_only_the_beginning_was_read(served: Served) -> None:
    short, long = served.rank(["I see an error", "I see an error " * 1_000])

    assert (short.cut, long.cut) == (False, True)


@pytest.mark.parametrize(("chances", "margin"), [((0.5, 0.3, 0.2), 0.2), ((0.5, 0.5), 0.0), ((1.0,), 1.0)])
def test_the_margin_is_how_far_the_first_label_is_ahead(chances: tuple[float, ...], margin: float) -> None:
    ranking = Ranking(
        tuple(zip(LABELS, chances, strict=False)), np.zeros(3, np.float32), cut=False, likeness=0.5
    )

    assert ranking.margin == pytest.approx(margin)


def test_a_swap_gives_back_what_it_replaced(served: Served, encoder: Encoder) -> None:
    champion = Champion(served)
    challenger = Served(4, 0, encoder, Head(LABELS, served.head.weights))

    assert champion.swap(challenger) is served
    assert champion.served is challenger
