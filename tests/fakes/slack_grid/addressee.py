"""Which team of an organization a call is for: the one that has what the call names, as ids differ by team."""

from __future__ import annotations

from collections.abc import Sequence

from local.slack.server import Server
from local.slack.wire.wire import Arguments, SlackError

NEED_A_TEAM = frozenset({"conversations.list", "users.list"})
COMPLETE = "files.completeUploadExternal"


def addressee(servers: Sequence[Server], method: str, arguments: Arguments) -> Server:
    """The only team of a team's token; of an organization's, the first where nothing is named."""
    if len(servers) == 1:
        return servers[0]
    if method in NEED_A_TEAM:
        return _by_team(servers, arguments)
    found = _by_name(servers, arguments) or servers[0]
    if method == COMPLETE:
        _bring_files(servers, found, arguments)
    return found


def _by_team(servers: Sequence[Server], arguments: Arguments) -> Server:
    # only these methods look at it: Bolt sends one along with all its calls, even an organization's id
    wanted = arguments.text("team_id")
    if not wanted:
        raise SlackError("missing_argument", "missing required field: team_id")
    for server in servers:
        if server.installation.team.id == wanted:
            return server
    raise SlackError("team_access_not_granted")


def _by_name(servers: Sequence[Server], arguments: Arguments) -> Server | None:
    return next((server for server in servers if _has_what_is_named(server, arguments)), None)


def _has_what_is_named(server: Server, arguments: Arguments) -> bool:
    here = server.workspace
    directory = here.directory
    return (
        _any(arguments, "channel", "channel_id") in directory.channels
        or _any(arguments, "channel", "user", "user_id", "users") in directory.users
        or here.views.knows(_any(arguments, "view_id", "external_id"))
        or here.triggers.knows(arguments.text("trigger_id"))
    )


def _any(arguments: Arguments, *names: str) -> str:
    return next((text for name in names if (text := arguments.text(name))), "")


def _bring_files(servers: Sequence[Server], to: Server, arguments: Arguments) -> None:
    """Where to upload was asked for before the channel was known, so perhaps of another team."""
    for file in arguments.list("files") or []:
        file_id = str(file.get("id")) if isinstance(file, dict) else ""
        for server in servers:
            if server is not to and server.files.awaits(file_id):
                to.files.hand_over(file_id, server.files)
