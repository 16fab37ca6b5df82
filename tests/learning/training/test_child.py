from __future__ import annotations

from pathlib import Path

import pytest

from learning.gate import Limits
from learning.head import Head
from learning.registry import HEAD
from learning.serving import MODEL as EXPORT
from learning.serving import SERVED, load_small
from learning.training.child import work
from learning.training.job import MODEL, Job
from tests.learning.training.examples import QUICK, TARGETS, examples


@pytest.mark.slow
def test_what_serves_with_eight_bits_is_judged_so_and_lies_beside_the_weights(
    tmp_path: Path, tiny_base: str
) -> None:
    some = examples()
    folder = tmp_path / "run1"
    Job(
        title="Training run 1",
        source=tiny_base,
        champion=None,
        targets=list(TARGETS),
        training=some,
        groups=list(range(len(some))),
        said=some,
        holdout=some[:6],
        recipe=QUICK,
        limits=Limits(),
        max_tokens=16,
        threads=1,
        exports=str(tmp_path / "exports"),
    ).write(folder)

    result = work(folder, lambda _: None)

    assert result.failed is None, result.where
    served = result.card["served"]
    model = folder / MODEL
    encoder = load_small(str(model), 16, 1, tmp_path / "unused")
    assert encoder.fingerprint == result.encoder
    assert (model / SERVED / EXPORT).exists() == (served["engine"] == "onnx") == (served["refused"] is None)
    assert list((tmp_path / "exports").iterdir())  # the champion's, which is the encoder as it ships
    assert not (tmp_path / "unused").exists()
    learned = Head.load(model / HEAD)
    for example in some[:6]:
        [row] = learned.probabilities(encoder.encode([example.text]).vectors)
        label, probability = result.card["answers"][example.id]
        assert learned.labels[int(row.argmax())] == label
        assert abs(float(row.max()) - probability) < 1e-3
