"""How right a model is on labelled messages: as a whole, for each label, and for slices of the messages."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.data.examples import Example
from learning.encoders.encoder import Vectors
from learning.evaluation.calibration import binary_calibration_error, calibration_error
from learning.heads.head import Classes

LENGTHS = ((10, "up to 10 words"), (30, "11 to 30 words"))
LETTERS_LEAST = 20
SURE = 0.5
UNKNOWN = "unknown"
NO_LANGUAGE = "zxx"  # ISO 639's code for what is not language, as hashes and keys are


@dataclass(frozen=True)
class LabelScore:
    """Of one label; `support`: messages that have it. `auc` and `ece` are of this label against the rest, None where
    they are not defined, and in scores that were kept before they were taken.
    """

    precision: float
    recall: float
    f1: float
    support: int
    auc: float | None = None
    ece: float | None = None


@dataclass(frozen=True)
class SliceScore:
    """Of the messages of one slice, as `Scores` has it of all. None where it is not defined, or was not taken then."""

    messages: int
    accuracy: float
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    auc: float | None = None
    ece: float | None = None


@dataclass(frozen=True)
class Scores:
    """Shares between 0 and 1. Precision, recall and F1 are macro means over the labels that occur; `auc` is the area
    under the ROC curve, one label against the rest, None where it is not defined; `ece` the expected calibration error.
    `slices`: for each kind and value.
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
    slices: dict[str, dict[str, SliceScore]]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @staticmethod
    def from_json(given: Mapping[str, Any]) -> Scores:
        """From what `to_json` gave, also in earlier releases."""
        labels = {name: LabelScore(**score) for name, score in given["labels"].items()}
        f1 = given.get("slices_f1", {})
        slices = {
            kind: {value: _slice(one, f1.get(kind, {}).get(value)) for value, one in found.items()}
            for kind, found in given["slices"].items()
        }
        others = {name: value for name, value in given.items() if name != "slices_f1"}
        return Scores(**{**others, "labels": labels, "slices": slices})


def _slice(given: Any, f1: float | None) -> SliceScore:
    if isinstance(given, Mapping):
        return SliceScore(**given)
    accuracy, messages = given  # kept before there was more
    return SliceScore(int(messages), float(accuracy), f1=f1)


def score(
    probabilities: Vectors, truth: Classes, labels: Sequence[str], slices: Mapping[str, Sequence[str]]
) -> Scores:
    """Of (messages, labels) probabilities where truth (messages,) holds rows of `labels`.

    slices: for each kind, the value of each message.
    """
    found = _Figures.of(probabilities, truth)
    accuracy = float(found.right.mean())
    return Scores(
        messages=len(truth),
        accuracy=accuracy,
        precision=found.macro(found.precision),
        recall=found.macro(found.recall),
        macro_f1=found.macro(found.f1),
        micro_f1=accuracy,  # the same, where each message has one label and is given one
        auc=found.auc,
        ece=calibration_error(probabilities, truth),
        labels={labels[label]: found.label(at) for at, label in enumerate(found.occurring)},
        slices={kind: _by_value(probabilities, truth, values) for kind, values in slices.items()},
    )


@dataclass(frozen=True)
class _Figures:
    """Of each label that occurs in `truth` or was said: precision, recall, f1, support, (occurring,) each."""

    probabilities: Vectors
    truth: Classes
    occurring: NDArray[Any]
    precision: NDArray[Any]
    recall: NDArray[Any]
    f1: NDArray[Any]
    support: NDArray[Any]

    @staticmethod
    def of(probabilities: Vectors, truth: Classes) -> _Figures:
        from sklearn.metrics import precision_recall_fscore_support

        said = probabilities.argmax(axis=1)
        occurring = np.union1d(said, truth)
        found = precision_recall_fscore_support(truth, said, labels=occurring, zero_division=0.0)
        return _Figures(probabilities, truth, occurring, *(np.asarray(values) for values in found))

    @property
    def right(self) -> NDArray[np.bool_]:
        right: NDArray[np.bool_] = self.probabilities.argmax(axis=1) == self.truth
        return right

    def macro(self, values: NDArray[Any]) -> float:
        """The mean over the labels that messages have: one that is only said costs those that it takes from."""
        return float(values[self.support > 0].mean())

    @property
    def auc(self) -> float | None:
        """The mean over the labels that messages have."""
        areas = [self._auc_of(label) for label in self.occurring[self.support > 0]]
        defined = [area for area in areas if area is not None]
        return float(np.mean(defined)) if defined else None

    def label(self, at: int) -> LabelScore:
        """The scores of one of `occurring`."""
        label = int(self.occurring[at])
        return LabelScore(
            float(self.precision[at]),
            float(self.recall[at]),
            float(self.f1[at]),
            int(self.support[at]),
            self._auc_of(label),
            binary_calibration_error(self.probabilities[:, label], self.truth == label),
        )

    def _auc_of(self, label: int) -> float | None:
        from sklearn.metrics import roc_auc_score

        has_it = self.truth == label
        if has_it.all() or not has_it.any():
            return None
        return float(roc_auc_score(has_it, self.probabilities[:, label]))


def _by_value(probabilities: Vectors, truth: Classes, values: Sequence[str]) -> dict[str, SliceScore]:
    of = np.array(values)
    return {str(value): _of_slice(probabilities[of == value], truth[of == value]) for value in np.unique(of)}


def _of_slice(probabilities: Vectors, truth: Classes) -> SliceScore:
    found = _Figures.of(probabilities, truth)
    return SliceScore(
        messages=len(truth),
        accuracy=float(found.right.mean()),
        precision=found.macro(found.precision),
        recall=found.macro(found.recall),
        f1=found.macro(found.f1),
        auc=found.auc,
        ece=calibration_error(probabilities, truth),
    )


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
    """ISO 639-1 code (py3langid; Lui & Baldwin, 2012); UNKNOWN for a text too short to tell, or of no language."""
    if sum(letter.isalpha() for letter in text) < LETTERS_LEAST:
        return UNKNOWN
    found, probability = _identifier().classify(text)
    return str(found) if probability >= SURE and found != NO_LANGUAGE else UNKNOWN


@cache
def _identifier() -> Any:
    """Takes half a second to read, so it is kept."""
    with warnings.catch_warnings(action="ignore"):  # it reads its model with what numpy calls deprecated
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
