"""Messages that ask for nothing and report nothing, such as "ok", "thanks" or a lone emoji: a small rule.

It is meant to miss much, and to leave out nothing that anybody wants labelled: each word has to belong to a phrase of
one and the same language. What is not written in English, Portuguese or Spanish has words.
"""

from __future__ import annotations

import unicodedata

from bot.language.catalogues import Language
from bot.slack.mrkdwn import EMOJI, LINK, MENTION
from learning.text.linear import Match, Pattern

# What is longer says something, or is too long to be worth finding out.
MAX_CHARACTERS = 400
MAX_WORDS = 8
MAX_WORDS_OF_A_PHRASE = 4
KEYCAP = "\u20e3"
# What people type laughing: these letters, in any order, three or more.
LAUGHTER = (
    frozenset("ha"),
    frozenset("he"),
    frozenset("ja"),
    frozenset("je"),
    frozenset("rs"),
    frozenset("k"),
)

_EVERYWHERE = "ok, okay, okey, k, kk, lol, +1, 1+, top, super, cool"
_PHRASES: dict[Language, str] = {
    "en": """
        thanks, thank you, thank u, thx, tnx, ty, tysm, cheers, many thanks, thanks a lot, thanks a bunch,
        thanks a million, thanks so much, thank you so much, thank you very much, much appreciated, appreciated,
        thanks all, thanks everyone, thank you all, thanks team, thanks again, thank you again,
        great, nice, perfect, awesome, excellent, wonderful, lovely, brilliant, sweet, good, very good, very nice,
        all good, sounds good, sounds great, looks good, lgtm, fine, alright, all right, right, sure, of course,
        yes, yep, yeah, yup, no, nope, done, got it, noted, understood, will do, agreed, indeed, exactly, same,
        no problem, np, no worries, you are welcome, youre welcome, welcome, my pleasure, anytime,
        hi, hello, hey, hi all, hello all, hi everyone, hello everyone, good morning, good afternoon, good evening,
        good night, morning, bye, see you, congrats, congratulations, wow, oh, ah, please, so, and, that is, thats
    """,
    "pt": """
        obrigado, obrigada, obg, obgd, brigado, brigada, muito obrigado, muito obrigada, valeu, vlw, grato, grata,
        agradeco, obrigado a todos, obrigada a todos, obrigado pessoal, obrigada pessoal,
        otimo, otima, perfeito, perfeita, excelente, maravilha, legal, massa, show, bom, boa, muito bom, fixe, bacana,
        beleza, blz, ta, ta bom, ta bem, esta bem, esta bom, tudo bem, tudo bom, tudo certo, certo, combinado, fechado,
        claro, com certeza, sim, nao, isso, isso mesmo, exato, feito, pronto, entendi, entendido, percebi, anotado,
        de nada, por nada, sem problema, sem problemas, imagina, disponha,
        oi, ola, ola a todos, oi pessoal, ola pessoal, bom dia, boa tarde, boa noite, tchau, ate logo, ate ja,
        parabens, por favor, e, entao, muito, mesmo
    """,
    "es": """
        gracias, muchas gracias, mil gracias, muchisimas gracias, gracias a todos, gracias de nuevo, se agradece,
        genial, perfecto, perfecta, excelente, estupendo, fantastico, bueno, bien, muy bien, muy bueno, buenisimo,
        todo bien, vale, dale, de acuerdo, esta bien, listo, hecho, claro, claro que si, por supuesto, desde luego,
        si, no, exacto, eso es, asi es, entendido, anotado, comprendido, enterado, recibido,
        de nada, no hay de que, no hay problema, sin problema, con gusto, a la orden,
        hola, hola a todos, buenas, buenos dias, buenas tardes, buenas noches, adios, hasta luego,
        felicidades, enhorabuena, por favor, y, pues, muy, mucho
    """,
}


def says_nothing(text: str) -> bool:
    """Does a message, in Slack's mrkdwn, consist of thanks, assent, greetings, laughter, emoji and signs alone?

    An empty one does; one that is a question mark alone asks something. The time that it takes is bounded.
    """
    if len(text) > MAX_CHARACTERS or sum(map(str.isalpha, text.split())) > MAX_WORDS:
        return False  # at once: an acknowledgement waits for this
    words = _words(_bare(text))
    if len(words) > MAX_WORDS or (not words and "?" in text):
        return False
    return any(_consists_of(words, phrases) for phrases in _KNOWN)


def has_no_words(text: str) -> bool:
    """Does a message, in Slack's mrkdwn, consist of emoji, bare links, mentions and signs alone?

    One that is a question mark alone asks something. The time that it takes is bounded.
    """
    if len(text) > MAX_CHARACTERS:
        return False
    left = _ADDRESS.sub(" ", LINK.sub(_words_of_link, _bare(text)))
    return not _words(left) and "?" not in left


# As apps and files have it; Slack puts what people write into brackets.
_ADDRESS = Pattern(r"https?://[^\s<>|]+")


def _bare(text: str) -> str:
    return EMOJI.sub(" ", MENTION.sub(" ", text))


def _words_of_link(found: Match) -> str:
    """Return what somebody wrote for a link; nothing if that is its address, as Slack has it of `example.com`."""
    address, words = found["address"], found["words"]
    _scheme, _, rest = address.partition(":")
    return "" if words in ("", address, rest.lstrip("/")) else words


def _words(text: str) -> list[str]:
    """Its words, without accents, case and signs; letters that were held down count once."""
    kept = unicodedata.normalize("NFD", text.casefold())
    seen = [
        one if one.isalnum() or one == "+" else "" if one in "'’" or unicodedata.combining(one) else " "
        for one in _without_keycaps(kept)
    ]
    return [_unheld(word) for word in "".join(seen).split() if word.strip("+")]


def _without_keycaps(text: str) -> str:
    """An emoji such as 1️⃣ is a digit in a frame."""
    before, *rest = text.split(KEYCAP)
    for part in rest:
        before = before.rstrip("\ufe0f")[:-1] + part
    return before


def _unheld(word: str) -> str:
    """`thanksss` as `thanks`: three of one letter in a row are one."""
    kept = ""
    at = 0
    while at < len(word):
        end = at + 1
        while end < len(word) and word[end] == word[at]:
            end += 1
        kept += word[at] if end - at > 2 else word[at:end]
        at = end
    return kept


def _consists_of(words: list[str], phrases: frozenset[tuple[str, ...]]) -> bool:
    """Can all the words be read as phrases, one after the other?"""
    reached = {0}
    for start in range(len(words)):
        if start not in reached:
            continue
        if _is_laughter(words[start]):
            reached.add(start + 1)
        for length in range(1, MAX_WORDS_OF_A_PHRASE + 1):
            if tuple(words[start : start + length]) in phrases:
                reached.add(start + length)
    return len(words) in reached


def _is_laughter(word: str) -> bool:
    return len(word) > 2 and any(set(word) <= letters for letters in LAUGHTER)


def _phrases(written: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in " ".join(written.split()).split(", "))


_KNOWN = tuple(_phrases(f"{_EVERYWHERE}, {one.strip()}") for one in _PHRASES.values())
