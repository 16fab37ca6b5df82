"""Argilla's own client, `rg`, imported without the warnings of its old pydantic style."""

from __future__ import annotations

import warnings

with warnings.catch_warnings(action="ignore"):
    import argilla as rg

__all__ = ["rg"]
