"""The label set of a file, with the further examples that come with the shipped labels.

`labels.toml` stays short enough to be read and edited; the many examples that make predictions right from the first
message on lie beside it, in `examples.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from bot.context.settings import SHIPPED_IN
from learning.data.label_file import read_label_file
from storage.feedback.labels import LabelSpec


def labels_of(path: Path) -> list[LabelSpec]:
    """The labels of a file; those with a shipped name and description have their further examples too.

    Raises LabelFileError.
    """
    return [_with_further_examples(spec) for spec in read_label_file(path)]


def _with_further_examples(spec: LabelSpec) -> LabelSpec:
    further = _further_examples().get((spec.name, spec.description), ())
    return replace(spec, examples=tuple(dict.fromkeys([*spec.examples, *further])))


@cache
def _further_examples() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """By a label's name and description. A description tells the language, and that the label means what it meant."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for path in SHIPPED_IN.values():
        of_name = {spec.name: spec.examples for spec in read_label_file(examples_beside(path))}
        found |= {(spec.name, spec.description): of_name.get(spec.name, ()) for spec in read_label_file(path)}
    return found


def examples_beside(labels: Path) -> Path:
    """The file of further examples of a shipped label file."""
    return labels.with_name(labels.name.replace("labels", "examples", 1))
