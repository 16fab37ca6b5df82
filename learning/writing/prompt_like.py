"""Messages that read like instructions to a model: they are content, and a generator is told only that they exist.

The patterns follow known attacks (OWASP LLM01:2025, "Prompt Injection"). They are the second line of defence: the first
is that a message stays one line behind its author's name, the third that a summary is checked against the thread.
"""

from __future__ import annotations

from learning.text.linear import SPACE, WORD, Pattern

AI = r"(?:ai|llm|gpt|chatgpt|bot|assistant|language model|summari[sz]er|model)"
RULES = r"(?:instruction|direction|prompt|rule|guideline|command|order|restriction|safety)s?"
SUMMARY = r"(?:summary|output|response|reply|answer)"
# Anything but a word, and as much but for the end of a line.
APART, BETWEEN = rf"[^{WORD}]", rf"[^{WORD}\n]"


def _within(most: int) -> str:
    """What may stand between two words that belong together."""
    return f"{BETWEEN}(?:.{{0,{most - 2}}}{BETWEEN})?"


IGNORE = r"(?:ignore|disregard|forget|override|bypass)"
NEVER = rf"(?:do not|don't|never|stop){APART}+(?:follow|obey|summari[sz][{WORD}]+|mention)"
# "Ignore my last message", "don't mention it": people say so to people.
OVERRIDING = Pattern(
    rf"(?i)(?P<polite>{IGNORE}{APART}+my|{NEVER}{APART}+(?:it|up))"
    rf"|{IGNORE}{_within(40)}(?:{RULES}|above|previous|everything|all)|{NEVER}",
    unless_after=WORD,
    unless_before=WORD,
)
# Each from a word's beginning to a word's end.
ADDRESSING = Pattern(
    rf"(?i)(?:system|developer|admin){APART}{{0,3}}(?:prompt|message|override|instruction|mode)s?"
    rf"|(?:you are|act as|pretend|behave (?:like|as)|role-?play){_within(30)}"
    rf"(?:{AI}|dan|now|unrestricted|jailbroken|pirate|you are)"
    r"|from now on,? you"
    rf"|(?:dear|hey|hi|attention|note to|message to|to){APART}+(?:(?:the|any|all|every){APART}+)?{AI}s?"
    rf"|(?:in|of|to) (?:your|the|this) {SUMMARY}"
    rf"|(?:summari[sz]e|{SUMMARY}|respond|print|repeat|translate|write|say|return){_within(30)}"
    r"(?:only|exactly|instead|verbatim|nothing else|the (?:words?|phrase|following))"
    rf"|(?:the|your|this|any) {SUMMARY} (?:must|should|has to|shall|needs to|is to)"
    rf"|(?:reveal|print|show|tell|leak|repeat|expose|include){_within(30)}"
    rf"(?:your (?:prompt|{RULES}|configuration)|secrets?|api keys?|access tokens?|passwords?|credentials)"
    r"|(?:jailbreak|dan mode|god mode|sudo mode|do anything now)",
    unless_after=WORD,
    unless_before=WORD,
)
# Each from a word's beginning.
BEGUN = Pattern(
    rf"(?i)(?:new|updated|real|actual) (?:{RULES}|task|objective)[{SPACE}]*(?:(?:is|are)(?:\z|{APART})|:)"
    rf"|(?:ignora|ignore|olvida|omite|esquece|esqueça|desconsidere){_within(30)}"
    r"(?:instruc|instruç|órdenes|ordens|reglas|regras|anterior|todo lo|tudo)"
    rf"|(?:ignoriere|vergiss|missachte){_within(30)}(?:anweisung|regeln|befehle|alles|vorherig)"
    rf"|(?:ignore[zr]?|oublie[zr]?){_within(30)}(?:consignes?|règles|précédent)"
    rf"|(?:ignora|dimentica){_within(30)}(?:istruzioni|regole|precedent)"
    rf"|(?:игнорируй|забудь|проигнорируй)[{WORD}]*.{{0,29}}{BETWEEN}(?:инструкци|правил|предыдущ)",
    unless_after=WORD,
)
ANYWHERE = Pattern(
    rf"(?im)^{APART}*(?:system|assistant|developer|human|ai|instruction|summary|conversation)s?{APART}*[\]>:=]"
    r"|<\|.*\|>|<(?:start|end)_of_turn>|\[/?inst\]|<</?sys>>|</?(?:s|system|user|assistant|instructions?|prompt)>"
    rf"|^#{{2,}}[{SPACE}]*(?:instruction|response|system)"
    r"|(?:忽略|无视|忘记).{0,15}(?:指令|指示|规则|说明|内容)|(?:指示|命令|ルール).{0,10}(?:無視|忘れ)"
)
# Letters that Python takes for an i, whatever its case, and RE2 does not.
OTHER_I = str.maketrans("İı", "Ii")


def is_prompt_like(text: str) -> bool:
    """Does this text address whoever summarizes it?"""
    text = text.translate(OTHER_I)
    return any(one.search(text) for one in (ANYWHERE, ADDRESSING, BEGUN)) or any(
        not found["polite"] for found in OVERRIDING.finditer(text)
    )
