"""A server that a test may kill, and what it has answered to before."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx

from local.argilla.embedded import EmbeddedArgilla, SignIn
from tests.local.argilla.asking import Asking, Json, among, record_is
from tests.local.argilla.client import rg
from tests.local.argilla.processes import family
from tests.local.running import until

BATCH = 20


class Home:
    """One server and its folder, and what the server has answered to: records, answers, suggestions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = EmbeddedArgilla(folder, 0)
        self.sign_in: SignIn
        self.start()
        self._numbers = itertools.count(1_000_000)  # of records that a test logs for itself
        self.logged: set[str] = set()
        self.answered: set[str] = set()
        self.suggested: set[str] = set()
        self.deleted: set[str] = set()
        self.dataset, self.label = self._make_dataset()

    def start(self) -> None:
        """Where it does not run; always on the same folder. Its index is in line when this returns."""
        if self.server.pid is None:
            self.sign_in = self.server.start()
        until(lambda: self.server.progress is None)

    def _make_dataset(self) -> tuple[str, str]:
        client = rg.Argilla(self.sign_in.url, self.sign_in.api_key)
        rg.Workspace("crash", client=client).create()
        settings = rg.Settings(
            fields=[rg.TextField("text")],
            questions=[rg.LabelQuestion("label", ["bug", "question"])],
            metadata=[rg.IntegerMetadataProperty("number")],
            vectors=[rg.VectorField("meaning", dimensions=2)],
        )
        dataset = rg.Dataset("crash", workspace="crash", settings=settings, client=client).create()
        client.http_client.close()
        return str(dataset.id), str(dataset.settings.questions["label"].id)

    @property
    def supervisor(self) -> int:
        """The process that keeps the others running."""
        assert self.server.pid is not None
        return self.server.pid

    def family(self) -> dict[int, str]:
        """All processes of the server, each with its command line."""
        members = family(self.supervisor)
        assert len(members) >= 4
        return members

    def search(self, client: httpx.Client) -> Asking:
        return Asking(client, self.dataset)

    def everything(self, client: httpx.Client, *filters: Json, text: str | None = None) -> set[str]:
        """All that a search finds, page by page."""
        found: set[str] = set()
        for offset in itertools.count(0, 1000):
            page = self.search(client).found(*filters, text=text, offset=offset, limit=1000)
            found |= set(page)
            if len(page) < 1000:
                return found
        raise AssertionError

    def log(self, client: httpx.Client, numbers: range) -> None:
        items = [
            {
                "fields": {"text": f"message number{number}"},
                "external_id": f"r{number}",
                "metadata": {"number": number},
                "vectors": {"meaning": [1.0, float(number)]},
            }
            for number in numbers
        ]
        client.post(f"/datasets/{self.dataset}/records/bulk", json={"items": items}).raise_for_status()
        self.logged |= {f"r{number}" for number in numbers}

    def answer(self, client: httpx.Client, record: Json) -> None:
        body = {"status": "submitted", "values": {"label": {"value": "bug"}}}
        client.post(f"/records/{record['id']}/responses", json=body).raise_for_status()
        self.answered.add(record["external_id"])

    def suggest(self, client: httpx.Client, record: Json) -> None:
        body = {"question_id": self.label, "value": "question", "agent": "v1"}
        client.put(f"/records/{record['id']}/suggestions", json=body).raise_for_status()
        self.suggested.add(record["external_id"])

    def log_more(self, client: httpx.Client, number: int) -> None:
        """So many that no other test has logged."""
        numbers = list(itertools.islice(self._numbers, number))
        self.log(client, range(numbers[0], numbers[-1] + 1))

    def one_record(self, client: httpx.Client) -> Json:
        """Log one more."""
        number = next(self._numbers)
        self.log(client, range(number, number + 1))
        [found] = self.search(client).search(among(record_is("external_id"), f"r{number}")).json()["items"]
        record: Json = found["record"]
        return record

    def one_answered(self, client: httpx.Client) -> Json:
        """Log one more, and answer it."""
        record = self.one_record(client)
        self.answer(client, record)
        return record

    def delete(self, client: httpx.Client, record: Json) -> None:
        self.logged.discard(record["external_id"])  # from now on it may be gone
        ids = {"ids": record["id"]}
        client.delete(f"/datasets/{self.dataset}/records", params=ids).raise_for_status()
        self.deleted.add(record["external_id"])


def until_cut_off(work: Iterator[None]) -> threading.Thread:
    """Works on in a thread until the server is gone."""

    def run() -> None:
        try:
            for _ in work:
                pass
        except httpx.HTTPError:
            pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
