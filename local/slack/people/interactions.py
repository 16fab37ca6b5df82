"""What people do with the bot's messages: clicks, menus, shortcuts, commands."""

from __future__ import annotations

from typing import Any

from local.slack.blocks.elements import find, input_values, taken_action
from local.slack.blocks.limits import check_options
from local.slack.state import payloads
from local.slack.state.grants import ResponseGrant
from local.slack.state.workspace import Workspace
from local.slack.transport.delivery import Deliveries
from local.slack.transport.transport import Kind, NotAcknowledgedError
from local.slack.wire.wire import Json, SlackError


class Interactions:
    """Each is delivered once and waits for the bot's word; Slack does not repeat them."""

    def __init__(self, workspace: Workspace, deliveries: Deliveries) -> None:
        self._workspace = workspace
        self._directory = workspace.directory
        self._deliveries = deliveries

    async def act(self, body: Json, base_url: str) -> Json:
        """A click on an element of a message, a modal or the home tab (block_actions)."""
        user = self._directory.person(str(body.get("user")))
        place, blocks, grant = self._place(user["id"], body)
        action = taken_action(blocks, _object(body, "action"), self._workspace.clock.next())
        payload = payloads.common(
            "block_actions", self._workspace.installation, user, self._workspace.triggers.issue(user["id"])
        )
        payload |= {**place, "actions": [action]}
        if grant:
            payload["state"] = {"values": input_values(blocks, _values(body))}
            payload["response_url"] = self._workspace.response_urls.issue(base_url, grant)
        return {"ok": True, "acknowledged": await self._tell(payload)}

    async def options(self, body: Json) -> Json:
        """What an external select offers for what was typed so far (block_suggestion)."""
        user = self._directory.person(str(body.get("user")))
        place, blocks, _ = self._place(user["id"], body)
        block, element = find(blocks, str(body.get("action_id")), body.get("block_id"))
        # Slack sends no trigger_id with this one
        payload = payloads.common("block_suggestion", self._workspace.installation, user, "")
        del payload["trigger_id"]
        payload |= {
            **place,
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "value": str(body.get("value", "")),
        }
        try:
            answer = await self._deliveries.ask(Kind.INTERACTIVE, payload)
        except NotAcknowledgedError:
            raise SlackError("not_acknowledged") from None
        return {"ok": True, **_offered(answer)}

    async def shortcut(self, body: Json, base_url: str) -> Json:
        """A shortcut on a message (message_action), or a global one."""
        user = self._directory.person(str(body.get("user")))
        kind = "message_action" if body.get("ts") else "shortcut"
        payload = payloads.common(
            kind, self._workspace.installation, user, self._workspace.triggers.issue(user["id"])
        )
        payload |= {"callback_id": str(body.get("callback_id")), "action_ts": self._workspace.clock.next()}
        if body.get("ts"):
            channel = self._directory.channel_of(user["id"], str(body.get("channel")))
            message = self._workspace.messages.get(channel, str(body["ts"]))
            grant = ResponseGrant(channel["id"], user["id"], message["ts"])
            shown = payloads.on_message(channel, message, ephemeral=False)
            payload |= {"message": shown["message"], "message_ts": message["ts"], "channel": shown["channel"]}
            payload["response_url"] = self._workspace.response_urls.issue(base_url, grant)
        return {"ok": True, "acknowledged": await self._tell(payload)}

    async def command(self, body: Json, base_url: str) -> Json:
        """A slash command; what the bot answers in its acknowledgement is shown."""
        user = self._directory.person(str(body.get("user")))
        channel = self._directory.channel_of(user["id"], str(body.get("channel")))
        grant = ResponseGrant(channel["id"], user["id"])
        name, text = str(body.get("command", "")), str(body.get("text", "")).strip()
        trigger_id = self._workspace.triggers.issue(user["id"])
        response_url = self._workspace.response_urls.issue(base_url, grant)
        payload = payloads.command(
            self._workspace.installation, user, channel, name, text, response_url, trigger_id
        )
        try:
            answer = await self._deliveries.ask(Kind.COMMAND, payload)
        except NotAcknowledgedError:
            return {"ok": True, "acknowledged": False}
        response = {"text": answer} if isinstance(answer, str) else answer
        if isinstance(response, dict) and any(response.get(key) for key in ("text", "blocks", "attachments")):
            self._workspace.responses.give(grant, response)
        return {"ok": True, "acknowledged": True}

    def _place(self, user_id: str, body: Json) -> tuple[Json, list[Json], ResponseGrant | None]:
        """Where it happened, the blocks that are there, and for a message where answers may go."""
        if body.get("view_id"):
            view = self._workspace.views.get(user_id, str(body["view_id"]))
            return payloads.on_view(view, input_values(view["blocks"], _values(body))), view["blocks"], None
        channel = self._directory.channel_of(user_id, str(body.get("channel")))
        ts = str(body.get("ts"))
        whisper = self._workspace.whispers.get(channel["id"], user_id, ts)
        message = whisper or self._workspace.messages.get(channel, ts)
        place = payloads.on_message(channel, message, ephemeral=whisper is not None)
        grant = ResponseGrant(channel["id"], user_id, ts)
        return place, message.get("blocks", []), grant

    async def _tell(self, payload: Json) -> bool:
        try:
            await self._deliveries.ask(Kind.INTERACTIVE, payload)
        except NotAcknowledgedError:
            return False
        return True


def _values(body: Json) -> Json:
    state = body.get("state")
    values = state.get("values") if isinstance(state, dict) else None
    return values if isinstance(values, dict) else {}


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if not isinstance(value, dict):
        raise SlackError("invalid_arguments", f"{name} must be an object")
    return value


def _offered(answer: Any) -> Json:
    """The options of an answer, or its groups of options; refused where Slack would show none."""
    answer = answer if isinstance(answer, dict) else {}
    groups = answer.get("option_groups") or []
    options = answer.get("options") or [option for group in groups for option in group["options"]]
    try:
        check_options(options)
    except (ValueError, TypeError, KeyError) as error:
        raise SlackError("invalid_options", str(error)) from None
    return {"options": options, **({"option_groups": groups} if groups else {})}
