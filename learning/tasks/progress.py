"""How far a training run is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """`done` lies between 0 and 1; `accuracy` is that on the validation split, where there is one."""

    stage: str
    done: float
    epoch: float = 0.0
    loss: float | None = None
    accuracy: float | None = None

    @property
    def words(self) -> str:
        """As people read it."""
        parts = [self.stage]
        parts += [f"epoch {self.epoch:.1f}"] if self.epoch else []
        parts += [f"loss {self.loss:.3f}"] if self.loss is not None else []
        parts += [f"accuracy {self.accuracy:.2f}"] if self.accuracy is not None else []
        return ", ".join(parts)
