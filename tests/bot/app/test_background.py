from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import background
from bot.app.background import GATHER_MOST_S, Predicting
from bot.context.metrics import Metrics
from learning.classifying.micro_batches import BATCH, Classifier
from learning.heads.champion import Champion
from learning.heads.refit import Refitter
from storage.database.engine import Database
from tests.clocks import replace_clock
from tests.factories import TEAM, label_set, received
from tests.learning.tiny_models import Reader, tiny_encoder


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long the predictor waited for more, each time it did."""
    naps: list[float] = []
    replace_clock(monkeypatch, background, sleep=naps.append)
    return naps


@pytest.fixture
def predicting(database: Database, tmp_path: Path) -> Predicting:
    label_set(database, "bug", "billing")
    served = Refitter(database, TEAM, tiny_encoder(tmp_path, Reader()), "tiny").serve()
    classifier = Classifier(database, TEAM, Champion(served), ask_below_margin=0.3)
    return Predicting(classifier, Metrics(), _nothing, _nothing)


def test_the_first_message_after_a_pause_is_predicted_at_once(
    database: Database, predicting: Predicting, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(3):
        replace_clock(monkeypatch, background, monotonic=lambda at=minute * 60.0: at, sleep=naps.append)
        received(database)
        predicting.step()

    assert naps == []


def test_while_batches_come_back_to_back_each_waits_a_little_longer_for_more_up_to_a_bound(
    database: Database, predicting: Predicting, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_clock(monkeypatch, background, monotonic=lambda: 1.0, sleep=naps.append)
    for _ in range(9):
        received(database)
        predicting.step()

    assert naps == sorted(naps)
    assert 0 < naps[0] < naps[-1] == GATHER_MOST_S


def test_where_enough_waits_for_another_batch_it_is_predicted_at_once(
    database: Database, predicting: Predicting, naps: list[float]
) -> None:
    for _ in range(3 * BATCH):
        received(database)

    assert [predicting.step() for _ in range(3)] == [0.0, 0.0, 0.0]
    assert naps == []


def _nothing() -> None:
    """Nobody to tell."""
