from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from learning.encoders.encoder import EncoderNotFoundError, load_encoder
from learning.encoders.exporting import export_here, keep
from learning.encoders.serving import ABOUT, MODEL, SERVED, load_small
from learning.engines.export import NotExportedError, export
from learning.engines.onnx import OnnxEngine
from tests.learning.tiny_models import tiny_model

pytestmark = pytest.mark.slow

TEXTS = ["where is my invoice", "", "the export crashes", "thank you", "invoice " * 100]


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "xlm-roberta", "modernbert"])
def test_what_is_exported_reads_nearly_as_the_encoder_does(tmp_path: Path, kind: str) -> None:
    source = tiny_model(tmp_path / "model", kind)
    plain = load_encoder(source, max_tokens=32, threads=1)

    small = load_small(source, 32, 1, tmp_path / "kept", export_here)

    read, expected = small.encode(TEXTS), plain.encode(TEXTS)
    assert list((tmp_path / "kept").rglob(MODEL))
    assert np.linalg.norm(read.vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-3)
    assert (read.vectors * expected.vectors).sum(axis=1).min() > 0.9
    assert (read.cut, small.fingerprint) == (expected.cut, plain.fingerprint)
    alone = np.vstack([small.encode([text]).vectors for text in TEXTS])
    assert np.abs(read.vectors - alone).max() < 1e-5


def test_an_export_is_made_by_a_process_of_its_own_and_what_it_prints_is_not_shown(
    tmp_path: Path, tiny_base: str, capfd: pytest.CaptureFixture[str]
) -> None:
    small = load_small(tiny_base, 32, 1, tmp_path / "kept")

    assert list((tmp_path / "kept").rglob(MODEL))
    assert small.encode(TEXTS).vectors.shape == (len(TEXTS), small.dimensions)
    assert capfd.readouterr() == ("", "")


def test_an_export_is_made_once_and_again_where_the_model_is_another(tmp_path: Path) -> None:
    source, kept = tiny_model(tmp_path / "model"), tmp_path / "kept"
    first = load_small(source, 32, 1, kept, export_here)
    [file] = kept.rglob(MODEL)
    made_at = file.stat().st_mtime_ns

    again = load_small(source, 32, 1, kept, export_here)
    same = file.stat().st_mtime_ns
    tiny_model(tmp_path / "model", seed=1)
    other = load_small(source, 32, 1, kept, export_here)

    assert same == made_at
    assert again.fingerprint == first.fingerprint != other.fingerprint
    assert np.array_equal(again.encode(TEXTS[:1]).vectors, first.encode(TEXTS[:1]).vectors)
    assert len(list(kept.rglob(MODEL))) == 2


@pytest.mark.parametrize(
    ("file", "content"),
    [(MODEL, b"damaged"), (ABOUT, b"damaged"), (ABOUT, b"[" * 100_000)],
    ids=["model", "about", "deep"],
)
def test_a_damaged_export_is_made_again(tmp_path: Path, file: str, content: bytes) -> None:
    source, kept = tiny_model(tmp_path / "model"), tmp_path / "kept"
    first = load_small(source, 32, 1, kept, export_here).encode(TEXTS).vectors
    [damaged] = kept.rglob(file)
    damaged.write_bytes(content)

    assert np.array_equal(load_small(source, 32, 1, kept, export_here).encode(TEXTS).vectors, first)


def test_a_version_whose_export_does_not_open_is_served_by_pytorch_and_left_as_it_is(tmp_path: Path) -> None:
    source = tiny_model(tmp_path / "model")
    plain = load_encoder(source, 32, 1)
    keep(plain, source, Path(source, SERVED))
    Path(source, SERVED, MODEL).write_bytes(b"of another runtime")

    served = load_small(source, 32, 1, tmp_path / "kept")

    assert np.array_equal(served.encode(TEXTS).vectors, plain.encode(TEXTS).vectors)
    assert Path(source, SERVED, MODEL).read_bytes() == b"of another runtime"
    assert not (tmp_path / "kept").exists()


def test_an_encoder_whose_vectors_change_too_much_is_served_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tiny_model(tmp_path / "model")
    plain = load_encoder(source, 32, 1)
    monkeypatch.setattr("learning.engines.export.ALIKE_LEAST", 1.1)  # nothing is alike enough
    keep(plain, source, Path(source, SERVED))

    served = load_small(source, 32, 1, tmp_path / "kept")

    assert np.array_equal(served.encode(TEXTS).vectors, plain.encode(TEXTS).vectors)
    assert "alike by" in caplog.text
    assert not list(tmp_path.rglob(MODEL))


def test_nothing_of_pytorch_is_loaded_where_an_export_lies(tmp_path: Path) -> None:
    source = tiny_model(tmp_path / "model")
    keep(load_encoder(source, 32, 1), source, Path(source, SERVED))
    program = (
        "import sys; from pathlib import Path; from learning.encoders.serving import load_small; "
        f"load_small({source!r}, 32, 1, Path('kept')).encode(['where']); "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )

    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])


def test_the_earlier_export_stays_where_two_are_made_at_once(tmp_path: Path) -> None:
    source = tiny_model(tmp_path / "model")
    plain, served = load_encoder(source, 32, 1), Path(source, SERVED)
    keep(plain, source, served)
    made_at = (served / MODEL).stat().st_mtime_ns

    keep(plain, source, served)

    assert (served / MODEL).stat().st_mtime_ns == made_at
    assert [path.name for path in Path(source).iterdir() if path.is_dir()] == [SERVED]


def test_what_no_exporter_knows_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotExportedError, match="can't be served by ONNX Runtime"):
        export(str(tmp_path / "missing"), tmp_path / "file.onnx", [])


def test_a_model_that_can_not_be_loaded_is_named_as_ever(tmp_path: Path) -> None:
    with pytest.raises(EncoderNotFoundError, match="could not be loaded"):
        load_small(str(tmp_path), 32, 1, tmp_path / "kept")


def test_what_is_filled_up_changes_no_vector(tmp_path: Path) -> None:
    encoder = load_encoder(tiny_model(tmp_path / "model"), 32, 1)
    ids, mask = encoder.tokens(["where is my invoice", "ok"])
    load_small(str(tmp_path / "model"), 32, 1, tmp_path / "kept", export_here)
    [file] = (tmp_path / "kept").rglob(MODEL)
    engine = OnnxEngine(file, threads=1)

    filled = engine.vectors(ids, mask)
    other = ids.copy()
    other[mask == 0] = 5  # whatever stands where nothing is

    assert np.abs(filled - engine.vectors(other, mask)).max() < 1e-5
