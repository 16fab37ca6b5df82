"""The encoder as it serves on a processor: by ONNX Runtime with weights of eight bits, exported once and kept.

Nothing of PyTorch or `transformers` is loaded for it: an export is made by a process of its own (`python -m
learning.exporting`), or by the one that trained the version, in whose folder it then lies.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from learning.encoder import Encoder, load_encoder, source_of
from learning.engines.onnx import OnnxEngine
from learning.tokens import Tokenizer

log = logging.getLogger(__name__)

# Counted up when exports become others: those that were kept are made again.
FORM = 2
# Within the folder of a version.
SERVED = "served"
MODEL, TOKENIZER, ABOUT = "encoder.onnx", "tokenizer.json", "about.json"


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
        except (OSError, ValueError, TypeError):
            return None


def load_small(name: str | None, max_tokens: int, threads: int, kept: Path) -> Encoder:
    """What `load_encoder` gives, several times as fast; an export that lies in no version's folder is kept in `kept`.

    An encoder that can't be exported is served as it is. Raises EncoderNotFoundError.
    """
    source = source_of(name or None)
    folder = _folder(source, max_tokens, kept)
    return (
        _open(folder, threads)
        or _open(_exported(source, max_tokens, folder), threads)
        or load_encoder(name, max_tokens, threads)
    )


def _folder(source: str, max_tokens: int, kept: Path) -> Path:
    own = Path(source, SERVED)
    return own if own.is_dir() else kept / _key(source, max_tokens)


def _key(source: str, max_tokens: int) -> str:
    """Another one where the files of a folder are others; a hub's names are taken at their word."""
    digest = hashlib.sha256(f"{FORM} {max_tokens} {source}".encode())
    for file in sorted(Path(source).glob("*")):
        about = file.stat()
        digest.update(f"{file.name} {about.st_size} {about.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _open(folder: Path, threads: int) -> Encoder | None:
    """What was exported; None where nothing was, or it is damaged."""
    about = About.read(folder)
    if about is None or about.refused:
        return None
    try:
        engine = OnnxEngine(folder / MODEL, threads)
        tokenizer = Tokenizer.load(folder / TOKENIZER, about.padding, about.max_tokens)
    except Exception:  # whatever is said of a file that can't be read
        log.warning("an export is damaged and made again folder=%s", folder)
        return None
    return Encoder(engine, tokenizer, about.fingerprint)


def _exported(source: str, max_tokens: int, folder: Path) -> Path:
    """The folder, after another process has written it; it is not there where that one failed."""
    about = About.read(folder)
    if about and about.refused:
        log.warning("the encoder is served by PyTorch: %s", about.refused)
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    log.info("exporting the encoder, once source=%s", source)
    command = [sys.executable, "-m", "learning.exporting", source, str(max_tokens), str(folder.resolve())]
    ended = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, cwd=Path(__file__).parents[1], env=os.environ, check=False
    )
    about = About.read(folder)
    if about and about.refused:
        log.warning("the encoder is served by PyTorch: %s", about.refused)
    elif about is None:
        log.warning("the export of the encoder failed status=%d", ended.returncode)
    return folder
