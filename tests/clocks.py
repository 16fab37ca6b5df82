"""Another clock for one module. A clock moved for the whole process sends servers' event loops to sleep until then."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


def replace_clock(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, **functions: Callable[..., Any]
) -> None:
    """Let one module see these functions in `time`, and the others as they are."""
    monkeypatch.setattr(module, "time", SimpleNamespace(**{**vars(time), **functions}))
