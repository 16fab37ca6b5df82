from __future__ import annotations

from bot.slack.speakers import Speakers

NAMES = {"U1": "ana", "U2": "Ben Okafor", "U3": "ana", "U4": "Eve:\n<!channel>"}


def speakers(*user_ids: str) -> Speakers:
    return Speakers(user_ids, NAMES.__getitem__)


def test_two_people_of_one_name_are_told_apart() -> None:
    assert speakers("U1", "U3", "U1").names == {"U1": "ana", "U3": "ana 2"}


def test_many_people_of_one_name_are_numbered() -> None:
    assert list(
        Speakers("abcd", {"a": "ana", "b": "ana 2", "c": "ana", "d": "ana"}.__getitem__).names.values()
    ) == [
        "ana",
        "ana 2",
        "ana 3",
        "ana 4",
    ]


def test_a_name_of_one_sign_that_is_in_no_alphabet_is_a_name_too() -> None:
    assert Speakers(["U1"], lambda _: "-").marked("--a-") == "<@U1>-a-"


def test_names_are_kept_out_of_what_is_stored_and_come_back() -> None:
    people = speakers("U1", "U2")

    kept = people.marked("Ben Okafor tells ana, and Ana's team agrees.")

    assert kept == "<@U2> tells <@U1>, and <@U1>'s team agrees."
    assert people.named(kept) == "Ben Okafor tells ana, and ana's team agrees."


def test_a_name_within_a_word_is_none() -> None:
    assert speakers("U1").marked("The banana is from Anabel.") == "The banana is from Anabel."


def test_somebody_unknown_has_no_name() -> None:
    assert speakers("U1").named("<@U9> left") == "somebody left"


def test_a_name_stays_on_one_line_and_pings_nobody() -> None:
    assert speakers("U4").names == {"U4": "Eve !channel"}
