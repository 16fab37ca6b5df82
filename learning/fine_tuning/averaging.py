"""The mean of the weights over the last steps: right a little more often than the last ones (Izmailov et al., 2018)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import TrainerCallback

from learning.fine_tuning.checkpoints import AVERAGE

STEPS = "steps"


class Averaging(TrainerCallback):
    """Takes the mean over a `share` of the steps, the last ones; it is in each checkpoint, so that a run can go on."""

    def __init__(self, model: nn.Module, share: float) -> None:
        self._weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self._share = share
        self._mean: dict[str, Tensor] = {}
        self._steps = 0

    @property
    def has_begun(self) -> bool:
        return self._steps > 0

    @torch.no_grad()
    def exchange(self) -> None:
        """The weights become their mean, and the mean what they were."""
        for name, mean in self._mean.items():
            before = self._weights[name].clone()
            self._weights[name].copy_(mean)
            mean.copy_(before)

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        if not state.global_step:
            return
        kept = load_file(self._file(args, state))
        self._steps = int(kept.pop(STEPS))
        self._mean = {name: mean.to(self._weights[name].device) for name, mean in kept.items()}

    @torch.no_grad()
    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        if state.global_step <= (1 - self._share) * state.max_steps:
            return
        self._steps += 1
        for name, weight in self._weights.items():
            self._mean.setdefault(name, weight.clone()).lerp_(weight, 1 / self._steps)

    def on_save(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        """The last file of a checkpoint, complete before it can be seen."""
        file = self._file(args, state)
        unfinished = file.with_suffix(".unfinished")
        save_file({**self._mean, STEPS: torch.tensor(self._steps)}, unfinished)
        unfinished.replace(file)

    @staticmethod
    def _file(args: Any, state: Any) -> Path:
        return Path(args.output_dir) / f"checkpoint-{state.global_step}" / AVERAGE
