"""Requests wait some seconds for what the index does not have yet; then they are told so, never given a part of it."""

from __future__ import annotations

import asyncio
import time

from fastapi import HTTPException

from local.argilla import line
from local.argilla.line import Line, Need

WAIT_S = 10.0
LOOK_S = 0.2
AGAIN_S = 10


async def ensure(dataset: str, need: Need) -> None:
    """Return once the index has this; 503, which says how far it is, if that takes longer than WAIT_S."""
    until = time.monotonic() + WAIT_S
    while True:
        found = await asyncio.to_thread(line.of, dataset)
        if found and not found.missing(need):
            return
        if time.monotonic() > until or (need is Need.WORDS and found and not found.lists_left):
            raise HTTPException(503, _words(found, need), {"Retry-After": str(AGAIN_S)})
        await asyncio.sleep(LOOK_S)


def _words(found: Line | None, need: Need) -> str:
    if found is None:
        return "Argilla is checking its search index after a start. Try again in a few seconds."
    far = f"{found.records - found.missing(need):,} of {found.records:,} records"
    if need is Need.LISTS:
        return f"Argilla is rebuilding its list of records: {far} so far. Try again in a few seconds."
    return f"Argilla is rebuilding its text and similarity search: {far} so far. Filters work; try this search later."
