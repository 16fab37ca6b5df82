"""A real embedded Argilla for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.argilla.embedded import EmbeddedArgilla, SignIn


@contextmanager
def argilla(home: Path) -> Iterator[SignIn]:
    """A server on this folder, at a free port."""
    with EmbeddedArgilla(home, 0) as known:
        yield known
