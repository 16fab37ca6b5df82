"""What a version learns from: texts with their labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LabelTarget:
    """A label as training needs it; `description` is what the encoder reads for it (`refit.description`)."""

    id: str
    name: str
    description: str


@dataclass(frozen=True)
class Example:
    """A text whose label is settled. `id`: its message's, or one of its own for an example from labels.toml."""

    id: str
    text: str
    label_id: str
    channel: str = ""
