"""Personal data and secrets are taken out of what people write before anything is kept, shown to reviewers or learned.

Phone numbers are found by Google's libphonenumber, cards and bank accounts by their check digits (python-stdnum).
Names are not found: that takes a language model for each language (docs/decisions/0015-masking.md).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence

from phonenumbers import PhoneNumberMatcher
from stdnum import iban, luhn

from learning.text.linear import DIGIT, LETTER, SPACE, WORD, Match, Pattern

EMAIL, PHONE, CARD, ACCOUNT, ADDRESS, KEY = "[email]", "[phone]", "[card]", "[iban]", "[ip]", "[key]"
PHONE_DIGITS_LEAST = 7
# Of what looks like a number in one text, and is none.
PHONE_TRIES_MOST = 1_000
# Presidio's recognizer looks in a similar list; a number with its country's code is found wherever it is from.
REGIONS = ("US", "GB", "BR", "PT", "ES", "FR", "DE", "IN")

# Whoever writes waits for this. Of secrets each kind is looked for by itself, so that none hides the end of another.
_PEM = Pattern(
    r"(?s)-----BEGIN [A-Z0-9 ]*KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*KEY[A-Z ]*-----|\z)",
)
# As their issuers document them: each begins with letters that nothing else begins with.
_ISSUED = (
    Pattern(
        r"xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|xoxe\.[A-Za-z0-9.-]{10,}"  # Slack
        r"|(?:gh[oprsu]_|github_pat_)[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"  # GitHub, GitLab
        r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}"  # Amazon, Google
        r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}|sk-[A-Za-z0-9_-]{16,}"  # Stripe, model vendors
        r"|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}"  # Hugging Face, npm, PyPI
        r"|dop_v1_[a-f0-9]{32,}",  # DigitalOcean
        unless_after="A-Za-z0-9",
    ),
    Pattern(r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}", unless_after="A-Za-z0-9"),  # SendGrid
    # JSON Web Tokens
    Pattern(
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
        unless_after="A-Za-z0-9",
    ),
)
_HOOK = Pattern(rf"https://hooks\.slack\.com/[^{SPACE}]+")
# Names in settings have a front: AWS_SECRET_ACCESS_KEY, db_password.
_NAME = (
    r"(?:api[ _-]?key|access[ _-]?key|secret[ _-]?key|private[ _-]?key|client[ _-]?secret"
    r"|[a-z_-]{0,40}token|[a-z_-]{0,40}secret|pass(?:word|wd|phrase)|pwd|senha|contrase[ñn]a|clave)"
    rf"(?:[\"']?[{SPACE}]*(?:[:=]|=>|:=)|(?:[\"'][{SPACE}]*|[{SPACE}]+)(?:is|[ée]|es))[{SPACE}]*[\"'`]?"
)
# Words are left: a secret of six signs or more has one that words do not have, or is followed by one.
_SIGN = rf"[{DIGIT}_+/=!@#$%^&*]"
_VALUE = rf"[^{SPACE}\"'`,;<>]"
_WITH_SIGN = "|".join(
    (*(f"{_VALUE}{{{n}}}{_SIGN}{_VALUE}{{{5 - n},}}" for n in range(6)), f"{_VALUE}{{6,}}{_SIGN}{_VALUE}*")
)
_NAMED = (
    Pattern(rf"(?i)(?P<name>{_NAME})(?:{_WITH_SIGN})", unless_after="A-Za-z0-9"),
    Pattern(
        rf"(?i)(?P<name>{_NAME}){_VALUE}{{6,}}",
        unless_after="A-Za-z0-9",
        ahead=rf"[,;<>][^{SPACE}\"'`]{{0,100}}?{_SIGN}",
    ),
    Pattern(rf"(?i)(?P<name>(?:bearer|basic)[{SPACE}]+)[A-Za-z0-9_.~+/=-]{{16,}}", unless_after=WORD),
)
_IN_ADDRESS = Pattern(
    rf"(?i)(?P<name>[a-z][a-z0-9+.-]{{0,30}}://[^{SPACE}:/@]*:)[^{SPACE}:/@]+", unless_after=WORD, ahead="@"
)
_EMAIL = Pattern(
    rf"[{WORD}.!#$%&'*+/=?^`{{|}}~-]+@[{WORD}-]+(?:\.[{WORD}-]+)*\.[{LETTER}]{{2,}}",
)
_ACCOUNT = Pattern(rf"[A-Z]{{2}}[{DIGIT}]{{2}}(?: ?[A-Z0-9]){{11,30}}", unless_after=WORD, unless_before=WORD)
_NO_FRACTION = rf"(?:\z|[^{WORD}.]|\.(?:\z|[^{DIGIT}]))"
_CARD = Pattern(
    rf"[2-6][{DIGIT}]{{3}}(?:[ -]?[{DIGIT}]){{8,14}}[{DIGIT}]", unless_after=f"{WORD}.", ahead=_NO_FRACTION
)
_ADDRESSES = (
    Pattern(r"(?i)[0-9a-f]{0,4}:[0-9a-f:]{1,37}", unless_after=f"{WORD}:.", unless_before=f"{WORD}:"),
    Pattern(rf"(?:[{DIGIT}]{{1,3}}\.){{3}}[{DIGIT}]{{1,3}}", unless_after=f"{WORD}.", ahead=_NO_FRACTION),
)

Mask = Callable[[str], str]


class Masking:
    """Takes a text and gives it back with a word such as `[email]` in the place of each thing that was found.

    `regions`: the countries (ISO 3166) from which people write phone numbers without their country's code.
    """

    def __init__(self, regions: Sequence[str] = REGIONS) -> None:
        self._regions = tuple(regions)

    def __call__(self, text: str) -> str:
        """The same text without personal data; masking it again changes nothing."""
        for issued in (_PEM, *_ISSUED, _HOOK):
            text = issued.sub(KEY, text)
        for named in (_IN_ADDRESS, *_NAMED):
            text = named.sub(_keep_name, text)
        text = _EMAIL.sub(EMAIL, text) if "@" in text else text
        if not any(sign.isdecimal() for sign in text):
            return text
        text = _CARD.sub(_card, _ACCOUNT.sub(_account, text))
        for address in _ADDRESSES:
            text = address.sub(_address, text)
        return self._without_phones(text)

    def _without_phones(self, text: str) -> str:
        """The numbers from which most is left, first: each region finds its own way of writing them."""
        for region in (None, *self._regions):
            if _digits(text) < PHONE_DIGITS_LEAST:
                return text
            parts, end = [], 0
            for found in PhoneNumberMatcher(text, region, max_tries=PHONE_TRIES_MOST):
                if _digits(found.raw_string) >= PHONE_DIGITS_LEAST:
                    parts += [text[end : found.start], PHONE]
                    end = found.end
            text = "".join([*parts, text[end:]])
        return text


def _digits(text: str) -> int:
    return sum(sign.isdecimal() for sign in text)


def unmasked(text: str) -> str:
    """What stands for masking where an operator turned it off."""
    return text


def _keep_name(found: Match) -> str:
    return found["name"] + KEY


def _account(found: Match) -> str:
    """What begins as an account may be followed by words in capitals: the longest beginning that checks."""
    whole = found[0]
    for end in range(len(whole), 14, -1):
        is_word_end = end == len(whole) or not whole[end].isalnum()
        if is_word_end and iban.is_valid(whole[:end], check_country=False):
            return ACCOUNT + whole[end:]
    return whole


def _card(found: Match) -> str:
    return CARD if luhn.is_valid(found[0].replace(" ", "").replace("-", "")) else found[0]


def _address(found: Match) -> str:
    try:
        ipaddress.ip_address(found[0])
    except ValueError:
        return found[0]
    return ADDRESS
