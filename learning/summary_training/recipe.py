"""How a generative summarizer is fine-tuned: everything that may be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


class SummaryRecipeError(ValueError):
    """A recipe that can't be followed; the message names the key."""

    def __init__(self, key: str, reason: str) -> None:
        known = ", ".join(field.name for field in fields(SummaryRecipe))
        super().__init__(f"the summary recipe's {key!r} {reason}. It has: {known}.")
        self.key = key


@dataclass(frozen=True)
class SummaryRecipe:
    """How to fine-tune a model that writes.

    frozen_share: of the layers, the lowest, stay as they are, and the embeddings with them (0 trains all weights);
    lora_rank: 0 trains the weights themselves; gathered: so many batches make one step; max_tokens: of a transcript and
    its summary.
    """

    epochs: int = 2
    learning_rate: float = 1e-4
    batch_size: int = 4
    gathered: int = 2
    warmup: float = 0.1
    weight_decay: float = 0.01
    frozen_share: float = 0.5
    lora_rank: int = 0
    max_tokens: int = 640
    seed: int = 0

    def __post_init__(self) -> None:
        for key, low, high in _BOUNDS:
            if not low <= getattr(self, key) <= high:
                raise SummaryRecipeError(key, f"must be between {low:g} and {high:g}")

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @staticmethod
    def from_json(given: Mapping[str, Any]) -> SummaryRecipe:
        """A recipe from plain values; what is not given is as usual. Raises SummaryRecipeError."""
        kinds: dict[str, type] = {field.name: type(field.default) for field in fields(SummaryRecipe)}
        for key, value in given.items():
            if key not in kinds:
                raise SummaryRecipeError(key, "is unknown")
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or (kinds[key] is int and int(value) != value):
                raise SummaryRecipeError(key, f"must be {'a whole' if kinds[key] is int else 'a'} number")
        return SummaryRecipe(**{key: kinds[key](value) for key, value in given.items()})


_BOUNDS = (
    ("epochs", 1, 1_000),
    ("learning_rate", 1e-8, 1.0),
    ("batch_size", 1, 4_096),
    ("gathered", 1, 1_024),
    ("warmup", 0, 1),
    ("weight_decay", 0, 1),
    ("frozen_share", 0, 1),
    ("lora_rank", 0, 1_024),
    ("max_tokens", 16, 1 << 15),
)
