"""Which posts by apps are read."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from bot.classification.app_posts import MOST, AppPosts, PostStanding
from bot.slack.payloads import MessagePosted
from bot.web_api.actors import ActorKind
from storage.database.engine import Database
from storage.messages import channels
from storage.tables.messages import Mode
from tests.factories import ANA, TEAM

KINDS = {ANA: ActorKind.USER, "U0BOT": ActorKind.BOT, "U0WORKFLOW": ActorKind.WORKFLOW}
ON, OFF = "C1", "C2"
COUNTS, OPEN, IGNORED = PostStanding.COUNTS, PostStanding.OPEN, PostStanding.IGNORED
POST = MessagePosted(TEAM, ON, "1.0", None, "B1", "It crashes", is_direct=False, is_mention=False, app="B1")


@pytest.fixture
def posts(database: Database) -> AppPosts:
    with database.writing() as session:
        channels.set_mode(session, TEAM, ON, Mode.REPLY, ANA, workflows=True)
        channels.set_mode(session, TEAM, OFF, Mode.REPLY, ANA)
    return AppPosts(database, "B0OURS", KINDS.get)


def test_a_workflows_post_and_one_in_a_users_name_count_where_the_channel_wants_it(posts: AppPosts) -> None:
    assert posts.standing(POST) is COUNTS
    assert posts.standing(replace(POST, user_id=ANA)) is COUNTS
    assert posts.standing(replace(POST, user_id="U0WORKFLOW")) is COUNTS
    assert posts.standing(replace(POST, channel_id=OFF)) is IGNORED
    assert posts.standing(replace(POST, channel_id="C3")) is IGNORED


def test_whether_a_post_counts_is_open_as_long_as_nobody_knows_whose_it_is(posts: AppPosts) -> None:
    assert posts.standing(replace(POST, user_id="U0NOBODY")) is OPEN
    assert posts.standing(replace(POST, user_id="U0NOBODY", channel_id=OFF)) is IGNORED
    assert posts.standing(replace(POST, user_id="U0NOBODY", thread_ts="0.5")) is IGNORED


def test_replies_other_bots_and_our_own_posts_never_count(posts: AppPosts) -> None:
    assert posts.standing(replace(POST, thread_ts="0.5")) is IGNORED
    assert posts.standing(replace(POST, is_direct=True)) is IGNORED
    assert posts.standing(replace(POST, user_id="U0BOT")) is IGNORED
    assert posts.standing(replace(POST, app="B0OURS")) is IGNORED


def test_what_no_app_posted_counts_anywhere(posts: AppPosts) -> None:
    assert posts.standing(replace(POST, app=None, user_id="U0BOT", channel_id=OFF)) is COUNTS


def test_an_app_that_posts_as_fast_as_a_loop_is_not_read_and_others_are(
    posts: AppPosts, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        read = [posts.standing(replace(POST, ts=f"{number}.0")) for number in range(MOST + 5)]

    assert read == [COUNTS] * MOST + [IGNORED] * 5
    assert posts.standing(replace(POST, app="B2", user_id="B2")) is COUNTS


def test_a_post_that_is_delivered_again_is_the_same_post(posts: AppPosts) -> None:
    assert {posts.standing(POST) for _ in range(MOST + 5)} == {COUNTS}


@pytest.mark.parametrize(
    ("changes", "asker"),
    [
        ({}, ANA),
        ({"is_mention": False}, None),
        ({"channel_id": ON}, None),
        ({"user_id": "B1"}, None),
        ({"app": None}, None),
        ({"app": "B0OURS"}, None),
    ],
)
def test_only_the_one_whose_app_asked_in_vain_is_told(
    posts: AppPosts, changes: dict[str, object], asker: str | None
) -> None:
    mention = replace(POST, channel_id=OFF, user_id=ANA, is_mention=True)

    assert posts.asker(replace(mention, **changes)) == asker  # type: ignore[arg-type]
