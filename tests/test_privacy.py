"""docs/privacy.md says of every table what is in it and how long it stays."""

from __future__ import annotations

import re
from pathlib import Path

from sqlmodel import SQLModel

from storage import tables

PRIVACY = Path(__file__).parents[1] / "docs" / "privacy.md"


def test_every_table_is_in_the_page_on_privacy_and_no_other() -> None:
    kept = PRIVACY.read_text(encoding="utf-8").partition("## What is kept where")[2].partition("\n## ")[0]
    told = set(re.findall(r"`([a-z]+)`", kept))

    assert tables.messages.Message.metadata is SQLModel.metadata
    assert told == set(SQLModel.metadata.tables)
