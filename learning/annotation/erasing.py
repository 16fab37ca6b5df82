"""Erasing all of a team in Argilla: its datasets with every record and answer, its own workspace, its webhook."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from learning.annotation.connection import ArgillaNotFoundError, Connection


@dataclass(frozen=True)
class Traces:
    """What Argilla may have of a team: datasets by id, or by `names` in `workspaces`; a workspace that is no other's,
    and the address of a webhook.
    """

    dataset_ids: Collection[str]
    workspaces: Collection[str]
    names: Collection[str]
    own_workspace: str
    webhook_url: str | None


def erase(connection: Connection, of: Traces) -> int:
    """Delete it all, and have it leave the embedded Argilla's files; how many datasets there were.

    Harmless where some of it, or all, is gone already. Raises ArgillaUnavailableError, ArgillaRefusedError.
    """
    known = connection.call("GET", "me/workspaces")["items"]
    ours = {one["id"] for one in known if one["name"] in of.workspaces}
    found = [
        one["id"]
        for one in connection.call("GET", "me/datasets")["items"]
        if one["id"] in of.dataset_ids or (one["workspace_id"] in ours and one["name"] in of.names)
    ]
    for dataset_id in found:
        _delete(connection, f"datasets/{dataset_id}")
    for one in known:
        if one["name"] == of.own_workspace:
            _delete(connection, f"workspaces/{one['id']}")
    if of.webhook_url:
        for one in connection.call("GET", "webhooks")["items"]:
            if one["url"] == of.webhook_url:
                _delete(connection, f"webhooks/{one['id']}")
    connection.purge()
    return len(found)


def _delete(connection: Connection, path: str) -> None:
    with suppress(ArgillaNotFoundError):
        connection.call("DELETE", path)
