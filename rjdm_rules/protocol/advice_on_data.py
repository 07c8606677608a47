"""Advice on the data dictionary: ranges, labels that say the same, codes that cannot be."""

from __future__ import annotations

import re

from ..language.source import Source
from .code_systems import wrong_code
from .model import Item, Protocol
from .scope import Advice, Findings

NUMERIC = ("quantity", "number", "count")
FILLERS = frozenset(["a", "an", "the", "of", "in", "on", "at", "by", "for", "with", "or", "and", "is"])
DIRECTIONS = frozenset(["from", "to", "before", "after", "between"])


def items_without_range(protocol: Protocol, findings: Findings, source: Source) -> None:
    """A number without a range takes any slip of the keyboard."""
    for item in protocol.items.values():
        if item.place.source is not source:
            continue
        for number in (item, *item.attributes):
            if number.kind in NUMERIC and number.span is None:
                of = f" of `{item.name}`" if number is not item and not item.repeated else ""
                name = item.name if item.repeated else number.name
                place = item.place if item.repeated else number.place
                findings.remark(
                    "R908",
                    f"`{name}`{of} has no range: a slip of the keyboard is taken as it stands",
                    place,
                    "add `range LOW..HIGH` below it; what lies outside is refused",
                )


def labels_alike(protocol: Protocol, findings: Findings, source: Source) -> None:
    """Two items whose labels say the same: one fact would be asked twice, and could be answered in two ways."""
    seen: dict[object, Item] = {}
    for item in protocol.items.values():
        keys = label_keys(item.label.text)
        other = next((seen[key] for key in keys if key in seen), None)
        if other is not None and source in (item.place.source, other.place.source):
            later, earlier = (item, other) if item.place.source is source else (other, item)
            findings.warning(
                "R912",
                f"`{later.name}` and `{earlier.name}` have labels that say the same, "
                f"“{later.label.text}” and “{earlier.label.text}”",
                later.place,
                "ask a fact once; where they differ, let the labels say how",
                hops=((f"`{earlier.name}`", earlier.place),),
            )
        for key in keys:
            seen.setdefault(key, item)


def label_keys(label: str) -> list[object]:
    """What a label says, in forms that are equal for labels that say the same: its words without fillers, plurals and
    spelling variants (in order, where from and to matter); and the abbreviation in its brackets."""
    abbreviations = re.findall(r"\(([A-Z][A-Za-z0-9-]*)\)", label)
    plain = re.sub(r"\([A-Z][A-Za-z0-9-]*\)", " ", label)
    tokens = re.findall(r"[^\W_]+(?:-[^\W_]+)*[+−-]?|[<>≥≤=%]", plain)
    words = [_stem(token) for token in tokens if token.lower() not in FILLERS or (len(token) == 1 and token.isupper())]
    if not words:
        return []
    ordered = DIRECTIONS & {word.lower() for word in tokens}
    own: object = tuple(words) if ordered else frozenset(words)
    return [own, *(frozenset((_stem(each),)) for each in abbreviations)]


def _stem(token: str) -> str:
    """A word in one spelling: small letters, singular, without a hyphen, e for ae and oe."""
    word = re.sub(r"(?<=\w)-(?=\w)", "", token.lower())
    word = re.sub("[ao]e", "e", word)
    for ending, singular in (("ies", "y"), ("ses", "sis"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 3 and not word.endswith(("ss", "sis", "us")):
            return word.removesuffix(ending) + singular
    return word


def codes_of_wrong_shape(protocol: Protocol, findings: Findings, source: Source) -> None:
    for item in protocol.items.values():
        for system, code in item.codes if item.place.source is source else ():
            what = wrong_code(system, code)
            if what:
                findings.warning(
                    "R913",
                    f"`{system} {code}` of `{item.name}` cannot be right: {what}",
                    item.place,
                    "look the code up again",
                )


CHECKS: tuple[Advice, ...] = (items_without_range, labels_alike, codes_of_wrong_shape)
