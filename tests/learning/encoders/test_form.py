from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learning.encoders.encoder import Encoder, load_encoder
from learning.encoders.form import ServingForm, choose, export
from learning.encoders.serving import MODEL, SERVED, load_small
from tests.learning.tiny_models import tiny_model

TEXTS = ["where is my invoice", "the export crashes"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a version."""
    return Path(tiny_model(tmp_path / "model"))


def _exported(folder: Path) -> Encoder:
    small, refused = export(load_encoder(str(folder), 32, 1), folder, threads=1)
    assert small is not None
    assert refused is None
    return small


def test_a_version_that_answers_as_well_with_eight_bits_serves_so_from_its_own_folder(folder: Path) -> None:
    small = _exported(folder)

    chosen = choose(folder, plain=0.930, small=0.927)

    assert chosen == ServingForm("onnx", (0.930, 0.927))
    served = load_small(str(folder), 32, 1, folder / "unused")
    assert np.array_equal(served.encode(TEXTS).vectors, small.encode(TEXTS).vectors)
    assert not (folder / "unused").exists()


def test_a_version_that_loses_by_eight_bits_serves_as_it_is_and_says_so(folder: Path) -> None:
    _exported(folder)

    chosen = choose(folder, plain=0.930, small=0.925)

    assert chosen.engine == "torch"
    assert chosen.refused == "with eight bits accuracy on the holdout falls by 0.5 points"
    plain = load_encoder(str(folder), 32, 1).encode(TEXTS).vectors
    assert np.array_equal(load_small(str(folder), 32, 1, folder / "unused").encode(TEXTS).vectors, plain)
    assert not (folder / SERVED / MODEL).exists()


def test_where_nothing_is_held_out_the_vectors_decide(folder: Path) -> None:
    _exported(folder)

    assert choose(folder, None, None) == ServingForm("onnx")


def test_an_encoder_that_can_not_be_exported_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learning.engines.export.ALIKE_LEAST", 1.1)  # nothing is alike enough

    small, refused = export(load_encoder(str(folder), 32, 1), folder, threads=1)

    assert small is None
    assert refused is not None
    assert "alike by" in refused
