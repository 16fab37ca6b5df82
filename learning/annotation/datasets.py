"""Keeps a team's datasets in Argilla as they should be: made once, followed by every change of the labels."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from learning.annotation.collection import pages, sweep
from learning.annotation.moving import NOTE, Move, is_ours, renamed
from learning.argilla import ownership, schema
from learning.argilla.connection import ArgillaConnection, ArgillaNotFoundError, ArgillaRefusedError, Json
from learning.argilla.ownership import ANOTHERS, OF_ANOTHER_SHAPE, ForeignDatasetError
from learning.argilla.records import RecordForm, message_of
from learning.argilla.schema import DatasetPlan
from storage.database.engine import Database
from storage.deliveries import outbox
from storage.feedback import questions
from storage.messages import datasets, messages
from storage.tables.annotation import Dataset, Stage
from storage.tables.deliveries import Kind
from storage.tables.feedback import Panel

log = logging.getLogger(__name__)

VECTORS_MOST = 5  # Argilla allows no more a dataset


class Datasets:
    """The dataset of one team and panel in one workspace of Argilla.

    `plan` says what it should be like now.
    """

    def __init__(
        self,
        connection: ArgillaConnection,
        database: Database,
        team_id: str,
        workspace: str,
        name: str,
        plan: Callable[[], DatasetPlan],
        panel: Panel = Panel.SINGLE,
    ) -> None:
        self._connection = connection
        self._database = database
        self._team_id = team_id
        self._workspace = workspace
        self._name = name
        self._plan = plan
        self._panel = panel
        self._kept: tuple[DatasetPlan, RecordForm] | None = None
        self._turn = threading.Lock()  # delivery and fetching both ask; one of them moves

    def form(self) -> RecordForm:
        """How to write records of the dataset in which reviewers work, brought up to date where labels changed.

        Raises the errors of ArgillaConnection, and ForeignDatasetError.
        """
        with self._turn:
            plan = self._plan()
            if self._kept and self._kept[0] == plan:
                return self._kept[1]
            form = self._bring_up_to_date(plan)
            self._kept = plan, form
            return form

    def _bring_up_to_date(self, plan: DatasetPlan) -> RecordForm:
        self._finish_a_move(plan)
        current = self._current(plan)
        is_too_eager = self._preselects(current) and not plan.preselects
        if set(self._options(current)) != set(plan.options) or is_too_eager:
            current = self._move(current, plan)
        return self._follow(current, plan)

    def look_again(self) -> None:
        """The dataset may have changed in Argilla, or be gone."""
        self._kept = None

    @property
    def is_made(self) -> bool:
        """Does Argilla have this dataset, as far as we know?"""
        return self.current() is not None

    def current(self) -> Dataset | None:
        """The dataset in which reviewers work now."""
        with self._database.reading() as session:
            return datasets.current(session, self._team_id, self._panel)

    def left(self) -> list[Dataset]:
        """The datasets that reviewers have left, and where some may still answer."""
        with self._database.reading() as session:
            return datasets.at(session, self._team_id, Stage.MOVED, self._panel)

    def _current(self, plan: DatasetPlan) -> str:
        known = self.current()
        there = self._look_at(known.id) if known else None
        if known and there and there["name"] == self._name:
            ownership.claim(self._connection, there, self._mark())
            return known.id
        if known and there and ownership.mark_of(there) in (None, self._mark()):
            later = self._find(self._name)
            if later is None:  # it was renamed, there or in our settings: `_follow` gives it its name
                ownership.claim(self._connection, there, self._mark())
                return known.id
            return self._catch_up(known, later)
        found = self._find(self._name) or self._create(self._name, plan)
        with self._database.writing() as session:
            if known:
                datasets.gone(session, known.id)
            datasets.add(session, self._team_id, found, Stage.CURRENT, self._panel)
            for message_id in questions.seated(session, self._team_id, self._panel):
                outbox.append(session, self._team_id, message_id, Kind.PREDICTION)
        self._claim(found)
        log.info("dataset found or made id=%s", found)
        return found

    def _catch_up(self, former: Dataset, current: str) -> str:
        """Go on where reviewers work, of which a database restored from a backup knows nothing."""
        with self._database.writing() as session:
            datasets.add(session, self._team_id, current, Stage.FILLING, self._panel)
        sweep(self._connection, self._database, self._team_id, current)
        with self._database.writing() as session:
            datasets.switch(session, former.id, current, former.seen)
            for message_id in questions.seated(session, self._team_id, self._panel):
                outbox.append(session, self._team_id, message_id, Kind.PREDICTION)
        self._claim(current)
        log.info("dataset had moved from=%s to=%s", former.id, current)
        return current

    def _create(self, name: str, plan: DatasetPlan) -> str:
        return self._connection.create_dataset(self._workspace, name, plan)

    def _look_at(self, dataset_id: str) -> Json | None:
        try:
            found: Json = self._connection.call("GET", f"datasets/{dataset_id}")
        except ArgillaNotFoundError:
            return None
        return found

    def _exists(self, dataset_id: str) -> bool:
        return self._look_at(dataset_id) is not None

    def _mark(self) -> str:
        with self._database.writing() as session:
            return datasets.mark(session, self._team_id)

    def _claim(self, dataset_id: str) -> None:
        found = self._connection.call("GET", f"datasets/{dataset_id}")
        ownership.claim(self._connection, found, self._mark())

    def _find(self, name: str) -> str | None:
        """Our dataset of that name in the workspace; one that was begun and not published is made anew.

        Raises ForeignDatasetError if it is not ours.
        """
        found = ownership.find(self._connection, self._workspace, name)
        if found is None:
            return None
        ownership.check(found, self._mark())
        dataset_id = str(found["id"])
        if found["status"] != "ready":
            self._connection.call("DELETE", f"datasets/{dataset_id}")
            return None
        if not is_ours(self._part(dataset_id, "questions"), self._part(dataset_id, "fields")):
            raise ForeignDatasetError(name, OF_ANOTHER_SHAPE)
        if ownership.mark_of(found) is None and not self._holds_nothing_but_ours(dataset_id):
            raise ForeignDatasetError(name, ANOTHERS)
        return dataset_id

    def _holds_nothing_but_ours(self, dataset_id: str) -> bool:
        """A dataset without a mark may be a copy of ours, or made by an earlier release: then we know its messages."""
        is_empty = True
        for page in pages(self._connection, dataset_id, []):
            keys = [key for record in page if (key := message_of(record["external_id"]))]
            with self._database.reading() as session:
                if messages.known_ids(session, [message_id for message_id, _ in keys]):
                    return True
            is_empty = False
        return is_empty

    def _options(self, dataset_id: str) -> dict[str, str]:
        options = self._question(dataset_id)["settings"]["options"]
        return {one["value"]: one.get("description") or "" for one in options}

    def _question(self, dataset_id: str) -> Json:
        return next(one for one in self._part(dataset_id, "questions") if one["name"] == schema.LABEL)

    def _part(self, dataset_id: str, part: str) -> list[Json]:
        found: list[Json] = self._connection.call("GET", f"datasets/{dataset_id}/{part}")["items"]
        return found

    def _form(self, dataset_id: str, plan: DatasetPlan) -> RecordForm:
        ids = {one["name"]: str(one["id"]) for one in self._part(dataset_id, "questions")}
        us = str(self._connection.call("GET", "me")["id"])
        options, preselects = frozenset(self._options(dataset_id)), self._preselects(dataset_id)
        return RecordForm(dataset_id, ids, options, plan.vector, us, preselects)

    def _preselects(self, dataset_id: str) -> bool:
        return schema.PREDICTED not in {one["name"] for one in self._part(dataset_id, "fields")}

    # Labels can't be added to a published dataset: reviewers move to a new one, and everything goes along.

    def _move(self, former: str, plan: DatasetPlan) -> str:
        name = f"{self._name}-next"
        into = self._find(name) or self._create(name, plan)
        with self._database.writing() as session:
            datasets.add(session, self._team_id, into, Stage.FILLING, self._panel)
        self._claim(into)
        return self._fill(former, into, plan)

    def _finish_a_move(self, plan: DatasetPlan) -> None:
        """A move that a crash interrupted is begun again, to the same dataset: copying twice changes nothing."""
        with self._database.reading() as session:
            current = datasets.current(session, self._team_id, self._panel)
            filling = datasets.at(session, self._team_id, Stage.FILLING, self._panel)
        for one in filling:
            there = self._look_at(one.id)
            if current and there and there["name"] == self._name:  # it was over when our backup was made
                self._catch_up(current, one.id)
            elif current and there and self._exists(current.id):
                self._fill(current.id, one.id, plan)
            else:
                with self._database.writing() as session:
                    datasets.gone(session, one.id)

    def _fill(self, former: str, into: str, plan: DatasetPlan) -> str:
        copied_at = str(self._connection.call("GET", f"datasets/{former}")["last_activity_at"])
        self._add_vectors(into, plan)
        copied = Move(self._connection, self._database, former, self._form(into, plan)).everything()
        sweep(self._connection, self._database, self._team_id, into)
        with self._database.writing() as session:
            datasets.switch(session, former, into, copied_at)
        log.info("dataset moved records=%d from=%s to=%s", copied, former, into)
        return into

    # What Argilla lets us change in place.

    def _follow(self, dataset_id: str, plan: DatasetPlan) -> RecordForm:
        self._rename_the_left(dataset_id)
        self._add_vectors(dataset_id, plan)
        self._describe(dataset_id, plan)
        return self._form(dataset_id, plan)

    def _rename_the_left(self, current: str) -> None:
        for one in self.left():
            self._bid_farewell(one)
        self._patch(current, {"name": self._name})

    def _bid_farewell(self, left: Dataset) -> None:
        try:
            note = NOTE.format(name=self._name)
            self._patch(left.id, {"name": renamed(self._name, left), "guidelines": note})
        except ArgillaNotFoundError:
            with self._database.writing() as session:
                datasets.gone(session, left.id)

    def _describe(self, dataset_id: str, plan: DatasetPlan) -> None:
        distribution = {"strategy": "overlap", "min_submitted": plan.min_submitted}
        self._patch(dataset_id, {"guidelines": plan.guidelines, "distribution": distribution})
        question = self._question(dataset_id)
        # Options are frozen but for what is written on them and their order.
        options = [plan.option(name) for name in plan.options]
        if question["settings"]["options"] == options and question["description"] == plan.about:
            return
        settings = {"type": question["settings"]["type"], "options": options}
        about = {"description": plan.about, "settings": settings}
        self._connection.call("PATCH", f"questions/{question['id']}", json=about)

    def _patch(self, dataset_id: str, wanted: Json) -> None:
        now = self._connection.call("GET", f"datasets/{dataset_id}")
        if any(now.get(key) != value for key, value in wanted.items()):
            self._connection.call("PATCH", f"datasets/{dataset_id}", json=wanted)

    def _add_vectors(self, dataset_id: str, plan: DatasetPlan) -> None:
        fields = self._part(dataset_id, "vectors-settings")
        for ours in (one for one in fields if one["name"] == plan.vector):
            if ours["title"] != plan.vector_title:
                title = {"title": plan.vector_title}
                self._connection.call("PATCH", f"vectors-settings/{ours['id']}", json=title)
            return
        for oldest in sorted(fields, key=lambda one: str(one["inserted_at"]))[
            : len(fields) - VECTORS_MOST + 1
        ]:
            self._connection.call("DELETE", f"vectors-settings/{oldest['id']}")
        self._connection.call(
            "POST", f"datasets/{dataset_id}/vectors-settings", json=schema.vector_field(plan)
        )


@dataclass(frozen=True)
class TeamDatasets:
    """A team's datasets by panel, and what share of all messages two reviewers answer."""

    panels: Mapping[Panel, Datasets]
    share: float = 0.0

    def __getitem__(self, panel: Panel) -> Datasets:
        return self.panels[panel]

    @property
    def made(self) -> list[Panel]:
        """The first, which is made in any case, and those that Argilla has."""
        return [panel for panel in self.panels if panel is Panel.SINGLE or self[panel].is_made]

    def forms(self) -> list[RecordForm]:
        """How to write records of each dataset that there is and that can be used. Raises ArgillaUnavailableError."""
        found = []
        for panel in self.made:
            with suppress(ForeignDatasetError, ArgillaRefusedError):  # whoever delivers says so
                found.append(self[panel].form())
        return found

    def look_again(self) -> None:
        """Forget what is known of the datasets: they may have changed in Argilla, or be gone."""
        for one in self.panels.values():
            one.look_again()
