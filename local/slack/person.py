"""A person in the workspace, played by a program: writes, reads answers, presses buttons, fills modals in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from local.slack.wire.certificates import certificates

Json = dict[str, Any]

PATIENCE_S = 30.0


class PersonError(RuntimeError):
    """The workspace refused what the person did, or nothing came of it."""


class Person:
    """Acts as one user; use it in a `with` block."""

    def __init__(self, address: str, user: str, patience_s: float = PATIENCE_S) -> None:
        self._user = user
        self._patience_s = patience_s
        self._http = httpx.Client(base_url=f"{address}page/", timeout=patience_s, verify=certificates())
        # A full queue would hold up the end of the connection until it gives up waiting.
        self._connecting = connect(
            f"{address.replace('http', 'ws', 1)}page/events?user={user}", max_size=None, max_queue=None
        )
        self._heard: list[Json] = []

    def __enter__(self) -> Self:
        self._events = self._connecting.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._connecting.__exit__(*error)
        self._http.close()

    def write(self, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Write a message; its ts."""
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        return str(self._do("message", channel=channel, text=text, **thread)["ts"])

    def command(self, channel: str, command: str, text: str) -> Json:
        """Type a slash command; what the bot answers to this person alone."""
        self._do("command", channel=channel, command=command, text=text)
        return self.wait_for_whisper(channel)

    def messages(self, channel: str) -> list[Json]:
        """What this person sees in a channel, oldest first, replies included."""
        answer = self._http.get("messages", params={"user": self._user, "channel": channel, "limit": 1000})
        return list(answer.json()["messages"])

    def wait_for_reply(self, channel: str, ts: str) -> Json:
        """The first reply of a bot in the thread of a message."""
        return self._wait_for_message("message", lambda new: _is_reply(new, channel, ts))

    def wait_for_change(self, message: Json) -> Json:
        """The next state of a message."""
        key = message["channel"], message["ts"]
        return self._wait_for_message(
            "message_changed", lambda changed: (changed["channel"], changed["ts"]) == key
        )

    def wait_for_whisper(self, channel: str) -> Json:
        """The next message that only this person can see."""
        return self._wait_for_message(
            "message", lambda new: new.get("is_ephemeral", False) and new["channel"] == channel
        )

    def press(self, message: Json, action_id: str) -> None:
        """Press a button of a message."""
        action = _button(message["blocks"], action_id)
        answer = self._do("action", channel=message["channel"], ts=message["ts"], action=action)
        if not answer["acknowledged"]:
            raise PersonError("the bot did not acknowledge a button")

    def shortcut(self, channel: str, ts: str, callback_id: str) -> None:
        """Choose a shortcut from the menu of a message."""
        answer = self._do("shortcut", channel=channel, ts=ts, callback_id=callback_id)
        if not answer["acknowledged"]:
            raise PersonError("the bot did not acknowledge a shortcut")

    def open_view(self, message: Json, action_id: str) -> Json:
        """Press a button that opens a modal; the modal."""
        self.press(message, action_id)
        view: Json = self._wait(lambda event: event["type"] == "view_opened")["view"]
        return view

    def point(self, channel: str, ts: str, callback_id: str) -> Json:
        """Choose a shortcut that is answered by a modal; the modal, as soon as it has its answer."""
        self.shortcut(channel, ts, callback_id)
        opened: Json = self._wait(lambda event: event["type"] == "view_opened")["view"]
        updated = self._wait(
            lambda event: event["type"] == "view_updated" and event["view"]["id"] == opened["id"]
        )
        view: Json = updated["view"]
        return view

    def home(self) -> Json:
        """Open the bot's home tab; what the bot then shows there."""
        self._do("home")
        return self._wait_for_home()

    def press_at_home(self, action_id: str) -> Json:
        """Open the home tab and press a button; what the bot then shows there."""
        view = self.home()
        action = _button(view["blocks"], action_id)
        if not self._do("action", view_id=view["id"], action=action)["acknowledged"]:
            raise PersonError("the bot did not acknowledge a button")
        return self._wait_for_home()

    def open_from_home(self, action_id: str) -> Json:
        """Open the home tab and press a button that opens a modal; the modal."""
        view = self.home()
        action = _button(view["blocks"], action_id)
        if not self._do("action", view_id=view["id"], action=action)["acknowledged"]:
            raise PersonError("the bot did not acknowledge a button")
        return self.wait_for_view()

    def wait_for_view(self) -> Json:
        """The modal that is shown next, alone or on top of another."""
        view: Json = self._wait(lambda event: event["type"] in ("view_opened", "view_pushed"))["view"]
        return view

    def wait_for_view_update(self) -> Json:
        """The next state of a modal."""
        event = self._wait(lambda event: event["type"] == "view_updated" and event["view"]["type"] == "modal")
        view: Json = event["view"]
        return view

    def _wait_for_home(self) -> Json:
        event = self._wait(lambda event: event["type"] == "view_updated" and event["view"]["type"] == "home")
        view: Json = event["view"]
        return view

    def search(self, view: Json, action_id: str, words: str) -> list[Json]:
        """Type into a menu of a modal; what it offers."""
        [block] = [one for one in view["blocks"] if one.get("element", {}).get("action_id") == action_id]
        asked = {"action_id": action_id, "block_id": block["block_id"], "value": words}
        return list(self._do("options", view_id=view["id"], **asked)["options"])

    def submit(self, view: Json, values: Json) -> Json:
        """Send a modal; the bot's answer. `values`: block id to action id to state."""
        answer = self._do("submit", view_id=view["id"], state={"values": values})
        if answer.get("acknowledged") is False:
            raise PersonError("the bot did not acknowledge a modal")
        return answer

    def leave(self, channel: str) -> None:
        """Leave a channel."""
        self._do("leave", channel=channel)

    def react(self, channel: str, ts: str, name: str) -> None:
        """Put an emoji on a message."""
        self._do("reaction", channel=channel, ts=ts, name=name)

    def unreact(self, channel: str, ts: str, name: str) -> None:
        """Take an emoji back from a message."""
        self._do("reaction", channel=channel, ts=ts, name=name, remove=True)

    def edit(self, channel: str, ts: str, text: str) -> None:
        """Put another text in the place of a message of one's own."""
        self._do("edit", channel=channel, ts=ts, text=text)

    def delete(self, channel: str, ts: str) -> None:
        """Delete a message of one's own."""
        self._do("delete", channel=channel, ts=ts)

    def _do(self, what: str, **arguments: object) -> Json:
        answer: Json = self._http.post(what, json={"user": self._user, **arguments}).json()
        if not answer.get("ok"):
            raise PersonError(f"{what}: {answer.get('error')}")
        return answer

    def _wait_for_message(self, kind: str, is_it: Callable[[Json], bool]) -> Json:
        event = self._wait(lambda event: event["type"] == kind and is_it(event["message"]))
        message: Json = event["message"]
        return message

    def _wait(self, is_it: Callable[[Json], bool]) -> Json:
        until = time.monotonic() + self._patience_s
        while True:
            for number, event in enumerate(self._heard):
                if is_it(event):
                    del self._heard[: number + 1]
                    return event
            self._hear(until - time.monotonic())

    def _hear(self, patience_s: float) -> None:
        try:
            self._heard.append(json.loads(self._events.recv(timeout=max(0.0, patience_s))))
        except TimeoutError as error:
            raise PersonError(f"nothing came within {self._patience_s:.0f} s") from error
        except ConnectionClosed as error:
            raise PersonError("the workspace is gone") from error


def _is_reply(message: Json, channel: str, ts: str) -> bool:
    is_in_thread = message["channel"] == channel and message.get("thread_ts") == ts != message["ts"]
    return is_in_thread and "bot_id" in message and not message.get("is_ephemeral")


def _button(blocks: list[Json], action_id: str) -> Json:
    for block in blocks:
        for element in block.get("elements", []):
            if element.get("action_id") == action_id:
                value = {"value": element["value"]} if "value" in element else {}
                return {"action_id": action_id, "block_id": block["block_id"], "type": "button", **value}
    raise PersonError(f"no button {action_id!r} there")
