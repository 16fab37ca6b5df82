"""Messages that read like instructions to a model: they are content, and a generator is told only that they exist.

The patterns follow known attacks (OWASP LLM01:2025, "Prompt Injection"). They are the second line of defence: the first
is that a message stays one line behind its author's name, the third that a summary is checked against the thread.
"""

from __future__ import annotations

import re

AI = r"(?:ai|llm|gpt|chatgpt|bot|assistant|language\ model|summari[sz]er|model)"
RULES = r"(?:instruction|direction|prompt|rule|guideline|command|order|restriction|safety)s?"
SUMMARY = r"(?:summary|output|response|reply|answer)"

PATTERN = re.compile(
    rf"""
      \b(?:ignore|disregard|forget|override|bypass)\b (?!\W+my\b) .{{0,40}}
      \b(?:{RULES}|above|previous|everything|all)\b
    | \b(?:do\ not|don't|never|stop)\W+(?:follow|obey|summari[sz]\w+|mention) \b (?!\W+(?:it|up)\b)
    | \b(?:system|developer|admin)\W{{0,3}}(?:prompt|message|override|instruction|mode)s? \b
    | ^\W*(?:system|assistant|developer|human|ai|instruction|summary|conversation)s?\W*[\]>:=]
    | \b(?:you\ are|act\ as|pretend|behave\ (?:like|as)|role-?play) \b .{{0,30}}
      \b(?:{AI}|dan|now|unrestricted|jailbroken|pirate|you\ are) \b
    | \bfrom\ now\ on,?\ you\b
    | \b(?:dear|hey|hi|attention|note\ to|message\ to|to)\W+(?:(?:the|any|all|every)\W+)?{AI}s?\b
    | \b(?:in|of|to)\ (?:your|the|this)\ {SUMMARY} \b
    | \b(?:summari[sz]e|{SUMMARY}|respond|print|repeat|translate|write|say|return)\b .{{0,30}}
      \b(?:only|exactly|instead|verbatim|nothing\ else|the\ (?:words?|phrase|following)) \b
    | \b(?:the|your|this|any)\ {SUMMARY}\ (?:must|should|has\ to|shall|needs\ to|is\ to) \b
    | \b(?:reveal|print|show|tell|leak|repeat|expose|include)\b .{{0,30}}
      \b(?:your\ (?:prompt|{RULES}|configuration)|secrets?|api\ keys?|access\ tokens?|passwords?|credentials) \b
    | \b(?:new|updated|real|actual)\ (?:{RULES}|task|objective)\s*(?:is|are|:)
    | \b(?:jailbreak|dan\ mode|god\ mode|sudo\ mode|do\ anything\ now) \b
    | <\|.*?\|> | <(?:start|end)_of_turn> | \[/?inst\] | <</?sys>>
    | </?(?:s|system|user|assistant|instructions?|prompt)>
    | ^\#{{2,}}\s*(?:instruction|response|system)
    | \b(?:ignora|ignore|olvida|omite|esquece|esqueça|desconsidere)\b .{{0,30}}
      \b(?:instruc|instruç|órdenes|ordens|reglas|regras|anterior|todo\ lo|tudo)
    | \b(?:ignoriere|vergiss|missachte)\b .{{0,30}} \b(?:anweisung|regeln|befehle|alles|vorherig)
    | \b(?:ignore[zr]?|oublie[zr]?)\b .{{0,30}} \b(?:consignes?|règles|précédent)
    | \b(?:ignora|dimentica)\b .{{0,30}} \b(?:istruzioni|regole|precedent)
    | \b(?:игнорируй|забудь|проигнорируй)\w* .{{0,30}} \b(?:инструкци|правил|предыдущ)
    | (?:忽略|无视|忘记) .{{0,15}} (?:指令|指示|规则|说明|内容) | (?:指示|命令|ルール) .{{0,10}} (?:無視|忘れ)
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


def is_prompt_like(text: str) -> bool:
    """Does this text address whoever summarizes it?"""
    return PATTERN.search(text) is not None
