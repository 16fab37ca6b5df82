from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.context.settings import SHIPPED_IN
from bot.context.shipped_labels import examples_beside, labels_of
from bot.language.catalogues import LANGUAGES, Language
from learning.data.label_file import read_label_file

OWN = """
[[label]]
name = "bug"
description = "{description}"
examples = ["The gadget squeaks"]

[[label]]
name = "ours"
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_shipped_label_has_many_further_examples_in_its_language(language: Language) -> None:
    path = SHIPPED_IN[language]
    short, full = read_label_file(path), labels_of(path)
    further = read_label_file(examples_beside(path))

    assert [spec.name for spec in further] == [spec.name for spec in short]
    for brief, spec, more in zip(short, full, further, strict=True):
        assert len(more.examples) >= 60
        assert spec.examples == (*brief.examples, *more.examples)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_example_stands_on_two_labels_or_twice_on_one(language: Language) -> None:
    examples = [text.casefold() for spec in labels_of(SHIPPED_IN[language]) for text in spec.examples]

    assert len(set(examples)) == len(examples)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_label_that_keeps_its_name_and_description_has_them_in_an_edited_file_too(
    tmp_path: Path, language: Language
) -> None:
    shipped = read_label_file(SHIPPED_IN[language])[0]
    further = read_label_file(examples_beside(SHIPPED_IN[language]))[0]

    bug, ours = labels_of(_own(tmp_path, shipped.description))

    assert bug.examples == ("The gadget squeaks", *further.examples)
    assert ours.examples == ()


def test_a_label_that_is_described_otherwise_has_its_own_examples_alone(tmp_path: Path) -> None:
    bug, _ours = labels_of(_own(tmp_path, "an insect in the greenhouse"))

    assert bug.examples == ("The gadget squeaks",)


def test_a_copy_of_a_shipped_file_has_all_of_them(tmp_path: Path) -> None:
    copy = tmp_path / "labels.toml"
    shutil.copyfile(SHIPPED_IN["es"], copy)

    assert labels_of(copy) == labels_of(SHIPPED_IN["es"])


def _own(folder: Path, description: str) -> Path:
    file = folder / "labels.toml"
    file.write_text(OWN.format(description=description), encoding="utf-8")
    return file
