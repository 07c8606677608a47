"""Abbreviations and what they stand for, gathered from the labels, questions and sentences of a protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..language.syntax import Text
from ..protocol.model import Protocol
from ..words.phrases import Words

# Long form and abbreviation: `left ventricular ejection fraction (LVEF)`, `左心室射血分数（LVEF）`.
_IN_BRACKETS = re.compile(r"([^()（），,;；:：]+?)\s*[(（]([A-Za-z][A-Za-z0-9]*(?:-[A-Z0-9][A-Za-z0-9]*)*)[)）]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LONGEST = 12


def abbreviations_of(protocol: Protocol, words: Words) -> tuple[tuple[str, str], ...]:
    """Each abbreviation with its long form, in the order of the alphabet; the first long form found stands."""
    found: dict[str, str] = {}
    labels = [words.said(text) for text in _labels(protocol)]
    running = [words.said(text) for text in _running_texts(protocol)]
    for text in (*labels, *(each for each in running if not _CHINESE.search(each))):
        for match in _IN_BRACKETS.finditer(text):
            short = match.group(2)
            if len(short) <= _LONGEST and sum(sign.isupper() for sign in short) > 1:
                long = long_form(short, match.group(1).strip())
                if long and long != short:
                    found.setdefault(short, long)
    fixed = words.terms["abbreviations"]
    limits = {limit for item in protocol.items.values() for each in (item, *item.attributes) for limit in each.limits}
    found |= {name: str(fixed[name]) for name in sorted(limits)}
    if protocol.escalations:
        found |= {"DLT": str(fixed["DLT"])}
    return tuple(sorted(found.items(), key=lambda pair: pair[0].lower()))


def long_form(short: str, before: str) -> str:
    """The end of a text that an abbreviation stands for; empty where none of it fits.

    The letters of the abbreviation are looked for from its end backwards, the first of them at the beginning of a word
    (Schwartz and Hearst, Pac Symp Biocomput 2003:451-462); figures, and what follows a hyphen (CAR-T), may have no
    counterpart. A Chinese label has no such letters and is taken whole.
    """
    if _CHINESE.search(before):
        return before
    for letters in dict.fromkeys(re.sub(r"[^a-z]", "", each.lower()) for each in (short, short.partition("-")[0])):
        at = len(before)
        for place, letter in enumerate(reversed(letters), 1):
            at = before.lower().rfind(letter, 0, at)
            while place == len(letters) and at > 0 and before[at - 1].isalnum():
                at = before.lower().rfind(letter, 0, at)
            if at < 0:
                break
        if letters and at >= 0:
            return before[at:]
    return ""


def _labels(protocol: Protocol) -> Iterator[Text]:
    for item in protocol.items.values():
        for each in (item, *item.attributes):
            yield each.label
            yield from (option.label for option in each.options if option.label)
    for definition in protocol.definitions.values():
        yield definition.label
    for table in protocol.tables.values():
        yield table.label


def _running_texts(protocol: Protocol) -> Iterator[Text]:
    """Questions and sentences, in which a long form may stand that no label has."""
    for item in protocol.items.values():
        if item.ask:
            yield item.ask
    for criterion in protocol.criteria():
        if criterion.sentence:
            yield criterion.sentence
