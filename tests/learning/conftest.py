from __future__ import annotations

import gc
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from learning.encoders.encoder import Encoder, Vectors, load_encoder
from learning.heads.head import Classes
from tests.learning.remembering import RememberingEncoder
from tests.learning.tiny_models import tiny_model

SAMPLE = Path(__file__).parent.parent / "data" / "banking77_sample.jsonl"


@dataclass(frozen=True)
class Banking:
    """Real messages: `vectors` (240, 384), `classes` (240,), and the labels' `descriptions` (10, 384)."""

    labels: tuple[str, ...]
    descriptions: Vectors
    vectors: Vectors
    classes: Classes


@pytest.fixture(scope="session")
def training_libraries() -> None:
    """Import what training imports, and set it aside: each training collects garbage at its end."""
    import cleanlab.filter  # noqa: F401
    from transformers import AutoModel, Trainer  # noqa: F401

    import learning.fine_tuning.fine_tune
    import learning.fine_tuning.model
    import learning.run_reports.picture  # noqa: F401

    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shipped_encoder() -> Encoder:
    """The encoder that is served unless settings name another."""
    return load_encoder(None, max_tokens=256, threads=1)


@pytest.fixture(scope="session")
def encoder(shipped_encoder: Encoder) -> Encoder:
    """The same; a module that tests what is made of its vectors takes the remembering one under this name."""
    return shipped_encoder


@pytest.fixture(scope="session")
def remembering_encoder(shipped_encoder: Encoder) -> Encoder:
    """The same, but it reads no text twice."""
    return RememberingEncoder(shipped_encoder)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of an encoder of a few kilobytes, for what any encoder shows. Only to be read."""
    return tiny_model(tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture(scope="session")
def banking(encoder: Encoder) -> Banking:
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    labels = tuple(sorted({row["label"] for row in rows}))
    return Banking(
        labels=labels,
        descriptions=encoder.encode([label.replace("_", " ") for label in labels]).vectors,
        vectors=encoder.encode([row["text"] for row in rows]).vectors,
        classes=np.array([labels.index(row["label"]) for row in rows]),
    )
