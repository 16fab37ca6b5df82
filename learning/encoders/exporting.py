"""Exports an encoder for ONNX Runtime, in a process of its own: the memory that PyTorch takes goes with it."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

from learning.encoders.encoder import Encoder, load_encoder
from learning.encoders.serving import MODEL, SAMPLES, TOKENIZER, About
from learning.engines.export import NotExportedError, export


def main() -> None:
    """Export the encoder of a folder or hub name to a folder; arguments: source, most tokens, folder."""
    source, max_tokens, folder = sys.argv[1:]
    export_here(source, int(max_tokens), Path(folder))


def export_here(source: str, max_tokens: int, folder: Path) -> None:
    """Export in this process."""
    keep(load_encoder(source, max_tokens, threads=1), source, folder)


def keep(encoder: Encoder, source: str, folder: Path) -> None:
    """Write the folder that `load_small` opens, complete before it can be seen; an earlier one stays.

    source: the folder or hub name that `encoder` was loaded from.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        unfinished = Path(place, "export")
        unfinished.mkdir()
        _write(encoder, source, unfinished).write(unfinished)
        with contextlib.suppress(OSError):  # another process was quicker
            unfinished.rename(folder)


def refuse(folder: Path, reason: str) -> None:
    """What was exported is not good enough: PyTorch serves."""
    about = About.read(folder)
    assert about is not None
    (folder / MODEL).unlink()
    About(about.fingerprint, about.max_tokens, about.padding, reason).write(folder)


def _write(encoder: Encoder, source: str, folder: Path) -> About:
    tokenizer = encoder.tokenizer
    about = (encoder.fingerprint, encoder.max_tokens, tokenizer.padding)
    try:
        export(source, folder / MODEL, [encoder.tokens(texts) for texts in SAMPLES])
    except NotExportedError as error:
        return About(*about, refused=str(error))
    tokenizer.save(folder / TOKENIZER)
    return About(*about)


if __name__ == "__main__":
    main()
