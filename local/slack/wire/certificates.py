"""The certificates of the authorities that clients trust, read once: reading them takes longer than many calls."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def certificates() -> ssl.SSLContext:
    """Return what every client here takes as `verify`."""
    return httpx.create_ssl_context()
