"""On which databases a test runs."""

from __future__ import annotations

import pytest

on_both = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
