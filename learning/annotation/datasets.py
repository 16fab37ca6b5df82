"""Keeps a team's dataset in Argilla as it should be: made once, followed by every change of the labels."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from learning.annotation import schema
from learning.annotation.collection import sweep
from learning.annotation.connection import ArgillaNotFoundError, Connection, Json
from learning.annotation.moving import NOTE, Move, is_ours, renamed
from learning.annotation.records import Form
from learning.annotation.schema import Plan
from storage import datasets, outbox, questions
from storage.database import Database
from storage.tables import Dataset, Kind, Stage

log = logging.getLogger(__name__)

VECTORS_MOST = 5  # Argilla allows no more a dataset


class ForeignDatasetError(ValueError):
    """The dataset of that name in Argilla is not one that this bot made."""

    reason = "foreign_dataset"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Argilla has a dataset {name!r} with other questions. Set ARGILLA_DATASET to another name."
        )


class Datasets:
    """The dataset of one team in one workspace of Argilla.

    `plan` says what it should be like now.
    """

    def __init__(
        self,
        connection: Connection,
        database: Database,
        team_id: str,
        workspace: str,
        name: str,
        plan: Callable[[], Plan],
    ) -> None:
        self._connection = connection
        self._database = database
        self._team_id = team_id
        self._workspace = workspace
        self._name = name
        self._plan = plan
        self._kept: tuple[Plan, Form] | None = None
        self._turn = threading.Lock()  # delivery and fetching both ask; one of them moves

    def form(self) -> Form:
        """How to write records of the dataset in which reviewers work, brought up to date where labels changed.

        Raises the errors of Connection, and ForeignDatasetError.
        """
        with self._turn:
            plan = self._plan()
            if self._kept and self._kept[0] == plan:
                return self._kept[1]
            form = self._bring_up_to_date(plan)
            self._kept = plan, form
            return form

    def _bring_up_to_date(self, plan: Plan) -> Form:
        self._finish_a_move(plan)
        current = self._current(plan)
        is_too_eager = self._preselects(current) and not plan.preselects
        if set(self._options(current)) != set(plan.options) or is_too_eager:
            current = self._move(current, plan)
        return self._follow(current, plan)

    def look_again(self) -> None:
        """The dataset may have changed in Argilla, or be gone."""
        self._kept = None

    def _current(self, plan: Plan) -> str:
        with self._database.reading() as session:
            known = datasets.current(session, self._team_id)
        if known and self._exists(known.id):
            return known.id
        found = self._find(self._name) or self._create(self._name, plan)
        with self._database.writing() as session:
            if known:
                datasets.gone(session, known.id)
            datasets.add(session, self._team_id, found, Stage.CURRENT)
            for message_id in questions.concerned(session, self._team_id):
                outbox.append(session, self._team_id, message_id, Kind.PREDICTION)
        log.info("dataset found or made id=%s", found)
        return found

    def _create(self, name: str, plan: Plan) -> str:
        return self._connection.create_dataset(self._workspace, name, plan)

    def _exists(self, dataset_id: str) -> bool:
        try:
            self._connection.call("GET", f"datasets/{dataset_id}")
        except ArgillaNotFoundError:
            return False
        return True

    def _find(self, name: str) -> str | None:
        """The dataset of that name in the workspace; one that was begun and not published is made anew."""
        workspaces = self._connection.call("GET", "me/workspaces")["items"]
        ours = {one["id"] for one in workspaces if one["name"] == self._workspace}
        every = self._connection.call("GET", "me/datasets")["items"]
        for one in every:
            if one["name"] != name or one["workspace_id"] not in ours:
                continue
            if one["status"] != "ready":
                self._connection.call("DELETE", f"datasets/{one['id']}")
                return None
            if not is_ours(self._part(one["id"], "questions"), self._part(one["id"], "fields")):
                raise ForeignDatasetError(name)
            return str(one["id"])
        return None

    def _options(self, dataset_id: str) -> dict[str, str]:
        options = self._question(dataset_id)["settings"]["options"]
        return {one["value"]: one.get("description") or "" for one in options}

    def _question(self, dataset_id: str) -> Json:
        return next(one for one in self._part(dataset_id, "questions") if one["name"] == schema.LABEL)

    def _part(self, dataset_id: str, part: str) -> list[Json]:
        found: list[Json] = self._connection.call("GET", f"datasets/{dataset_id}/{part}")["items"]
        return found

    def _form(self, dataset_id: str, plan: Plan) -> Form:
        ids = {one["name"]: str(one["id"]) for one in self._part(dataset_id, "questions")}
        us = str(self._connection.call("GET", "me")["id"])
        options, preselects = frozenset(self._options(dataset_id)), self._preselects(dataset_id)
        return Form(dataset_id, ids, options, plan.vector, us, preselects)

    def _preselects(self, dataset_id: str) -> bool:
        return schema.PREDICTED not in {one["name"] for one in self._part(dataset_id, "fields")}

    # Labels can't be added to a published dataset: reviewers move to a new one, and everything goes along.

    def _move(self, former: str, plan: Plan) -> str:
        name = f"{self._name}-next"
        into = self._find(name) or self._create(name, plan)
        with self._database.writing() as session:
            datasets.add(session, self._team_id, into, Stage.FILLING)
        return self._fill(former, into, plan)

    def _finish_a_move(self, plan: Plan) -> None:
        """A move that a crash interrupted is begun again, to the same dataset: copying twice changes nothing."""
        with self._database.reading() as session:
            current = datasets.current(session, self._team_id)
            filling = datasets.at(session, self._team_id, Stage.FILLING)
        for one in filling:
            if current and self._exists(one.id) and self._exists(current.id):
                self._fill(current.id, one.id, plan)
            else:
                with self._database.writing() as session:
                    datasets.gone(session, one.id)

    def _fill(self, former: str, into: str, plan: Plan) -> str:
        copied_at = str(self._connection.call("GET", f"datasets/{former}")["last_activity_at"])
        self._add_vectors(into, plan)
        copied = Move(self._connection, self._database, former, self._form(into, plan)).everything()
        sweep(self._connection, self._database, self._team_id, into)
        with self._database.writing() as session:
            datasets.switch(session, former, into, copied_at)
        log.info("dataset moved records=%d from=%s to=%s", copied, former, into)
        return into

    # What Argilla lets us change in place.

    def _follow(self, dataset_id: str, plan: Plan) -> Form:
        self._rename_the_left(dataset_id)
        self._add_vectors(dataset_id, plan)
        self._describe(dataset_id, plan)
        return self._form(dataset_id, plan)

    def _rename_the_left(self, current: str) -> None:
        with self._database.reading() as session:
            left = datasets.at(session, self._team_id, Stage.MOVED)
        for one in left:
            self._bid_farewell(one)
        self._patch(current, {"name": self._name})

    def _bid_farewell(self, left: Dataset) -> None:
        try:
            note = NOTE.format(name=self._name)
            self._patch(left.id, {"name": renamed(self._name, left), "guidelines": note})
        except ArgillaNotFoundError:
            with self._database.writing() as session:
                datasets.gone(session, left.id)

    def _describe(self, dataset_id: str, plan: Plan) -> None:
        distribution = {"strategy": "overlap", "min_submitted": plan.min_submitted}
        self._patch(dataset_id, {"guidelines": plan.guidelines, "distribution": distribution})
        if self._options(dataset_id) == plan.options:
            return
        question = self._question(dataset_id)
        # Options are frozen but for what is written on them; their order stays as it is there.
        options = [plan.option(one["value"]) for one in question["settings"]["options"]]
        settings = {"type": question["settings"]["type"], "options": options}
        self._connection.call("PATCH", f"questions/{question['id']}", json={"settings": settings})

    def _patch(self, dataset_id: str, wanted: Json) -> None:
        now = self._connection.call("GET", f"datasets/{dataset_id}")
        if any(now.get(key) != value for key, value in wanted.items()):
            self._connection.call("PATCH", f"datasets/{dataset_id}", json=wanted)

    def _add_vectors(self, dataset_id: str, plan: Plan) -> None:
        fields = self._part(dataset_id, "vectors-settings")
        if plan.vector in {one["name"] for one in fields}:
            return
        for oldest in sorted(fields, key=lambda one: str(one["inserted_at"]))[
            : len(fields) - VECTORS_MOST + 1
        ]:
            self._connection.call("DELETE", f"vectors-settings/{oldest['id']}")
        self._connection.call(
            "POST", f"datasets/{dataset_id}/vectors-settings", json=schema.vector_field(plan)
        )
