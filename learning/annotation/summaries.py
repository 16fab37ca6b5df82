"""Summaries in Argilla: a dataset of their own with a text question, told what people edited, asked what reviewers say.

Nothing that its reviewers choose from ever changes, so this dataset never moves as that of the labels does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from learning.annotation.collection import by_id, moment, pages
from learning.argilla import ownership
from learning.argilla.backoff import Patience, back_off_s
from learning.argilla.connection import (
    ArgillaConnection,
    ArgillaNotFoundError,
    ArgillaRefusedError,
    ArgillaUnavailableError,
    Json,
)
from learning.argilla.ownership import ANOTHERS, OF_ANOTHER_SHAPE, ForeignDatasetError
from learning.model_files import hub
from learning.text.masking import Mask
from learning.text.names import markdown, markdown_name
from storage.database.engine import Database
from storage.database.leases import LeaseClaim
from storage.messages import datasets
from storage.summaries import reviews as summary_reviews
from storage.summaries import summaries
from storage.tables.feedback import Status
from storage.tables.messages import Message
from storage.tables.summaries import Making, Opinion, Summary, SummaryAnswer, SummaryReview, SummaryWord
from storage.workspaces.pseudonyms import is_forgotten

log = logging.getLogger(__name__)

THREAD, SAID, SUMMARY = "thread", "said", "summary"
BATCH = 20
LONGEST_PAUSE_S = 600.0
POLL_S = 3.0
SWEEP_AT_LEAST_EVERY_S = 600.0
TEXT_MOST = 30_000
OPINIONS = {Opinion.GOOD: "called it good", Opinion.BAD: "called it bad", Opinion.EDITED: "edited it"}
GUIDELINES = """# What to do

Each record is a conversation in Slack and a summary of it that somebody there edited or called bad. Make the \
**summary** what it should be and submit.

- Say who wants, asks, tells or decides what, in one or two sentences, and nothing that is not in the conversation.
- **Suggestion**: what people in Slack made of it, or else what the model wrote.
- **Discard** a conversation of which nothing should be learned.
- You may change an answer at any time; the latest counts. The card in Slack shows it."""


class Speaking(Protocol):
    """What people are called in texts that reviewers read, and back."""

    def named(self, text: str) -> str:
        """`text` with a name in the place of each mark."""

    def marked(self, text: str) -> str:
        """`text` with a mark in the place of each name."""


@dataclass(frozen=True)
class _Told:
    """Everything about one summary that reviewers are told."""

    review: SummaryReview
    summary: Summary
    words: list[SummaryWord]
    said: list[Message]
    answers: list[SummaryAnswer]


class SummaryReviews:
    """The owner of a team's summaries in Argilla, among all replicas by a lease."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        connection: ArgillaConnection,
        workspace: str,
        name: str,
        speaking: Callable[[Sequence[str]], Speaking],
        mask: Mask,
        on_news: Callable[[], None],
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._connection = connection
        self._workspace = workspace
        self._name = name
        self._speaking = speaking
        self._mask = mask
        self._on_news = on_news
        self._dataset: str | None = None
        self._question = self._us = ""
        self._seen = ""
        self._next_poll = 0.0
        self._swept_at = float("-inf")
        self.claim = LeaseClaim(database, f"summary reviews {team_id}")
        self.patience = Patience("summaries in Argilla")

    def step(self) -> float | None:
        """Tell one batch and fetch what is new; None where no summary was ever edited or called bad."""
        if self.patience.left_s():
            return self.patience.left_s()
        with self._database.reading() as session:
            is_asked = summary_reviews.is_asked(session, self._team_id)
        if not is_asked or not self.claim.hold():
            self.patience.leave_to_others()
            return None
        try:
            dataset = self._dataset or self._find_or_create()
            more = self._tell(dataset)
            self._fetch(dataset)
        except (ArgillaUnavailableError, ArgillaRefusedError, ForeignDatasetError) as error:
            return self.patience.failed(error)
        except ArgillaNotFoundError as error:
            self._dataset = None
            return self.patience.failed(error)
        self.patience.succeeded()
        return 0.0 if more else None

    def close(self) -> None:
        """Let another replica go on at once."""
        self.claim.give_up()

    # The dataset

    def _find_or_create(self) -> str:
        with self._database.writing() as session:
            mark = datasets.mark(session, self._team_id)
        found = ownership.find(self._connection, self._workspace, self._name)
        if found:
            ownership.check(found, mark)
            if found["status"] != "ready":
                self._connection.call("DELETE", f"datasets/{found['id']}")
                found = None
        dataset = str(found["id"]) if found else self._create(mark)
        questions = self._connection.call("GET", f"datasets/{dataset}/questions")["items"]
        ours = [one for one in questions if one["name"] == SUMMARY]
        if not ours:
            raise ForeignDatasetError(self._name, OF_ANOTHER_SHAPE)
        if found and ownership.mark_of(found) is None:
            self._claim(found, mark)
        self._us = str(self._connection.call("GET", "me")["id"])
        self._dataset, self._question = dataset, str(ours[0]["id"])
        with self._database.writing() as session:
            if not found:
                summary_reviews.lost(session, self._team_id)
        return dataset

    def _claim(self, found: Json, mark: str) -> None:
        """A dataset without a mark may be a copy of ours, or made by an earlier release: then we know its summaries."""
        is_empty = True
        for page in pages(self._connection, str(found["id"]), []):
            with self._database.reading() as session:
                if summary_reviews.known(session, self._team_id, [str(one["external_id"]) for one in page]):
                    return ownership.claim(self._connection, found, mark)
            is_empty = False
        if not is_empty:
            raise ForeignDatasetError(self._name, ANOTHERS)
        return ownership.claim(self._connection, found, mark)

    def _create(self, mark: str) -> str:
        call = self._connection.call
        about = {
            "metadata": {ownership.MARK: mark},
            "name": self._name,
            "workspace_id": self._workspace_id(),
            "guidelines": GUIDELINES,
            "distribution": {"strategy": "overlap", "min_submitted": 1},
        }
        dataset = str(call("POST", "datasets", json=about)["id"])
        text = {"type": "text", "use_markdown": True}
        for name, title, required in (
            (THREAD, "Conversation", True),
            (SAID, "What people in Slack said of the summary", False),
        ):
            field = {"name": name, "title": title, "required": required, "settings": text}
            call("POST", f"datasets/{dataset}/fields", json=field)
        question = {
            "name": SUMMARY,
            "title": "What should the summary say?",
            "required": True,
            "settings": {"type": "text", "use_markdown": False},
        }
        call("POST", f"datasets/{dataset}/questions", json=question)
        call("PUT", f"datasets/{dataset}/publish")
        log.info("dataset of summaries made id=%s", dataset)
        return dataset

    def _workspace_id(self) -> str:
        every = self._connection.call("GET", "me/workspaces")["items"]
        found = [one["id"] for one in every if one["name"] == self._workspace]
        if found:
            return str(found[0])
        return str(self._connection.call("POST", "workspaces", json={"name": self._workspace})["id"])

    # Telling

    def _tell(self, dataset: str) -> bool:
        with self._database.reading() as session:
            reviews = summary_reviews.due(session, self._team_id, BATCH)
        erased: list[SummaryReview] = []
        for review in reviews:
            try:
                if self._tell_one(dataset, review):
                    erased.append(review)
            except ArgillaRefusedError as error:
                log.warning("Argilla refused a summary summary=%s status=%d", review.summary_id, error.status)
                with self._database.writing() as session:
                    summary_reviews.refuse(session, review, str(error))
            except ArgillaUnavailableError:
                with self._database.writing() as session:
                    summary_reviews.postpone(
                        session, review, back_off_s(review.attempts + 1, LONGEST_PAUSE_S)
                    )
                raise
        self._purge(erased)
        return len(reviews) == BATCH

    def _purge(self, erased: Sequence[SummaryReview]) -> None:
        if not erased:
            return
        self._connection.purge()
        with self._database.writing() as session:
            for review in erased:
                summary_reviews.told(session, review, None, None)

    def _tell_one(self, dataset: str, review: SummaryReview) -> bool:
        """Was it erased? Then it is told once it has left Argilla's files too."""
        with self._database.reading() as session:
            told = _Told(
                review,
                summaries.state(session, review.summary_id),
                summaries.words(session, review.summary_id),
                summaries.covered(session, review.summary_id),
                summary_reviews.answers(session, review.summary_id),
            )
        if told.summary.making is Making.ERASED:
            self._erase(dataset, review)
            return True
        path = f"datasets/{dataset}/records/bulk"
        [item] = self._connection.call("PUT", path, json={"items": [self._record(told)]})["items"]
        if any(is_forgotten(word.user_id) for word in told.words):
            self._connection.purge()  # of what they had made of it
        with self._database.writing() as session:
            summary_reviews.told(session, review, dataset, str(item["id"]))
        return False

    def _record(self, told: _Told) -> Json:
        people = [one.user_id for one in told.said] + [word.user_id for word in told.words]
        speaking = self._speaking(people)
        better = summaries.edited(told.words)
        first = " ".join(one["text"] for one in told.summary.sentences)
        suggestion = {
            "question_id": self._question,
            "value": speaking.named(better.text if better else first),
            "agent": "Slack" if better else hub.title(told.summary.title),
            "type": "human" if better else "model",
        }
        said = [f"- {_name(speaking, one.user_id)} {OPINIONS[one.opinion]}" for one in told.words]
        wrote = f"- the model wrote: {markdown(speaking.named(first))}"
        return {
            "external_id": told.summary.id,
            "fields": {THREAD: _thread(speaking, told.said), SAID: "\n".join([wrote, *said])},
            "suggestions": [suggestion],
            **self._answered_before(told, speaking),
        }

    def _answered_before(self, told: _Told, speaking: Speaking) -> Json:
        """What reviewers answered to a record that is gone, as an answer of ours: nobody is asked again."""
        if told.review.record_id or not told.answers:
            return {}
        latest = told.answers[-1]
        values = {SUMMARY: {"value": speaking.named(latest.text)}} if latest.text else None
        return {"responses": [{"user_id": self._us, "status": latest.status.value, "values": values}]}

    def _erase(self, dataset: str, review: SummaryReview) -> None:
        record_id = review.record_id
        try:
            if record_id is None:  # a record may stand of which we never heard
                blank = {"external_id": review.summary_id, "fields": {THREAD: "(erased)"}}
                path = f"datasets/{dataset}/records/bulk"
                [item] = self._connection.call("PUT", path, json={"items": [blank]})["items"]
                record_id = str(item["id"])
            where = review.dataset_id or dataset
            self._connection.call("DELETE", f"datasets/{where}/records", params={"ids": record_id})
        except ArgillaNotFoundError:
            log.info("record was gone already summary=%s", review.summary_id)

    # Fetching

    def _fetch(self, dataset: str) -> None:
        if time.monotonic() < self._next_poll:
            return
        self._next_poll = time.monotonic() + POLL_S
        activity = str(self._connection.call("GET", f"datasets/{dataset}")["last_activity_at"])
        if activity == self._seen and time.monotonic() - self._swept_at < SWEEP_AT_LEAST_EVERY_S:
            return
        changed = 0
        with self._database.reading() as session:
            missing = summary_reviews.identified(session, self._team_id, dataset)
        for page in pages(self._connection, dataset, ["responses"]):
            with self._database.writing() as session:
                for record in page:
                    missing.pop(str(record["id"]), None)
                    summary_id = str(record["external_id"])
                    answers = self._answers(record, summary_id, summaries.people(session, summary_id))
                    changed += summary_reviews.replace(session, self._team_id, summary_id, answers)
        self._bring_back(dataset, missing)
        self._seen, self._swept_at = activity, time.monotonic()
        if changed:
            log.info("answers on summaries stored records=%d", changed)
            self._on_news()

    def _bring_back(self, dataset: str, missing: dict[str, str]) -> None:
        """Records that somebody deleted are told again."""
        for record in by_id(self._connection, dataset, sorted(missing)):
            missing.pop(str(record["id"]), None)
        if missing:
            with self._database.writing() as session:
                summary_reviews.bring_back(session, list(missing.values()))
            log.warning("records of summaries were missing and are sent again number=%d", len(missing))

    def _answers(self, record: Json, summary_id: str, people: list[str]) -> list[SummaryAnswer]:
        found = []
        for response in record.get("responses") or []:
            if response["status"] not in {one.value for one in Status}:
                continue
            value = ((response.get("values") or {}).get(SUMMARY) or {}).get("value") or ""
            found.append(
                SummaryAnswer(
                    response_id=response["id"],
                    summary_id=summary_id,
                    team_id=self._team_id,
                    reviewer=response["user_id"],
                    status=Status(response["status"]),
                    text=self._speaking(people).marked(self._mask(str(value).strip())),
                    answered_at=moment(response["updated_at"]),
                )
            )
        return found


def _thread(speaking: Speaking, said: Iterable[Message]) -> str:
    """What was said, as markdown; the beginning, and no more is read than is shown."""
    lines: list[str] = []
    left = TEXT_MOST
    for one in said:
        if left <= 0:
            break
        lines.append(f"**{_name(speaking, one.user_id)}**: {markdown(one.text[:left])}")
        left -= len(lines[-1])
    return "\n\n".join(lines)[:TEXT_MOST]


def _name(speaking: Speaking, user_id: str) -> str:
    """What a person is called, as markdown."""
    return markdown_name(speaking.named(f"<@{user_id}>"))
