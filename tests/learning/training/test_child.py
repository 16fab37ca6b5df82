from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from learning.encoders.encoder import load_encoder
from learning.encoders.exporting import export_here
from learning.encoders.serving import MODEL as EXPORT
from learning.encoders.serving import SERVED, load_small
from learning.heads.head import Head
from learning.serving.registry import HEAD
from learning.tasks.job import MODEL
from learning.training.child import work
from tests.learning.training.examples import examples, job

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("training_libraries")]


def test_what_serves_with_eight_bits_is_judged_so_and_lies_beside_the_weights(
    tmp_path: Path, tiny_base: str
) -> None:
    folder, exports = tmp_path / "run1", tmp_path / "exports"
    load_small(tiny_base, 16, 1, exports, export_here)
    of_the_champion = sorted(exports.rglob(EXPORT))
    job(tiny_base, exports=str(exports)).write(folder)

    result = work(folder, lambda _: None)

    assert result.failed is None, result.where
    served = result.card["served"]
    model = folder / MODEL
    encoder = load_small(str(model), 16, 1, tmp_path / "unused")
    assert encoder.fingerprint == result.encoder
    assert (model / SERVED / EXPORT).exists() == (served["engine"] == "onnx") == (served["refused"] is None)
    assert sorted(exports.rglob(EXPORT)) == of_the_champion  # it was judged by that one: no other was made
    assert not (tmp_path / "unused").exists()
    learned = Head.load(model / HEAD)
    for example in examples()[:6]:
        [row] = learned.probabilities(encoder.encode([example.text]).vectors)
        label, probability = result.card["answers"][example.id]
        assert learned.labels[int(row.argmax())] == label
        assert abs(float(row.max()) - probability) < 1e-3


def test_where_the_champion_was_never_exported_training_makes_its_export_and_keeps_it(
    tmp_path: Path, tiny_base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learning.training.child.load_small", partial(load_small, export=export_here))
    folder, exports = tmp_path / "run1", tmp_path / "exports"
    exports.mkdir()
    job(tiny_base, exports=str(exports)).write(folder)

    result = work(folder, lambda _: None)

    assert result.failed is None, result.where
    [made] = exports.rglob(EXPORT)
    made_at = made.stat().st_mtime_ns
    assert load_small(tiny_base, 16, 1, exports).fingerprint == load_encoder(tiny_base, 16, 1).fingerprint
    assert made.stat().st_mtime_ns == made_at  # the bot that serves the champion finds it there
