"""Conditions as boxes within boxes: Graphviz labels in which ALL, ANY and AT LEAST n hold what they count."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape

from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol.model import Protocol
from ..protocol.settling import settled
from ..words.phrases import Words
from ..words.pieces import criterion_title, flattened

WIDTH, DEEPEST = 38, 6
INK, SOFT, LINE, PANEL = "#1c2530", "#55606e", "#9aa5b1", "#f5f7f9"


@dataclass(frozen=True)
class Look:
    """How an outcome looks: told by sign and border as well as by colour."""

    sign: str
    fill: str
    line: str
    style: str


LOOKS: dict[str, Look] = {
    "met": Look("✓", "#dff1ea", "#0b6b57", "solid"),
    "not met": Look("✗", "#fbe6e0", "#9a3324", "bold"),
    "unknown": Look("?", "#fdf3d3", "#8a6a00", "dashed"),
    "not applicable": Look("–", "#eceff2", "#55606e", "dotted"),
}
PLAIN = Look("", "#ffffff", LINE, "solid")
TruthOf = Callable[[x.Expression], str]  # an outcome, or an empty text where nothing is known of a patient


def look_of(outcome: str, excludes: bool = False) -> Look:
    """The look of an outcome. Colour and border tell whether it speaks for the patient's eligibility, the sign whether
    the condition holds: a met exclusion has ✓ and the colour of what stands in the way."""
    look = LOOKS.get(outcome, PLAIN)
    if excludes and outcome in ("met", "not met"):
        other = LOOKS["not met" if outcome == "met" else "met"]
        return replace(other, sign=look.sign)
    return look


def outcome_word(truth: Truth) -> str:
    return {True: "met", False: "not met", None: "unknown"}[truth]


def wrapped(text: str, width: int = WIDTH) -> str:
    """A text broken into lines, escaped for a label."""
    lines = textwrap.wrap(" ".join(text.split()), width, break_long_words=True) or [""]
    return '<BR ALIGN="LEFT"/>'.join(escape(line, quote=True) for line in lines) + '<BR ALIGN="LEFT"/>'


def cell(text: str, look: Look, bold: bool = False, width: int = WIDTH) -> str:
    """One row of a box."""
    shown = wrapped(f"{look.sign} {text}" if look.sign else text, width)
    body = f"<B>{shown}</B>" if bold else shown
    return (
        f'<TR><TD ALIGN="LEFT" BALIGN="LEFT" BGCOLOR="{look.fill}" COLOR="{look.line}" BORDER="1">'
        f'<FONT COLOR="{INK}">{body}</FONT></TD></TR>'
    )


def framed(head: str, rows: list[str], look: Look, width: int = WIDTH) -> str:
    """A box with a head and rows below it, as one row of the box around it."""
    inner = "".join(rows)
    if head:
        title = wrapped(f"{look.sign} {head}" if look.sign else head, width)
        inner = f'<TR><TD ALIGN="LEFT" BALIGN="LEFT"><FONT COLOR="{INK}"><B>{title}</B></FONT></TD></TR>{inner}'
    ground = look.fill if look.sign else PANEL
    return (
        f'<TR><TD ALIGN="LEFT" BORDER="1" COLOR="{look.line}" BGCOLOR="{ground}" CELLPADDING="3">'
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="3" CELLPADDING="3">'
        f"{inner}</TABLE></TD></TR>"
    )


def label(rows: list[str]) -> str:
    """A whole node: rows in an outer table."""
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4">{"".join(rows)}</TABLE>>'


class Boxes:
    """Boxes for the conditions of one protocol; `outcome` tells how each stands for a patient. In an exclusion
    (`excludes`) what holds speaks against the patient."""

    def __init__(self, protocol: Protocol, words: Words, outcome: TruthOf, excludes: bool = False) -> None:
        self.protocol, self.words, self.outcome, self.excludes = protocol, words, outcome, excludes
        self.expanded: set[str] = set()  # a definition shows what it is made of once in a diagram

    def look(self, node: x.Expression) -> Look:
        return look_of(self.outcome(node), self.excludes)

    def rows(self, node: x.Expression, depth: int = 0) -> list[str]:
        """The rows that show a condition."""
        look = self.look(node)
        width = max(20, WIDTH - 2 * depth)
        match node:
            case x.Group() if node.style != "between":
                flat = flattened(node)
                below = [row for each in flat.conditions for row in self.rows(each, depth + 1)]
                return [framed(group_head(flat), below, look, width)]
            case x.Not(condition=inner) if isinstance(inner, x.Group | x.DefinedValue):
                return [framed("NOT", self.rows(inner, depth + 1), look, width)]
            case x.Except(condition=condition, exception=exception):
                return [self._pair(condition, "EXCEPT", exception, look, depth)]
            case x.WaivedIf(condition=condition, waiver=waiver):
                return [self._pair(condition, "WAIVED IF", waiver, look, depth)]
            case x.IfThen(condition=condition, consequence=consequence):
                rows = [
                    *self.rows(condition, depth + 1),
                    framed("THEN", self.rows(consequence, depth + 1), look, width),
                ]
                return [framed("IF", rows, look, width)]
            case x.CriterionTruth(criterion=id):
                return self._criterion(id, look, depth)
            case x.DefinedValue(name=name):
                definition = self.protocol.definitions[name]
                if name in self.expanded or depth > DEEPEST:
                    return [cell(definition.label.text, look, width=width)]
                self.expanded.add(name)
                below = self.rows(settled(definition.expression, self.words.readings), depth + 1)
                return [framed(definition.label.text, below, look, width)]
        return [cell(self.words.leaf(node), look, width=width)]

    def _pair(self, first: x.Expression, word: str, second: x.Expression, look: Look, depth: int) -> str:
        rows = [*self.rows(first, depth + 1), framed(word, self.rows(second, depth + 2), PLAIN, WIDTH - 2 * depth)]
        return framed("", rows, look)

    def _criterion(self, id: str, look: Look, depth: int) -> list[str]:
        criterion = self.protocol.criterion(id)
        if criterion is None or criterion.condition is None:
            return [cell(id, look)]
        title = criterion_title(criterion)
        if depth > DEEPEST:
            return [cell(title, look)]
        condition = settled(criterion.condition, self.words.readings)
        return [framed(title, self.rows(condition, depth + 1), look, max(20, WIDTH - 2 * depth))]


def group_head(node: x.Group) -> str:
    """`ALL of 3`, `ANY of 5`, `AT LEAST 2 of 5`."""
    n = len(node.conditions)
    if node.kind in ("all", "any", "none"):
        return f"{node.kind.upper()} of {n}"
    return f"{node.kind.upper()} {node.count} of {n}"
