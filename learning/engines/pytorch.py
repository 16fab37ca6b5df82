"""PyTorch, as `transformers` loads a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learning.engines.tokens import Tokens

if TYPE_CHECKING:
    from torch import Tensor

# On a processor long texts gain little from sharing a batch, and take its memory.
PROCESSOR_TOKENS = 1_024
# Measured with all-MiniLM on one thread: 9 ms a batch, and 0.3 ms a token.
BATCH_COST = 30


class TorchEngine:
    """A transformer with mean pooling over its tokens (Reimers & Gurevych, 2019)."""

    batch_tokens = PROCESSOR_TOKENS
    batch_cost = BATCH_COST

    def __init__(self, model: Any) -> None:
        self._model = model
        self.dimensions = int(model.config.hidden_size)

    def vectors(self, ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        """(batch, dimensions) for (batch, tokens), each row of length 1; `mask` is 0 where a row is filled up."""
        import torch

        with torch.inference_mode():
            hidden = self._model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
            pooled: NDArray[np.float32] = (
                pool(hidden.last_hidden_state, torch.from_numpy(mask)).float().numpy()
            )
        return pooled


def pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean over the tokens, of length 1: (batch, dimensions) for (batch, tokens, dimensions)."""
    import torch

    weights = mask.unsqueeze(-1).to(hidden.dtype)
    mean = (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
    return torch.nn.functional.normalize(mean, dim=1)
