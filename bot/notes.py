"""Keeps the operators' channel up to date: a note for each run, which follows it, ruling, and burst held back."""

from __future__ import annotations

import logging
import time

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.language import Language, _, speaking
from bot.note import burst_note, ruling_note, run_note
from bot.payloads import Json
from bot.scopes import Scopes
from storage import bursts, runs, scope_notes, versions
from storage.database import Database
from storage.leases import Claim
from storage.tables import Burst, Grounds, Ruling, Run

log = logging.getLogger(__name__)

# Slack wants about one post a second and channel; nobody reads progress faster than this.
PAUSE_S = 1.5
AFTER_REFUSAL_S = 30.0
SCOPES_S = 600.0


class Notes:
    """Tells operators; without a channel for them only the log and `corrigible status` do."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        client: WebClient,
        channel: str | None,
        language: Language,
        scopes: Scopes | None = None,
    ) -> None:
        self._scopes = scopes
        self._database = database
        self._team_id = team_id
        self._client = client
        self._channel = channel
        self._language = language
        self.claim = Claim(database, f"notes {team_id}")
        self._next = 0.0

    def step(self) -> float | None:
        """Tell the next thing; None where there is nothing."""
        if not self._channel:
            self._keep_scopes()
            return None
        if time.monotonic() < self._next:
            return self._next - time.monotonic()
        with self._database.reading() as session:
            run = runs.to_note(session, self._team_id)
            rulings = versions.to_tell(session, self._team_id)
            burst = bursts.to_tell(session, self._team_id)
            in_service = versions.all_in_service(session, self._team_id)
            known = scope_notes.told(session, self._team_id)
        lacking = ",".join(self._scopes.lacking(SCOPES_S)) if self._scopes else known
        if not (run or rulings or burst or lacking != known) or not self.claim.hold():
            return None
        self._next = time.monotonic() + PAUSE_S
        try:
            if run:
                self._follow(run, self._channel, in_service)
            elif rulings:
                self._tell(rulings[0], self._channel, in_service)
            elif burst:
                self._tell_of_burst(burst, self._channel)
            else:
                self._tell_of_scopes(lacking, self._channel)
        except (SlackApiError, OSError) as error:
            reason = error.response.get("error") if isinstance(error, SlackApiError) else type(error).__name__
            log.warning("operators not told channel=%s reason=%s", self._channel, reason)
            self._next = time.monotonic() + AFTER_REFUSAL_S
        return PAUSE_S

    def close(self) -> None:
        """Let another replica tell at once."""
        self.claim.give_up()

    def _follow(self, run: Run, channel: str, in_service: set[int]) -> None:
        with speaking(self._language):
            note = run_note(run, in_service)
        if run.note_ts and run.note_channel and self._update(run.note_channel, run.note_ts, note):
            posted, ts = run.note_channel, run.note_ts
        else:
            answer = self._client.chat_postMessage(channel=channel, **note)
            posted, ts = str(answer["channel"]), str(answer["ts"])
        with self._database.writing() as session:
            runs.noted(session, run.id, run.noted, posted, ts)

    def _update(self, channel: str, ts: str, note: Json) -> bool:
        """Change a note that was posted; False where somebody deleted it."""
        try:
            self._client.chat_update(channel=channel, ts=ts, **note)
        except SlackApiError as error:
            if error.response.get("error") != "message_not_found":
                raise
            return False
        return True

    def _tell(self, ruling: Ruling, channel: str, in_service: set[int]) -> None:
        with speaking(self._language):
            note = ruling_note(ruling, in_service)
        self._client.chat_postMessage(channel=channel, **note)
        with self._database.writing() as session:
            versions.told(session, ruling.id, time.time())
        if ruling.grounds is Grounds.HOLDOUT and ruling.run_id:
            self._show_picture(ruling.run_id, channel)

    def _tell_of_burst(self, burst: Burst, channel: str) -> None:
        with speaking(self._language):
            note = burst_note(burst)
        self._client.chat_postMessage(channel=channel, **note)
        with self._database.writing() as session:
            bursts.told(session, burst.id, time.time())

    def _keep_scopes(self) -> None:
        """Keep what is lacking for `corrigible status`, where no channel is to be told."""
        if not self._scopes:
            return
        lacking = ",".join(self._scopes.lacking(SCOPES_S))
        with self._database.reading() as session:
            known = scope_notes.told(session, self._team_id)
        if lacking != known and self.claim.hold():
            with self._database.writing() as session:
                scope_notes.tell(session, self._team_id, lacking)

    def _tell_of_scopes(self, lacking: str, channel: str) -> None:
        with speaking(self._language):
            text = self._scopes.told() if self._scopes else ""
        if text:
            self._client.chat_postMessage(channel=channel, text=text)
        with self._database.writing() as session:
            scope_notes.tell(session, self._team_id, lacking)

    def _show_picture(self, run_id: str, channel: str) -> None:
        with self._database.reading() as session:
            run = runs.get(session, run_id)
        if not run.picture:
            return
        with speaking(self._language):
            title = _("Training run {number}").format(number=run.id[:8])
        try:
            self._client.files_upload_v2(
                channel=run.note_channel or channel,
                thread_ts=run.note_ts,
                content=run.picture,
                filename=f"run-{run.id[:8]}.png",
                title=title,
                alt_txt=run.picture_text[:1_000],
                initial_comment=run.picture_text,
            )
        except (SlackApiError, OSError) as error:
            log.warning("picture not shown: %s", type(error).__name__)
