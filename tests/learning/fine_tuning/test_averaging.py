from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from learning.fine_tuning.averaging import Averaging
from learning.fine_tuning.checkpoints import AVERAGE


def line(start: float = 0.0) -> nn.Linear:
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(start)
    model.bias.requires_grad = False
    return model


def walk(averaging: Averaging, model: nn.Linear, first: int, last: int, of: int = 10) -> None:
    """Steps after each of which the weight is the number of the step."""
    for step in range(first, last + 1):
        with torch.no_grad():
            model.weight.fill_(step)
        averaging.on_step_end(None, SimpleNamespace(global_step=step, max_steps=of), None)


def test_the_mean_is_that_of_the_last_share_of_the_steps() -> None:
    model = line()
    averaging = Averaging(model, 0.4)

    walk(averaging, model, 1, 6)
    assert not averaging.has_begun
    walk(averaging, model, 7, 10)
    averaging.exchange()

    assert model.weight.item() == pytest.approx((7 + 8 + 9 + 10) / 4)
    averaging.exchange()
    assert model.weight.item() == 10


def test_without_a_share_nothing_is_averaged() -> None:
    model = line()
    averaging = Averaging(model, 0.0)

    walk(averaging, model, 1, 10)

    assert not averaging.has_begun


@pytest.mark.parametrize("stopped", [3, 8])
def test_a_run_that_goes_on_from_a_checkpoint_has_the_same_mean(stopped: int, tmp_path: Path) -> None:
    place: Any = SimpleNamespace(output_dir=str(tmp_path))
    state = SimpleNamespace(global_step=stopped, max_steps=10)
    (tmp_path / f"checkpoint-{stopped}").mkdir()
    first, second = line(), line()
    before, after = Averaging(first, 0.5), Averaging(second, 0.5)

    walk(before, first, 1, stopped)
    before.on_save(place, state, None)
    after.on_train_begin(place, state, None)
    walk(after, second, stopped + 1, 10)
    after.exchange()

    assert second.weight.item() == pytest.approx((6 + 7 + 8 + 9 + 10) / 5)
    assert [path.name for path in (tmp_path / f"checkpoint-{stopped}").iterdir()] == [AVERAGE]
