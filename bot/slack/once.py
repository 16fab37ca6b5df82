"""Ids by which something is known when Slack tells of it again."""

from __future__ import annotations

import hashlib


def id_of(*parts: str) -> str:
    """Return an id of something that Slack tells of, the same each time."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
