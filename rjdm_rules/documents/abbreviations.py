"""Abbreviations and what they stand for, gathered from the labels and questions of a protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..protocol.model import Protocol
from ..words.phrases import Words

# Long form and abbreviation: `left ventricular ejection fraction (LVEF)`, `左心室射血分数（LVEF）`.
_IN_BRACKETS = re.compile(r"([^()（），,;；:：]+?)\s*[(（]([A-Z][A-Za-z0-9]*(?:-[A-Z0-9][A-Za-z0-9]*)*)[)）]")
_LEADING = re.compile(r"^.*\b(?:the|an?|of|what|is)\s+(?=\S)", re.IGNORECASE)
_LONGEST = 12


def abbreviations_of(protocol: Protocol, words: Words) -> tuple[tuple[str, str], ...]:
    """Each abbreviation with its long form, in the order of the alphabet; the first long form found stands."""
    found: dict[str, str] = {}
    for text, running in _texts(protocol, words):
        for match in _IN_BRACKETS.finditer(text):
            long, short = match.group(1).strip(), match.group(2)
            long = _LEADING.sub("", long) if running else long
            if len(short) <= _LONGEST and sum(sign.isupper() for sign in short) > 1 and long != short:
                found.setdefault(short, long)
    fixed = words.terms["abbreviations"]
    limits = {limit for item in protocol.items.values() for each in (item, *item.attributes) for limit in each.limits}
    found |= {name: str(fixed[name]) for name in sorted(limits)}
    if protocol.escalations:
        found |= {"DLT": str(fixed["DLT"])}
    return tuple(sorted(found.items(), key=lambda pair: pair[0].lower()))


def _texts(protocol: Protocol, words: Words) -> Iterator[tuple[str, bool]]:
    """Labels; in English also running texts (questions and sentences), where a long form is only the end of what stands
    before it."""
    for item in protocol.items.values():
        yield words.said(item.label), False
    for definition in protocol.definitions.values():
        yield words.said(definition.label), False
    if words.language != "en":
        return
    for item in protocol.items.values():
        if item.ask:
            yield words.said(item.ask), True
    for criterion in protocol.criteria():
        if criterion.sentence:
            yield words.said(criterion.sentence), True
