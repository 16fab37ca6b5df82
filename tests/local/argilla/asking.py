"""What Argilla's interface asks of the API, in short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from local.argilla.embedded import SignIn
from local.slack.wire.certificates import certificates

Json = dict[str, Any]
WAIT_S = 300  # a shared machine can be slow


@contextmanager
def api(known: SignIn, key: str | None = None) -> Iterator[httpx.Client]:
    """The API, opened by the owner's key or this one."""
    headers = {"X-Argilla-Api-Key": key or known.api_key}
    base_url = f"{known.url}/api/v1"
    with httpx.Client(base_url=base_url, headers=headers, timeout=WAIT_S, verify=certificates()) as client:
        yield client


def record_is(property: str) -> Json:
    return {"entity": "record", "property": property}


def metadata(name: str) -> Json:
    return {"entity": "metadata", "metadata_property": name}


def suggested(question: str, property: str = "value") -> Json:
    return {"entity": "suggestion", "question": question, "property": property}


def response(property: str | None = None, question: str | None = None) -> Json:
    return {"entity": "response", "question": question, "property": property}


def among(scope: Json, *values: Any) -> Json:
    return {"type": "terms", "scope": scope, "values": list(values)}


def between(scope: Json, low: Any = None, high: Any = None) -> Json:
    return {"type": "range", "scope": scope, "ge": low, "le": high}


@dataclass(frozen=True)
class Asking:
    """Searches of one dataset. `me`: as the interface asks for the person who is signed in."""

    client: httpx.Client
    dataset: str
    me: bool = False

    def search(
        self,
        *filters: Json,
        text: str | None = None,
        field: str | None = None,
        vector: Json | None = None,
        sort: list[tuple[Json, str]] | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> httpx.Response:
        body: Json = {"query": {}}
        if text is not None:
            body["query"]["text"] = {"q": text, "field": field}
        if vector is not None:
            body["query"]["vector"] = vector
        if filters:
            body["filters"] = {"and": list(filters)}
        if sort:
            body["sort"] = [{"scope": scope, "order": order} for scope, order in sort]
        who = "/me" if self.me else ""
        page = {"offset": offset, "limit": limit}
        return self.client.post(f"{who}/datasets/{self.dataset}/records/search", json=body, params=page)

    def hits(self, *filters: Json, **asked: Any) -> list[tuple[str, float]]:
        """External ids and scores, in the order of the answer."""
        answer = self.search(*filters, **asked)
        assert answer.status_code == 200, answer.text
        return [(one["record"]["external_id"], one["query_score"]) for one in answer.json()["items"]]

    def found(self, *filters: Json, **asked: Any) -> list[str]:
        """External ids, in the order of the answer."""
        return [id_ for id_, _ in self.hits(*filters, **asked)]

    def total(self, *filters: Json, **asked: Any) -> int:
        number: int = self.search(*filters, **asked).json()["total"]
        return number
