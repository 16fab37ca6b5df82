"""Reviews in Argilla in these journeys: datasets, records and what they say."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from bot.settings import Settings
from tests.reviewer import Reviewer
from tests.running import settings

Json = dict[str, Any]


def dataset() -> str:
    """The name of a dataset that nobody else uses."""
    return f"test-{secrets.token_hex(6)}"


def annotated(folder: Path, database_url: str, **changes: Any) -> Settings:
    """Settings with a dataset of its own, in which reviewers are asked about corrections alone."""
    return settings(folder, database_url, **{"argilla_dataset": dataset(), "ask_per_day": 0, **changes})


def record_saying(reviewer: Reviewer, text: str, word: str) -> Json | None:
    """The record of a message, if it tells reviewers that people chose this label."""
    found = reviewer.find(text)
    return found if found and word in str(found["fields"]["said"]) else None
