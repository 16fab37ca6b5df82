"""Answers at a `response_url`: only at Slack's own addresses, without redirects, and not for long."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from slack_bolt import BoltRequest, BoltResponse, Respond
from slack_sdk.webhook import WebhookResponse

RESPOND_S = 5.0
MAX_ANSWER_BYTES = 64 * 1024
ADDRESS = re.compile(r"(?P<origin>https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?)(/[!-\[\]-~]*)?")
SLACKS = re.compile(r"https://([a-z0-9-]{1,63}\.){0,4}(slack\.com|slack-gov\.com)(:443)?")

Dispatch = Callable[[BoltRequest], BoltResponse]


class ForeignAddressError(ValueError):
    """There is no `response_url`, or it is not Slack's."""

    def __init__(self) -> None:
        super().__init__("there is no response_url that is an address of Slack's: nothing is sent")


class SlackRespond(Respond):
    """Bolt's `respond`, for Slack alone."""

    def __init__(self, response_url: str | None, api_url: str) -> None:
        super().__init__(response_url=response_url)
        self._api_url = api_url

    def __call__(  # type: ignore[override]  # we name what we pass
        self, text: str | dict[str, Any] = "", **content: Any
    ) -> WebhookResponse:
        """Answer. Raises ForeignAddressError, OSError if Slack can't be reached."""
        if self.response_url is None or not is_slacks(self.response_url, self._api_url):
            raise ForeignAddressError
        told = text if isinstance(text, dict) else {"text": text, **content}
        return _post(self.response_url, {name: value for name, value in told.items() if value is not None})


def answering_slack_alone(dispatch: Dispatch, api_url: str) -> Dispatch:
    """`dispatch`, with a `respond` for its listeners that answers nobody but Slack."""

    def guarded(request: BoltRequest) -> BoltResponse:
        request.context["respond"] = SlackRespond(request.context.response_url, api_url)
        return dispatch(request)

    return guarded


def is_slacks(address: object, api_url: str) -> bool:
    """Return whether an address is one of Slack's, or has the same origin as the API that we use."""
    found, api = _origin(address), _origin(api_url)
    return found is not None and (found == api or SLACKS.fullmatch(found) is not None)


def _origin(address: object) -> str | None:
    if not isinstance(address, str) or not address.isascii():
        return None
    parsed = ADDRESS.fullmatch(address.lower())
    return parsed["origin"] if parsed else None


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Go nowhere else."""


def _post(address: str, message: dict[str, Any]) -> WebhookResponse:
    request = Request(  # noqa: S310 (the address was checked)
        address,
        json.dumps(message).encode(),
        {"Content-Type": "application/json; charset=utf-8"},
        method="POST",
    )
    try:
        with build_opener(_NoRedirects).open(request, timeout=RESPOND_S) as answer:
            return _answered(address, answer.status, dict(answer.headers), answer.read(MAX_ANSWER_BYTES))
    except HTTPError as refused:
        with refused:
            return _answered(address, refused.code, dict(refused.headers), b"")
    except HTTPException as error:
        raise OSError("Slack's answer is no HTTP") from error


def _answered(address: str, status: int, headers: dict[str, str], body: bytes) -> WebhookResponse:
    return WebhookResponse(
        url=address, status_code=status, body=body.decode(errors="replace"), headers=headers
    )
