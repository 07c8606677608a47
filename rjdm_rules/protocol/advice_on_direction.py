"""Advice on direction: a sentence that says "at least 55 %" or "before screening" beside a condition that asks the
opposite."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..language.source import Place, Source
from . import expressions as x
from .figures import canonical_figure
from .model import Criterion, Protocol
from .numbers import number_text
from .scope import Advice, Findings

UP, DOWN = "up", "down"
WORDS = {UP: "at least or above", DOWN: "at most or below"}
_FIGURE = r"(?P<figure>\d[\d,]*(?:\.\d+)?(?:\s?×\s?10\^\d+)?)"
_SAID = (
    (UP, r"(?:at least|no less than|not less than|not below|not under|minimum(?: of)?|≥|>=|>|above|over|more than|"
         r"greater than|higher than|older than|exceed(?:s|ing)?)"),
    (DOWN, r"(?:at most|no more than|not more than|not above|not over|not exceeding|maximum(?: of)?|≤|<=|<|up to|below|"
           r"under|less than|lower than|fewer than|younger than)"),
)  # fmt: skip
_RELATION = re.compile("|".join(pattern for _, pattern in _SAID))
_BEHIND = ((UP, r"or (?:above|more|older|higher|over|greater)"), (DOWN, r"or (?:below|less|younger|lower|under|fewer)"))
_NEGATED = re.compile(r"\b(?:not?|never|without|free|except|unless|other than|neither|nor)\b", re.IGNORECASE)


def directions_agree(protocol: Protocol, findings: Findings, source: Source) -> None:
    """Thresholds and windows that point the other way than the sentence above them."""
    for criterion in protocol.criteria():
        if criterion.condition is not None and criterion.sentence is not None:
            _thresholds(criterion, findings)
            _windows(criterion, findings)


def _thresholds(criterion: Criterion, findings: Findings) -> None:
    assert criterion.condition is not None and criterion.sentence is not None
    asked: dict[str, list[tuple[str, x.Compare]]] = {}
    for node, flipped in _conditions(criterion.condition, False):
        if isinstance(node, x.Compare) and node.operator in ("≥", ">", "≤", "<"):
            right = node.right.value if isinstance(node.right, x.Converted) else node.right
            if isinstance(right, x.Constant):
                up = (node.operator in ("≥", ">")) is not flipped
                figure = canonical_figure(number_text(abs(right.value)).lstrip("≈"))
                asked.setdefault(figure, []).append((UP if up else DOWN, node))
    plain = _RELATION.sub(" ", criterion.sentence.text.lower()) if asked else ""
    if not asked or _NEGATED.search(plain):  # "no LVEF above 55 %" says the opposite of what its words do
        return
    said = said_of_figures(criterion.sentence.text)
    for figure, ways in asked.items():
        words = said.get(figure, set())
        if len(words) == 1 and all(way not in words for way, _ in ways):
            (word,) = words
            node = ways[0][1]
            text = node.place.text if node.place else figure
            findings.warning(
                "R921",
                f"the sentence of {criterion.id} says {WORDS[word]} {figure}, its condition {WORDS[ways[0][0]]}",
                node.place or criterion.place,
                f"turn the sign of `{text}` round, or mend the sentence",
            )


def said_of_figures(sentence: str) -> dict[str, set[str]]:
    """For each figure of a sentence the directions in which it is said: `at least 55 %`, `18 years or older`."""
    found: dict[str, set[str]] = {}
    plain = sentence.lower()
    for way, pattern in _SAID:
        for match in re.finditer(rf"{pattern}\s*{_FIGURE}", plain):
            if not f" {plain[: match.start()].rstrip()}".endswith((" not", " no")):  # "not below" is the other way
                found.setdefault(canonical_figure(match["figure"]), set()).add(way)
    for way, pattern in _BEHIND:
        for match in re.finditer(rf"{_FIGURE}(?: ?[^\s\d,;]+)?(?: [^\s\d,;]+)? {pattern}", plain):
            found.setdefault(canonical_figure(match["figure"]), set()).add(way)
    return found


def _windows(criterion: Criterion, findings: Findings) -> None:
    assert criterion.condition is not None and criterion.sentence is not None
    nodes = [node for node, _ in _conditions(criterion.condition, False)]
    windows = [(node, node.window) for node in nodes if isinstance(node, x.Selected | x.InWindow) and node.window]
    if not windows:
        return
    text = criterion.sentence.text.lower()
    before = re.search(r"\b(?:before|prior to|preceding|previous|last|past)\b", text) is not None
    after = re.search(r"\b(?:after|following|since|from|until|during)\b", text) is not None
    for node, window in windows:
        if window.direction not in ("before", "after") or before is after:
            continue
        if (window.direction == "before") is after:
            place: Place = window.place or node.place or criterion.place
            said = "before" if before else "after"
            findings.warning(
                "R921",
                f"the sentence of {criterion.id} says {said}, its condition {window.direction.upper()}",
                place,
                f"write {said.upper()}, or mend the sentence",
            )
            return
        if window.kind in ("at least", "more than") and criterion.id.rpartition(".")[2].startswith("E"):
            longer = re.search(r"\b(?:at least|more than|longer|over|ago)\b", text)
            if "within" in text and not longer and not _NEGATED.search(text):
                findings.warning(
                    "R921",
                    f"the sentence of {criterion.id} says within, its condition asks for longer ago",
                    window.place or node.place or criterion.place,
                    "write `WITHIN …`, or mend the sentence",
                )
                return


def _conditions(node: x.Expression, flipped: bool) -> Iterator[tuple[x.Expression, bool]]:
    """What a criterion asks for, with whether NOT turns it round; exceptions and waivers are left aside."""
    match node:
        case x.Not(condition=inner):
            yield from _conditions(inner, not flipped)
        case x.Group(style="between"):
            return
        case x.Group(kind=kind, conditions=parts):
            for part in parts:
                yield from _conditions(part, flipped is not (kind == "none"))
        case x.Except(condition=inner) | x.WaivedIf(condition=inner) | x.IfThen(consequence=inner):
            yield from _conditions(inner, flipped)
        case x.Compare():
            yield node, flipped
            for each in (node.left, node.right):
                yield from ((found, flipped) for found in _selected(each))
        case x.Occurs(occurrences=x.Selected() as selected):
            yield selected, flipped
        case x.InWindow():
            yield node, flipped


def _selected(node: x.Expression) -> Iterator[x.Expression]:
    if isinstance(node, x.Selected):
        yield node
    for part in x.parts(node):
        yield from _selected(part)


CHECKS: tuple[Advice, ...] = (directions_agree,)
