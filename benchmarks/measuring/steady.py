"""A steady load: each message goes out at its own time, however long the answers to earlier ones take."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

SENDERS = 16
# Support messages from a few words to a paragraph, as they come.
TEXTS = (
    "The export button crashes with error 500",
    "Thanks, that works now!",
    "How do I add a colleague to my project? I only find my own name in the settings.",
    "We were charged twice this month. Could you check invoices from March and send us the money back?",
    "Is the site down? Nothing loads for any of us",
    "It would be great to have a dark mode",
    "Since yesterday's update the dashboard takes more than a minute to load, for everyone in our Lisbon office. "
    "We tried another browser and another network, and it made no difference. Is this known?",
    "I forgot my password and the reset mail never comes",
    "Our webhook gets a 401 since we rotated the API token",
    "Half of the rows are missing after the import, although the log says that all of them were read",
    "Somebody signed in to my account from another country",
    "Good morning everyone",
)


@dataclass(frozen=True)
class Sent:
    """`ts`: the messages that were accepted. For each, how long after its time it went out and was accepted."""

    ts: list[str]
    late_s: list[float]
    accepted_s: list[float]


def steady(write: Callable[[str], str], rate_per_s: float, seconds: float) -> Sent:
    """Write `rate_per_s` × `seconds` messages, evenly spaced."""
    number = round(rate_per_s * seconds)
    late_s: list[float] = []
    accepted_s: list[float] = []
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="sender") as senders:

        def send(due: float, at: int) -> str:
            late_s.append(time.perf_counter() - due)
            ts = write(f"{TEXTS[at % len(TEXTS)]} ({at})")
            accepted_s.append(time.perf_counter() - due)
            return ts

        begin = time.perf_counter()
        answers = []
        for at in range(number):
            due = begin + at / rate_per_s
            time.sleep(max(0.0, due - time.perf_counter()))
            answers.append(senders.submit(send, due, at))
        return Sent([answer.result() for answer in answers], late_s, accepted_s)
