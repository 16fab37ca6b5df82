"""A page elsewhere in somebody's browser can neither call the API nor press anything here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from websockets import Origin
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from local.slack.setup.credentials import BOT_TOKEN
from tests.local.running import ANA, SUPPORT, Slack, workspace

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
POST = {"token": BOT_TOKEN, "channel": SUPPORT, "text": "posted by a page elsewhere"}
PICTURE = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
LINK = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.fixture(scope="module")
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", **PICTURE},
        {"sec-fetch-site": "same-site", **PICTURE},  # another port of this machine
        {"sec-fetch-site": "cross-site", **LINK},
        {"sec-fetch-site": "none", **LINK},  # a link in a mail
        {"sec-fetch-site": "same-origin", **LINK},  # a link that somebody wrote into a message
        {"sec-fetch-mode": "no-cors"},
        {"user-agent": BROWSER},  # an old one
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_no_picture_and_no_link_calls_a_method(slack: Slack, method: str, headers: dict[str, str]) -> None:
    answer = slack.http.request(method, "/api/chat.postMessage", params=POST, headers=headers)

    assert answer.status_code == 403
    assert slack.messages() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_no_address_opens_anything_by_a_token_in_it_whoever_asks_for_it(slack: Slack, method: str) -> None:
    slack.http.request(method, "/api/chat.postMessage", params=POST)

    assert slack.messages() == []
    assert slack.http.get("/api/auth.test", params=POST).json()["error"] == "not_authed"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", **LINK},
        {"sec-fetch-site": "same-site", **LINK},
        {"sec-fetch-site": "cross-site", **PICTURE, "content-type": "text/plain"},
        {"host": "evil.example"},
    ],
)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/chat.postMessage", POST),
        ("/page/message", {"user": ANA, "channel": SUPPORT, "text": "posted by a page elsewhere"}),
        ("/faults/clear", {}),
        ("/actions/T0LOCAL/secret", {"text": "posted by a page elsewhere"}),
    ],
)
def test_no_form_of_another_page_is_taken(
    slack: Slack, path: str, body: dict[str, str], headers: dict[str, str]
) -> None:
    answer = slack.http.post(path, data=body, headers=headers)

    assert answer.status_code == 403
    assert slack.messages() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", [f"page/events?user={ANA}", "link/?ticket=x"])
def test_no_page_elsewhere_listens_in(slack: Slack, path: str, headers: dict[str, str]) -> None:
    said = dict(headers)
    origin = said.pop("origin", None)

    with pytest.raises(InvalidStatus, match="403"):
        connect(
            f"{slack.url.replace('http', 'ws')}/{path}",
            origin=Origin(origin) if origin else None,
            additional_headers=said,
        )


@pytest.mark.parametrize("path", ["/", "/archives/C0SUPPORT1/p1700000000000001"])
def test_links_from_elsewhere_open_our_pages_in_a_window_of_their_own_alone(slack: Slack, path: str) -> None:
    follow = {"sec-fetch-site": "cross-site", **LINK}
    framed = {**follow, "sec-fetch-dest": "iframe"}

    assert slack.http.get(path, headers=follow).status_code in (200, 307)
    assert slack.http.get(path, headers=framed).status_code == 403
    assert (
        slack.http.get("/static/page.js", headers={"sec-fetch-site": "cross-site", **PICTURE}).status_code
        == 403
    )


def test_our_own_page_and_programs_go_on(slack: Slack) -> None:
    ours = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
    written = {"user": ANA, "channel": SUPPORT, "text": "hello"}

    assert slack.http.post("/page/message", json=written, headers={**ours, "origin": slack.url}).json()["ok"]
    assert slack.http.get("/page/state", params={"user": ANA}, headers=ours).json()["ok"]
    assert slack.web.chat_postMessage(channel=SUPPORT, text="from a program")["ok"]
    assert slack.web.conversations_info(channel=SUPPORT)["ok"]
    assert slack.http.get("/api/auth.test", headers={"authorization": f"Bearer {BOT_TOKEN}"}).json()["ok"]
