"""Events that wait for Slack to say who did them: made of what Slack tells, and turned into what they become."""

from __future__ import annotations

from bot.slack.once import id_of
from bot.slack.payloads import MessagePosted, Reacted
from storage.tables.feedback import Correction, Word
from storage.tables.messages import Unattributed


def of_post(said: MessagePosted, text: str, is_left_alone: bool) -> Unattributed:
    """A post by an app. `text`: what is kept of its words."""
    return Unattributed(
        id=id_of(said.team_id, said.channel_id, said.ts),
        team_id=said.team_id,
        user_id=said.user_id,
        channel_id=said.channel_id,
        ts=said.ts,
        happened_at=float(said.ts),
        app=str(said.app),
        text=text,
        edited_ts=said.edited_ts,
        is_mention=said.is_mention,
        is_left_alone=is_left_alone,
    )


def of_reaction(reacted: Reacted, label_id: str) -> Unattributed:
    """A reaction with a label's emoji, or that it was taken back."""
    key = reacted.team_id, reacted.channel_id, reacted.ts, reacted.user_id, reacted.emoji
    return Unattributed(
        id=id_of(*key, str(reacted.at), str(reacted.is_taken_back)),
        team_id=reacted.team_id,
        user_id=reacted.user_id,
        channel_id=reacted.channel_id,
        ts=reacted.ts,
        happened_at=reacted.at,
        label_id=label_id,
        word=word(reacted),
    )


def word(reacted: Reacted) -> Word:
    """Return what a reaction says."""
    return Word.WITHDRAWN if reacted.is_taken_back else Word.REACTED


def said(post: Unattributed) -> MessagePosted:
    """A post as it was heard, but that its text is what is kept of it."""
    return MessagePosted(
        post.team_id,
        post.channel_id,
        post.ts,
        None,
        post.user_id,
        post.text,
        is_direct=False,
        is_mention=post.is_mention,
        app=post.app,
        edited_ts=post.edited_ts,
    )


def correction(reaction: Unattributed, message_id: str) -> Correction:
    """Return the correction that a reaction to a message is."""
    return Correction(
        id=reaction.id,
        message_id=message_id,
        team_id=reaction.team_id,
        user_id=reaction.user_id,
        label_id=str(reaction.label_id),
        word=Word(str(reaction.word)),
        created_at=reaction.happened_at,
    )
