"""The secrets of one embedded server: made at random at its first start, kept in a file that its owner alone reads."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

USERNAME = "owner"
FILE = "credentials.json"


@dataclass(frozen=True)
class Credentials:
    """The owner's sign-in and key, and the key by which the server signs sessions."""

    username: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)
    auth_secret_key: str = field(repr=False)


def credentials(home: Path) -> Credentials:
    """Those of this home, made where there are none."""
    file = home / FILE
    if file.exists():
        return Credentials(**json.loads(file.read_text(encoding="utf-8")))
    made = Credentials(USERNAME, secrets.token_urlsafe(9), secrets.token_urlsafe(32), secrets.token_hex(32))
    draft = file.with_suffix(".new")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as opened:
        json.dump(asdict(made), opened)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
    return made
