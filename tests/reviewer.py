"""A reviewer in Argilla, played by a program over the API that Argilla's own interface uses."""

from __future__ import annotations

import secrets
from typing import Any, Self

import httpx

from local.argilla.embedded import SignIn
from tests.local.running import until

Json = dict[str, Any]


class Reviewer:
    """Works in one dataset, as the owner or as an annotator of the same workspace."""

    def __init__(self, argilla: SignIn, dataset: str, api_key: str | None = None) -> None:
        self._argilla = argilla
        self._dataset = dataset
        self._http = httpx.Client(
            base_url=f"{argilla.url}/api/v1/",
            headers={"X-Argilla-Api-Key": api_key or argilla.api_key},
            timeout=120,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **given: Any) -> Any:
        """One request; its parsed answer."""
        answer = self._http.request(method, path, **given)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def colleague(self, workspace: str = "corrigible") -> Reviewer:
        """Somebody else who may annotate in the workspace. Only the owner can ask."""
        name = f"reviewer-{secrets.token_hex(4)}"
        person = {"first_name": name, "username": name, "password": secrets.token_hex(8), "role": "annotator"}
        made = self.ask("POST", "users", json=person)
        [place] = [one for one in self.ask("GET", "me/workspaces")["items"] if one["name"] == workspace]
        self.ask("POST", f"workspaces/{place['id']}/users", json={"user_id": made["id"]})
        return Reviewer(self._argilla, self._dataset, made["api_key"])

    def dataset(self, name: str | None = None) -> Json:
        """The dataset of that name, once it is there."""
        wanted = name or self._dataset
        found: Json = until(lambda: self._find(wanted))
        return found

    def _find(self, name: str) -> Json | None:
        every = self.ask("GET", "me/datasets")["items"]
        return next((one for one in every if one["name"] == name and one["status"] == "ready"), None)

    def records(self, name: str | None = None) -> list[Json]:
        """All records with what belongs to them."""
        path = f"datasets/{self.dataset(name)['id']}/records"
        include = {"include": ["responses", "suggestions", "vectors"], "limit": 1000}
        found: list[Json] = self.ask("GET", path, params=include)["items"]
        return found

    def record(self, text: str) -> Json:
        """The record of the message with this text, once it is there."""
        found: Json = until(lambda: self.find(text))
        return found

    def find(self, text: str) -> Json | None:
        """The record of the message with this text, the latest round of it."""
        found = [one for one in self.records() if one["fields"]["text"] == text]
        return found[-1] if found else None

    def submit(self, record: Json, label: str) -> Json:
        """Answer; an earlier answer of one's own is changed."""
        return self._respond(record, "submitted", {"label": {"value": label}})

    def polish(self, record: Json, text: str) -> Json:
        """Answer what a summary should say."""
        return self._respond(record, "submitted", {"summary": {"value": text}})

    def discard(self, record: Json) -> Json:
        return self._respond(record, "discarded", None)

    def draft(self, record: Json, label: str) -> Json:
        return self._respond(record, "draft", {"label": {"value": label}})

    def take_back(self, response: Json) -> None:
        self.ask("DELETE", f"responses/{response['id']}")

    def _respond(self, record: Json, status: str, values: Json | None) -> Json:
        """As the interface does: one way for new and changed answers alike."""
        response = {"record_id": record["id"], "status": status, "values": values}
        answer = self.ask("POST", "me/responses/bulk", json={"items": [response]})
        [item] = answer["items"]
        assert item["error"] is None, item
        found: Json = item["item"]
        return found
