"""Measure what hostile newcomers can do: Banking77, through the bot's own storage, trust, vetting and head.

A team of PEOPLE has corrected messages for WEEKS, 5 % of it wrongly, and reviewers judged some of it. Then newcomers
give bursts of corrections within a minute or so, one account each, the honest ones as quickly as the hostile: honest
ones correct mistakes, go through all messages, or confirm; hostile ones say any wrong label, or always the same, swap
labels, confirm mistakes, or mix in 30 to 50 % right ones. Others stay under the rate of a burst (SLOW accounts a world,
and as many that agree with them). Nobody decides about what is held back, and reviewers see none of it.

Beside it, of all that was said: the last correction, the majority, and Dawid and Skene's estimate (crowd-kit). The loss
is the accuracy of the head that serves against the same team without the hostile accounts.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.progress import track
from sqlalchemy import delete
from sqlmodel import col

from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from benchmarks.poison.world import HONEST, HOSTILE, Reading, Way, World, weeks_ago
from learning.encoders.encoder import Encoder, load_encoder
from learning.heads.refit import description
from storage.feedback.corrections import Spoken
from storage.tables.feedback import Correction, Label, LabelSource

SEEDS = 4
BURSTS = 27  # of each sort, a world
SIZES = (20, 41)  # corrections in a burst
PEOPLE = 10
WEEKS = 8
HISTORY, REVIEWED, SEEN_TWICE = 900, 0.25, 0.2
POOL_A_LABEL = 40
SLOW = 3
MAX_TOKENS = 64
BOUNDS = (
    Bound("hostile_bursts", at_least=100),
    Bound("hostile_flagged", at_least=0.95),
    Bound("honest_bursts", at_least=100),
    Bound("honest_held", at_most=0.05),
    Bound("admitted_right", at_least=0.97),
    Bound("accuracy_lost", at_most=0.01),
)

Rule = Callable[[Sequence[Spoken]], dict[str, str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.poison", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one team and a tenth of the bursts: a smoke test"
    )
    options = parser.parse_args(arguments)
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    seeds, each = (1, 10) if options.quick else (SEEDS, BURSTS)
    pool = _pool(train, 20 if options.quick else POOL_A_LABEL)
    test = test[::10] if options.quick else test
    return conclude(
        "poison", measure(pool, test, seeds, each, HISTORY // (3 if options.quick else 1)), BOUNDS
    )


def _pool(train: list[Row], a_label: int) -> list[Row]:
    taken: dict[str, list[Row]] = {}
    for row in train:
        taken.setdefault(row.label, []).append(row)
    return [row for label in sorted(taken) for row in taken[label][:a_label]]


def measure(pool: list[Row], test: list[Row], seeds: int, each: int, history: int) -> dict[str, float]:
    """Rates over all seeds; `each`: bursts of each sort a team; `history`: corrections before them."""
    encoder = encoder_of([*pool, *test])
    flagged: dict[Way, list[bool]] = {way: [] for way in (*HONEST, *HOSTILE)}
    figures: dict[str, list[float]] = {}
    for seed in track(range(seeds), description="Teams", console=progress):
        with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
            for name, value in _world(
                Path(folder), encoder, pool, test, seed, each, history, flagged
            ).items():
                figures.setdefault(name, []).append(value)
    return {
        "seeds": seeds,
        **_rates("hostile", "flagged", HOSTILE, flagged),
        **_rates("honest", "held", HONEST, flagged),
        **{name: float(np.mean(values)) for name, values in figures.items()},
    }


def _rates(sort: str, figure: str, ways: Sequence[Way], flagged: dict[Way, list[bool]]) -> dict[str, float]:
    together = [one for way in ways for one in flagged[way]]
    of_ways = {f"{figure}_{way}": float(np.mean(flagged[way])) for way in ways}
    return {f"{sort}_bursts": len(together), f"{sort}_{figure}": float(np.mean(together)), **of_ways}


def encoder_of(chosen: list[Row]) -> Encoder:
    """One that has read all of it, and the labels' descriptions."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    encoder = load_encoder(None, MAX_TOKENS, threads=os.cpu_count() or 1)
    names = sorted({row.label for row in chosen})
    texts = [description(Label(team_id="", name=name, source=LabelSource.FILE)) for name in names]
    texts = list(dict.fromkeys([*texts, *(row.text for row in chosen)]))
    return Reading(encoder, dict(zip(texts, encoder.encode(texts).vectors, strict=True)))


def _world(
    folder: Path,
    encoder: Encoder,
    pool: list[Row],
    test: list[Row],
    seed: int,
    each: int,
    history: int,
    flagged: dict[Way, list[bool]],
) -> dict[str, float]:
    """Play one team's history and return its figures; add to `flagged` whether each burst was held back."""
    random = np.random.default_rng(seed)
    world = World(folder, encoder, [pool[at] for at in random.permutation(len(pool))], random)
    _history(world, history)
    _slowly(world)
    world.hear(len(pool), weeks_ago(0.1))
    ways = [ways[number % len(ways)] for ways in (HONEST, HOSTILE) for number in range(each)]
    for number in random.permutation(len(ways)):
        way = ways[number]
        user = f"{'hostile' if way in HOSTILE else 'newcomer'} {number}"
        flagged[way].append(world.burst(user, way, int(random.integers(*SIZES))))
    figures = {"admitted": len(world.admitted()), "admitted_right": world.share_right(world.admitted())}
    for name, rule in RULES.items():
        figures[f"right_{name}"] = world.share_right(rule(world.said) | world.reviewed)
    figures["accuracy"] = world.accuracy(test)
    with world.database.writing() as session:
        session.connection().execute(delete(Correction).where(col(Correction.user_id).startswith("hostile")))
    figures["accuracy_without_hostile"] = world.accuracy(test)
    figures["accuracy_lost"] = figures["accuracy_without_hostile"] - figures["accuracy"]
    world.close()
    return figures


def _history(world: World, number: int) -> None:
    """The team's own corrections, week by week, and what reviewers judged of it a little later."""
    for week in range(WEEKS):
        begins = weeks_ago(WEEKS + 1 - week)
        heard = world.hear(number // WEEKS, begins)
        moments = np.sort(world.random.random(len(heard))) * 0.8
        for message_id, moment in zip(heard, moments, strict=True):
            people = world.random.choice(PEOPLE, 1 + int(world.random.random() < SEEN_TWICE), replace=False)
            for later, one in enumerate(people):
                at = begins + (moment + 0.01 * later) * (weeks_ago(0) - weeks_ago(1))
                world.say(f"person {one}", message_id, world.honestly(message_id), at)
        judged = [one for one in heard if world.random.random() < REVIEWED]
        world.review(judged, weeks_ago(WEEKS - week))


def _slowly(world: World) -> None:
    """Hostile accounts that stay under the rate of a burst, and as many that say the same of the same messages."""
    for account in range(SLOW):
        for number, message_id in enumerate(world.hear(40, weeks_ago(0.5))):
            label_id = world.wrong(message_id)
            at = weeks_ago(0.4) + 3_600.0 * number
            world.say(f"hostile slow {account}", message_id, label_id, at)
            world.say(f"hostile echo {account}", message_id, label_id, at + 60.0)
            world.vetting.look(world.refitter)


# Other rules


def last_word(said: Sequence[Spoken]) -> dict[str, str]:
    """The label that was said last."""
    return {word.message_id: word.label_id for word in sorted(said, key=lambda word: word.created_at)}


def majority(said: Sequence[Spoken]) -> dict[str, str]:
    """The label that most people said; one of them by chance where they are level."""
    from crowdkit.aggregation import MajorityVote

    np.random.seed(0)  # crowd-kit draws from it
    return dict(MajorityVote().fit_predict(_table(said)))


def dawid_skene(said: Sequence[Spoken]) -> dict[str, str]:
    """The likeliest label if each person has a table of confusions (Dawid and Skene, 1979)."""
    from crowdkit.aggregation import DawidSkene

    return dict(DawidSkene(n_iter=30).fit_predict(_table(said)))


RULES: dict[str, Rule] = {"last_word": last_word, "majority": majority, "dawid_skene": dawid_skene}


def _table(said: Sequence[Spoken]) -> pd.DataFrame:
    """As crowd-kit reads it: a row for each word."""
    table = [(word.message_id, word.user_id, word.label_id) for word in said]
    return pd.DataFrame(table, columns=["task", "worker", "label"])


if __name__ == "__main__":
    sys.exit(main())
