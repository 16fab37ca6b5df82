"""Messages of the last weeks that were picked at random and reviewed, as if the bot had served all that time."""

from __future__ import annotations

import random
import time

from learning.evaluation.accuracy import WEEK_S
from local.slack.setup.seed import TEAM_ID
from storage.database.engine import Database
from storage.feedback import labels
from storage.messages import messages
from storage.models import predictions
from storage.tables.messages import Mode
from tests.factories import message, prediction, review_at_random
from tests.running import SUPPORT


def review_weeks(database: Database, *weeks: tuple[int, int]) -> None:
    """For each of the last weeks, latest first: so many right answers, of so many messages."""
    with database.reading() as session:
        known = labels.active(session, TEAM_ID)
    rng = random.Random(0)
    for back, (right, of) in enumerate(weeks):
        for number in range(of):
            said, *others = rng.sample(known, 2)
            at = time.time() - WEEK_S * (back + rng.uniform(0.1, 0.9))
            one = message(team_id=TEAM_ID, channel_id=SUPPORT, mode=Mode.ASK)
            with database.writing() as session:
                messages.receive(session, one)
                predictions.put(session, [prediction(one, said, created_at=at)])
                messages.take(session, [one])
            review_at_random(database, one, said if number < right else others[0])
