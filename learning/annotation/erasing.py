"""Erasing a team's datasets in Argilla, with every record and answer in them."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from learning.annotation.connection import ArgillaNotFoundError, Connection


def erase_datasets(
    connection: Connection, dataset_ids: Collection[str], workspaces: Collection[str], names: Collection[str]
) -> int:
    """Delete these datasets, and those of these names in these workspaces; how many there were.

    Raises ArgillaUnavailableError, ArgillaRefusedError.
    """
    known = connection.call("GET", "me/workspaces")["items"]
    ours = {one["id"] for one in known if one["name"] in workspaces}
    found = [
        one["id"]
        for one in connection.call("GET", "me/datasets")["items"]
        if one["id"] in dataset_ids or (one["workspace_id"] in ours and one["name"] in names)
    ]
    for dataset_id in found:
        with suppress(ArgillaNotFoundError):
            connection.call("DELETE", f"datasets/{dataset_id}")
    return len(found)
