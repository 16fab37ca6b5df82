"""The encoder as it serves on a processor: by ONNX Runtime with weights of eight bits, exported once and kept."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from learning.encoder import Encoder, EncoderNotFoundError, load_encoder, load_tokenizer, source_of
from learning.engines.export import NotExportedError, export
from learning.engines.onnx import OnnxEngine

log = logging.getLogger(__name__)

# Counted up when exports become others: those that were kept are made again.
FORM = 1
MODEL, ABOUT = "encoder.onnx", "about.json"
# Short and long ones, in batches of unequal length: what an export is compared by.
SAMPLES = (
    ["ok", "Where do I find the invoice of last month?", "The app crashes with an error when I press Save"],
    ["thanks"],
    [
        "Since the update the dashboard takes a minute to load, for everyone in our office. Is this known? "
        * 3
    ],
)


def load_small(name: str | None, max_tokens: int, threads: int, kept: Path) -> Encoder:
    """What `load_encoder` gives, several times as fast; the export is kept in the folder `kept`.

    An encoder that can't be exported is served as it is. Raises EncoderNotFoundError.
    """
    source = source_of(name or None)
    folder = kept / _key(source, max_tokens)
    found = _open(source, folder, threads)
    if found:
        return found
    encoder = load_encoder(name, max_tokens, threads)
    try:
        export(source, folder / MODEL, [encoder.tokens(texts) for texts in SAMPLES])
    except NotExportedError as error:
        log.warning("%s: it is served by PyTorch", error)
        return encoder
    about = {"fingerprint": encoder.fingerprint, "max_tokens": encoder.max_tokens}
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    log.info("encoder exported file=%s", folder / MODEL)
    return encoder.run_by(OnnxEngine(folder / MODEL, threads))


def _open(source: str, folder: Path, threads: int) -> Encoder | None:
    """What was exported earlier; None where nothing was, or it is damaged."""
    try:
        about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        engine = OnnxEngine(folder / MODEL, threads)
        return Encoder(engine, load_tokenizer(source), str(about["fingerprint"]), int(about["max_tokens"]))
    except EncoderNotFoundError:
        raise
    except FileNotFoundError:
        return None
    except Exception:  # whatever ONNX Runtime says of a file that it can't read
        log.warning("an export is damaged and made again folder=%s", folder)
        return None


def _key(source: str, max_tokens: int) -> str:
    """Another one where the files of a folder are others; a hub's names are taken at their word."""
    digest = hashlib.sha256(f"{FORM} {max_tokens} {source}".encode())
    for file in sorted(Path(source).glob("*")):
        about = file.stat()
        digest.update(f"{file.name} {about.st_size} {about.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]
