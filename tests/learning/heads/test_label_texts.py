from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learning.encoders.encoder import Encoder
from learning.heads import label_texts
from learning.heads.label_texts import vectors_of
from tests.learning.tiny_models import Reader, tiny_encoder


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def encoder(tmp_path: Path, reader: Reader) -> Encoder:
    return tiny_encoder(tmp_path, reader)


def test_what_was_read_for_one_team_is_not_read_for_the_next(encoder: Encoder, reader: Reader) -> None:
    first = vectors_of(encoder, ["the app crashes", "thank you"])
    second = vectors_of(encoder, ["thank you", "an invoice", "the app crashes"])

    assert np.array_equal(first, second[[2, 0]])
    assert reader.seen == ["the app crashes", "thank you", "an invoice"]


def test_each_encoder_has_vectors_of_its_own(encoder: Encoder, tmp_path: Path) -> None:
    other = Reader()
    vectors_of(encoder, ["thank you"])
    vectors_of(tiny_encoder(tmp_path / "other", other), ["thank you"])

    assert other.seen == ["thank you"]


def test_no_text_is_a_table_without_rows(encoder: Encoder) -> None:
    assert vectors_of(encoder, []).shape == (0, encoder.dimensions)


def test_what_was_asked_for_longest_ago_is_forgotten(
    encoder: Encoder, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_texts, "MOST", 2)
    for text in ("first", "second", "third", "third", "first"):
        vectors_of(encoder, [text])

    assert reader.seen == ["first", "second", "third", "first"]
