"""Dates the responses of one bulk request alike, by which they are told from single ones in quick succession.

Argilla dates each by when its turn came, a hundredth or a tenth of a second after the one before: so does a reviewer
who holds Enter down.
"""

from __future__ import annotations

import functools
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger(__name__)

# What the search engine's `info` says of it, and so the API's `status`.
NAME, ALIKE = "bulk_responses", "dated alike"

told: dict[str, str] = {}
_began: ContextVar[datetime | None] = ContextVar("began", default=None)


def apply() -> None:
    """Do so, unless Argilla looks different than expected."""
    try:
        _date_alike()
    except (AttributeError, ImportError) as error:
        log.warning("bulk responses are dated one by one reason=%s", error)
    else:
        told[NAME] = ALIKE


def _date_alike() -> None:
    from argilla_server.models import Response
    from argilla_server.use_cases.responses.upsert_responses_in_bulk import UpsertResponsesInBulkUseCase

    execute, upsert = UpsertResponsesInBulkUseCase.execute, Response.upsert

    @functools.wraps(execute)
    async def execute_at_once(self: Any, responses: list[Any], user: Any) -> Any:
        now = datetime.now(UTC).replace(tzinfo=None)  # as Argilla writes it
        token = _began.set(now if len(responses) > 1 else None)
        try:
            return await execute(self, responses, user)
        finally:
            _began.reset(token)

    async def upsert_at_once(_cls: Any, *args: Any, **given: Any) -> Any:
        response = await upsert(*args, **given)
        began = _began.get()
        if began is not None:
            is_new = response.inserted_at == response.updated_at
            response.updated_at = began
            if is_new:
                response.inserted_at = began
        return response

    UpsertResponsesInBulkUseCase.execute = execute_at_once
    Response.upsert = classmethod(upsert_at_once)
