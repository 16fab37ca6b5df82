"""Modals, stacked by person, and home tabs."""

from __future__ import annotations

import secrets
import time

from local.slack.blocks.elements import with_ids
from local.slack.blocks.limits import check_view
from local.slack.setup import seed
from local.slack.setup.installation import Installation
from local.slack.state.hub import Hub
from local.slack.state.store import Store
from local.slack.wire.ids import new_id
from local.slack.wire.wire import Json, SlackError

MOST_STACKED = 3
_OWN = ("id", "root_view_id", "previous_view_id")


class Views:
    """Modals are open for as long as the workspace runs; home tabs are kept."""

    def __init__(self, store: Store, installation: Installation, hub: Hub) -> None:
        self._store = store
        self._installation = installation
        self._hub = hub
        self._stacks: dict[str, list[Json]] = {}
        self._homes: dict[str, Json] = {home["user"]: home["view"] for home in store.all("home")}

    def open(self, user: str, given: Json) -> Json:
        """Show a modal; what this person had open before goes."""
        view = self._new(given, "modal")
        self.clear(user)
        self._stacks[user] = [view]
        return self._told("view_opened", user, view)

    def push(self, user: str, given: Json) -> Json:
        """Put a modal on top of those this person has open."""
        stack = self._stacks.get(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= MOST_STACKED:
            raise SlackError("push_limit_reached")
        view = self._new(given, "modal")
        view |= {"root_view_id": stack[0]["id"], "previous_view_id": stack[-1]["id"]}
        stack.append(view)
        return self._told("view_pushed", user, view)

    def update(self, named: Json, given: Json, view_hash: str = "") -> Json:
        """Replace a modal, named by `id` or `external_id`; refused if it is no longer the one of `view_hash`."""
        for user, stack in self._stacks.items():
            for at, old in enumerate(stack):
                if any(value and old.get(key) == value for key, value in named.items()):
                    if view_hash and view_hash != old["hash"]:
                        raise SlackError("hash_conflict")
                    stack[at] = {**self._new(given, "modal", old), **{key: old[key] for key in _OWN}}
                    return self._told("view_updated", user, stack[at])
        raise SlackError("not_found")

    def publish(self, user: str, given: Json, view_hash: str = "") -> Json:
        """Put a person's home tab in place of the last one."""
        old = self._homes.get(user)
        if view_hash and old and view_hash != old["hash"]:
            raise SlackError("hash_conflict")
        view = self._new(given, "home", old)
        view |= {key: old[key] for key in _OWN} if old else {}
        self._homes[user] = view
        self._store.put("home", user, {"user": user, "view": view})
        return self._told("view_updated", user, view)

    def home(self, user: str) -> Json | None:
        """What the bot published to this person."""
        return self._homes.get(user)

    def knows(self, name: str) -> bool:
        """Whether a modal of this id, or of this external id, is open."""
        open_views = (view for stack in self._stacks.values() for view in stack)
        return bool(name) and any(name in (view["id"], view["external_id"]) for view in open_views)

    def get(self, user: str, view_id: str) -> Json:
        """A view this person sees."""
        home = self._homes.get(user)
        seen: list[Json] = [*self._stacks.get(user, ()), *([home] if home else [])]
        for view in seen:
            if view["id"] == view_id:
                return view
        raise SlackError("view_not_found")

    def close(self, user: str, view_id: str) -> list[Json]:
        """Close a modal and those on top of it; all, where it says clear_on_close. Returns the closed ones."""
        stack = self._stacks.get(user, [])
        at = next((at for at, view in enumerate(stack) if view["id"] == view_id), None)
        if at is None:
            raise SlackError("view_not_found")
        return self._cut(user, 0 if stack[at]["clear_on_close"] else at)

    def clear(self, user: str) -> list[Json]:
        """Close every modal of this person's."""
        return self._cut(user, 0)

    def pop(self, user: str, view_id: str) -> None:
        """Close one submitted modal; the one below it is seen again."""
        stack = self._stacks.get(user, [])
        at = next((at for at, view in enumerate(stack) if view["id"] == view_id), len(stack))
        self._cut(user, at)

    def _cut(self, user: str, at: int) -> list[Json]:
        stack = self._stacks.get(user, [])
        closed, stack[at:] = stack[at:], []
        for view in reversed(closed):
            self._hub.tell({"type": "view_closed", "view_id": view["id"]}, [user])
        return closed

    def _told(self, push: str, user: str, view: Json) -> Json:
        self._hub.tell({"type": push, "view": view}, [user])
        return view

    def _new(self, given: Json, kind: str, replaces: Json | None = None) -> Json:
        check_view(given)
        if given["type"] != kind:
            raise SlackError("invalid_arguments", f"must be of type {kind} [json-pointer:/view/type]")
        self._check_external_id(given.get("external_id"), replaces)
        view_id = new_id("V")
        return {
            "id": view_id,
            "team_id": self._installation.team.id,
            "type": kind,
            "title": given.get("title"),
            "submit": given.get("submit"),
            "close": given.get("close"),
            "blocks": with_ids(given["blocks"]),
            "private_metadata": given.get("private_metadata") or "",
            "callback_id": given.get("callback_id") or "",
            "external_id": given.get("external_id") or "",
            "state": {"values": {}},
            "hash": f"{int(time.time())}.{secrets.token_hex(4)}",
            "clear_on_close": bool(given.get("clear_on_close")),
            "notify_on_close": bool(given.get("notify_on_close")),
            "root_view_id": view_id,
            "previous_view_id": None,
            "app_id": seed.APP_ID,
            "app_installed_team_id": self._installation.place,
            "bot_id": seed.BOT_ID,
        }

    def _check_external_id(self, external_id: str | None, replaces: Json | None) -> None:
        views = (view for stack in self._stacks.values() for view in stack if view is not replaces)
        if external_id and any(view["external_id"] == external_id for view in views):
            raise SlackError("duplicate_external_id")
