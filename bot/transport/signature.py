"""Slack's signature: no body is parsed before it is checked."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping

# Slack wants requests older than five minutes refused. Bolt checks once more and writes what it refuses to its log, so
# whatever passes here has to pass there too.
FRESH_S = 290
TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether Slack sent this just now. `headers` has lower-case names."""
    timestamp = headers.get("x-slack-request-timestamp", "")
    if not TIMESTAMP.fullmatch(timestamp) or abs(time.time() - int(timestamp)) > FRESH_S:
        return False
    signed = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    # bytes, because characters beyond ASCII make it raise
    return hmac.compare_digest(expected.encode(), headers.get("x-slack-signature", "").encode())
