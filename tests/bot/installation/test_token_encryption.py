from __future__ import annotations

import pytest
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from sqlalchemy import create_engine

from bot.installation.token_encryption import SealedInstallationStore, UnreadableTokenError, seal

TOKEN = "xoxe.xoxb-1-" + "a" * 160  # as long as rotated ones are


def bot() -> Bot:
    return Bot(
        app_id="A1",
        team_id="T1",
        bot_token=TOKEN,
        bot_refresh_token="xoxe-1-refresh",
        bot_id="B1",
        bot_user_id="U1",
        installed_at=1_800_000_000.0,
    )


def plain() -> SQLAlchemyInstallationStore:
    store = SQLAlchemyInstallationStore("1.2", create_engine("sqlite://"))
    store.metadata.create_all(store.engine)
    return store


def test_what_is_stored_is_not_the_token_and_what_is_found_is() -> None:
    store = plain()
    sealed = SealedInstallationStore(store, seal("secret"))

    sealed.save_bot(bot())

    kept = store.find_bot(enterprise_id=None, team_id="T1")
    found = sealed.find_bot(enterprise_id=None, team_id="T1")
    assert kept
    assert found
    assert "xox" not in kept.bot_token
    assert "xox" not in str(kept.bot_refresh_token)
    assert (found.bot_token, found.bot_refresh_token) == (TOKEN, "xoxe-1-refresh")


def test_another_client_secret_opens_nothing_and_the_error_holds_no_token() -> None:
    store = plain()
    SealedInstallationStore(store, seal("secret")).save_bot(bot())

    with pytest.raises(UnreadableTokenError, match="install the app there again") as refused:
        SealedInstallationStore(store, seal("another")).find_bot(enterprise_id=None, team_id="T1")

    assert "xox" not in str(refused.value)


def test_the_same_token_is_never_sealed_to_the_same_words() -> None:
    one = seal("secret")

    assert one.close(TOKEN) != one.close(TOKEN)
