"""Syntax errors in words: what was found, what would fit there, and one way to mend it."""

from __future__ import annotations

import re

from .diagnostics import did_you_mean
from .source import Place
from .tokens import Token

SECTIONS = (
    "protocol",
    "library",
    "use",
    "readings",
    "data",
    "define",
    "table",
    "inclusion",
    "exclusion",
    "part",
    "escalation",
    "example",
)
LOGIC_WORDS = "AND OR NOT ANY ALL NONE EXCEPT IF THEN IS IN KNOWN INCLUDES WHERE WITHIN BEFORE AFTER BETWEEN OF"
VALUE_WORDS = "COUNT MAX MIN MEAN LATEST EARLIEST FROM TO YEARS MONTHS DAYS ULN LLN"
KEYWORDS = frozenset(f"{LOGIC_WORDS} {VALUE_WORDS}".split())

CALLED = {
    "NAME": "a name",
    "STRING": 'a text in "quotes"',
    "NUMBER": "a number",
    "UNIT": "a unit",
    "_NL": "the end of the line",
    "_INDENT": "indented lines below",
    "_DEDENT": "the end of the block",
    "$END": "the end of the file",
    "COMMA": "`,`",
    "RPAR": "`)`",
    "LPAR": "`(`",
    "VBAR": "`|`",
    "COMPARE": "a comparison (`≥ ≤ > < = ≠`)",
    "MARK": "a marker such as (1) or ①",
    "DATE": "a date such as 2026-03-02",
    "PROTOCOL_ID": "an identifier",
    "OUTCOME": "an outcome (met, not met, unknown, not applicable) or a verdict",
    "CODE_TEXT": "a code system and a code",
    "?": "this",
}
TYPE_WORDS = {"YES_NO", "NUMBER_WORD", "COUNT_WORD", "ONE", "SEVERAL", "DATE_WORD", "TIME_WORD", "EVENT", "REPEATED"}
CONDITION_STARTS = {"NOT", "ANY", "ALL", "NONE", "AT_LEAST", "COUNT"}
SLIPS = {
    "=>": "≥ (or >=)",
    "=<": "≤ (or <=)",
    "==": "=",
    "<>": "≠ (or !=)",
    "&&": "AND",
    "||": "OR",
    "&": "AND",
    "“": 'straight quotes "…"',
    "”": 'straight quotes "…"',
    "„": 'straight quotes "…"',
    "（": "(",
    "）": ")",
    "，": ",",
    "\u00a0": "an ordinary space",
    "\u3000": "an ordinary space",
    "；": ",",
    ";": ",",
}


def expected_words(expected: frozenset[str]) -> str:
    """What would fit, in a few words."""
    if expected >= TYPE_WORDS:
        return "a type (`yes/no`, `in UNIT`, `one of a, b`, `date`, `event`, …)"
    words = []
    if expected >= CONDITION_STARTS:
        words.append("a condition or a value")
        expected = expected & {"_NL", "RPAR", "COMMA"}
    words += [CALLED[name] for name in CALLED if name in expected and name != "?"]
    if len(words) > 4:
        words = words[:4]
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def syntax_message(
    token: Token, expected: frozenset[str], place: Place, opened: Place | None, last: Token | None
) -> tuple[str, str, str]:
    """Code, message and help for a token that does not fit."""
    text = token.text
    around = sign_around(place)
    wanted = expected_words(expected)
    if text.startswith('"') and (len(text) < 2 or not text.endswith('"')):
        return "R109", "this text has no closing quote on its line", 'end it with `"`; a quote inside is written \\"'
    slip = SLIPS.get(around) or SLIPS.get(text) or SLIPS.get(text[:1])
    if slip and token.type in ("?", "COMPARE", "EQUAL"):
        shown = around if around in SLIPS else text[:1]
        return "R110", f"`{shown}` is not a sign of this language", f"write {slip}"
    upper = text.upper()
    if (
        upper in KEYWORDS
        and text != upper
        and (upper in expected or (upper == "NOT" and "ANY" in expected))
        and upper != "IN"
    ):
        return "R110", f"`{text}` is written in capitals when it is logic", f"write `{text.upper()}`"
    if last is not None and last.type == "STRING" and text[:1].isalpha() and place.line == last.place.line:
        return (
            "R111",
            f"`{shortened(text)}` does not fit behind the text in quotes",
            'a quote inside a text is written \\"',
        )
    if opened and (
        text[:1] in ('"', "=", "|")
        or token.type in ("_NL", "$END")
        or ("RPAR" in expected and place.line > opened.line and token.type in ("NAME", "MARK", "?"))
    ):
        return (
            "R106",
            "this parenthesis is not closed",
            f"add `)` before line {place.line}, or a comma between its parts",
        )
    if token.type == "_INDENT":
        return "R111", "nothing may be indented below the line above", "move it to the left, or look at the line above"
    if last is not None and place.start == place.end and place.end == last.place.end:
        if wanted == CALLED["_INDENT"]:
            wanted = "what belongs to it: on the line (in `data`, a type), or indented below"
        return "R111", f"after `{shortened(last.text)}` something is missing", f"add {wanted}" if wanted else ""
    if "COMPARE" in expected and token.type in ("NUMBER", "NAME", "?") and re.match(r"[\w.]", text):
        return (
            "R111",
            f"`{shortened(text)}` does not fit here",
            "a comparison, AND, OR or the end of the line may follow",
        )
    if {"PROTOCOL_ID", "NAME"} & expected == set() and token.type in ("NAME", "?") and "_NL" not in expected:
        near = did_you_mean(text, SECTIONS)
        if near:
            return "R111", f"`{text}` is no part of a rules file", near
    if token.column_one and {"DATA", "INCLUSION"} <= expected:
        return (
            "R111",
            f"`{shortened(text)}` is no part of a rules file",
            did_you_mean(text, SECTIONS) or "a file is made of: " + ", ".join(SECTIONS),
        )
    named = CALLED.get(token.type, f"`{shortened(text)}`") if not text else f"`{shortened(text)}`"
    if token.type in ("$END", "_DEDENT", "_NL"):
        named = CALLED[token.type]
    return "R111", f"{named} does not fit here", f"here may stand {wanted}" if wanted else ""


def sign_around(place: Place) -> str:
    """The two characters at a place that make a sign of some other language, or those from the place on."""
    text, start = place.source.text, place.start
    before = text[max(0, start - 1) : start + 1]
    return before if before in SLIPS else text[start : start + 2]


def shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"
