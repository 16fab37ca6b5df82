"""Centring: an embedding minus the mean of the team's messages, so that cosines mean the same under every encoder.

Embeddings of one encoder point into a common direction, of some more than of others: the cosine between two messages
that have nothing in common is 0.17 (all-MiniLM-L6-v2) or 0.83 (multilingual-e5-small). What is stored is not centred,
so that a mean that moves does not touch it.
"""

from __future__ import annotations

import numpy as np

from learning.encoders.encoder import Vectors
from storage.database.engine import Database
from storage.models import mean_embeddings, predictions
from storage.models.mean_embeddings import MeanEmbedding

# A mean of fewer messages says more about these than about the encoder.
MIN_MESSAGES = 32
# It is taken again when twice as many messages are there, and so rarely that predictions don't flicker.
GROWTH = 2
MAX_MESSAGES = 4_096
# The labels' texts count as MIN_MESSAGES messages, or as this share of the messages: where all messages say nearly the
# same, what is left of them without their mean would be noise.
TEXTS_SHARE = 0.25
# What centring leaves of the mean's direction for the head. Without it the weights of a label could not say how common
# it is, and of 500 messages of one label a quarter would get another one.
INTERCEPT = 0.3
SHORTEST = 1e-6


def centred(vectors: Vectors, mean: Vectors | None) -> Vectors:
    """The rows minus `mean`, scaled to length 1 again; themselves if it is None.

    vectors: (rows, dimensions); mean: (dimensions,). A row of zeros, which is like no other, stays one.
    """
    if mean is None:
        return vectors
    is_known = np.einsum("ij,ij->i", vectors, vectors) > 0
    found = vectors - mean
    lengths = np.sqrt(np.einsum("ij,ij->i", found, found))
    found *= (is_known / np.maximum(lengths, SHORTEST)).astype(np.float32)[:, None]
    return found


def intercept(mean: Vectors) -> Vectors:
    """(dimensions,): what is added to every centred embedding that a head is fitted to."""
    added: Vectors = (INTERCEPT / max(float(np.linalg.norm(mean)), SHORTEST) * mean).astype(np.float32)
    return added


def mean_of(vectors: Vectors) -> Vectors:
    """(dimensions,): what the rows share, as far as they show it; zeros if they share nothing.

    vectors: (rows, dimensions), of length 1 or 0. The mean of a few rows is mostly these rows themselves: it is scaled
    to what their cosines with each other say.
    """
    rows = vectors[vectors.any(axis=1)]
    if len(rows) < 2:
        return np.zeros(vectors.shape[1], dtype=np.float32)
    mean = rows.mean(axis=0, dtype=np.float64)
    square = float(mean @ mean)
    shared = (len(rows) * square - 1) / (len(rows) - 1)  # the mean cosine between two different rows
    found: Vectors = (mean * max(shared, 0.0) / max(square, SHORTEST)).astype(np.float32)
    return found


def team_mean(database: Database, team_id: str, encoder: str, texts: Vectors) -> Vectors:
    """The mean of the team's latest messages under the encoder of this fingerprint; of the labels' `texts` at first.

    texts: (texts, dimensions). The mean is kept, and taken again as messages double up to MAX_MESSAGES.
    """
    with database.reading() as session:
        standing = mean_embeddings.latest(session, team_id, encoder)
        needed = max(MIN_MESSAGES, GROWTH * standing.messages if standing else 0)
        if needed > MAX_MESSAGES or needed > predictions.count_vectors(
            session, team_id, encoder, MAX_MESSAGES
        ):
            return standing.vector if standing else mean_of(texts)
        read = np.stack(predictions.latest_vectors(session, team_id, encoder, MAX_MESSAGES))
    weight = max(MIN_MESSAGES, TEXTS_SHARE * len(read))
    mixed = (len(read) * mean_of(read) + weight * mean_of(texts)) / (len(read) + weight)
    with database.writing() as session:
        return mean_embeddings.keep(
            session, team_id, encoder, MeanEmbedding(mixed.astype(np.float32), len(read))
        ).vector
