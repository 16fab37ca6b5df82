"""One user's first minute in the local workspace, by the product's own Python.

`python conversation.py ADDRESS METRICS`: where the workspace is, and the bot's metrics.
"""

from __future__ import annotations

import re
import sys
import time

import httpx

from local.slack.person import Person
from local.slack.setup.seed import CHANNELS, PEOPLE

SUPPORT = CHANNELS["support"]
FIRST = "My badge does not open the garage door"
SIMILAR = "My badge doesn't open the door of the garage"
RIGHT = "billing"  # the bot would never say so of its own accord
PATIENCE_S = 120.0


def main() -> None:
    """Write, correct, write something similar. Raises AssertionError if the bot has not learned."""
    address, metrics = sys.argv[1:]
    with Person(address, PEOPLE["ana"]) as ana:
        card = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, FIRST))
        assert label_of(card) != RIGHT, card["text"]
        before = refits(metrics)
        view = ana.open_view(card, "change")
        [option] = ana.search(view, "label", RIGHT)
        ana.submit(view, {"label": {"label": {"type": "external_select", "selected_option": option}}})
        corrected = ana.wait_for_change(card)
        wait_for_refit(metrics, before)
        again = ana.wait_for_reply(SUPPORT, ana.write(SUPPORT, SIMILAR))
    assert label_of(corrected) == RIGHT, corrected["text"]
    assert label_of(again) == RIGHT, again["text"]


def label_of(card: dict[str, str]) -> str:
    """Return the label that a card shows."""
    return card["text"].split(",")[0]


def refits(metrics: str) -> float:
    """Return how often the head was fitted."""
    found = re.search(r"^corrigible_refits_total (\S+)$", httpx.get(metrics).text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def wait_for_refit(metrics: str, before: float) -> None:
    """Wait until the head was fitted again."""
    until = time.monotonic() + PATIENCE_S
    while refits(metrics) <= before:
        assert time.monotonic() < until, "nothing was learned from the correction"
        time.sleep(0.05)


if __name__ == "__main__":
    main()
