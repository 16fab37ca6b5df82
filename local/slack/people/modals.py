"""What people do with a modal as a whole: submit it, or close it."""

from __future__ import annotations

from typing import Any

from local.slack.blocks.elements import input_values, unanswered
from local.slack.state import payloads
from local.slack.state.workspace import Workspace
from local.slack.transport.delivery import Deliveries
from local.slack.transport.transport import Kind, NotAcknowledgedError
from local.slack.wire.wire import Json, SlackError


class Modals:
    """A submission waits for the bot, which may find errors or show another view."""

    def __init__(self, workspace: Workspace, deliveries: Deliveries) -> None:
        self._workspace = workspace
        self._views = workspace.views
        self._deliveries = deliveries

    async def submit(self, body: Json) -> Json:
        """view_submission; the modal stays open where it is refused or not acknowledged."""
        user = self._workspace.directory.person(str(body.get("user")))
        view = self._views.get(user["id"], str(body.get("view_id")))
        given = (body.get("state") or {}).get("values") or {}
        values = input_values(view["blocks"], given)
        if errors := unanswered(view["blocks"], values):
            return {"ok": True, "response_action": "errors", "errors": errors}
        payload = payloads.common(
            "view_submission", self._workspace.installation, user, self._workspace.triggers.issue(user["id"])
        )
        payload |= {"view": payloads.on_view(view, values)["view"], "response_urls": []}
        try:
            answer = await self._deliveries.ask(Kind.INTERACTIVE, payload)
        except NotAcknowledgedError:
            raise SlackError("not_acknowledged") from None
        return self._obey(user["id"], view, answer if isinstance(answer, dict) else {})

    async def close(self, body: Json) -> Json:
        """view_closed, for the views that asked for it."""
        user = self._workspace.directory.person(str(body.get("user")))
        closed = self._views.close(user["id"], str(body.get("view_id")))
        for view in reversed(closed):
            if view["notify_on_close"]:
                payload = payloads.common("view_closed", self._workspace.installation, user, "")
                del payload["trigger_id"]
                try:
                    payload |= {"view": view, "is_cleared": view["clear_on_close"]}
                    await self._deliveries.ask(Kind.INTERACTIVE, payload)
                except NotAcknowledgedError:
                    pass  # Slack does not tell the person either: the modal is gone
        return {"ok": True}

    def _obey(self, user: str, view: Json, answer: Json) -> Json:
        action = answer.get("response_action")
        if action == "errors":
            return _errors(view, answer.get("errors"))
        if action == "update":
            self._views.update({"id": view["id"]}, _view(answer))
        elif action == "push":
            self._views.push(user, _view(answer))
        elif action == "clear":
            self._views.clear(user)
        elif action is None:
            self._views.pop(user, view["id"])
        else:
            raise SlackError("invalid_response_action")
        return {"ok": True, "response_action": action}


def _errors(view: Json, errors: Any) -> Json:
    """Errors have to stand under an input; Slack shows its own trouble for any others."""
    inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or set(errors) - inputs:
        raise SlackError("invalid_response_action", "errors must name input blocks of the view")
    return {"ok": True, "response_action": "errors", "errors": errors}


def _view(answer: Json) -> Json:
    view = answer.get("view")
    if not isinstance(view, dict):
        raise SlackError("invalid_response_action", "view is missing")
    return view
