from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.training import encoder_source
from bot.context.settings import Settings


@pytest.mark.parametrize(
    ("engine", "has_gpu", "device", "exports"),
    [
        ("auto", False, "cpu", Path("kept")),
        ("auto", True, "cuda", Path("kept")),
        ("onnx", True, "cpu", Path("kept")),
        ("torch", True, "cpu", None),
    ],
)
def test_the_device_chooses_what_runs_the_encoder_unless_an_operator_does(
    monkeypatch: pytest.MonkeyPatch, engine: str, has_gpu: bool, device: str, exports: Path | None
) -> None:
    monkeypatch.setenv("ENGINE", engine)
    monkeypatch.setenv("EXPORTS", "kept")
    monkeypatch.setattr("bot.app.training.has_gpu", lambda: has_gpu)

    source = encoder_source(Settings())

    assert (source.device, source.exports) == (device, exports)
