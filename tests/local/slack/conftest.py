from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.running import Slack, workspace


@pytest.fixture
def slack() -> Iterator[Slack]:
    """A workspace in Socket Mode that waits for nobody long."""
    with workspace(ack_timeout_s=0.5, retry_delays_s=(0.05, 0.1, 0.2), disconnect_grace_s=0.3) as running:
        yield running
