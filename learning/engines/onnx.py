"""ONNX Runtime: reads an encoder that `learning/engines/export.py` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.engines.pytorch import PROCESSOR_TOKENS
from learning.engines.tokens import Tokens

IDS, MASK, VECTORS = "input_ids", "attention_mask", "vectors"
# The kernel that this fuses to takes four times as long as the addition and the normalization that it stands for
# (ONNX Runtime 1.32, on a processor with AVX2).
SLOWER = ["SkipLayerNormFusion"]
# Measured with all-MiniLM on one thread: with VNNI a batch costs as much as 20 of its tokens (1.1 ms), without VNNI as
# much as 4. More threads shorten tokens alone.
BATCH_COST = 12


class OnnxEngine:
    """One session, safe to share. `threads`: how many processor threads one batch may use."""

    batch_tokens = PROCESSOR_TOKENS
    batch_cost = BATCH_COST

    def __init__(self, file: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that wait for work without giving up their core would take it from the rest of the bot.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            str(file), options, ["CPUExecutionProvider"], disabled_optimizers=SLOWER
        )
        self.dimensions = int(self._session.get_outputs()[0].shape[1])

    def vectors(self, ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        """(batch, dimensions) for (batch, tokens), each row of length 1; `mask` is 0 where a row is filled up."""
        found: NDArray[np.float32] = self._session.run([VECTORS], {IDS: ids, MASK: mask})[0]
        return found
