"""The mean embedding of a team's messages under each encoder."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from storage.tables.models import Mean

FLOAT32 = np.dtype("<f4")


@dataclass(frozen=True)
class MeanEmbedding:
    """A mean, (dimensions,), and of how many messages it was taken."""

    vector: NDArray[np.float32]
    messages: int


def latest(session: Session, team_id: str, encoder: str) -> MeanEmbedding | None:
    """The mean under the encoder of this fingerprint; None before enough messages were read."""
    found = session.get(Mean, (team_id, encoder))
    return MeanEmbedding(np.frombuffer(found.float32, dtype=FLOAT32), found.messages) if found else None


def keep(session: Session, team_id: str, encoder: str, taken: MeanEmbedding) -> MeanEmbedding:
    """Keep a mean unless another replica kept one of as many messages meanwhile; return the one that stands."""
    standing = latest(session, team_id, encoder)
    if standing and standing.messages >= taken.messages:
        return standing
    data = taken.vector.astype(FLOAT32).tobytes()
    session.merge(
        Mean(team_id=team_id, encoder=encoder, messages=taken.messages, float32=data, made_at=time.time())
    )
    session.flush()
    return taken
