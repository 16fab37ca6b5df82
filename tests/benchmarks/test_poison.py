from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.measuring.data import VARIABLE, rows
from benchmarks.measuring.report import NO_DATA
from benchmarks.poison import __main__ as poison
from benchmarks.poison.__main__ import encoder_of, measure
from benchmarks.poison.world import HONEST, HOSTILE, Way, World

# crowd-kit asks pandas in a way that pandas 3.1 no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:The (inplace|copy) keyword:Warning")

SHIPPED = Path(__file__).parents[1] / "data"
SAMPLE = "banking77_sample.jsonl"


@pytest.mark.slow
def test_hostile_people_are_wrong_in_their_way_and_honest_ones_hardly_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(SHIPPED))
    sample = rows(SAMPLE)
    world = World(tmp_path, encoder_of(sample), sample, np.random.default_rng(0))
    world.hear(len(sample), 0.0)

    for way in (*HONEST, *HOSTILE):
        spoken = list(world.chosen(way, 20))
        right = [world.truth[message_id] == label_id for message_id, label_id in spoken]
        confirmed = [world.predicted[message_id] == label_id for message_id, label_id in spoken]
        share = float(np.mean(right))
        assert share >= 0.8 if way in HONEST else share <= 0.75
        assert all(confirmed) == (way in (Way.CONFIRMS, Way.CONFIRMS_MISTAKES))
    world.close()


@pytest.mark.slow
def test_trust_is_measured_on_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(SHIPPED))
    sample = rows(SAMPLE)

    figures = measure(sample[::2] * 3, sample[1::2], seeds=1, each=5, history=80)

    assert (figures["hostile_bursts"], figures["honest_bursts"]) == (5, 5)
    assert figures["admitted_right"] > figures["right_last_word"]
    assert figures["accuracy"] > figures["accuracy_without_hostile"] - 0.1


def test_without_its_data_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert poison.main(["--quick"]) == NO_DATA
    assert "banking77_train.jsonl" in capsys.readouterr().err
