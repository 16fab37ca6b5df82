"""conversations.* of the Web API."""

from __future__ import annotations

from collections.abc import Iterable

from local.slack.api.paging import cursor, page, place
from local.slack.state.directory import Directory, check_open
from local.slack.state.events import as_slack_shows
from local.slack.state.workspace import Workspace
from local.slack.wire.scopes import kind_of
from local.slack.wire.wire import Arguments, Call, Json, Method, SlackError

TYPES = {"channel": "public_channel", "group": "private_channel", "im": "im", "mpim": "mpim"}


class Conversations:
    """Channels, and reading them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._directory = workspace.directory
        self._messages = workspace.messages

    def methods(self) -> dict[str, Method]:
        """By Slack's names."""
        return {
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "conversations.info": self._info,
            "conversations.list": self._list,
            "conversations.open": self._open,
            "conversations.join": self._join,
            "conversations.members": self._members,
        }

    def _history(self, call: Call) -> Json:
        channel = self._directory.channel_of_bot(call.arguments.required("channel"))
        before = place(call.arguments)
        wanted = _in_range(call.arguments, self._messages.newest_first(channel))
        top = (m for m in wanted if _is_top_level(m) and (not before or m["ts"] < before))
        limit = call.arguments.number("limit", 100, 999)
        return {**_paged(list(_first(top, limit + 1)), limit, call.arguments), "pin_count": 0}

    def _replies(self, call: Call) -> Json:
        channel = self._directory.channel_of_bot(call.arguments.required("channel"))
        parent, *replies = self._messages.thread(channel, call.arguments.required("ts"))
        after = place(call.arguments)
        wanted = [m for m in _in_range(call.arguments, replies) if not after or m["ts"] > after]
        # every page of a thread begins with its parent
        limit = call.arguments.number("limit", 1000)
        paged = _paged(wanted[: limit + 1], limit, call.arguments)
        return {**paged, "messages": [_shown(parent, call.arguments), *paged["messages"]]}

    def _info(self, call: Call) -> Json:
        channel = self._directory.channel_for_bot(call.arguments.required("channel"))
        shown = as_conversation(self._directory, channel)
        if not call.arguments.flag("include_num_members"):
            del shown["num_members"]
        return {"ok": True, "channel": shown}

    def _list(self, call: Call) -> Json:
        types = [name.strip() for name in call.arguments.text("types", "public_channel").split(",")]
        if set(types) - {"public_channel", "private_channel", "mpim", "im"}:
            raise SlackError("invalid_types")
        wanted = [
            as_conversation(self._directory, channel)
            for channel in self._directory.channels.values()
            if TYPES[kind_of(channel)] in types
            and (not channel.get("is_private") or channel["bot_is_member"])
        ]
        channels, metadata = page(wanted, call.arguments)
        return {"ok": True, "channels": channels, "response_metadata": metadata}

    def _open(self, call: Call) -> Json:
        users = call.arguments.text("users")
        if not users and not call.arguments.text("channel"):
            raise SlackError("users_list_not_supplied")
        if "," in users:
            first, *others = users.split(",")
            channel = self._directory.group(others, first)
        else:
            if users:
                self._directory.person(users)
            channel = self._directory.channel(users or call.arguments.text("channel"))
        shown = as_conversation(self._directory, channel)
        if not call.arguments.flag("return_im"):
            shown = {"id": channel["id"]}
        return {"ok": True, "no_op": True, "already_open": True, "channel": shown}

    def _join(self, call: Call) -> Json:
        channel = self._directory.channel_for_bot(call.arguments.required("channel"))
        check_open(channel)
        if kind_of(channel) != "channel":
            raise SlackError("method_not_supported_for_channel_type")
        warning = {"warning": "already_in_channel"} if channel["bot_is_member"] else {}
        joined = self._workspace.let_bot_in(channel, None)
        return {"ok": True, "channel": as_conversation(self._directory, joined), **warning}

    def _members(self, call: Call) -> Json:
        channel = self._directory.channel_for_bot(call.arguments.required("channel"))
        members, metadata = page(self._directory.members(channel), call.arguments)
        return {"ok": True, "members": members, "response_metadata": metadata}


def as_conversation(directory: Directory, channel: Json) -> Json:
    """A channel as Slack shows it to an app."""
    common = {
        "id": channel["id"],
        "created": channel["created"],
        "is_archived": bool(channel.get("is_archived")),
        "is_im": channel["is_im"],
        "is_mpim": bool(channel.get("is_mpim")),
        "is_shared": bool(channel.get("is_shared")),
        "is_ext_shared": bool(channel.get("is_shared")),
        "is_org_shared": False,
        "context_team_id": directory.team.id,
        "num_members": len(directory.members(channel)),
    }
    if channel["is_im"]:
        return {**common, "user": channel["user"], "is_user_deleted": False}
    topic = {"value": channel["topic"], "creator": channel["creator"], "last_set": channel["created"]}
    return {
        **common,
        "name": channel["name"],
        "name_normalized": channel["name"],
        "is_channel": kind_of(channel) == "channel",
        "is_group": kind_of(channel) == "group",
        "is_private": kind_of(channel) in ("group", "mpim"),
        "is_general": channel["name"] == "general",
        "is_member": channel["bot_is_member"],
        "creator": channel["creator"],
        "topic": topic,
        "purpose": {**topic, "value": ""},
    }


def _is_top_level(message: Json) -> bool:
    in_thread = message.get("thread_ts", message["ts"]) != message["ts"]
    return not in_thread or message.get("subtype") == "thread_broadcast"


def _in_range(arguments: Arguments, messages: Iterable[Json]) -> Iterable[Json]:
    oldest, latest = arguments.text("oldest", "0"), arguments.text("latest", "9999999999")
    try:
        low, high = float(oldest), float(latest)
    except ValueError:
        raise SlackError("invalid_ts_oldest" if not _is_number(oldest) else "invalid_ts_latest") from None
    inclusive = arguments.flag("inclusive")
    for message in messages:
        ts = float(message["ts"])
        if low < ts < high or (inclusive and ts in (low, high)):
            yield message


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _first(messages: Iterable[Json], count: int) -> Iterable[Json]:
    for message, _ in zip(messages, range(count), strict=False):
        yield message


def _paged(found: list[Json], limit: int, arguments: Arguments) -> Json:
    shown, more = found[:limit], len(found) > limit
    following = {"next_cursor": cursor(shown[-1]["ts"]) if more else ""}
    messages = [_shown(message, arguments) for message in shown]
    return {"ok": True, "messages": messages, "has_more": more, "response_metadata": following}


def _shown(message: Json, arguments: Arguments) -> Json:
    shown = as_slack_shows(message)
    if arguments.flag("include_all_metadata") and "metadata" in message:
        shown["metadata"] = message["metadata"]
    return shown
