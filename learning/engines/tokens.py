"""Tokens: what an encoder reads of a text, by Hugging Face's `tokenizers`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]

# Some 12 characters a token is more than any language here needs; a longer tail can't reach the model anyway.
CHARACTERS_PER_TOKEN = 12
# Of a text that is longer than a window so many are read: with 256 tokens each some 13,000 characters.
WINDOWS = 16
# A window begins within the one before, so that no sentence is torn apart in both: an eighth of its tokens.
OVERLAP = 8


@dataclass(frozen=True)
class Read:
    """`windows`: the tokens of each window of each text, mostly one; `cut`: for each text, was its end left out?"""

    windows: list[list[list[int]]]
    cut: list[bool]


class Tokenizer:
    """Reads texts in windows of `max_tokens` tokens. Safe to share: reading changes nothing in it."""

    def __init__(self, tokenizer: Any, padding: int, max_tokens: int) -> None:
        """`tokenizer`: one of the package `tokenizers`, kept from now on; `padding`: the token that fills up."""
        self.overlap = max_tokens // OVERLAP
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_tokens, stride=self.overlap)
        self._tokenizer = tokenizer
        self.padding = padding
        self.max_tokens = max_tokens

    @staticmethod
    def load(file: Path, padding: int, max_tokens: int) -> Tokenizer:
        """What `save` wrote."""
        import tokenizers

        return Tokenizer(tokenizers.Tokenizer.from_file(str(file)), padding, max_tokens)

    def save(self, file: Path) -> None:
        """Write it as `tokenizer.json`."""
        self._tokenizer.save(str(file))

    def read(self, texts: list[str]) -> Read:
        """The tokens of each text, in windows."""
        most = WINDOWS * self.max_tokens * CHARACTERS_PER_TOKEN
        clipped = [text[:most] for text in texts]
        read = self._tokenizer.encode_batch_fast(clipped)
        return Read(
            [[one.ids, *(more.ids for more in one.overflowing[: WINDOWS - 1])] for one in read],
            [
                len(one.overflowing) >= WINDOWS or len(text) > len(begin)
                for one, text, begin in zip(read, texts, clipped, strict=True)
            ],
        )

    def knows(self, word: str) -> bool:
        """Is this word one token? Then it is frequent, and hardly another one mistyped."""
        read = self._tokenizer.encode(word, add_special_tokens=False)
        tokens = [token for token, seen in zip(read.tokens, read.attention_mask, strict=True) if seen]
        # "▁" and "Ġ" stand for the space before a word.
        return len(tokens) == 1 and len(tokens[0].lstrip("\u2581\u0120")) == len(word)

    def filled_up(self, ids: list[list[int]]) -> tuple[Tokens, Tokens]:
        """One batch as engines take it: ids and mask, (texts, tokens) each."""
        longest = max(len(one) for one in ids)
        mask = np.array([[1] * len(one) + [0] * (longest - len(one)) for one in ids], dtype=np.int64)
        filled = [one + [self.padding] * (longest - len(one)) for one in ids]
        return np.array(filled, dtype=np.int64), mask
