"""Why Argilla can't be used, in a reader's words: what is wrong, and what to do (`learning/argilla/faults.py`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session

from bot.language.catalogues import N_, _
from bot.slack.mrkdwn import moment
from storage.database import jobs
from storage.database.jobs import Failing

# The work that Argilla's faults end, as the schedule calls it.
WORK = ("deliver", "collect", "review summaries")
WHY = {
    "broken_off": N_("it breaks off the connection: look at its log, and at any proxy in front of it"),
    "certificate": N_("its TLS certificate is not trusted: renew it, or name its authority in SSL_CERT_FILE"),
    "connection_refused": N_(
        "nothing listens at its address: start it (`make run` starts its own), or check ARGILLA_API_URL"
    ),
    "disk_full": N_("its disk is full: free some space"),
    "forbidden": N_(
        "our key may not do this: set ARGILLA_API_KEY to an owner's, or add its user to our workspace"
    ),
    "foreign_dataset": N_("its dataset is not one of this bot's: set ARGILLA_DATASET to another name"),
    "gateway": N_("the proxy in front of it can't reach it: start Argilla, or look at the proxy's log"),
    "in_trouble": N_("it reports an error of its own: look at its log"),
    "key_rejected": N_("it rejects our key: copy ARGILLA_API_KEY again from My settings there"),
    "name_taken": N_(
        "the name of our workspace or dataset is taken: set ARGILLA_WORKSPACE or ARGILLA_DATASET to another name, or "
        "give our user access to it"
    ),
    "no_answer": N_("it does not answer in time: check whether it is running, and how busy it is"),
    "no_tls": N_("it does not speak TLS: check http:// or https:// in ARGILLA_API_URL"),
    "not_argilla": N_("something else answers at its address: check ARGILLA_API_URL"),
    "not_found": N_("it has no such page or dataset: check ARGILLA_API_URL"),
    "not_installed": N_("it is not installed: run `corrigible argilla install`, then restart the bot"),
    "not_started": N_("it did not start: look at its logs in LOCAL_ARGILLA_HOME, then restart the bot"),
    "not_writable": N_(
        "it can't write to its folder: check who may write to LOCAL_ARGILLA_HOME, then restart the bot"
    ),
    "proxy": N_("the proxy in between refuses the connection: check HTTPS_PROXY and NO_PROXY"),
    "redirected": N_("it sends us to another page: set ARGILLA_API_URL to the address of its API"),
    "refused": N_("it refuses what it is sent: its log says why"),
    "too_many_requests": N_("it gets too many requests: wait, the bot tries again"),
    "unavailable": N_("it is starting, stopping or overloaded: wait, the bot tries again"),
    "unknown_host": N_("its host name is not known: check ARGILLA_API_URL, and the name server"),
    "unreachable": N_("the network can't reach it: check ARGILLA_API_URL, the network and firewalls"),
    "wrong_address": N_("ARGILLA_API_URL is not a valid address: correct it"),
    "wrong_version": N_("its version is not one that we work with: install Argilla 2.8"),
}
MOMENT = "%Y-%m-%d %H:%M"
OTHERWISE = N_("it can't be used ({reason}): the bot's log says more")


def why(reason: str) -> str:
    """Return what is wrong, and what to do."""
    return _(WHY[reason]) if reason in WHY else _(OTHERWISE).format(reason=reason)


def told(found: Failing) -> str:
    """As mrkdwn, for people in Slack."""
    return _("*Argilla can't be used* since {time}: {why}. Corrections wait until it works again.").format(
        time=moment(found.since), why=why(found.reason)
    )


def failing(session: Session, team_id: str) -> Failing | None:
    """Why a team's Argilla can't be used, and since when, as whichever replica tries it found; None if all is well."""
    found = [one for one in jobs.failing(session, team_id) if one.name in WORK]
    return min(found, key=lambda one: one.since, default=None)


def rows(session: Session, team_id: str) -> Iterator[tuple[str, str]]:
    """Return the line for `corrigible status`; nothing if all is well."""
    found = failing(session, team_id)
    if found:
        yield "Argilla can't be used", f"{why(found.reason)} (since {found.at(MOMENT)})"
