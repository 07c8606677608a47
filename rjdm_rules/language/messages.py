"""Syntax errors in words: what was found, what would fit there, and one way to mend it."""

from __future__ import annotations

import re

from .misfits import Misfit, Said, shortened
from .slips import RECOGNISERS
from .vocabulary import TYPE_TERMINALS

VALUE_WANTED = {
    "COMPARE": "the value to compare with, as in `≥ 18 years`",
    "BEFORE": "a date, such as `screening`",
    "AFTER": "a date, such as `screening`",
    "WITHIN": "a length and a date, as in `WITHIN 3 months BEFORE screening`",
}
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
CONDITION_STARTS = {"NOT", "ANY", "ALL", "NONE", "AT_LEAST", "COUNT"}


def expected_words(expected: frozenset[str]) -> str:
    """What would fit, in a few words."""
    if expected >= TYPE_TERMINALS:
        return "a type (`yes/no`, `in UNIT`, `one of a, b`, `date`, `event`, …)"
    words = []
    if expected >= CONDITION_STARTS:
        words.append("a condition or a value")
        expected = expected & {"_NL", "RPAR", "COMMA"}
    words += [CALLED[name] for name in CALLED if name in expected and name != "?"]
    if len(words) > 4:
        words = words[:4]
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def syntax_message(misfit: Misfit) -> Said:
    """What to say of a token that does not fit: the slip that it is, or what would fit there."""
    for recogniser in RECOGNISERS:
        said = recogniser(misfit)
        if said:
            return said
    token, last, wanted = misfit.token, misfit.last, expected_words(misfit.expected)
    if token.type == "_INDENT":
        help = "move it to the left, or look at the line above"
        return Said("R111", "nothing may be indented below the line above", help)
    if last is not None and last.type in VALUE_WANTED and (misfit.missing or token.type in ("_NL", "RPAR", "COMMA")):
        help = f"add {VALUE_WANTED[last.type]}"
        return Said("R111", f"behind `{shortened(last.text)}` something is missing", help, place=last.place)
    if misfit.missing and last is not None:
        if wanted == CALLED["_INDENT"]:
            wanted = "what belongs to it, indented below"
        return Said("R111", f"after `{shortened(last.text)}` something is missing", f"add {wanted}" if wanted else "")
    if "COMPARE" in misfit.expected and token.type in ("NUMBER", "NAME", "?") and re.match(r"[\w.]", token.text):
        help = "a comparison, AND, OR or the end of the line may follow"
        return Said("R111", f"`{shortened(token.text)}` does not fit here", help)
    named = f"`{shortened(token.text)}`" if token.text else CALLED.get(token.type, "this")
    if token.type in ("$END", "_DEDENT", "_NL"):
        named = CALLED[token.type]
    return Said("R111", f"{named} does not fit here", f"here may stand {wanted}" if wanted else "")
