"""views.* of the Web API."""

from __future__ import annotations

from local.slack.state.workspace import Workspace
from local.slack.wire.wire import Arguments, Call, Json, Method, SlackError


class ViewMethods:
    """Modals and home tabs, as the bot opens them."""

    def __init__(self, workspace: Workspace) -> None:
        self._directory = workspace.directory
        self._triggers = workspace.triggers
        self._views = workspace.views

    def methods(self) -> dict[str, Method]:
        """By Slack's names."""
        return {
            "views.open": self._open,
            "views.push": self._push,
            "views.update": self._update,
            "views.publish": self._publish,
        }

    def _open(self, call: Call) -> Json:
        view = _view(call.arguments)
        user = self._triggers.spend(call.arguments.required("trigger_id"))
        return {"ok": True, "view": self._views.open(user, view)}

    def _push(self, call: Call) -> Json:
        view = _view(call.arguments)
        user = self._triggers.spend(call.arguments.required("trigger_id"))
        return {"ok": True, "view": self._views.push(user, view)}

    def _update(self, call: Call) -> Json:
        arguments = call.arguments
        named = {"id": arguments.text("view_id"), "external_id": arguments.text("external_id")}
        if not any(named.values()):
            raise SlackError("invalid_arguments", "missing required field: view_id")
        return {"ok": True, "view": self._views.update(named, _view(arguments), arguments.text("hash"))}

    def _publish(self, call: Call) -> Json:
        user = self._directory.person(call.arguments.required("user_id"))["id"]
        view = self._views.publish(user, _view(call.arguments), call.arguments.text("hash"))
        return {"ok": True, "view": view}


def _view(arguments: Arguments) -> Json:
    view = arguments.object("view")
    if view is None:
        raise SlackError("invalid_arguments", "missing required field: view")
    return view
