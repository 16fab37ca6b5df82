from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot import refusals
from bot.refusals import LONGEST_PAUSE_S


def refused(error: str | None, status: int = 200, **headers: str) -> SlackApiError:
    """What slack_sdk raises for such an answer."""
    data = {"ok": False, "error": error} if error else {}
    response = SlackResponse(
        client=None, http_verb="POST", api_url="", req_args={}, data=data, headers=headers, status_code=status
    )
    return SlackApiError("refused", response)


@pytest.mark.parametrize("reason", ["channel_not_found", "is_archived", "msg_too_long", "message_not_found"])
def test_what_no_second_try_changes_is_final(reason: str) -> None:
    refusal = refusals.read(refused(reason), 0)

    assert (refusal.reason, refusal.is_final, refusal.may_stand) == (reason, True, False)


@pytest.mark.parametrize("reason", ["invalid_auth", "internal_error", "something_new"])
def test_what_can_be_mended_is_tried_again(reason: str) -> None:
    assert not refusals.read(refused(reason), 0).is_final


def test_slacks_limit_is_waited_for_as_long_as_slack_says() -> None:
    refusal = refusals.read(refused("ratelimited", 429, **{"Retry-After": "30"}), 0)

    assert refusal.reason == "ratelimited"
    assert not refusal.may_stand
    assert 30 <= refusal.delay_s < 31


def test_after_a_fault_of_slacks_a_post_may_stand_all_the_same() -> None:
    assert refusals.read(refused(None, 503), 0).may_stand
    lost = refusals.silence(TimeoutError(), 0)
    assert (lost.reason, lost.may_stand, lost.is_final) == ("TimeoutError", True, False)


def test_pauses_grow_and_have_an_end() -> None:
    pauses = [refusals.pause_s(attempts) for attempts in range(12)]

    assert pauses[0] <= 1
    assert pauses[4] > pauses[0]
    assert max(pauses) <= LONGEST_PAUSE_S
