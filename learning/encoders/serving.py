"""The encoder as it serves: on a GPU by PyTorch, on a processor by ONNX Runtime in int8.

On a processor nothing of PyTorch or `transformers` is loaded: an export is made by a process of its own
(`exporting.py`) and kept, or by the one that trained the version, in whose folder it then lies.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from learning.encoders.encoder import Encoder, Run, load_encoder, source_of
from learning.engines.gpu import GpuEngine
from learning.engines.onnx import OnnxEngine
from learning.engines.tokens import Tokenizer
from learning.processes.children import command, environment

log = logging.getLogger(__name__)

# Counted up when exports change: those in EXPORTS are made again, those of registered versions stay.
FORM = 3
# Within the folder of a version.
SERVED = "served"
MODEL, TOKENIZER, ABOUT = "encoder.onnx", "tokenizer.json", "about.json"


# Short ones and one of all the tokens that are read, in batches of unequal length: what another engine is compared by.
SAMPLES = (
    ["ok", "Where do I find the invoice of last month?", "The app crashes with an error when I press Save"],
    ["thanks"],
    [
        "Since the update the dashboard takes a minute to load, for everyone in our office. Is this known? "
        * 40
    ],
)
# The mean cosine between texts' vectors in bfloat16 and in full precision; less, and something else is wrong.
ALIKE_ON_GPU = 0.999


@dataclass(frozen=True)
class About:
    """What lies in the folder of an export. `refused`: why there is none, where PyTorch has to serve."""

    fingerprint: str
    max_tokens: int
    padding: int
    refused: str | None = None

    def write(self, folder: Path) -> None:
        """Beside the export."""
        (folder / ABOUT).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> About | None:
        """None where there is none that can be read."""
        try:
            return About(**json.loads((folder / ABOUT).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None


def export_apart(source: str, max_tokens: int, folder: Path) -> None:
    """Have another process write the folder anew; it is not there if that one failed."""
    log.info("exporting the encoder, once source=%s", source)
    called = command("learning.encoders.exporting", source, str(max_tokens), str(folder))
    ended = subprocess.run(called, capture_output=True, text=True, env=environment(), check=False)  # noqa: S603
    if ended.returncode:
        log.warning("the export of the encoder failed status=%d", ended.returncode)


def load_small(
    name: str | None,
    max_tokens: int,
    threads: int,
    kept: Path,
    export: Callable[[str, int, Path], None] = export_apart,
) -> Encoder:
    """What `load_encoder` gives, several times as fast; an export that lies in no version's folder is kept in `kept`.

    An encoder that can't be exported is served by PyTorch, and so is a version whose own export can't be opened here:
    what is registered under a digest is never written again. Raises EncoderNotFoundError.
    """
    source = source_of(name or None)
    own = Path(source, SERVED)
    folder = own if own.is_dir() else kept / _key(source, max_tokens)
    found = _open(folder, threads)
    if found is None and folder is not own and not _refused(folder):
        found = _open_or_export(source, max_tokens, folder, threads, export)
    if found is None:
        log.warning(
            "the encoder is served by PyTorch: %s", _refused(folder) or "there is no export that opens"
        )
        return load_encoder(name, max_tokens, threads)
    return found


def load_on_gpu(name: str | None, max_tokens: int, threads: int, run_by: Run = GpuEngine) -> Encoder | None:
    """What `load_encoder` gives, on this machine's GPU; None where that fails, or answers otherwise than the processor.

    Raises EncoderNotFoundError.
    """
    plain = load_encoder(name, max_tokens, threads)
    try:
        found = load_encoder(name, max_tokens, threads, run_by)
        alike = _alike(plain, found)
    except Exception as error:  # drivers and kernels have no one exception for what they can't do
        reason = str(error).strip().partition("\n")[0]
        log.warning("the processor serves: the GPU failed error=%s: %s", type(error).__name__, reason)
        return None
    if not alike >= ALIKE_ON_GPU:
        log.warning("the processor serves: the GPU's vectors are alike by %.4f only", alike)
        return None
    return found


def _alike(one: Encoder, other: Encoder) -> float:
    pairs = [(one.encode(texts).vectors, other.encode(texts).vectors) for texts in SAMPLES]
    return float(np.concatenate([(before * after).sum(axis=1) for before, after in pairs]).mean())


def _key(source: str, max_tokens: int) -> str:
    """Another one where the files of a folder are others; a hub's names are taken at their word."""
    digest = hashlib.sha256(f"{FORM} {max_tokens} {source}".encode())
    for file in sorted(Path(source).glob("*")):
        about = file.stat()
        digest.update(f"{file.name} {about.st_size} {about.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _open(folder: Path, threads: int) -> Encoder | None:
    """What was exported; None where nothing was, or it can't be read here."""
    about = About.read(folder)
    if about is None or about.refused:
        return None
    try:
        engine = OnnxEngine(folder / MODEL, threads)
        tokenizer = Tokenizer.load(folder / TOKENIZER, about.padding, about.max_tokens)
    except Exception as error:  # whatever is said of a file that can't be read
        log.warning("an export can't be opened folder=%s error=%s", folder, type(error).__name__)
        return None
    return Encoder(engine, tokenizer, about.fingerprint)


def _open_or_export(
    source: str, max_tokens: int, folder: Path, threads: int, export: Callable[[str, int, Path], None]
) -> Encoder | None:
    """Open the export at `folder`, made here unless another process just did; None if there is none that opens."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        found = _open(folder, threads)
        if found is None and not _refused(folder):
            shutil.rmtree(folder, ignore_errors=True)
            export(source, max_tokens, folder)
            found = _open(folder, threads)
    return found


def _refused(folder: Path) -> str | None:
    about = About.read(folder)
    return about.refused if about else None
