"""Slips of texts, parentheses and signs."""

from __future__ import annotations

import re

from .diagnostics import Fix, replacement
from .misfits import Misfit, Said, shortened
from .source import Place

SIGNS = {"=>": "≥", "=<": "≤", "==": "=", "<>": "≠", "&&": "AND", "||": "OR", "≥=": "≥", "≤=": "≤", ">>": ">",
         "<<": "<", "&": "AND", "!": "NOT"}  # fmt: skip


_TYPE = re.compile(
    r"\s+(?:yes/no|number|count|date|time|event|in \S+|repeated in \S+|(?:one|several) of .+)"
    r"(?: until date| by \w+| with (?:ULN|LLN))*$"
)


def unclosed_text(m: Misfit) -> Said | None:
    if not m.text.startswith('"') or (len(m.text) > 1 and m.text.endswith('"')):
        return None
    kind = _TYPE.search(m.rest) if m.section == "data" else None
    end = kind.start() if kind else len(m.rest)
    where = "before the type" if kind else "at the end of the line"
    fixes = (Fix(f"end the text {where}", ((m.at(end, 0), '"'),)),)
    return Said(
        "R109", "this text has no closing quote on its line", 'end it with `"`; a quote inside is written \\"', fixes
    )


def unclosed_before_zh(m: Misfit) -> Said | None:
    """`"asthma zh "哮喘"`: the quote that opens the second language closes the first."""
    found = re.search(r"\s+zh\s*\"$", m.last.text) if m.last is not None and m.last.type == "STRING" else None
    if found is None or m.last is None or not m.same_line or '"' not in m.rest:
        return None
    start = m.last.place.start + found.start()
    fix = Fix("close the quote before `zh`", ((Place(m.place.source, start, start), '"'),))
    place = Place(m.place.source, m.last.place.start, start)
    return Said("R109", "this text has no closing quote before `zh`", 'write `"` before `zh`', (fix,), place)


def unopened_text(m: Misfit) -> Said | None:
    """`asthma" yes/no`, `(1) Aged 18 or over"`: a text of which only the end has its quote."""
    opened = m.rest.startswith('"')
    if opened and not (m.last is not None and m.last.type == "NAME" and m.same_line and _only_a_type(m.rest[1:])):
        return None
    words = "" if opened else m.rest[: m.rest.find('"')]
    if not opened and ("STRING" not in m.expected or m.rest.count('"') % 2 == 0 or not words[:1].isalnum()):
        return None
    named = m.last is not None and m.last.type == "NAME" and m.same_line
    with_last = named and m.last is not None and (opened or m.last.text[:1].isupper())
    start = m.last.place.start - m.start if with_last and m.last is not None else 0
    place = m.at(start, len(words) - start)
    fix = Fix("put a quote before it", ((m.at(start, 0), '"'),))
    return Said("R109", "this text has no opening quote", f'write "{shortened(place.text.strip())}"', (fix,), place)


def _only_a_type(rest: str) -> bool:
    return not rest.strip() or _TYPE.match(rest) is not None


def single_quotes(m: Misfit) -> Said | None:
    match = re.match(r"(?:''|'|`)([^'\"`\n]*)(?:''|'|`)(?=\s|$|,)", m.rest)
    if not match:
        return None
    fix = replacement(m.at(0, match.end()), f'"{match.group(1)}"', certain=True)
    return Said("R110", "a text stands in straight double quotes", f"write {fix.edits[0][1]}", (fix,), fix.edits[0][0])


def quote_in_text(m: Misfit) -> Said | None:
    """`"Patients with "severe" asthma"`."""
    if m.last is None or m.last.type != "STRING" or not m.same_line or not m.text[:1].isalpha() or '"' not in m.rest:
        return None
    inner = m.rest[: m.rest.index('"')]
    start = m.last.place.end - 1
    edits = ((Place(m.place.source, start, start + 1), '\\"'), (m.at(len(inner), 1), '\\"'))
    return Said(
        "R109",
        f"the text ends before `{shortened(m.text)}`: a quote inside a text needs a sign before it",
        'a quote inside a text is written \\", or as ‘ and ’',
        (Fix('write \\" for the quotes inside', edits),),
    )


def open_parenthesis(m: Misfit) -> Said | None:
    if not m.opened:
        return None
    below = "RPAR" in m.expected and m.place.line > m.opened.line and m.token.type in ("NAME", "MARK", "?")
    if not (m.text[:1] in ('"', "=", "|") or m.token.type in ("_NL", "$END") or below):
        return None
    help = f"add `)` before line {m.token.place.line}, or a comma between its parts"
    fixes = (close_after(m.last.place),) if m.last else ()
    return Said("R106", "this parenthesis is not closed", help, fixes, m.opened)


def _range_alone(m: Misfit) -> Said:
    """`①..②` that stands in no list, and `ANY(1..2)`."""
    assert m.last is not None
    if m.last.type == "NUMBER":
        return Said("R203", "a range of criteria is written with their markers", "write it as in `(1)..(3)`")
    whole = re.match(r"\.\.\s*(?:[①-⑳]|[(\[]\w{1,3}[)\]])", m.rest)
    place = Place(m.place.source, m.last.place.start, m.start + (whole.end() if whole else 2))
    fixes = tuple(replacement(place, f"{word}({place.text})") for word in ("ANY", "ALL"))
    message = "a range of criteria stands inside ANY(…), ALL(…), NONE(…), COUNT(…) or AT LEAST n OF (…)"
    return Said("R203", message, f"write `ANY({place.text})` or `ALL({place.text})`", fixes, place)


def close_after(last: Place) -> Fix:
    return Fix("close it here", ((Place(last.source, last.end, last.end), ")"),))


def stray_parenthesis(m: Misfit) -> Said | None:
    if m.text not in (")", "]", "}") or m.opened:
        return None
    fixes = (replacement(m.token.place, "", certain=m.rest == m.text),)
    return Said("R106", f"this `{m.text}` closes nothing", "take it out, or add the `(` that it belongs to", fixes)


def comment_signs(m: Misfit) -> Said | None:
    match = re.match(r"(?://+|/\*+|--+|;+|%+)\s*", m.rest)
    begins = not m.before.strip() or m.last is None or not m.same_line
    if not match or not (begins or m.text.startswith("/")) or (begins and m.rest[:1] == "-" and m.rest[:2] != "--"):
        return None
    end = re.search(r"\s*\*+/$", m.rest)
    edits = ((m.at(0, match.end()), "# "), *(((m.at(end.start(), end.end() - end.start()), ""),) if end else ()))
    return Said("R110", f"`{match.group().strip()}` begins no comment", "write `#`", (Fix("write `#`", edits, True),))


def foreign_sign(m: Misfit) -> Said | None:
    text, at = m.place.source.text, m.start
    for start in (at - 1, at):
        sign = text[max(0, start) : start + 2]
        if sign in SIGNS:
            return _sign(m, sign, start - at)
    return _sign(m, m.text[:1], 0) if m.text[:1] in SIGNS and m.token.type == "?" else None


def _sign(m: Misfit, sign: str, start: int) -> Said:
    meant = SIGNS[sign]
    behind = m.place.source.text[m.start + start + len(sign) :].lstrip()[:1]
    if sign == "=>" and not (behind.isdigit() or behind in "-−."):
        help = "write `IF condition THEN what must hold`; to compare, write `≥`"
        return Said("R110", "`=>` is not a sign of this language", help, (), m.at(start, 2))
    spaced = f" {meant} " if meant.isalpha() else meant
    text = m.place.source.text
    begin = m.start + start
    if spaced != meant:
        spaced = spaced.lstrip() if text[begin - 1 : begin] == " " else spaced
        spaced = spaced.rstrip() if text[begin + len(sign) : begin + len(sign) + 1] == " " else spaced
    fix = replacement(m.at(start, len(sign)), spaced, certain=True)
    ascii_form = {"≥": " (or >=)", "≤": " (or <=)", "≠": " (or !=)"}.get(meant, "")
    help = f"write `{meant}`{ascii_form}" if meant else "take it out"
    return Said("R110", f"`{sign}` is not a sign of this language", help, (fix,), fix.edits[0][0])


def split_sign(m: Misfit) -> Said | None:
    """`> = 5`."""
    together = m.last is not None and m.last.place.end == m.start
    if m.last is None or together or m.last.type != "COMPARE" or not m.text.startswith(("=", ">", "<")):
        return None
    joined = {">=": "≥", "=>": "≥", "<=": "≤", "=<": "≤", "<>": "≠", "==": "="}.get(m.last.text + m.text[:1])
    if not joined:
        return None
    place = Place(m.place.source, m.last.place.start, m.start + 1)
    return Said("R110", f"`{place.text}` is one sign, written together", f"write `{joined}`",
                (replacement(place, joined, certain=True),), place)  # fmt: skip


def colon(m: Misfit) -> Said | None:
    if m.text != ":":
        return None
    assigns = "EQUAL" in m.expected and "COMPARE" not in m.expected and "given" not in m.before
    form = " =" if assigns else ""
    help = "write `=`" if assigns else "take it out"
    ends = m.rest == ":" or '"' in m.before or m.section not in ("inclusion", "exclusion", "part")
    return Said("R110", "no colon is needed here", help, (replacement(m.at(0, 1), form, certain=ends),), m.at(0, 1))


def end_of_line(m: Misfit) -> Said | None:
    """`age ≥ 18 years;` and `asthma.`"""
    if re.fullmatch(r"\s*\d{1,3}", m.before) or m.rest not in (";", ".", ",;", ".;") or not {"_NL"} & m.expected:
        return None
    return Said("R110", f"no `{m.rest}` stands at the end of a line", "take it out",
                (replacement(m.at(0, len(m.rest)), "", certain=True),))  # fmt: skip


def range_of_marks(m: Misfit) -> Said | None:
    """`② to ⑤`, `②–⑤`, `②...⑤`; also `range 0-120`, `0...120`."""
    if m.text.startswith("..") and m.last is not None and m.last.type in ("MARK", "NUMBER"):
        return _range_alone(m)
    marks = m.last is not None and m.last.type == "MARK"
    numbers = m.last is not None and m.last.type == "NUMBER" and "__ANON_1" in m.expected
    match = re.match(r"\s*(?:to|bis|through|–|—|-|−|~|,|\.{3}|…|\.\.)\s*(?=[①-⑳(\[\d−-])", m.rest)
    dots = re.match(r"\.", m.rest) if m.last is not None and m.last.text == ".." else None
    if dots:
        return Said("R110", "`...` is not a sign of this language", "write `..`", (replacement(m.at(0, 1), "", True),))
    if not match or not (marks or numbers) or m.text == "..":
        return None
    place = Place(m.place.source, m.last.place.end, m.start + match.end())  # type: ignore[union-attr]
    fixes = (replacement(place, "..", certain=True),)
    return Said(
        "R110",
        f"a range is written with `..`, not with `{match.group().strip()}`",
        "write `..`",
        fixes,
        m.at(0, match.end()),
    )
