from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import poison
from benchmarks.data import VARIABLE, rows
from benchmarks.poison import HOSTILE, RULES, corrected, measure, prepare
from benchmarks.report import NO_DATA

# crowd-kit asks pandas in a way that pandas 3.1 no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:The (inplace|copy) keyword:Warning")

SHIPPED = Path(__file__).parents[1] / "data"
LABELS = [f"label {number}" for number in range(20)]
CLASSES = np.repeat(np.arange(20), 16)


def test_the_hostile_person_says_their_share_of_all_words_and_all_of_it_is_wrong() -> None:
    evidence = corrected(CLASSES, LABELS, 0.3, seed=0)

    words = [word for one in evidence for word in one.words]
    hostile = [word for word in words if word.user_id == HOSTILE]
    assert len(hostile) / len(words) == pytest.approx(0.3, abs=0.01)
    assert all(word.label_id != LABELS[CLASSES[int(word.message_id)]] for word in hostile)
    assert all(word.user_id != HOSTILE for one in evidence for word in one.words[:-1])


def test_without_the_hostile_person_the_same_is_said_by_the_others() -> None:
    def honest(share: float) -> list[tuple[str, str, str]]:
        said = [word for one in corrected(CLASSES, LABELS, share, seed=1) for word in one.words]
        return sorted(
            (word.message_id, word.user_id, word.label_id) for word in said if word.user_id != HOSTILE
        )

    assert honest(0.0) == honest(0.5)


def test_reviewers_are_believed_by_every_rule() -> None:
    evidence = corrected(CLASSES, LABELS, 0.5, seed=2)
    judged = {one.message_id: one.verdict.label_id for one in evidence if one.verdict}

    for rule in RULES.values():
        found = rule(evidence)
        assert {message_id: found[message_id] for message_id in judged} == judged


@pytest.mark.slow
def test_each_rule_is_measured_and_ours_loses_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(SHIPPED))
    sample = rows("banking77_sample.jsonl")

    figures = measure(prepare(sample[::2], sample[1::2]), seeds=1)

    losses = {name: figures[f"loss_50_{name}"] for name in RULES}
    assert min(losses, key=lambda name: losses[name]) == "ours"
    assert figures["accuracy_50_last_word"] < figures["accuracy_0_last_word"] - 0.1


def test_without_its_data_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert poison.main(["--quick"]) == NO_DATA
    assert "banking77_train.jsonl" in capsys.readouterr().err
