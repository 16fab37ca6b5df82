"""Payloads that are broken in one place: real ones of Slack's, with something in it that Slack would not send."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]

LEAK = "leaked"
GONE = object()
DEPTH = 500


def nested() -> Json:
    """An object in an object, and so on."""
    return reduce(lambda inner, _: {LEAK: inner}, range(DEPTH), Json())


BROKEN: tuple[Any, ...] = (
    GONE,
    None,
    True,
    0,
    -1.5,
    2**63,
    10**400,
    float("inf"),
    [],
    [LEAK],
    {},
    {LEAK: LEAK},
    "",
    LEAK,
    f"{LEAK}\x00",
    f"{LEAK}\ud800",
    f"{LEAK} " * 20_000,
    "abc",
    "nan",
    "1e400",
    "9" * 5_000,
    "9999999999999.0",
    "-1.0",
    nested(),
)
ATTACHED = ("\x00", "\ud800", "\ufffd", " ", "'")


def mutations(make: Callable[[], Json], number: int, seed: str) -> Iterator[tuple[str, Json]]:
    """`number` payloads, each broken in one place, and what is broken in each; the same ones for a seed."""
    rng = random.Random(seed)
    for _ in range(number):
        payload = make()
        yield _broken(payload, rng.choice(list(_paths(payload))), rng)


def _broken(payload: Json, path: Path, rng: random.Random) -> tuple[str, Json]:
    broken: Any = copy.deepcopy(payload)
    *way, last = path
    place: Any = reduce(lambda inner, name: inner[name], way, broken)
    instead = rng.choice(BROKEN)
    if isinstance(place[last], str) and rng.random() < 0.2:
        instead = place[last] + rng.choice(ATTACHED)
    if instead is GONE:
        del place[last]
    else:
        place[last] = instead
    told = "nothing" if instead is GONE else repr(instead)[:30]
    return f"{'.'.join(map(str, path))} = {told}", broken


def _paths(value: Any, way: Path = ()) -> Iterator[Path]:
    # What a rich text is made of is nothing that the bot reads: it would be most of what is broken.
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*way, name)
        if name != "blocks":
            yield from _paths(one, (*way, name))
