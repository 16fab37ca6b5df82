"""Whose a dataset in Argilla is: each of ours bears a mark, and one that bears another is left alone."""

from __future__ import annotations

from learning.argilla.connection import ArgillaConnection, Json

MARK = "corrigible"


class ForeignDatasetError(ValueError):
    """The dataset of that name in Argilla is not one that this bot made."""

    reason = "foreign_dataset"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"Argilla's dataset {name!r} {why}, so this bot leaves it alone. Set ARGILLA_DATASET to another name, or "
            "ARGILLA_WORKSPACE to another workspace; if nobody needs that dataset, delete it in Argilla."
        )
        self.name = name


ANOTHERS = "belongs to another bot"
OF_ANOTHER_SHAPE = "has other fields and questions than this bot's"


def mark_of(dataset: Json) -> str | None:
    """Return a dataset's mark; None if it has none, because an earlier release made it."""
    found = (dataset.get("metadata") or {}).get(MARK)
    return str(found) if found else None


def check(dataset: Json, mark: str) -> None:
    """Raise ForeignDatasetError if a dataset bears another mark."""
    if mark_of(dataset) not in (None, mark):
        raise ForeignDatasetError(dataset["name"], ANOTHERS)


def claim(connection: ArgillaConnection, dataset: Json, mark: str) -> None:
    """Put our mark on a dataset. Raises ForeignDatasetError if it bears another."""
    check(dataset, mark)
    if mark_of(dataset) is None:
        others = dataset.get("metadata") or {}
        for metadata in ([None] if others else []) + [
            {**others, MARK: mark}
        ]:  # Argilla 2.8 adds nothing to metadata
            connection.call("PATCH", f"datasets/{dataset['id']}", json={"metadata": metadata})


def find(connection: ArgillaConnection, workspace: str, name: str) -> Json | None:
    """Return the dataset of that name in a workspace, whoever made it."""
    workspaces = connection.call("GET", "me/workspaces")["items"]
    ours = {one["id"] for one in workspaces if one["name"] == workspace}
    for one in connection.call("GET", "me/datasets")["items"]:
        if one["name"] == name and one["workspace_id"] in ours:
            found: Json = one
            return found
    return None
