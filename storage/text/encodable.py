"""Text that every database takes: PostgreSQL refuses NUL, and no encoding has a half of a surrogate pair."""

from __future__ import annotations

import re
from typing import Any

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
INSTEAD = "\ufffd"
MAX_LEVELS = 64


class TooDeepError(ValueError):
    """JSON is nested more deeply than anything that a service sends."""


def clean(text: str) -> str:
    """Put U+FFFD in the place of each character that no database takes."""
    if text.isascii() and "\x00" not in text:  # most are, and this costs next to nothing
        return text
    return UNSTORABLE.sub(INSTEAD, text)


def clean_json(value: Any, levels: int = MAX_LEVELS) -> Any:
    """Clean every text in a JSON value, names too. Raises TooDeepError."""
    if isinstance(value, str):
        return clean(value)
    if not isinstance(value, dict | list | tuple):
        return value
    if levels == 0:
        raise TooDeepError(f"nested more than {MAX_LEVELS} levels deep")
    if isinstance(value, dict):
        return {clean_json(name): clean_json(inner, levels - 1) for name, inner in value.items()}
    return [clean_json(inner, levels - 1) for inner in value]
