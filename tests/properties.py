"""How properties are checked: by the same examples at each run, however long one takes."""

from __future__ import annotations

from hypothesis import settings

REPEATABLE = settings(max_examples=100, derandomize=True, deadline=None, database=None)
