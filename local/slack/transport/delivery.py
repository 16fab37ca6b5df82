"""Delivers to the bot: events with retries, held while no bot is there; interactions once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from local.slack.setup.installation import Installation
from local.slack.state.events import event_callback
from local.slack.state.store import Store
from local.slack.transport.transport import Kind, NotAcknowledgedError, Retry, Transport
from local.slack.wire.scopes import of_event
from local.slack.wire.wire import Json

MOST_HELD = 1_000
MOST_RECORDED = 10_000
AT_ONCE = 20


class Deliveries:
    """An event is kept in the state file from the moment it happens until it is acknowledged or given up.

    Slack would drop what it cannot deliver; holding it until a bot connects is a kindness of this workspace.
    """

    def __init__(
        self,
        store: Store,
        installation: Installation,
        transport: Transport,
        retry_delays_s: tuple[float, ...],
    ) -> None:
        self._store = store
        self._installation = installation
        self._transport = transport
        self._retry_delays_s = retry_delays_s
        self._held = OrderedDict((kept["event_id"], (kept, Retry())) for kept in store.all("event"))
        self._sent: deque[Json] = deque(maxlen=MOST_HELD)
        self._quoting: set[str] = set()  # events that may quote what was deleted or edited meanwhile
        self._records: OrderedDict[str, Json] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.is_shared: Callable[[object], bool] = lambda _channel_id: False

    def event(self, event: Json) -> None:
        """Let the bot know of something, where it is installed; returns before it does."""
        needed = of_event(event)
        if self._installation.exists and needed not in self._installation.lacking:
            self.begin(self.callback(event))

    def begin(self, callback: Json) -> None:
        """Deliver an event callback with Slack's retries, even to a bot that is installed no more."""
        self._store.put("event", callback["event_id"], callback)
        self._start(self._see_through(callback, Retry()))

    def callback(self, event: Json) -> Json:
        """An event in its envelope."""
        callback = event_callback(event, self._installation)
        return {**callback, "is_ext_shared_channel": self.is_shared(event.get("channel"))}

    async def ask(self, kind: Kind, payload: Json) -> Any:
        """Deliver an interaction or a command, once; its answer, or NotAcknowledgedError."""
        if not self._installation.exists:
            raise NotAcknowledgedError("app_not_installed")
        return await self._transport.deliver(kind, payload, Retry())

    async def once(self, callback: Json, retry: Retry) -> bool:
        """One attempt at an event; whether it was acknowledged."""
        try:
            await self._attempt(callback, retry)
        except NotAcknowledgedError:
            return False
        return True

    async def send(self, payload: Json) -> bool:
        """Deliver once what comes in no envelope; whether it was acknowledged."""
        try:
            await self._transport.deliver(Kind.EVENT, payload, Retry())
        except NotAcknowledgedError:
            return False
        return True

    async def redeliver(self, count: int) -> Json:
        """Send the last events once more, under the same ids, as if no acknowledgement had come."""
        callbacks = list(self._sent)[-count:] if count > 0 else []
        taken = await asyncio.gather(*(self.once(callback, Retry(1, "timeout")) for callback in callbacks))
        return {"event_ids": [callback["event_id"] for callback in callbacks], "acknowledged": taken}

    def bot_came(self) -> None:
        """Send what was held, oldest first."""
        held, self._held = list(self._held.values()), OrderedDict()
        if held:
            self._start(self._release(held))

    def forget_waiting(self) -> None:
        """Nothing that waits for the bot will be sent, nor sent again."""
        for task in self._tasks:
            task.cancel()
        for callback in self._store.all("event"):
            self._store.drop("event", callback["event_id"])
        self._held.clear()

    def records(self) -> list[Json]:
        """When each event was sent and acknowledged, in seconds of this machine's monotonic clock."""
        return list(self._records.values())

    def take_records(self) -> list[Json]:
        """All records; those of acknowledged events leave the list, the others may still change."""
        records = list(self._records.values())
        waiting = {key: one for key, one in self._records.items() if one["acknowledged_at"] is None}
        self._records = OrderedDict(waiting)
        return records

    def forget_records(self) -> None:
        """Begin the list of deliveries anew."""
        self._records.clear()

    async def close(self) -> None:
        """Stop; what is not acknowledged yet stays in the state file."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _release(self, held: Iterable[tuple[Json, Retry]]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(callback: Json, retry: Retry) -> None:
            async with slots:
                await self._see_through(callback, retry)

        await asyncio.gather(*(one(callback, retry) for callback, retry in held))

    async def _see_through(self, callback: Json, retry: Retry) -> None:
        while self._transport.connected:
            try:
                await self._attempt(callback, retry)
                break
            except NotAcknowledgedError as failure:
                if not failure.again or retry.attempt == len(self._retry_delays_s):
                    break
                await asyncio.sleep(self._retry_delays_s[retry.attempt])
                retry = Retry(retry.attempt + 1, failure.reason)
        else:
            self._hold(callback, retry)
            return
        self._end(callback)

    def _end(self, callback: Json) -> None:
        """Drop an event that was seen through; purge it if it quotes what was deleted or edited."""
        event_id = callback["event_id"]
        self._store.drop("event", event_id)
        if "previous_message" in callback["event"]:
            # What is acknowledged only later may quote the same words.
            self._quoting |= {waiting["event_id"] for waiting in self._store.all("event")}
        elif event_id not in self._quoting:
            return
        self._quoting.discard(event_id)
        self._store.purge()

    async def _attempt(self, callback: Json, retry: Retry) -> None:
        record = self._record(callback)
        record["attempts"] += 1
        await self._transport.deliver(Kind.EVENT, callback, retry)
        if record["acknowledged_at"] is None:
            record["acknowledged_at"] = time.monotonic()

    def _hold(self, callback: Json, retry: Retry) -> None:
        self._held[callback["event_id"]] = (callback, retry)
        while len(self._held) > MOST_HELD:
            forgotten, _ = self._held.popitem(last=False)
            self._store.drop("event", forgotten)

    def _record(self, callback: Json) -> Json:
        if callback["event_id"] in self._records:
            return self._records[callback["event_id"]]
        self._sent.append(callback)
        record: Json = {
            "event_id": callback["event_id"],
            "type": callback["event"].get("type"),
            "subtype": callback["event"].get("subtype"),
            "channel": callback["event"].get("channel"),
            "ts": callback["event"].get("ts"),
            "sent_at": time.monotonic(),
            "acknowledged_at": None,
            "attempts": 0,
        }
        self._records[callback["event_id"]] = record
        if len(self._records) > MOST_RECORDED:
            self._records.popitem(last=False)
        return record
