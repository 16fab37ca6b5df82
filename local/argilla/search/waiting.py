"""Requests wait some seconds for what the index does not have yet; then they are told so, never given a part of it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import HTTPException

from local.argilla.search import index, line
from local.argilla.search.line import Line, Need

WAIT_S = 10.0
LOOK_S = 0.2
AGAIN_S = 10
DAMAGED = "Argilla's search index was damaged, and is being rebuilt. Try again in a few seconds."

Found = TypeVar("Found")


async def ensure(dataset: str, need: Need) -> None:
    """Return once the index has this; 503, which says how far it is, if that takes longer than WAIT_S."""
    until = time.monotonic() + WAIT_S
    while True:
        found = await in_thread(line.of, dataset)
        if found and not found.missing(need):
            return
        if time.monotonic() > until or (need is Need.WORDS and found and not found.lists_left):
            raise HTTPException(503, _words(found, need), {"Retry-After": str(AGAIN_S)})
        await asyncio.sleep(LOOK_S)


async def in_thread(work: Callable[..., Found], *given: Any) -> Found:
    """Read the index in a thread; 503 if it turns out to be damaged: then it is thrown away and made again."""
    known = index.identity()
    try:
        return await asyncio.to_thread(work, *given)
    except sqlite3.DatabaseError as error:
        if not index.is_passing(error):
            await asyncio.to_thread(index.check)
        if index.identity() == known:
            raise
        raise HTTPException(503, DAMAGED, {"Retry-After": str(AGAIN_S)}) from None


def _words(found: Line | None, need: Need) -> str:
    if found is None:
        return "Argilla is checking its search index after a start. Try again in a few seconds."
    far = f"{found.records - found.missing(need):,} of {found.records:,} records"
    if need is Need.LISTS:
        return f"Argilla is rebuilding its list of records: {far} so far. Try again in a few seconds."
    return f"Argilla is rebuilding its text and similarity search: {far} so far. Filters work; try this search later."
