"""The server itself: signing in, the interface, webhooks, and what it tells nobody."""

from __future__ import annotations

from itertools import product

import httpx
from standardwebhooks.webhooks import Webhook

from local.argilla.embedded import SignIn
from tests.local.argilla.asking import WAIT_S, Asking, api
from tests.local.argilla.client import rg
from tests.local.argilla.reviews import SECRET
from tests.local.argilla.webhooks import address


def test_a_person_signs_in_as_the_interface_does(argilla: SignIn) -> None:
    who = {"username": argilla.username, "password": argilla.password}
    with httpx.Client(base_url=f"{argilla.url}/api/v1") as client:
        token = client.post("/token", data=who).json()["access_token"]
        me = client.get("/me", headers={"Authorization": f"Bearer {token}"}).json()

    assert (me["username"], me["role"]) == ("owner", "owner")


def test_a_reviewer_signs_in(argilla: SignIn, team: rg.Argilla) -> None:
    answer = httpx.post(f"{argilla.url}/api/v1/token", data={"username": "ana", "password": SECRET})

    assert answer.status_code == 201


def test_no_default_password_opens_it(argilla: SignIn) -> None:
    with httpx.Client(base_url=f"{argilla.url}/api/v1", timeout=WAIT_S) as client:
        for name, password in product(
            ("owner", "argilla", "admin"), ("12345678", "1234", "argilla.apikey", "")
        ):
            who = {"username": name, "password": password}
            assert client.post("/token", data=who).status_code in (401, 422), who


def test_no_default_key_opens_it(argilla: SignIn) -> None:
    with api(argilla, "argilla.apikey") as client:
        assert client.get("/me").status_code == 401


def test_the_interface_is_served(argilla: SignIn) -> None:
    page = httpx.get(argilla.url, follow_redirects=True)

    assert page.status_code == 200
    assert '<div id="__nuxt">' in page.text


def test_it_says_which_search_engine_it_has(argilla: SignIn) -> None:
    status = httpx.get(f"{argilla.url}/api/v1/status").json()

    assert status["search_engine"]["name"] == "sqlite"


def test_an_answer_is_told_to_a_webhook(reviews: Asking, annotators: dict[str, httpx.Client]) -> None:
    record = reviews.search(text="snake_case").json()["items"][0]["record"]["id"]
    answer = {"status": "submitted", "values": {"label": {"value": "bug"}}}
    with address() as listening:
        wanted = {"url": listening.url, "events": ["response.created"], "description": "test"}
        hook = reviews.client.post("/webhooks", json=wanted).json()

        given = annotators["ana"].post(f"/records/{record}/responses", json=answer).json()
        delivery = listening.next()

    reviews.client.delete(f"/webhooks/{hook['id']}").raise_for_status()
    annotators["ana"].delete(f"/responses/{given['id']}").raise_for_status()
    verified = Webhook(hook["secret"]).verify(delivery.body, delivery.headers)
    assert verified["type"] == "response.created"
    assert verified["data"]["record"]["id"] == record
