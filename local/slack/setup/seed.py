"""Who and what a new workspace begins with. Every person here is made up."""

from __future__ import annotations

from collections.abc import Callable

from local.slack.wire.wire import Json

Own = Callable[[str], str]

TEAM_ID = "T0LOCAL"
TEAM_NAME = "Corrigible HQ"
TEAM_DOMAIN = "corrigible-hq"
APP_ID = "A0CORRIGIB"
BOT_ID = "B0CORRIGIB"
BOT_USER_ID = "U0CORRIGIB"
BOT_NAME = "corrigible"

PEOPLE = {"ana": "U0ANA00001", "ben": "U0BEN00002", "chloe": "U0CHLOE003", "dev": "U0DEV00004"}
CHANNELS = {
    "support": "C0SUPPORT1",
    "general": "C0GENERAL2",
    "random": "C0RANDOM03",
    "corrigible-ops": "C0OPS00004",
}
DIRECT_MESSAGES = {"ana": "D0ANA00001", "ben": "D0BEN00002", "chloe": "D0CHLOE003", "dev": "D0DEV00004"}

_SEEDED_AT = 1_700_000_000
_PEOPLE = (  # name, real name, time zone, its offset in seconds, locale, colour
    ("ana", "Ana Ribeiro", "America/Sao_Paulo", -10_800, "en-US", "9f69e7"),
    ("ben", "Ben Okafor", "Africa/Lagos", 3_600, "en-GB", "4bbe2e"),
    ("chloe", "Chloe Martin", "Europe/Paris", 3_600, "es-ES", "e7392d"),
    ("dev", "Dev Raman", "Asia/Kolkata", 19_800, "pt-BR", "3c989f"),
)
_TOPICS = {
    "support": "Questions from our users",
    "general": "Everything that concerns everyone",
    "random": "The bot is not here",
    "corrigible-ops": "How the bot is doing",
}


def users(team_id: str, own: Own) -> list[Json]:
    """The four people and the bot, as users.info shows them; `own` makes an id the team's."""
    people = [_user(team_id, own(PEOPLE[person[0]]), *person) for person in _PEOPLE]
    bot = _user(team_id, BOT_USER_ID, BOT_NAME, "Corrigible", "Etc/UTC", 0, "en-US", "2f6f6a")
    bot |= {"is_bot": True, "profile": {**bot["profile"], "bot_id": BOT_ID, "api_app_id": APP_ID}}
    return [*people, bot]


def real_names() -> dict[str, str]:
    """What people are called, by their names."""
    return {name: real_name for name, real_name, *_ in _PEOPLE}


def channels(own: Own) -> list[Json]:
    """The public channels (the bot is in all but #random) and each person's direct message with the bot."""
    public = [
        public_channel(
            own(channel_id), name, own(PEOPLE["ana"]), _TOPICS[name], bot_is_member=is_seeded_with_bot(name)
        )
        for name, channel_id in CHANNELS.items()
    ]
    return public + [direct_message(own(DIRECT_MESSAGES[name]), own(user)) for name, user in PEOPLE.items()]


def is_seeded_with_bot(channel: str) -> bool:
    """Whether a channel of this name begins with the bot in it."""
    return channel in CHANNELS and channel != "random"


def public_channel(channel_id: str, name: str, creator: str, topic: str, bot_is_member: bool) -> Json:
    """A channel as it is kept: every person is in it, the bot only where `bot_is_member`."""
    return {
        "id": channel_id,
        "name": name,
        "is_im": False,
        "topic": topic,
        "creator": creator,
        "created": _SEEDED_AT,
        "bot_is_member": bot_is_member,
    }


def direct_message(channel_id: str, user: str) -> Json:
    """The conversation of one person with the bot."""
    return {"id": channel_id, "is_im": True, "user": user, "created": _SEEDED_AT, "bot_is_member": True}


def _user(
    team_id: str, user_id: str, name: str, real_name: str, tz: str, tz_offset_s: int, locale: str, color: str
) -> Json:
    return {
        "id": user_id,
        "team_id": team_id,
        "name": name,
        "deleted": False,
        "color": color,
        "real_name": real_name,
        "tz": tz,
        "tz_label": tz,
        "tz_offset": tz_offset_s,
        "locale": locale,
        "profile": {"real_name": real_name, "display_name": name, "team": team_id},
        "is_admin": name == "ana",
        "is_owner": name == "ana",
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": False,
        "is_app_user": False,
        "updated": _SEEDED_AT,
    }
