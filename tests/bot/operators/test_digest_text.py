from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.language.catalogues import LANGUAGES, speaking
from bot.operators.digest_text import digest_text, wording
from learning.evaluation.accuracy import Accuracy
from learning.evaluation.curve import Promoted, draw
from storage.reports.digests import Confusion, Week
from storage.tables.models import Decision, Grounds, Ruling
from tests.factories import ANA, BEN, TEAM, measured


def told(accuracy: Accuracy | None = None, **given: Any) -> str:
    standard: dict[str, Any] = {
        "since": 100.0,
        "words": 3,
        "confusion": Confusion("bug", "a <b>", 2),
        "helpers": [(BEN, 2), (ANA, 1)],
        "new_labels": ["data export"],
        "promotions": [promoted(2, 50.0), promoted(3, 150.0)],
    }
    week = Week(**{**standard, **given})
    return digest_text(week, accuracy, lambda user: {ANA: "Ana", BEN: "Ben"}.get(user, user))


def promoted(number: int, at: float) -> Ruling:
    return Ruling(
        team_id=TEAM,
        challenger=number,
        champion=number - 1,
        grounds=Grounds.HOLDOUT,
        decision=Decision.PROMOTE,
        reason="2 points better",
        made_at=at,
    )


def test_a_week_is_told_in_words_and_nobody_is_mentioned() -> None:
    text = told(measured(97, 100))

    assert (
        "Accuracy in all channels: 97% (95% interval: 92% to 99%), "
        "by 100 messages picked at random and reviewed." in text
    )
    assert (
        "3 messages that somebody settled; new labels “data export”; v3 took the place of v2, on messages"
        in text
    )
    assert "v2 took" not in text
    assert "I said “bug” where “a &lt;b&gt;” was right, 2 times" in text
    assert "Whose corrections helped: Ben (2), Ana (1). Thank you!" in text
    assert "<@" not in text


def test_what_did_not_happen_is_left_out_or_said() -> None:
    text = told(confusion=None, helpers=[])

    assert "ccuracy" not in text
    assert "%" not in text
    assert "Most confused: nothing." in text
    assert "helped" not in text


def test_of_many_helpers_some_are_named() -> None:
    assert "and 3 more" in told(helpers=[(f"U{number}", 1) for number in range(8)])


def test_the_picture_is_told_in_the_language_of_the_digest() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
    seen = {}
    for language in LANGUAGES:
        with speaking(language):
            words = wording()
        seen[language] = words.title, draw([measured(9, 10)], [Promoted(3, at)], at, UTC, words)[1]

    assert seen == {
        "en": (
            "Accuracy by week, all channels",
            "Accuracy by week, all channels: 90% in the week to Nov 23 (95% interval: 62% to 99%). "
            "v3 took over on Nov 23.",
        ),
        "pt": (
            "Acerto por semana, todos os canais",
            "Acerto por semana, todos os canais: 90% na semana até 23 nov (intervalo de 95%: 62% a 99%). "
            "v3 entrou em serviço em 23 nov.",
        ),
        "es": (
            "Aciertos por semana, todos los canales",
            "Aciertos por semana, todos los canales: 90% en la semana hasta el 23 nov (intervalo del 95%: 62% a 99%). "
            "v3 entró en servicio el 23 nov.",
        ),
    }


def test_why_a_version_took_over_is_told_in_the_language_of_the_digest() -> None:
    with speaking("pt"):
        text = told()

    assert "v3 tomou o lugar de v2, em mensagens reservadas para comparar" in text
    assert "points better" not in text
