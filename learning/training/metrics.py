"""How right a model is on labelled messages: as a whole, for each label, and for slices of the messages."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.encoder import Vectors
from learning.head import Classes
from learning.training.calibration import calibration_error
from learning.training.examples import Example

LENGTHS = ((10, "up to 10 words"), (30, "11 to 30 words"))
LETTERS_LEAST = 20
SURE = 0.5
NO_LANGUAGE = "zxx"  # ISO 639's code for what is not language, as hashes and keys are


@dataclass(frozen=True)
class LabelScore:
    """Of one label; `support`: messages that have it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """Shares between 0 and 1. Precision, recall and F1 are macro means over the labels that occur; `auc` is the area
    under the ROC curve, one label against the rest, None where it is not defined; `ece` the expected calibration error.
    `slices`: for each kind and value, accuracy and number of messages; `slices_f1`: macro-F1 there, empty in scores
    that were kept before it was taken.
    """

    messages: int
    accuracy: float
    precision: float
    recall: float
    macro_f1: float
    micro_f1: float
    auc: float | None
    ece: float
    labels: dict[str, LabelScore]
    slices: dict[str, dict[str, tuple[float, int]]]
    slices_f1: dict[str, dict[str, float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @staticmethod
    def from_json(given: Mapping[str, Any]) -> Scores:
        """From what `to_json` gave."""
        labels = {name: LabelScore(**score) for name, score in given["labels"].items()}
        slices = {
            kind: {value: (float(share), int(number)) for value, (share, number) in found.items()}
            for kind, found in given["slices"].items()
        }
        return Scores(**{**given, "labels": labels, "slices": slices})


def score(
    probabilities: Vectors, truth: Classes, labels: Sequence[str], slices: Mapping[str, Sequence[str]]
) -> Scores:
    """Of (messages, labels) probabilities where truth (messages,) holds rows of `labels`.

    slices: for each kind, the value of each message.
    """
    from sklearn.metrics import precision_recall_fscore_support

    said = probabilities.argmax(axis=1)
    occurring = np.union1d(said, truth)
    found = precision_recall_fscore_support(truth, said, labels=occurring, zero_division=0.0)
    precision, recall, f1, support = (np.asarray(values) for values in found)
    held = support > 0  # what was said but is never right shows in the others' precision and recall
    right = said == truth
    accuracy = float(right.mean())
    return Scores(
        messages=len(truth),
        accuracy=accuracy,
        precision=float(precision[held].mean()),
        recall=float(recall[held].mean()),
        macro_f1=float(f1[held].mean()),
        micro_f1=accuracy,  # the same, where each message has one label and is given one
        auc=_auc(probabilities, truth),
        ece=calibration_error(probabilities, truth),
        labels={
            labels[label]: LabelScore(
                float(precision[at]), float(recall[at]), float(f1[at]), int(support[at])
            )
            for at, label in enumerate(occurring)
        },
        slices={kind: _by_value(right, values) for kind, values in slices.items()},
        slices_f1={kind: _f1_by_value(said, truth, values) for kind, values in slices.items()},
    )


def _auc(probabilities: Vectors, truth: Classes) -> float | None:
    from sklearn.metrics import roc_auc_score

    areas = [
        roc_auc_score(truth == label, probabilities[:, label])
        for label in np.unique(truth)
        if not (truth == label).all()
    ]
    return float(np.mean(areas)) if areas else None


def _by_value(right: NDArray[np.bool_], values: Sequence[str]) -> dict[str, tuple[float, int]]:
    of = np.array(values)
    return {
        str(value): (float(right[of == value].mean()), int((of == value).sum())) for value in np.unique(of)
    }


def _f1_by_value(said: Classes, truth: Classes, values: Sequence[str]) -> dict[str, float]:
    from sklearn.metrics import f1_score

    of = np.array(values)
    return {
        str(value): float(f1_score(truth[of == value], said[of == value], average="macro", zero_division=0.0))
        for value in np.unique(of)
    }


def slices_of(examples: Sequence[Example]) -> dict[str, list[str]]:
    """By channel, length and language."""
    return {
        "channel": [example.channel or "(none)" for example in examples],
        "length": [length_of(example.text) for example in examples],
        "language": languages_of([example.text for example in examples]),
    }


def length_of(text: str) -> str:
    """Which class of lengths a text falls into."""
    words = len(text.split())
    return next((name for most, name in LENGTHS if words <= most), "over 30 words")


def languages_of(texts: Sequence[str]) -> list[str]:
    """For each text what `language` says."""
    return [language(text) for text in texts]


def language(text: str) -> str:
    """ISO 639-1 code (py3langid; Lui & Baldwin, 2012); "unknown" for a text too short to tell, or of no language."""
    if sum(letter.isalpha() for letter in text) < LETTERS_LEAST:
        return "unknown"
    found, probability = _identifier().classify(text)
    return str(found) if probability >= SURE and found != NO_LANGUAGE else "unknown"


@cache
def _identifier() -> Any:
    """Takes half a second to read, so it is kept."""
    with warnings.catch_warnings(action="ignore"):  # it reads its model with what numpy calls deprecated
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
