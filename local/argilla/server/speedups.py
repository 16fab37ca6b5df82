"""Three things that Argilla 2.8 does and need not: guarded, so that another release is left alone.

Measured with bulk logging: settings of questions are parsed anew for each record, with a parser built anew each
time; and an event is built for each record although no webhook asks for it.
"""

from __future__ import annotations

import functools
import logging
from typing import Any

log = logging.getLogger(__name__)


def apply() -> None:
    """All; one whose place looks different than expected is skipped with a line in the log."""
    for one in (_build_parsers_once, _build_no_unheard_events, _quote_nobody_in_errors):
        try:
            one()
            log.info("speed-up in place name=%s", one.__name__)
        except (AttributeError, ImportError) as error:
            log.warning("speed-up skipped name=%s reason=%s", one.__name__, error)


def _quote_nobody_in_errors() -> None:
    """An error of the database would write what people wrote into a log."""
    from argilla_server.database import async_engine

    engine = async_engine.sync_engine
    if not hasattr(engine, "hide_parameters"):
        raise AttributeError("Engine.hide_parameters")
    engine.hide_parameters = True


def _build_parsers_once() -> None:
    from argilla_server.models import database
    from pydantic import TypeAdapter

    if database.TypeAdapter is not TypeAdapter:
        raise AttributeError("models.database.TypeAdapter")
    database.TypeAdapter = functools.cache(TypeAdapter)


def _build_no_unheard_events() -> None:
    from argilla_server.bulk import records_bulk
    from argilla_server.contexts import distribution, webhooks
    from argilla_server.contexts import records as records_context
    from argilla_server.webhooks.v1.records import notify_record_event

    async def notify_if_heard(db: Any, event: Any, record: Any) -> list[Any]:
        heard = {str(name) for one in await webhooks.list_enabled_webhooks(db) for name in one.events}
        if str(getattr(event, "value", event)) not in heard:
            return []
        return list(await notify_record_event(db, event, record))

    for module in (records_bulk, distribution, records_context):
        if module.notify_record_event_v1 is not notify_record_event:
            raise AttributeError(f"{module.__name__}.notify_record_event_v1")
    for module in (records_bulk, distribution, records_context):
        module.notify_record_event_v1 = notify_if_heard
