"""Logs: one line an event, with its keys; never message text, names or tokens."""

from __future__ import annotations

import logging
import re

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
TOKEN = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=://)[^/\s:@]*:[^@\s/]+(?=@)")
# These quote requests and responses, which hold what people wrote.
QUIET = (
    "slack_bolt",
    "slack_sdk",
    "slack_sdk.models",
    "uvicorn",
    "httpx",
    "alembic",
    "argilla",
    "argilla.sdk",
    "waitress",
    "websockets",
)


class Redaction(logging.Formatter):
    """Formats a line and takes out whatever looks like a token or a password, wherever it came from."""

    def format(self, record: logging.LogRecord) -> str:
        return TOKEN.sub("[secret]", super().format(record))


def configure_logs(level: str) -> None:
    """Log to standard error from `level` on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redaction(FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
