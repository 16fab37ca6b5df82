"""The recipe: everything about a training run that may be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Balance = Literal["none", "weights", "sampling"]


class RecipeError(ValueError):
    """A recipe that can't be followed; the message names the key."""

    def __init__(self, key: str, reason: str) -> None:
        known = ", ".join(field.name for field in fields(Recipe))
        super().__init__(f"the recipe's {key!r} {reason}. A recipe has: {known}.")
        self.key = key


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune.

    epochs: at most so many; learning_rate: of the encoder's top layer; lowest_rate: of its embeddings, as a share of
    that, and the layers lie between; head_rate: of the classifier; consistency: how much it costs that a text, read
    twice with other parts dropped out, is answered differently (0: it is read once); averaged: share of the steps, the
    last ones, over which weights are averaged; probe: the classifier begins at so many times the linear probe; warmup:
    share of the steps; balance: how rare labels are helped, by weights in the loss or by being drawn more often;
    frozen_layers: the embeddings and so many of the lowest layers stay as they are (0: none); lora_rank: 0 trains all
    weights; augmentation: share of words that is left out at random from training texts; replacement: share of words
    that another one takes the place of, which the team uses too and the encoder finds close; validation_share: of the
    examples, for early stopping and calibration; patience: epochs without improvement before it stops; stop_after: the
    epoch after which it stops, as cross-validation found (0: the last).
    """

    epochs: int = 6
    learning_rate: float = 2e-4
    lowest_rate: float = 0.25
    head_rate: float = 1e-3
    consistency: float = 1.0
    averaged: float = 0.7
    probe: float = 1.0
    batch_size: int = 16
    warmup: float = 0.1
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    balance: Balance = "none"
    frozen_layers: int = 0
    lora_rank: int = 0
    augmentation: float = 0.0
    replacement: float = 0.0
    validation_share: float = 0.1
    patience: int = 3
    stop_after: int = 0
    max_tokens: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        for key, low, high in _BOUNDS:
            if not low <= getattr(self, key) <= high:
                raise RecipeError(key, f"must be between {low:g} and {high:g}")
        if self.balance not in get_args(Balance):
            raise RecipeError("balance", f"must be one of {', '.join(get_args(Balance))}")

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @staticmethod
    def from_json(given: Mapping[str, Any]) -> Recipe:
        """A recipe from plain values; what is not given is as usual. Raises RecipeError."""
        kinds: dict[str, type] = {field.name: type(field.default) for field in fields(Recipe)}
        for key, value in given.items():
            if key not in kinds:
                raise RecipeError(key, "is unknown")
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            is_number = (
                is_number and abs(value) < _HUGE
            )  # which NaN and Infinity, known to Python's JSON, are not
            fits = isinstance(value, str) if kinds[key] is str else is_number
            if not fits or (kinds[key] is int and int(value) != value):
                raise RecipeError(key, f"must be {_KINDS[kinds[key]]}")
        return Recipe(**{key: kinds[key](value) for key, value in given.items()})


# What a search may change.
SEARCHED = (
    "learning_rate",
    "head_rate",
    "label_smoothing",
    "probe",
    "epochs",
    "stop_after",
    "batch_size",
    "balance",
    "frozen_layers",
    "augmentation",
    "replacement",
)


def followed(named: Mapping[str, Any], tuned: Mapping[str, Any] | None) -> Recipe:
    """The recipe that runs follow: what RECIPE names, then what a search found, then what is usual.

    Raises RecipeError.
    """
    return Recipe.from_json({**found(named, tuned or {}), **named})


def found(named: Mapping[str, Any], tuned: Mapping[str, Any]) -> dict[str, Any]:
    """What counts of a recipe that a search found: RECIPE names the others."""
    return {key: value for key, value in tuned.items() if key in SEARCHED and key not in named}


_HUGE = 1e12
_KINDS = {int: "a whole number", float: "a number", str: "a word"}
_BOUNDS = (
    ("epochs", 1, 1_000),
    ("learning_rate", 1e-8, 1.0),
    ("head_rate", 1e-8, 1.0),
    ("lowest_rate", 0, 1),
    ("consistency", 0, 100),
    ("averaged", 0, 1),
    ("batch_size", 1, 4_096),
    ("probe", 0, 10),
    ("warmup", 0, 1),
    ("weight_decay", 0, 1),
    ("label_smoothing", 0, 0.9),
    ("frozen_layers", 0, 1_000),
    ("lora_rank", 0, 1_024),
    ("augmentation", 0, 0.9),
    ("replacement", 0, 0.9),
    ("validation_share", 0, 0.5),
    ("patience", 1, 1_000),
    ("stop_after", 0, 1_000),
    ("max_tokens", 8, 8_192),
)
