"""Slack's side, through slack_sdk's own client."""

from __future__ import annotations

import time
from itertools import chain

import pytest
from slack_sdk.errors import SlackApiError

from local.slack.setup.credentials import APP_TOKEN, BOT_TOKEN
from local.slack.setup.seed import BOT_ID, BOT_USER_ID, CHANNELS, DIRECT_MESSAGES, TEAM_ID
from tests.local.factories import actions, button, section
from tests.local.running import ANA, BEN, SUPPORT, Slack, refusal


def test_a_token_of_ours_is_recognised(slack: Slack) -> None:
    who = slack.web.auth_test()

    assert (who["user_id"], who["bot_id"], who["team_id"]) == (BOT_USER_ID, BOT_ID, TEAM_ID)


def test_a_missing_wrong_or_misplaced_token_is_refused(slack: Slack) -> None:
    def answer(token: str, method: str = "auth.test") -> str:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return slack.http.post(f"/api/{method}", headers=headers).json()["error"]

    assert answer("") == "not_authed"
    assert answer("xoxb-somebody-else") == "invalid_auth"
    assert answer(APP_TOKEN) == "not_allowed_token_type"
    assert answer(BOT_TOKEN, "apps.connections.open") == "not_allowed_token_type"
    assert answer(BOT_TOKEN, "chat.whisper") == "unknown_method"


def test_arguments_may_come_as_query_form_or_json(slack: Slack) -> None:
    wanted = {"channel": SUPPORT, "text": "hello"}
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    with_token = {**wanted, "token": BOT_TOKEN}

    assert slack.http.post("/api/chat.postMessage", json=wanted, headers=headers).json()["ok"]
    assert slack.http.post("/api/chat.postMessage", data=with_token).json()["ok"]
    assert slack.http.post("/api/chat.postMessage", params=wanted, headers=headers).json()["ok"]
    assert slack.http.get("/api/chat.postMessage", params=wanted, headers=headers).json()["ok"]


def test_what_no_answer_could_hold_is_refused_or_replaced_and_the_channel_can_still_be_read(
    slack: Slack,
) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}
    start = f'{{"channel": "{SUPPORT}", "text": '

    def post(rest: str) -> str:
        answer = slack.http.post("/api/chat.postMessage", content=start + rest, headers=headers)
        return answer.json().get("error", "")

    assert post("[" * 100_000) == "invalid_json"
    assert post('"x", "blocks": NaN}') == post('"x", "limit": 1e999}') == "invalid_json"
    assert post('"x", "blocks": "' + "[" * 100_000 + '"}') == "invalid_blocks_format"
    assert post(r'"half \ud83d"}') == ""
    assert slack.web.conversations_history(channel=SUPPORT)["messages"][0]["text"] == "half ?"


def test_a_posted_message_is_in_the_history_and_on_the_page(slack: Slack) -> None:
    posted = slack.web.chat_postMessage(channel=SUPPORT, text="hello", blocks=[section()])

    [message] = slack.web.conversations_history(channel=SUPPORT)["messages"]
    assert (message["ts"], message["bot_id"], message["text"]) == (posted["ts"], BOT_ID, "hello")
    assert message["blocks"][0]["block_id"]
    assert slack.messages()[0]["blocks"] == message["blocks"]


def test_a_channel_may_be_named_and_a_person_stands_for_their_direct_message(slack: Slack) -> None:
    assert slack.web.chat_postMessage(channel="#support", text="hello")["channel"] == SUPPORT
    assert slack.web.chat_postMessage(channel=ANA, text="hello")["channel"] == DIRECT_MESSAGES["ana"]


def test_what_cannot_be_posted_is_refused_with_slacks_own_codes(slack: Slack) -> None:
    def post(**arguments: object) -> str:
        given = {"channel": SUPPORT, "text": "hello", **arguments}
        return refusal(slack.web.api_call, api_method="chat.postMessage", json=given)

    assert post(channel="C0NOWHERE") == "channel_not_found"
    assert post(channel=CHANNELS["random"]) == "not_in_channel"
    assert post(text="") == "no_text"
    assert post(text="x" * 40_001) == "msg_too_long"
    assert post(thread_ts="1700000000.000001") == "thread_not_found"
    assert post(blocks=[{"type": "nonsense"}]) == "invalid_blocks"
    assert post(metadata={"event_type": "x"}) == "invalid_metadata_format"


def test_only_own_messages_that_exist_can_be_updated_or_deleted(slack: Slack) -> None:
    anas = slack.say("mine")

    for method, code in (
        (slack.web.chat_update, "cant_update_message"),
        (slack.web.chat_delete, "cant_delete_message"),
    ):
        text = {"text": "changed"} if method == slack.web.chat_update else {}
        assert refusal(method, channel=SUPPORT, ts=anas, **text) == code
        assert refusal(method, channel=SUPPORT, ts="1700000000.000001", **text) == "message_not_found"


def test_an_update_replaces_the_text_and_keeps_blocks_that_it_does_not_mention(slack: Slack) -> None:
    posted = slack.web.chat_postMessage(channel=SUPPORT, text="before", blocks=[section("kept")])
    slack.web.chat_update(channel=SUPPORT, ts=posted["ts"], text="after")

    [message] = slack.messages()
    assert (message["text"], message["blocks"][0]["text"]["text"]) == ("after", "kept")
    assert message["edited"]["user"] == BOT_ID

    slack.web.chat_update(channel=SUPPORT, ts=posted["ts"], text="bare", blocks=[])
    assert slack.messages()[0]["blocks"] == []
    empty = {"channel": SUPPORT, "ts": posted["ts"], "text": ""}
    assert refusal(slack.web.api_call, api_method="chat.update", json=empty) == "no_text"


def test_a_deleted_message_is_gone_and_a_deleted_parent_leaves_a_tombstone(slack: Slack) -> None:
    alone = slack.web.chat_postMessage(channel=SUPPORT, text="alone")["ts"]
    parent = slack.web.chat_postMessage(channel=SUPPORT, text="parent")["ts"]
    slack.say("reply", thread_ts=parent)

    slack.web.chat_delete(channel=SUPPORT, ts=alone)
    slack.web.chat_delete(channel=SUPPORT, ts=parent)
    left, reply = slack.messages()
    assert (left["subtype"], left["reply_count"], reply["text"]) == ("tombstone", 1, "reply")


def test_a_thread_counts_its_replies_and_returns_them_after_its_parent(slack: Slack) -> None:
    parent = slack.say("parent")
    first = slack.web.chat_postMessage(channel=SUPPORT, text="one", thread_ts=parent)["ts"]
    second = slack.say("two", thread_ts=parent)

    found = slack.web.conversations_replies(channel=SUPPORT, ts=parent)["messages"]
    assert [message["ts"] for message in found] == [parent, first, second]
    assert (found[0]["reply_count"], found[0]["latest_reply"]) == (2, second)
    assert found[1]["parent_user_id"] == ANA
    assert [m["ts"] for m in slack.web.conversations_history(channel=SUPPORT)["messages"]] == [parent]

    slack.page("delete", channel=SUPPORT, ts=second)
    assert slack.web.conversations_replies(channel=SUPPORT, ts=parent)["messages"][0]["reply_count"] == 1
    assert refusal(slack.web.conversations_replies, channel=SUPPORT, ts="1.000001") == "thread_not_found"


def test_history_is_newest_first_and_pages_by_cursor_without_gap_or_repeat(slack: Slack) -> None:
    written = [slack.say(f"message {n}") for n in range(7)]
    pages = slack.web.conversations_history(channel=SUPPORT, limit=3)

    seen = [[message["ts"] for message in page["messages"]] for page in pages]
    assert [len(page) for page in seen] == [3, 3, 1]
    assert list(chain(*seen)) == written[::-1]
    assert (
        refusal(slack.web.conversations_history, channel=SUPPORT, cursor="bm9uc2Vuc2U=") == "invalid_cursor"
    )


def test_replies_page_with_their_parent_on_every_page(slack: Slack) -> None:
    parent = slack.say("parent")
    replies = [slack.say(f"reply {n}", thread_ts=parent) for n in range(3)]
    pages = [
        page["messages"] for page in slack.web.conversations_replies(channel=SUPPORT, ts=parent, limit=2)
    ]

    assert [[message["ts"] for message in page] for page in pages] == [
        [parent, *replies[:2]],
        [parent, replies[2]],
    ]


def test_history_is_bounded_by_oldest_and_latest(slack: Slack) -> None:
    first, second, third = (slack.say(str(n)) for n in range(3))

    def seen(**bounds: object) -> list[str]:
        return [m["ts"] for m in slack.web.conversations_history(channel=SUPPORT, **bounds)["messages"]]  # type: ignore[arg-type]

    assert seen(oldest=first, latest=third) == [second]
    assert seen(oldest=first, latest=third, inclusive=True) == [third, second, first]
    assert refusal(slack.web.conversations_history, channel=SUPPORT, oldest="long ago") == "invalid_ts_oldest"


def test_metadata_comes_back_only_to_who_asks_for_it(slack: Slack) -> None:
    metadata = {"event_type": "prediction", "event_payload": {"id": "p1"}}
    slack.web.chat_postMessage(channel=SUPPORT, text="hello", metadata=metadata)

    [bare] = slack.web.conversations_history(channel=SUPPORT)["messages"]
    [full] = slack.web.conversations_history(channel=SUPPORT, include_all_metadata=True)["messages"]
    assert "metadata" not in bare
    assert full["metadata"] == metadata


def test_an_ephemeral_message_is_seen_by_one_person_and_is_no_message_to_the_api(slack: Slack) -> None:
    ts = slack.web.chat_postEphemeral(channel=SUPPORT, user=ANA, text="only you")["message_ts"]

    [seen] = slack.messages(user=ANA)
    assert (seen["ts"], seen["is_ephemeral"], slack.messages(user=BEN)) == (ts, True, [])
    assert slack.web.conversations_history(channel=SUPPORT)["messages"] == []
    assert refusal(slack.web.chat_update, channel=SUPPORT, ts=ts, text="x") == "message_not_found"
    stranger = {"channel": SUPPORT, "user": "U0NOBODY00", "text": "x"}
    assert refusal(slack.web.chat_postEphemeral, **stranger) == "user_not_in_channel"


def test_users_and_channels_are_listed(slack: Slack) -> None:
    users = {user["name"] for user in slack.web.users_list()["members"]}
    channels = {c["name"]: c["is_member"] for c in slack.web.conversations_list()["channels"]}
    direct = slack.web.conversations_list(types="im")["channels"]

    assert users == {"ana", "ben", "chloe", "dev", "corrigible"}
    assert channels == {"support": True, "general": True, "random": False, "corrigible-ops": True}
    assert {channel["id"] for channel in direct} == set(DIRECT_MESSAGES.values())
    assert slack.web.users_info(user=ANA, include_locale=True)["user"]["locale"] == "en-US"
    assert BOT_USER_ID in slack.web.conversations_members(channel=SUPPORT)["members"]
    assert slack.web.conversations_info(channel=SUPPORT)["channel"]["name"] == "support"
    assert refusal(slack.web.users_info, user="U0NOBODY00") == "user_not_found"


def test_lists_page_by_cursor(slack: Slack) -> None:
    pages = [page["members"] for page in slack.web.users_list(limit=2)]

    assert [len(page) for page in pages] == [2, 2, 1]


def test_the_bot_opens_direct_messages_and_joins_channels(slack: Slack) -> None:
    assert slack.web.conversations_open(users=ANA)["channel"]["id"] == DIRECT_MESSAGES["ana"]
    assert refusal(slack.web.conversations_history, channel=CHANNELS["random"]) == "not_in_channel"

    slack.web.conversations_join(channel=CHANNELS["random"])
    assert slack.web.chat_postMessage(channel="random", text="hello")["ok"]


def test_reactions_are_added_once_and_removed(slack: Slack) -> None:
    ts = slack.say("good work")
    where = {"channel": SUPPORT, "timestamp": ts}

    slack.web.reactions_add(name="tada", **where)
    assert refusal(slack.web.reactions_add, name="tada", **where) == "already_reacted"
    slack.page("reaction", channel=SUPPORT, ts=ts, name="tada")
    [reaction] = slack.web.reactions_get(channel=where["channel"], timestamp=where["timestamp"])["message"][
        "reactions"
    ]
    assert (reaction["name"], reaction["count"], reaction["users"]) == ("tada", 2, [BOT_USER_ID, ANA])

    slack.web.reactions_add(name="collision", **where)
    assert refusal(slack.web.reactions_add, name="boom", **where) == "already_reacted"
    shown = slack.web.reactions_get(channel=where["channel"], timestamp=where["timestamp"])["message"]
    assert [one["name"] for one in shown["reactions"]] == ["tada", "boom"]

    slack.web.reactions_remove(name="collision", **where)
    slack.web.reactions_remove(name="tada", **where)
    assert refusal(slack.web.reactions_remove, name="tada", **where) == "no_reaction"
    assert (
        refusal(slack.web.reactions_add, name="tada", channel=SUPPORT, timestamp="1.1") == "message_not_found"
    )


def test_a_permalink_leads_to_the_page(slack: Slack) -> None:
    ts = slack.say("here")
    link = slack.web.chat_getPermalink(channel=SUPPORT, message_ts=ts)["permalink"]

    assert link == f"{slack.url}/archives/{SUPPORT}/p{ts.replace('.', '')}"
    assert slack.http.get(link).headers["location"] == f"/?channel={SUPPORT}"


def test_a_file_is_uploaded_shown_and_downloaded(slack: Slack) -> None:
    slack.web.files_upload_v2(
        channel=SUPPORT, content="a,b\n1,2\n", filename="t.csv", initial_comment="see", alt_txt="two rows"
    )

    [message] = slack.messages()
    [file] = message["files"]
    assert file["alt_txt"] == "two rows"
    assert (message["text"], file["name"], file["size"]) == ("see", "t.csv", 8)
    answer = slack.http.get(file["url_private"])
    assert (answer.content, answer.headers["content-disposition"]) == (b"a,b\n1,2\n", "attachment")
    nowhere = {"files": [{"id": "F0NOTHING"}]}
    assert refusal(slack.web.files_completeUploadExternal, **nowhere) == "file_not_found"


def test_a_response_carries_no_token_into_the_record_of_calls(slack: Slack) -> None:
    slack.http.post("/api/chat.postMessage", json={"token": BOT_TOKEN, "channel": SUPPORT, "text": "hello"})

    [call] = slack.calls("chat.postMessage")
    assert call["arguments"] == {"channel": SUPPORT, "text": "hello"}
    assert call["at"] <= time.monotonic()


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"channel": {}}', b'{"channel": "support", "blocks": 3}'])
def test_malformed_bodies_are_refused_and_not_an_error_of_the_server(slack: Slack, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}
    answer = slack.http.post("/api/chat.postMessage", content=body, headers=headers)

    assert answer.status_code == 200
    assert answer.json()["ok"] is False


def test_buttons_are_given_ids_where_the_bot_left_them_out(slack: Slack) -> None:
    nameless = {key: value for key, value in button().items() if key != "action_id"}
    slack.web.chat_postMessage(channel=SUPPORT, text="x", blocks=[{**actions(nameless), "block_id": ""}])

    [block] = slack.messages()[0]["blocks"]
    assert block["block_id"]
    assert block["elements"][0]["action_id"]


def test_a_group_direct_message_is_shown_heard_and_found_as_one(slack: Slack) -> None:
    group = slack.group("ben", "chloe")
    ts = slack.say("hello", group)
    shown = slack.web.conversations_info(channel=group)["channel"]
    [listed] = slack.web.conversations_list(types="mpim")["channels"]

    assert group == slack.group("chloe", "ben") == listed["id"]
    assert (shown["is_mpim"], shown["is_private"], shown["is_member"]) == (True, True, True)
    assert len(slack.web.conversations_members(channel=group)["members"]) == 4
    assert slack.web.conversations_replies(channel=group, ts=ts)["messages"][0]["text"] == "hello"


def test_without_its_scope_a_method_is_refused_and_says_which_it_needs(slack: Slack) -> None:
    group = slack.group("ben")
    slack.fault("scopes", lacking="mpim:read,files:write")
    with pytest.raises(SlackApiError) as refused:
        slack.web.conversations_info(channel=group)
    answer = slack.web.auth_test()
    granted = answer.headers["x-oauth-scopes"].split(",")

    assert (refused.value.response["error"], refused.value.response["needed"]) == (
        "missing_scope",
        "mpim:read",
    )
    assert slack.web.conversations_info(channel=SUPPORT)["ok"]
    assert "mpim:history" in granted
    assert not {"mpim:read", "files:write"} & set(granted)
