"""Argilla's own client: the one place that imports it, and only when it is used, as it takes two seconds to load."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from learning.argilla import faults, schema
from learning.argilla.schema import DatasetPlan

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 20


class ClientError(RuntimeError):
    """Argilla could not do what was asked; `status` is the server's, None where it gave none, `reason` a code."""

    def __init__(self, text: str, status: int | None, reason: str = "in_trouble") -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason


class ArgillaClient:
    """A client that is signed in. Raises httpx.HTTPError where no server answers, ClientError where it refuses."""

    def __init__(self, api_url: str, api_key: str) -> None:
        _knock(api_url, api_key)  # Argilla's own client leaves its connection open where it is not let in
        with warnings.catch_warnings(action="ignore"):  # it still uses ways of pydantic that will go
            import argilla
        try:
            self._argilla = argilla.Argilla(api_url, api_key, timeout=TIMEOUT_S, retries=0)
        except argilla._exceptions.ArgillaError as error:
            raise _of(error) from None

    @property
    def http(self) -> httpx.Client:
        """For the API's ways of which the client knows nothing."""
        found: httpx.Client = self._argilla.http_client
        return found

    def create_dataset(self, workspace: str, name: str, plan: DatasetPlan) -> str:
        """Create and publish a dataset, and its workspace where there is none; its id."""
        import argilla

        with warnings.catch_warnings(action="ignore"):  # "not found", where we ask whether it is there
            try:
                if self._argilla.workspaces(workspace) is None:
                    argilla.Workspace(name=workspace, client=self._argilla).create()
                made = argilla.Dataset(
                    name=name, workspace=workspace, settings=_settings(plan), client=self._argilla
                )
                made.create()
            except argilla._exceptions.ArgillaError as error:
                raise _of(error) from None
        return str(made.id)


def _knock(api_url: str, api_key: str) -> None:
    import httpx

    with httpx.Client(headers={"X-Argilla-Api-Key": api_key}, timeout=TIMEOUT_S) as http:
        answer = http.get(f"{api_url}/api/v1/me")
        version = http.get(f"{api_url}/api/v1/version") if answer.status_code == 200 else None
    status = answer.status_code
    if status == 404:
        raise ClientError(f"status {status}", status, "not_argilla")
    if status != 200:
        raise ClientError(f"status {status}", status, faults.of_answer(answer))
    if version is not None and faults.is_wrong_version(_said(version, "version")):
        raise ClientError("another version than 2.1 to 2.x", None, "wrong_version")
    if not isinstance(_said(answer, "id"), str):
        raise ClientError("it names no user", status, "not_argilla")


def _said(answer: httpx.Response, key: str) -> object:
    try:
        return answer.json().get(key)
    except (ValueError, AttributeError):
        return None


def _of(error: Exception) -> ClientError:
    return ClientError(type(error).__name__, getattr(error, "status_code", None))


def _settings(plan: DatasetPlan) -> Any:
    import argilla as rg

    terms = [rg.TermsMetadataProperty(name, title=schema.TITLES[name]) for name in schema.TERMS]
    shares = [
        rg.FloatMetadataProperty(name, min=0, max=1, title=schema.TITLES[name]) for name in schema.SHARES
    ]
    shown = rg.TextField(schema.PREDICTED, title="What the model says", required=False, use_markdown=True)
    predicted = [] if plan.preselects else [shown]
    return rg.Settings(
        guidelines=plan.guidelines,
        fields=[
            rg.TextField(schema.TEXT, title="Message"),
            rg.TextField(schema.SAID, title="Said in Slack", required=False, use_markdown=True),
            *predicted,
        ],
        questions=[rg.LabelQuestion(schema.LABEL, labels=list(plan.options), title="Which label fits?")],
        metadata=[*terms, *shares],
        vectors=[rg.VectorField(plan.vector, dimensions=plan.dimensions, title=plan.vector_title)],
        distribution=rg.TaskDistribution(min_submitted=plan.min_submitted),
    )
