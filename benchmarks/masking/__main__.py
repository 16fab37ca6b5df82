"""How much personal data masking finds, how much else it takes, and how long a message takes.

Found: texts made here, with numbers and keys drawn at random in the ways in which people write them. Taken by mistake:
Banking77's test messages, which hold none. Time: beside reading the same message with the encoder, one thread, in the
same run.
"""

from __future__ import annotations

import argparse
import random
import string
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import phonenumbers
from phonenumbers import PhoneNumberFormat
from rich.progress import track
from stdnum import iso7064, luhn

from benchmarks.measuring.data import MissingDataError, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from learning.encoders.encoder import load_encoder
from learning.text.masking import ACCOUNT, ADDRESS, CARD, EMAIL, KEY, PHONE, REGIONS, Masking

EACH = 500
TIMED = 300
SENTENCES = (
    "{} is mine, please check",
    "Please write it to {}.",
    "It says ({}) on my screen",
    "{}",
    "why {}?",
)
BOUNDS = (
    Bound("found_least", at_least=0.95),
    Bound("taken_by_mistake", at_most=0.002),
    Bound("ratio_to_encoder", at_most=0.1),
    Bound("worst_s", at_most=1.0),
)
# The most that Slack lets anybody write at once, of what expressions are slow at: many beginnings without an end.
LONGEST = 40_000
BEGINNINGS = ("a-", "a_", "x@a.", "a:", ":", "1.", "12 34 56 ", "AA11 ", "4", "http://a:", "password is ")
Draw = Callable[[random.Random], str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.masking", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it: a smoke test")
    options = parser.parse_args(arguments)
    each, timed = (EACH // 10, TIMED // 10) if options.quick else (EACH, TIMED)
    try:
        clean = [row.text for row in rows("banking77_test.jsonl")]
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    mask = Masking()
    dice = random.Random(0)  # noqa: S311
    numbers = [_phone(dice) for _ in range(timed)]
    found = dict(_found(mask, each))
    taken = sum(mask(text) != text for text in clean) / len(clean)
    masking_s = _seconds_each(mask, clean[:timed])
    encoder = load_encoder(None, 256, threads=1)
    encoding_s = _seconds_each(lambda text: encoder.encode([text]), clean[:timed])
    figures = {
        **{f"found_{kind}": share for kind, share in found.items()},
        "found_least": min(found.values()),
        "taken_by_mistake": taken,
        "masking_ms": 1_000 * masking_s,
        "masking_with_numbers_ms": 1_000 * _seconds_each(mask, numbers),
        "worst_s": max(_seconds_each(mask, [begin * (LONGEST // len(begin))]) for begin in BEGINNINGS),
        "encoding_ms": 1_000 * encoding_s,
        "ratio_to_encoder": masking_s / encoding_s,
    }
    return conclude("masking", figures, BOUNDS)


def _found(mask: Masking, each: int) -> Iterator[tuple[str, float]]:
    for kind, (draw, sign) in track(DRAWN.items(), "Masking", console=progress):
        dice, hidden = random.Random(kind), 0  # noqa: S311
        for _ in range(each):
            value = draw(dice)
            masked = mask(dice.choice(SENTENCES).format(value))
            hidden += sign in masked and value not in masked
        yield kind, hidden / each


def _seconds_each(do: Callable[[str], object], texts: list[str]) -> float:
    began = time.perf_counter()
    for text in texts:
        do(text)
    return (time.perf_counter() - began) / len(texts)


def _email(dice: random.Random) -> str:
    name = dice.choice(("ana", "ben.okafor", "chloe_m", "dev+bills", "j-doe", "maría"))
    place = dice.choice(("example.com", "mail.example.co.uk", "uni-koeln.example", "example.org.br"))
    return f"{name}{dice.randrange(100)}@{place}"


def _phone(dice: random.Random) -> str:
    """A mobile number that its country could give out, as written at home or abroad."""
    region = dice.choice(REGIONS)
    like = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert like is not None
    start = str(like.national_number)[:-4]
    while True:
        digits = start + "".join(dice.choices(string.digits, k=4))
        number = phonenumbers.PhoneNumber(like.country_code, int(digits))
        if phonenumbers.is_valid_number(number):
            break
    written = dice.choice(
        (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL, PhoneNumberFormat.E164)
    )
    return str(phonenumbers.format_number(number, written))


def _card(dice: random.Random) -> str:
    first, length = dice.choice((("4", 16), ("52", 16), ("37", 15), ("6011", 16)))
    digits = first + "".join(dice.choices(string.digits, k=length - len(first) - 1))
    digits += luhn.calc_check_digit(digits)
    groups = [digits[start : start + 4] for start in range(0, length, 4)]
    return dice.choice(("", " ", "-")).join(groups)


def _account(dice: random.Random) -> str:
    country, length = dice.choice((("DE", 18), ("FR", 23), ("GB", 18), ("ES", 20), ("PT", 21)))
    digits = "".join(dice.choices(string.digits, k=length))
    body = f"ABCD{digits[4:]}" if country == "GB" else digits
    whole = _checked(country, body)
    return dice.choice((whole, " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))))


def _checked(country: str, body: str) -> str:
    return f"{country}{iso7064.mod_97_10.calc_check_digits(body + country)}{body}"


def _address(dice: random.Random) -> str:
    if dice.random() < 0.5:
        return ".".join(str(dice.randrange(1, 255)) for _ in range(4))
    return ":".join(f"{dice.randrange(1, 65_536):x}" for _ in range(8))


def _key(dice: random.Random) -> str:
    letters = string.ascii_letters + string.digits
    first, length = dice.choice(
        (
            ("ghp_", 36),
            ("xoxb-", 40),
            ("sk-", 40),
            ("AKIA", 16),
            ("hf_", 34),
            ("glpat-", 20),
            ("sk_live_", 24),
        )
    )
    signs = string.ascii_uppercase + string.digits if first == "AKIA" else letters
    return first + "".join(dice.choices(signs, k=length))


def _password(dice: random.Random) -> str:
    at_home = ("password: ", "password is ", "api_key=", "secret = ", "senha: ", "contraseña: ")
    in_settings = ("DB_PASSWORD=", "AWS_SECRET_ACCESS_KEY=", "OPENAI_API_KEY=", "smtp-password: ")
    named = dice.choice((*at_home, *in_settings))
    return named + "".join(dice.choices(string.ascii_letters, k=6)) + str(dice.randrange(10, 99))


DRAWN: dict[str, tuple[Draw, str]] = {
    "email": (_email, EMAIL),
    "phone": (_phone, PHONE),
    "card": (_card, CARD),
    "account": (_account, ACCOUNT),
    "address": (_address, ADDRESS),
    "key": (_key, KEY),
    "password": (_password, KEY),
}


if __name__ == "__main__":
    sys.exit(main())
