"""Personal data and secrets are taken out of what people write before anything is kept, shown to reviewers or learned.

Phone numbers are found by Google's libphonenumber, cards and bank accounts by their check digits (python-stdnum).
Names are not found: that takes a language model for each language (docs/decisions/0015-masking.md).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence

from phonenumbers import PhoneNumberMatcher
from stdnum import iban, luhn

EMAIL, PHONE, CARD, ACCOUNT, ADDRESS, KEY = "[email]", "[phone]", "[card]", "[iban]", "[ip]", "[key]"
PHONE_DIGITS_LEAST = 7
# Of what looks like a number in one text, and is none.
PHONE_TRIES_MOST = 1_000
# Presidio's recognizer looks in a similar list; a number with its country's code is found wherever it is from.
REGIONS = ("US", "GB", "BR", "PT", "ES", "FR", "DE", "IN")

# Whoever writes waits for this: no expression may take longer than in proportion to the text, so all are bounded.
_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]*KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*KEY[A-Z ]*-----|\Z)", re.DOTALL
)
# As their issuers document them: each begins with letters that nothing else begins with.
_ISSUED = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      xox[a-z]-[A-Za-z0-9-]{10,} | xapp-[A-Za-z0-9-]{10,} | xoxe\.[A-Za-z0-9.-]{10,}       # Slack
    | (?:gh[oprsu]_|github_pat_)[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_-]{16,}                # GitHub, GitLab
    | (?:AKIA|ASIA)[A-Z0-9]{16} | AIza[A-Za-z0-9_-]{30,} | ya29\.[A-Za-z0-9_-]{20,}         # Amazon, Google
    | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,} | sk-[A-Za-z0-9_-]{16,}                   # Stripe, model vendors
    | hf_[A-Za-z0-9]{20,} | npm_[A-Za-z0-9]{30,} | pypi-[A-Za-z0-9_-]{30,}                  # Hugging Face, npm, PyPI
    | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,} | dop_v1_[a-f0-9]{32,}                     # SendGrid, DigitalOcean
    | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?                          # JSON Web Tokens
    )""",
    re.VERBOSE,
)
_HOOK = re.compile(r"https://hooks\.slack\.com/\S+")
# Names in settings have a front: AWS_SECRET_ACCESS_KEY, db_password.
_NAMED = re.compile(
    r"""(?P<name>(?<![A-Za-z0-9])(?:api[ _-]?key|access[ _-]?key|secret[ _-]?key|private[ _-]?key|client[ _-]?secret
        |[a-z_-]{0,40}token|[a-z_-]{0,40}secret|pass(?:word|wd|phrase)|pwd|senha|contrase[ñn]a|clave)\b["']?
        \s*(?:is|[ée]|es|[:=]|=>|:=)\s*["'`]?)
    (?P<value>(?=[^\s"'`]*[\d_+/=!@\#$%^&*])[^\s"'`,;<>]{6,})""",
    re.VERBOSE | re.IGNORECASE,
)
_BEARER = re.compile(r"(?P<name>\b(?:bearer|basic)\s+)(?P<value>[A-Za-z0-9_.~+/=-]{16,})", re.IGNORECASE)
_IN_ADDRESS = re.compile(
    r"(?P<name>\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@]{0,200}:)(?P<value>[^\s:/@]{1,500})(?=@)", re.IGNORECASE
)
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,9}\.[^\W\d_]{2,63}")
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
_CARD = re.compile(r"(?<![\w.])[2-6]\d{3}(?:[ -]?\d){8,14}\d(?![\w]|\.\d)")
_ADDRESS = re.compile(
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)|(?<![\w:.])[0-9a-f]{0,4}:[0-9a-f:]{1,37}(?![\w:])",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")

Mask = Callable[[str], str]


class Masking:
    """Takes a text and gives it back with a word such as `[email]` in the place of each thing that was found.

    `regions`: the countries (ISO 3166) from which people write phone numbers without their country's code.
    """

    def __init__(self, regions: Sequence[str] = REGIONS) -> None:
        self._regions = tuple(regions)

    def __call__(self, text: str) -> str:
        """The same text without personal data; masking it again changes nothing."""
        text = _PEM.sub(KEY, text)
        text = _HOOK.sub(KEY, _ISSUED.sub(KEY, text))
        for named in (_IN_ADDRESS, _NAMED, _BEARER):
            text = named.sub(_keep_name, text)
        text = _EMAIL.sub(EMAIL, text) if "@" in text else text
        if not _DIGIT.search(text):
            return text
        text = _ACCOUNT.sub(_account, text)
        text = _CARD.sub(_card, text)
        return self._without_phones(_ADDRESS.sub(_address, text))

    def _without_phones(self, text: str) -> str:
        """The numbers from which most is left, first: each region finds its own way of writing them."""
        for region in (None, *self._regions):
            if len(_DIGIT.findall(text)) < PHONE_DIGITS_LEAST:
                return text
            for found in reversed(list(PhoneNumberMatcher(text, region, max_tries=PHONE_TRIES_MOST))):
                if len(_DIGIT.findall(found.raw_string)) >= PHONE_DIGITS_LEAST:
                    text = text[: found.start] + PHONE + text[found.end :]
        return text


def unmasked(text: str) -> str:
    """What stands for masking where an operator turned it off."""
    return text


def _keep_name(found: re.Match[str]) -> str:
    return str(found["name"]) + KEY


def _account(found: re.Match[str]) -> str:
    """What begins as an account may be followed by words in capitals: the longest beginning that checks."""
    whole = found[0]
    for end in range(len(whole), 14, -1):
        if iban.is_valid(whole[:end], check_country=False) and (
            end == len(whole) or not whole[end].isalnum()
        ):
            return ACCOUNT + whole[end:]
    return whole


def _card(found: re.Match[str]) -> str:
    return CARD if luhn.is_valid(re.sub(r"[ -]", "", found[0])) else found[0]


def _address(found: re.Match[str]) -> str:
    try:
        ipaddress.ip_address(found[0])
    except ValueError:
        return found[0]
    return ADDRESS
