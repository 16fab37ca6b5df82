"""Erasing all of a team in Argilla: its datasets with every record and answer, its own workspace, its webhook."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from learning.argilla.connection import ArgillaConnection, ArgillaNotFoundError
from learning.argilla.ownership import mark_of


@dataclass(frozen=True)
class Traces:
    """What Argilla may have of a team: datasets by id, or by `names` in `workspaces`, unless they bear another `mark`;
    a workspace that is no other's, and the address of a webhook.
    """

    dataset_ids: Collection[str]
    workspaces: Collection[str]
    names: Collection[str]
    own_workspace: str
    webhook_url: str | None
    mark: str | None = None


def erase(connection: ArgillaConnection, of: Traces) -> int:
    """Delete it all, and have it leave the embedded Argilla's files; how many datasets there were.

    Harmless where some of it, or all, is gone already. Raises ArgillaUnavailableError, ArgillaRefusedError.
    """
    known = connection.call("GET", "me/workspaces")["items"]
    ours = {one["id"] for one in known if one["name"] in of.workspaces}
    every = connection.call("GET", "me/datasets")["items"]
    found = [
        one
        for one in every
        if mark_of(one) in (None, of.mark)
        and (one["id"] in of.dataset_ids or (one["workspace_id"] in ours and one["name"] in of.names))
    ]
    for one in found:
        _delete(connection, f"datasets/{one['id']}")
    in_use = {one["workspace_id"] for one in every if one not in found}
    for one in known:
        if one["name"] == of.own_workspace and one["id"] not in in_use:
            _delete(connection, f"workspaces/{one['id']}")
    if of.webhook_url:
        for one in connection.call("GET", "webhooks")["items"]:
            if one["url"] == of.webhook_url:
                _delete(connection, f"webhooks/{one['id']}")
    connection.purge()
    return len(found)


def _delete(connection: ArgillaConnection, path: str) -> None:
    with suppress(ArgillaNotFoundError):
        connection.call("DELETE", path)
