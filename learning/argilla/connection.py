"""The connection to an Argilla server: made when it is first needed, its faults sorted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from learning.argilla import faults
from learning.argilla.client import ArgillaClient, ClientError
from learning.argilla.schema import DatasetPlan

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]

# What Argilla says of one record or request, and says again however often it is sent.
CONFLICT = 409
REFUSALS = {400, CONFLICT, 413, 422}
TEXT_MOST = 300
PURGE_S = 30.0
# A server that dates the responses of a bulk request one by one does so within this of each other, as measured; a
# reviewer who holds Enter down needs 0.12 s for each.
ONE_BY_ONE_S = 0.1


class ArgillaUnavailableError(RuntimeError):
    """Argilla does not answer, is in trouble, or does not let us in: later it may. `reason` is a code for which."""

    def __init__(self, message: str, reason: str = "no_answer") -> None:
        super().__init__(message)
        self.reason = reason


class ArgillaRefusedError(ValueError):
    """Argilla will not take this request. Its text may quote what was sent, so a log has the `status` alone.

    `reason` is a code: the name of a dataset or workspace is taken, or anything else.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"status {status}: {text}")
        self.status = status
        self.reason = "name_taken" if status == CONFLICT else "refused"


class NameTakenError(ArgillaRefusedError):
    """Something that the owner of our key can't see has the name that we would give."""

    reason = "name_taken"


class ArgillaNotFoundError(LookupError):
    """Argilla has no such thing (any more)."""

    reason = "not_found"


@dataclass(frozen=True)
class Access:
    """Where a team's Argilla is, and what opens it: the API key of an owner or an admin."""

    api_url: str
    api_key: str = field(repr=False)


class ArgillaConnection:
    """Requests to the API of one Argilla server; may be shared by threads.

    `find` is asked for the address when the first request is made: a server on this machine may be starting still.
    """

    def __init__(self, find: Callable[[], Access]) -> None:
        self._find = find
        self._client: ArgillaClient | None = None
        self._turn = threading.Lock()
        self._same_request_s: float | None = None

    def call(self, method: str, path: str, **given: Any) -> Any:
        """What `path` (below /api/v1/) answers, as parsed JSON; None where there is nothing.

        Raises ArgillaUnavailableError, ArgillaRefusedError, ArgillaNotFoundError.
        """
        import httpx

        try:
            response = self._connected().http.request(method, f"/api/v1/{path}", **given)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unanswered(error) from None
        _check(response)
        try:
            return response.json() if response.content else None
        except ValueError:
            raise ArgillaUnavailableError("something else than Argilla answers", "not_argilla") from None

    def purge(self) -> None:
        """Have what was deleted leave the files of the embedded Argilla; a full one can't be asked to.

        Raises ArgillaUnavailableError.
        """
        with suppress(ArgillaNotFoundError):
            self.call("POST", "purge", timeout=PURGE_S)

    def same_request_s(self) -> float:
        """Responses are taken for one bulk request if they say the same and are dated no further apart, in seconds.

        The embedded Argilla dates them alike, and says so.
        """
        if self._same_request_s is None:
            engine = self.call("GET", "status").get("search_engine") or {}
            self._same_request_s = 0.0 if engine.get("bulk_responses") == "dated alike" else ONE_BY_ONE_S
        return self._same_request_s

    def create_dataset(self, workspace: str, name: str, plan: DatasetPlan) -> str:
        """Create and publish a dataset, and its workspace where there is none; its id.

        Raises ArgillaUnavailableError, ArgillaRefusedError.
        """
        import httpx

        try:
            return self._connected().create_dataset(workspace, name, plan)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unanswered(error) from None
        except ClientError as error:
            if error.status == CONFLICT:
                raise NameTakenError(error.status, str(error)) from None
            if error.status in REFUSALS:
                raise ArgillaRefusedError(error.status, str(error)) from None
            reason = faults.OF_STATUS.get(error.status or 0, "in_trouble")
            raise ArgillaUnavailableError(
                f"Argilla does not let us create a dataset ({error})", reason
            ) from None

    def close(self) -> None:
        """Let go of connections that are kept open."""
        with self._turn:
            if self._client:
                self._client.http.close()
                self._client = None

    def _connected(self) -> ArgillaClient:
        with self._turn:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> ArgillaClient:
        import httpx

        access = self._find()
        try:
            return ArgillaClient(access.api_url, access.api_key)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unanswered(error) from None
        except ClientError as error:
            raise ArgillaUnavailableError(f"Argilla does not let us in ({error})", error.reason) from None


def _unanswered(error: Exception) -> ArgillaUnavailableError:
    """Without the error's own text, which may hold an address with a password."""
    reason = faults.of_transport(error)
    return ArgillaUnavailableError(f"Argilla can't be reached ({reason}, {type(error).__name__})", reason)


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if status < 300:
        return
    if status == 404:
        raise ArgillaNotFoundError(f"status {status}: {_reason(response)}")
    if status in REFUSALS:
        raise ArgillaRefusedError(status, _reason(response))
    reason = faults.of_answer(response)
    raise ArgillaUnavailableError(f"Argilla can't be used ({reason}, status {status})", reason)


def _reason(response: httpx.Response) -> str:
    """What Argilla says is wrong, without what we had sent: that holds what people wrote."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
    if isinstance(detail, dict):
        params = detail.get("params") or {}
        detail = params.get("detail") or params.get("errors") or detail.get("code")
    if isinstance(detail, list):
        detail = "; ".join(_fault(one) for one in detail)
    return str(detail)[:TEXT_MOST]


def _fault(error: Any) -> str:
    if not isinstance(error, dict):
        return "a fault"
    return f"{'.'.join(str(part) for part in error.get('loc', ()))}: {error.get('msg', 'wrong')}"
