"""Slips of numbers, multiples of limits, units, dates and windows."""

from __future__ import annotations

import re

from ..units.unit import is_unit
from .diagnostics import replacement
from .in_words import DATE_IN_WORDS, NUMBER_WORDS, date_of
from .misfits import Misfit, Said
from .source import Place
from .vocabulary import TYPE_TERMINALS

_LIMIT = re.compile(
    r"(?P<number>\d)(?P<sign>\s*(?:[-–]?\s*(?:fold|times)\b|[xX×*·])?\s*(?:the\s+)?)"
    r"(?:(?P<limit>ULN|LLN)\b|(?P<words>(?:upper|lower) limits? of (?:the )?normal\b))",
    re.IGNORECASE,
)


def times_limit(m: Misfit) -> Said | None:
    """`3 ULN`, `3xULN`, `3 times the upper limit of normal`, `3-fold ULN`."""
    for found in m.around(_LIMIT):
        if found.group("sign").strip() in ("×", "*") and found.group("limit"):
            continue
        limit = (found.group("limit") or ("ULN" if found.group("words")[0] in "uU" else "LLN")).upper()
        place = m.on_line(found.start("sign"), found.end())
        space = "" if found.group("sign")[:1] == " " else " "
        fixes = (replacement(place, f" × {limit}", certain=True),)
        shown = m.on_line(found.start("sign") + (not space), found.end())
        return Said("R113", f"a multiple of the {limit} is written with ×", f"write `× {limit}`", fixes, shown)
    return None


_POWER = re.compile(r"(?<=\d)(?:\s*[xX×*]\s*10(?:\^?([-⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|-?\d+))|[eE]([+-]?\d+))")
_SPACED = re.compile(r"(?<![\d.-])\d{1,3}(?:[ '’]\d{3})+(?![\d.])")
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def power_in_letters(m: Misfit) -> Said | None:
    """`3 x 10^7`, `3e7`, `3×10⁷`."""
    found = next(m.around(_POWER), None)
    if found is None:
        return None
    power = (found.group(1) or found.group(2)).translate(SUPERSCRIPTS).lstrip("+")
    place = m.on_line(*found.span())
    fixes = (replacement(place, f"×10^{power}", certain=True),)
    return Said("R112", "a power of ten is written `×10^`", f"write `×10^{power}`", fixes, place)


def spaced_thousands(m: Misfit) -> Said | None:
    """`1 000 U/L`, `1'000`."""
    found = next(m.around(_SPACED), None)
    if found is None:
        return None
    place = m.on_line(*found.span())
    form = re.sub(r"\D", "", found.group())
    fixes = (replacement(place, form, certain=True),)
    return Said("R108", f"`{place.text}` has a space or a sign between its digits", f"write `{form}`", fixes, place)


def number_in_words(m: Misfit) -> Said | None:
    """`WITHIN six months`, `AT LEAST two OF`."""
    here = m.text.lower()
    if m.expected >= TYPE_TERMINALS:
        return None
    if here in NUMBER_WORDS and "NUMBER" in m.expected:
        fixes = (replacement(m.token.place, NUMBER_WORDS[here], certain=True),)
        return Said("R112", f"`{m.text}`: numbers are written in figures", f"write `{NUMBER_WORDS[here]}`", fixes)
    if m.last is None or m.last.text.lower() not in NUMBER_WORDS or not m.same_line:
        return None
    figure = NUMBER_WORDS[m.last.text.lower()]
    fixes = (replacement(m.last.place, figure, certain=True),)
    return Said("R112", f"`{m.last.text}`: numbers are written in figures", f"write `{figure}`", fixes, m.last.place)


_UNIT_FIRST = re.compile(r"[≥≤<>=]=?\s*(?P<unit>[^\s\d≥≤<>=]\S*)\s+(?P<rest>\d[\d.]*)")


def unit_before_number(m: Misfit) -> Said | None:
    """`lvef ≥ % 55`, `age years ≥ 18`."""
    if m.last is not None and m.last.type == "RPAR":
        return None
    for found in m.around(_UNIT_FIRST):
        if is_unit(found.group("unit")):
            return _unit_behind(m, found, m.line_start + found.start("unit"), m.line_start + found.end())
    here = re.match(r"(?P<unit>\S+)\s+(?P<rest>[≥≤<>=]=?\s*\d[\d.]*)", m.rest)
    if here and "COMPARE" in m.expected and is_unit(here.group("unit")):
        return _unit_behind(m, here, m.start, m.start + here.end())
    return None


def _unit_behind(m: Misfit, found: re.Match[str], start: int, end: int) -> Said:
    place = Place(m.place.source, start, end)
    unit = found.group("unit")
    again = re.match(rf"\s*{re.escape(unit)}(?!\S)", place.source.text[end:])
    if again:
        return _unit_twice(unit, Place(m.place.source, start, start + len(found.group()) - len(found.group("rest"))))
    form = f"{found.group('rest')} {found.group('unit')}"
    fixes = (replacement(place, form, certain=True),)
    return Said("R402", "the unit stands behind its number", f"write `{form}`", fixes, place)


def unit_again(m: Misfit) -> Said | None:
    """`sbp ≥ 140 mmHg mmHg`."""
    if m.last is None or m.last.type != "UNIT" or not m.same_line:
        return None
    word = re.match(r"[^\s,)]+", m.rest)
    if word is None or word.group() != m.last.text:
        return None
    return _unit_twice(word.group(), Place(m.place.source, m.last.place.end, m.start + word.end()))


def _unit_twice(unit: str, place: Place) -> Said:
    fixes = (replacement(place, "", certain=True, title=f"take one `{unit}` out"),)
    gap = len(place.text) - len(place.text.lstrip())
    shown = Place(place.source, place.start + gap, place.start + gap + len(unit))
    return Said("R402", f"the unit `{unit}` stands twice", "take one out", fixes, shown)


def date_in_words(m: Misfit) -> Said | None:
    """`2 March 2026`, `March 2, 2026`."""
    for found in m.around(DATE_IN_WORDS):
        form = date_of(found)
        if form is None:
            continue
        place = m.on_line(*found.span())
        fixes = (replacement(place, form, certain=True),)
        return Said("R118", "a date is written year-month-day", f"write `{form}`", fixes, place)
    return None


_PROSE = re.compile(
    r"(?:WITHIN|IN|DURING|OVER)(?: THE)? (?:LAST|PAST|PREVIOUS|PRECEDING|PRIOR) "
    r"(?P<length>(?:\d+ )?[A-Z]+)(?: BEFORE (?P<anchor>\w+))?",
    re.IGNORECASE,
)


def prose_window(m: Misfit) -> Said | None:
    """`WITHIN the last 6 months`, `in the past year`."""
    found = next(m.around(_PROSE), None)
    if found is None:
        return None
    place = m.on_line(*found.span())
    length = found.group("length").lower()
    length = length if length[0].isdigit() else f"1 {length}"
    form = f"WITHIN {length} BEFORE {found.group('anchor') or 'screening'}"
    fixes = (replacement(place, form, certain=bool(found.group("anchor"))),)
    return Said(
        "R119", "a window counts from a date", f"write `{form}`, with the date that it counts from", fixes, place
    )


def window_word(m: Misfit) -> Said | None:
    """`6 months PRIOR TO screening`, `6 months FROM screening`."""
    if not {"BEFORE", "AFTER"} & m.expected or "COMPARE" in m.expected:
        return None
    for word, pattern in (
        ("BEFORE", r"(?:prior(?: to)?|preceding|ahead of|before the|ago)\b(?: the\b)?"),
        ("AFTER", r"(?:following|since|post|from|after the)\b(?: the\b)?"),
    ):
        found = re.match(pattern, m.rest, re.IGNORECASE)
        if found:
            place = m.at(0, found.end())
            form = f"{word} screening" if found.group().lower() == "ago" else word
            fixes = (replacement(place, form, certain=form == word and found.group().lower() != "from"),)
            return Said("R119", f"`{place.text}` is no word of this language", f"write `{form}`", fixes, place)
    return None


def article(m: Misfit) -> Said | None:
    """`BEFORE the screening`."""
    if m.last is None or m.last.text.lower() != "the" or not m.same_line or m.last.type != "NAME":
        return None
    place = Place(m.place.source, m.last.place.start, m.start)
    fixes = (replacement(place, "", certain=True),)
    return Said("R119", f"`{m.last.text}` is no word of this language", "take it out", fixes, m.last.place)


def window_first(m: Misfit) -> Said | None:
    """`NOT WITHIN 6 months BEFORE screening`."""
    if m.token.type not in ("WITHIN", "LESS_THAN", "MORE_THAN") and not m.text.startswith("WITHIN"):
        return None
    if "WITHIN" in m.expected:
        return None
    negated = m.last is not None and m.last.type == "NOT"
    help = f"write it as in `{'NOT ' if negated else ''}event WITHIN 6 months BEFORE screening`"
    return Said("R119", "a window stands right behind the event or the date that it is about", help)


_AMOUNT = r"\d[\d.]*(?: ?[^\s()\d≥≤<>=]+)?"
_SIGN = r"≥|>=|≤|<=|>|<"
_TWO_BOUNDS = re.compile(
    rf"\b(?P<subject>[A-Za-z_]\w*)\s*(?P<one>{_SIGN})\s*(?P<a>{_AMOUNT})\s+AND\s+(?P<two>{_SIGN})\s*(?P<b>{_AMOUNT})"
)


def range_without_between(m: Misfit) -> Said | None:
    """`age ≥ 18 years AND ≤ 75 years`."""
    found = next(m.around(_TWO_BOUNDS), None)
    if found is None:
        return None
    held, place = found.groupdict(), m.on_line(*found.span())
    inclusive = {held["one"], held["two"]} in ({"≥", "≤"}, {">=", "<="}, {"≥", "<="}, {">=", "≤"})
    low, high = (held["a"], held["b"]) if held["one"] in ("≥", ">=") else (held["b"], held["a"])
    form = f"{held['subject']} BETWEEN {low} AND {high}" if inclusive else (
        f"{held['subject']} {held['one']} {held['a']} AND {held['subject']} {held['two']} {held['b']}"
    )  # fmt: skip
    fixes = (replacement(place, form, certain=True),)
    return Said("R104", "each comparison names what it compares", f"write `{form}`", fixes, place)


_RANGE = re.compile(
    r"\b(?P<subject>[A-Za-z_]\w*)\s+(?:(?:=|is|from)\s*)?(?P<a>\d[\d.]*)(?P<unit1> ?[^\s\d–—-]*)\s*(?:to|–|—|-)\s*"
    r"(?P<b>\d[\d.]*)(?P<unit2> ?[^\s)(,;\d]*)",
    re.IGNORECASE,
)


def range_in_words(m: Misfit) -> Said | None:
    """`age is 18 to 79 years`, `potassium 3.5 – 5.0 mmol/L`."""
    if m.section not in ("inclusion", "exclusion", "part", "define") or re.match(
        r"\s*(?:\(?\w{1,4}[.)]|[①-⑳])\s", m.line
    ):
        return None
    for found in m.around(_RANGE):
        if found.group("subject").isupper() or '"' in found.group():
            continue
        unit = found.group("unit2").strip() or found.group("unit1").strip()
        unit = f" {unit}" if unit else ""
        place = m.on_line(*found.span())
        form = f"{found.group('subject')} BETWEEN {found.group('a')}{unit} AND {found.group('b')}{unit}"
        fixes = (replacement(place, form),)
        return Said(
            "R110", "a range is asked for with BETWEEN", f"write `{form}`; both ends belong to it", fixes, place
        )
    return None


_SINCE = re.compile(
    r"\b(?P<what>[A-Za-z_]\w*)\s+(?:for )?(?P<sign>at least|at most|more than|less than|>=?|≥|<=?|≤)\s*"
    r"(?P<length>\d+ (?:day|week|month|year)s?)\s+(?:before|prior to|ago)\b(?: (?P<anchor>\w+))?",
    re.IGNORECASE,
)
_LENGTHS = {"at least": "AT LEAST", "≥": "AT LEAST", ">=": "AT LEAST", "more than": "MORE THAN", ">": "MORE THAN",
            "less than": "LESS THAN", "<": "LESS THAN", "at most": "WITHIN", "≤": "WITHIN", "<=": "WITHIN"}  # fmt: skip


def length_before(m: Misfit) -> Said | None:
    """`diagnosis >= 3 months before screening`, `diagnosis at least 3 months ago`."""
    found = next(m.around(_SINCE), None)
    if found is None:
        return None
    place = m.on_line(found.start("sign"), found.end())
    word = _LENGTHS[found.group("sign").lower()]
    form = f"{word} {found.group('length')} BEFORE {found.group('anchor') or 'screening'}"
    fixes = (replacement(place, form, certain=found.group("anchor") is not None),)
    return Said("R119", "how long ago is asked for with a window", f"write `{form}`", fixes, place)


def dash_in_between(m: Misfit) -> Said | None:
    """`BETWEEN 18–75 years`."""
    if "BETWEEN" not in m.before or not re.match(r"\s*(?:–|—|-|to|\.\.)\s*\d", m.rest) or "AND" not in m.expected:
        return None
    sign = re.match(r"\s*(?:–|—|-|to|\.\.)\s*", m.rest)
    assert sign is not None
    gap = len(m.before) - len(m.before.rstrip())
    fixes = (replacement(m.at(-gap, gap + sign.end()), " AND ", certain=True),)
    return Said(
        "R110", "the ends of BETWEEN are joined by AND", "write `BETWEEN low AND high`", fixes, m.at(0, sign.end())
    )


def window_without_date(m: Misfit) -> Said | None:
    ends = m.token.type in ("_NL", "$END", "_DEDENT", "COMMA", "RPAR", "AND", "OR")
    if not ends or m.last is None or not {"BEFORE", "AFTER"} <= m.expected or "COMPARE" in m.expected:
        return None
    help = "add `BEFORE screening`, `AFTER …` or `OF …`"
    return Said("R119", "this window does not say which date it counts from", help, place=m.last.place)
