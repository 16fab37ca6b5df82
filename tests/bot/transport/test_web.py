from __future__ import annotations

from dataclasses import replace

import pytest

from bot.context.health import Health, StoreProbe
from bot.context.metrics import Metrics
from bot.transport.connections import Request
from bot.transport.web import application

WELL = Health(list, StoreProbe(lambda: None), list, list)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics"])
def test_a_name_that_a_foreign_page_made_up_for_this_machine_shows_it_nothing(path: str) -> None:
    serve = application(None, None, Metrics(), WELL, None, "127.0.0.1")
    asked = Request("GET", path, "", [("host", "localhost:8318")], b"")

    assert serve(asked).status == 200
    assert serve(replace(asked, headers=[("host", "rebound.example:8318")])).status == 403
