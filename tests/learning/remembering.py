"""An encoder that reads no text twice."""

from __future__ import annotations

import numpy as np

from learning.encoders.encoder import Encoder, Encoding, Vectors


class RememberingEncoder(Encoder):
    """The vectors of another encoder. Tests whose texts are alike share the time of reading them."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder._engine, encoder.tokenizer, encoder.fingerprint)
        self._known: dict[str, tuple[Vectors, bool]] = {}

    def encode(self, texts: list[str]) -> Encoding:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        read = super().encode(new)
        self._known |= dict(zip(new, zip(read.vectors, read.cut, strict=True), strict=True))
        known = [self._known[text] for text in texts]
        vectors = np.array([vector for vector, _ in known], dtype=np.float32)
        return Encoding(vectors.reshape(len(texts), self.dimensions), [is_cut for _, is_cut in known])
