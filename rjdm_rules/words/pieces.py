"""Small pieces of text: markers and titles of criteria, units and quantities as people print them."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from ..language.diagnostics import did_you_mean, listed
from ..language.syntax import Text
from ..protocol import expressions as x
from ..protocol.model import Criterion, Protocol
from ..protocol.numbers import number_text


def flattened(node: x.Group) -> x.Group:
    """ALL within ALL, and ANY within ANY, as one list."""
    if node.kind not in ("all", "any"):
        return node
    found: list[x.Expression] = []
    for each in node.conditions:
        if isinstance(each, x.Group) and each.kind == node.kind and each.style != "between":
            found.extend(flattened(each).conditions)
        else:
            found.append(each)
    return node if len(found) == len(node.conditions) else replace(node, conditions=tuple(found))


def criterion_marker(criterion: Criterion) -> str:
    """The marker as printed, `(2)` or `③`; a `-` item goes by its name."""
    marker = criterion.marker
    if marker in "-−":
        return (criterion.name or "").replace("_", " ")
    bare = marker.strip("().[]")
    if marker.startswith("[") and 1 <= int(bare) <= 20:  # the plain spelling of a circled number
        return chr(ord("①") + int(bare) - 1)
    return marker if "①" <= marker[0] <= "⑳" else f"({bare})"


# Signs that turn the direction of what stands around them: as text they would let a label reorder a page.
_DIRECTION = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def without_direction(text: str) -> str:
    """A text without signs that turn the direction of writing."""
    return _DIRECTION.sub("", text)


_NAMED = re.compile(
    r"(?!a\b)(?:\w\b|\w*[A-Z0-9]|[\u0370-\u03ff])"
)  # eGFR, p53, c-Met, α-fetoprotein, pH; not the article


def capital(text: str) -> str:
    """A text with a capital in front, unless it begins with a name that is written otherwise: eGFR, pH, c-Met."""
    return text if _NAMED.match(text) else text[:1].upper() + text[1:]


def said_in(text: Text, language: str) -> str:
    """A text of the file in a language, where it has one."""
    return text.zh if language == "zh" and text.zh else text.text


def criterion_sentence(criterion: Criterion, language: str = "en") -> str:
    """The sentence; the name where there is none."""
    return said_in(criterion.sentence, language) if criterion.sentence else (criterion.name or "").replace("_", " ")


def criterion_title(criterion: Criterion, language: str = "en") -> str:
    """Marker and sentence; a `-` item goes by its sentence, or its name."""
    sentence = criterion_sentence(criterion, language)
    return sentence if criterion.marker in "-−" else f"{criterion_marker(criterion)} {sentence}".strip()


def no_such_criterion(wanted: str, protocol: Protocol) -> str:
    """What is said of a criterion that is not there; in a protocol with parts, one of the same number is meant."""
    ids = [each.id for each in protocol.criteria()]
    inside = [id for id in ids if id.endswith(f".{wanted}") or id.lower() == wanted.lower()]
    inside = [each.id for each in protocol.criteria() if each.name == wanted] or inside
    near = f"did you mean {' or '.join(inside[:3])}?" if inside else did_you_mean(wanted, ids)
    return f"there is no criterion `{wanted}`; {near or 'they are ' + listed(ids)}"


UNIT_WORDS = {
    "1": "", "d": "days", "h": "hours", "min": "minutes", "wk": "weeks", "mo": "months", "a": "years", "Cel": "°C",
}  # fmt: skip
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNIT_SIGNS = (
    (re.compile(r"(?<=[⁰-⁹¹²³])\."), " "),
    (re.compile(r"(?<!\d)\.|\.(?!\d)"), "·"),
    (re.compile(r"mm\[Hg\]"), "mmHg"),
    (re.compile(r"\[i?I?U\]"), "IU"),
    (re.compile(r"\bu(?=(mol|g|L|l|m|kat|U|IU)\b)"), "µ"),
    (re.compile(r"(?<=\d)m2\b"), " m²"),
    (re.compile(r"(?<=m)2\b"), "²"),
    (re.compile(r"(?<=m)3\b"), "³"),
)


def unit_words(unit: str) -> str:
    """A unit as people print it: `mmHg` for UCUM's `mm[Hg]`, `10⁹/L` for `10*9/L`, `days` for `d`."""
    if unit in UNIT_WORDS:
        return UNIT_WORDS[unit]
    unit = _raised(unit)
    for written, shown in _UNIT_SIGNS:
        unit = written.sub(shown, unit)
    return unit


def _raised(text: str) -> str:
    """Powers of ten as they are printed: `10⁹` for `10*9` and `10^9`."""
    return re.sub(r"10[*^](-?\d+)", lambda match: "10" + match.group(1).translate(_RAISED), text)


def quantity_text(value: Fraction, unit: str) -> str:
    """`55 %`, `1 month`, `3 months`: a number with its unit as people write it."""
    unit = unit_words(unit)
    if value == 1 and unit in ("years", "months", "weeks", "days", "hours", "minutes", "points"):
        unit = unit[:-1]
    times = "× " if re.match("10[⁻⁰-⁹¹²³]", unit) else ""
    return f"{_raised(number_text(value))} {times}{unit}".strip()
