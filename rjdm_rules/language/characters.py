"""Signs that look right and are not: typographic quotes, full-width brackets, hard spaces, tabs, as word processors and
other keyboards make them.

They are read as what they were meant to be, sign by sign, so that one of them brings one message and no others; and
each message carries the fix.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from .diagnostics import Diagnostic, Fix, replacement
from .source import TAB_WIDTH, TEXT_OR_COMMENT, Place, Source, line_start

QUOTES = "“”„‟«»＂"
SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
NOTHING = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"
MEANT = {
    "≧": "≥",
    "≦": "≤",
    "⩾": "≥",
    "⩽": "≤",
    "。": ".",
    "、": ",",
    "【": "[",
    "】": "]",
    "〔": "(",
    "〕": ")",
    "∙": "×",
}
_FOREIGN = re.compile(f"[{QUOTES}{SPACES}{NOTHING}{''.join(MEANT)}\uff01-\uff5e]")
_CLOSING = re.compile(f'[^{QUOTES}"\\n]*[{QUOTES}"]')


@dataclass(frozen=True)
class Readable:
    """A text as it can be read: each foreign sign replaced by the one that it stands for, place for place."""

    source: Source
    diagnostics: list[Diagnostic]


@dataclass(frozen=True)
class Foreign:
    place: Place
    meant: str

    @property
    def kind(self) -> str:
        sign = self.place.text
        if sign in QUOTES:
            return "typographic quotes"
        if sign in SPACES:
            return "a space of another width"
        if sign in NOTHING:
            return "a sign that cannot be seen"
        return "a full-width sign" if "\uff01" <= sign <= "\uff5e" else "a sign of another keyboard"


def readable(source: Source) -> Readable:
    """The same text with ordinary signs, and what to say of those that were replaced."""
    expanded, found = _without_tabs(source)
    if not _FOREIGN.search(expanded.text):
        return Readable(expanded, found)
    held = list(expanded.text)
    kinds: dict[str, list[Foreign]] = {}
    for each in _foreign(expanded):
        kinds.setdefault(each.kind, []).append(each)
        held[each.place.start] = each.meant or " "
    if not kinds:
        return Readable(expanded, found)
    mended = Source(expanded.name, "".join(held), expanded.text, expanded.tabbed)
    return Readable(mended, found + [_said(kind, hits) for kind, hits in kinds.items()])


def _said(kind: str, hits: list[Foreign]) -> Diagnostic:
    """One message for all signs of a kind."""
    signs = list(dict.fromkeys(each.place.text for each in hits))
    shown = " ".join(each if each.isprintable() and not each.isspace() else f"U+{ord(each):04X}" for each in signs[:6])
    meant = tuple(dict.fromkeys(each.meant for each in hits))
    plain: dict[tuple[str, ...], str] = {
        ('"',): 'write straight quotes, `"`',
        (" ",): "write an ordinary space",
        ("",): "take it out",
    }
    help = plain.get(meant) or "write " + " ".join(f"`{each}`" for each in meant[:6])
    verb = "do" if kind.endswith("quotes") else "does"
    times = "" if len(hits) == 1 else f" ({len(hits)} times in this file)"
    fix = Fix(help + (" everywhere" if len(hits) > 1 else ""), tuple((h.place, h.meant) for h in hits), certain=True)
    return Diagnostic("R110", f"{kind}, {shown}, {verb} not belong here{times}", hits[0].place, help, fixes=(fix,))


def _foreign(source: Source) -> Iterator[Foreign]:
    """Each foreign sign outside texts and comments."""
    text, position = source.text, 0
    while sign := _FOREIGN.search(text, position):
        held = TEXT_OR_COMMENT.search(text, position)
        if held and held.start() < sign.start():
            position = held.end()
            continue
        start, end = sign.span()
        if sign.group() not in QUOTES:
            yield Foreign(Place(source, start, end), meant_by(sign.group()))
        else:
            yield Foreign(Place(source, start, end), '"')
            opened = '"' in text[max(position, line_start(text, start)) : start]
            close = None if opened else _closing(text, start)
            if close is not None:
                end = close + 1
                if text[end - 1] in QUOTES:
                    yield Foreign(Place(source, end - 1, end), '"')
        position = end


def _closing(text: str, start: int) -> int | None:
    """Where the text ends that a quote at `start` begins: at its partner, those inside left aside."""
    pairs = {"“": "”", "„": "“", "«": "»"}
    own, depth = pairs.get(text[start]), 0
    for place in range(start + 1, len(text)):
        sign = text[place]
        if sign == "\n":
            break
        if own and sign == text[start]:
            depth += 1
        elif (own and sign == own) or (not own and sign in QUOTES) or sign == '"':
            if not depth:
                return place
            depth -= 1
    plain = _CLOSING.match(text, start + 1)
    return plain.end() - 1 if plain else None


def meant_by(sign: str) -> str:
    """The ordinary sign that a foreign one stands for; empty for one that shows nothing."""
    if sign in SPACES:
        return " "
    if sign in NOTHING:
        return ""
    return MEANT.get(sign) or unicodedata.normalize("NFKC", sign)


# ---- tabs ----------------------------------------------------------------------------------------------------------


def _without_tabs(source: Source) -> tuple[Source, list[Diagnostic]]:
    """The text with spaces for tabs. How far a tab indents is certain only where nothing but tabs indents."""
    text = source.text
    if "\t" not in text:
        return source, []
    first = text.index("\t")
    number = text.count("\t")
    certain = not re.search(r"^(?:\t* +\t*)+[^\s#]", text, re.MULTILINE)
    expanded = "\n".join(line.expandtabs(TAB_WIDTH) for line in text.split("\n"))
    more = f" (and {number - 1} more in this file)" if number > 1 else ""
    doubt = "" if certain else "; beside spaces, how far it indents is not certain"
    help = (
        "use spaces"
        if certain
        else f"use spaces; here it is taken for as many as lead to the next {TAB_WIDTH}th column"
    )
    fix = replacement(Place(source, 0, len(text)), expanded, certain, f"write {TAB_WIDTH} spaces for each tab")
    place = Place(source, first, first + 1)
    return Source(source.name, expanded, tabbed=text), [
        Diagnostic("R102", f"a tab{more}{doubt}", place, help, fixes=(fix,))
    ]
