from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.running import PATIENCE_S, Slack, workspace


@pytest.fixture
def slack(request: pytest.FixtureRequest) -> Iterator[Slack]:
    """A workspace in Socket Mode that is patient with its bot; `impatient` asks for one that is not."""
    ack_timeout_s = getattr(request, "param", PATIENCE_S)
    with workspace(
        ack_timeout_s=ack_timeout_s,
        retry_delays_s=(0.05, 0.1, 0.2),
        disconnect_grace_s=0.3,
        trigger_life_s=PATIENCE_S,
    ) as running:
        yield running
