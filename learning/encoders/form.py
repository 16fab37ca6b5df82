"""The form in which a version serves: with weights of eight bits, unless that costs accuracy on the holdout."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from learning.encoders import exporting
from learning.encoders.encoder import Encoder
from learning.encoders.serving import SERVED, About, load_small

# Share of the holdout.
LOST_MOST = 0.003


@dataclass(frozen=True)
class ServingForm:
    """How a version serves: `engine` is onnx or torch, and `refused` says why not by the first.

    `accuracy`: on the holdout, with full weights and with eight bits; None where one is not known.
    """

    engine: str
    accuracy: tuple[float, float] | None = None
    refused: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def export(plain: Encoder, folder: Path, threads: int) -> tuple[Encoder | None, str | None]:
    """The encoder of a version's folder as ONNX Runtime serves it, which then lies there too; or why it can't be."""
    served = folder / SERVED
    exporting.keep(plain, str(folder), served)
    about = About.read(served)
    if about is None or about.refused:
        return None, about.refused if about else "its export can't be read"
    return load_small(str(folder), plain.max_tokens, threads, folder), None


def choose(folder: Path, plain: float | None, small: float | None) -> ServingForm:
    """What serves, by both accuracies on the holdout; None: nothing is held out, only vectors were compared."""
    if plain is None or small is None:
        return ServingForm("onnx")
    lost = plain - small
    if lost <= LOST_MOST + 1e-9:
        return ServingForm("onnx", (plain, small))
    reason = f"with eight bits accuracy on the holdout falls by {100 * lost:.1f} points"
    exporting.refuse(folder / SERVED, reason)
    return ServingForm("torch", (plain, small), reason)
