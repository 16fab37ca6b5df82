"""What tests of annotation share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.argilla.embedded import SignIn
from storage.database.engine import Database
from storage.tables.feedback import Label
from tests.factories import label_set
from tests.learning.annotation.desk import NAMES, Desk


@pytest.fixture
def desk(argilla: SignIn, database: Database) -> Iterator[Desk]:
    with Desk(argilla, database) as made:
        yield made


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, *NAMES)
