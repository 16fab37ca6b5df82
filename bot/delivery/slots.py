"""Places of deliveries under way: how many there may be at once, and who learns that one has become free."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """So many places, of which up to `heard` may go to cards for which nobody waits."""

    every: int
    heard: int


class Places:
    """`every` places, of which `reserved` never go to cards for which nobody waits. Used by several threads."""

    def __init__(self, every: int, reserved: int) -> None:
        self._every = every
        self._free = every
        self._free_of_heard = every - reserved
        self._is_missed = False
        self._changed = threading.Condition()

    def take(self) -> Slot:
        """All that are free; what is not used of them is to be given back."""
        with self._changed:
            taken = Slot(self._free, min(self._free, self._free_of_heard))
            self._free -= taken.every
            self._free_of_heard -= taken.heard
            self._is_missed = taken.heard == 0
            return taken

    def give_back(self, unused: Slot) -> None:
        """Places that were taken for nothing."""
        with self._changed:
            self._free += unused.every
            self._free_of_heard += unused.heard
            self._changed.notify_all()

    def end(self, delivered: Slot) -> bool:
        """A delivery has ended; did somebody miss a place meanwhile, and should look again?"""
        with self._changed:
            self.give_back(delivered)
            was_missed, self._is_missed = self._is_missed, False
            return was_missed

    def wait_until_free(self, timeout_s: float) -> None:
        """Until nothing is under way, for at most `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._free == self._every, timeout_s)
