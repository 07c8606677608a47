"""Conditions as boxes within boxes: Graphviz labels in which ALL, ANY and AT LEAST n hold what they count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from math import ceil, floor

from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol.model import Criterion, Protocol
from ..protocol.settling import settled
from ..words.phrases import Words
from ..words.pieces import flattened, without_direction
from .lettering import SIZE, lines_of, text_width

ROOM, NARROWEST, DEEPEST = 205.0, 120.0, 6
STEP = 14.0  # what a frame takes from the room of what stands in it
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


def written(text: str, room: float, size: float = SIZE, bold: bool = False) -> tuple[str, int]:
    """A text broken into lines and escaped for a label, and the width that its longest line takes."""
    lines = lines_of(without_direction(text), room, size, bold)
    told = (f"<B>{as_text(line)}</B>" if bold and line else as_text(line) for line in lines)
    return "".join(f'{line}<BR ALIGN="LEFT"/>' for line in told), ceil(_widest(lines, size, bold))


def _widest(lines: list[str], size: float, bold: bool) -> float:
    return max(text_width(line, size, bold) for line in lines)


def centred(text: str, room: float, size: float = SIZE, bold: bool = False, colour: str = INK) -> tuple[str, int, int]:
    """Lines one below the other, each in the middle, as a table for a label; their width, and how many they are.

    A layout program puts a line in the middle by its own guess of the width, which is wrong where it lacks the font
    (Chinese above all). So each line stands at the left of a cell that is as wide as the line, between two gaps.
    """
    lines = lines_of(without_direction(text), room, size, bold)
    widest = ceil(_widest(lines, size, bold))
    rows = []
    for line in lines:
        told = f"<B>{as_text(line)}</B>" if bold and line else as_text(line)
        said = f'<FONT POINT-SIZE="{size:g}" COLOR="{colour}">{told}</FONT>'
        gap = floor((widest - text_width(line, size, bold)) / 2)
        beside = f'<TD FIXEDSIZE="TRUE" HEIGHT="1" WIDTH="{gap}"></TD>' if gap else ""
        inner = f'{beside}<TD ALIGN="LEFT" WIDTH="{widest - 2 * gap}">{said}</TD>{beside}'
        rows.append(f"<TR><TD><TABLE {_BARE}><TR>{inner}</TR></TABLE></TD></TR>")
    return f"<TABLE {_BARE}>{''.join(rows)}</TABLE>", widest, len(lines)


_BARE = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'


def as_text(line: str) -> str:
    r"""A line escaped for a label, where one backslash and a letter would stand for a name (`\N`)."""
    return escape(line, quote=True).replace("\\", "&#92;&#92;")


def signed(text: str, look: Look) -> str:
    return f"{look.sign} {text}" if look.sign else text


def cell(text: str, look: Look, bold: bool = False, room: float = ROOM, link: str = "") -> str:
    """One row of a box."""
    body, width = written(signed(text, look), room, bold=bold)
    return (
        f'<TR><TD ALIGN="LEFT" BALIGN="LEFT" WIDTH="{width + 8}" BGCOLOR="{look.fill}" COLOR="{look.line}" BORDER="1"'
        f'{_href(link)}><FONT COLOR="{INK}">{body}</FONT></TD></TR>'
    )


def framed(head: str, rows: list[str], look: Look, room: float = ROOM, link: str = "") -> str:
    """A box with a head and rows below it, as one row of the box around it."""
    inner = "".join(rows)
    if head:
        inner = (
            f'<TR><TD ALIGN="LEFT" CELLPADDING="2"{_href(link)}>{heading(signed(head, look), room)}</TD></TR>{inner}'
        )
    ground = look.fill if look.sign else PANEL
    return (
        f'<TR><TD ALIGN="LEFT" BORDER="1" COLOR="{look.line}" BGCOLOR="{ground}" CELLPADDING="3">'
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="3" CELLPADDING="3">'
        f"{inner}</TABLE></TD></TR>"
    )


def heading(text: str, room: float) -> str:
    """A bold text as a table with a row a line: layout programs set bold lines in one cell too tightly."""
    rows = []
    for line in lines_of(without_direction(text), room, bold=True):
        width = ceil(text_width(line, bold=True))
        told = f"<B>{as_text(line)}</B>" if line else ""
        rows.append(f'<TR><TD ALIGN="LEFT" WIDTH="{width}"><FONT COLOR="{INK}">{told}</FONT></TD></TR>')
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>'


def _href(link: str) -> str:
    return f' HREF="{escape(link, quote=True)}" TITLE=" "' if link else ""


def label(rows: list[str]) -> str:
    """A whole node: rows in an outer table."""
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4">{"".join(rows)}</TABLE>>'


def plain_label(text: str, room: float, size: float = SIZE, colour: str = INK, bold: bool = False) -> str:
    """A label without a box of its own, its width as the text needs it."""
    body, _, _ = centred(text, room, size, bold, colour)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2"><TR><TD>{body}</TD></TR></TABLE>>'


class Boxes:
    """Boxes for the conditions of one protocol; `outcome` tells how each stands for a patient. In an exclusion
    (`excludes`) what holds speaks against the patient. With `closed`, a criterion named in a condition is shown by its
    sentence alone; `link` gives the address of a criterion, where the picture stands in a page."""

    def __init__(
        self,
        protocol: Protocol,
        words: Words,
        outcome: TruthOf,
        excludes: bool = False,
        link: Callable[[str], str] | None = None,
    ) -> None:
        self.protocol, self.words, self.outcome, self.excludes = protocol, words, outcome, excludes
        self.link = link or (lambda id: "")
        self.closed = False
        self.expanded: set[str] = set()  # a definition shows what it is made of once in a diagram

    def look(self, node: x.Expression) -> Look:
        return look_of(self.outcome(node), self.excludes)

    def word(self, name: str) -> str:
        """A fixed word of the diagrams, in the language of the words."""
        return str(self.words.terms[name])

    def rows(self, node: x.Expression, depth: int = 0) -> list[str]:
        """The rows that show a condition."""
        look = self.look(node)
        room = max(NARROWEST, ROOM - STEP * depth)
        match node:
            case x.Group() if node.style != "between":
                flat = flattened(node)
                below = [row for each in flat.conditions for row in self.rows(each, depth + 1)]
                return [framed(self.head(flat), below, look, room)]
            case x.Not(condition=inner) if isinstance(inner, x.Group | x.DefinedValue | x.CriterionTruth):
                return [framed(self.word("drawn_not"), self.rows(inner, depth + 1), look, room)]
            case x.Except(condition=condition, exception=exception):
                return [self._pair(condition, self.word("drawn_except"), exception, look, depth)]
            case x.WaivedIf(condition=condition, waiver=waiver):
                return [self._pair(condition, self.word("drawn_waived"), waiver, look, depth)]
            case x.IfThen(condition=condition, consequence=consequence):
                rows = [
                    *self.rows(condition, depth + 1),
                    framed(self.word("drawn_then"), self.rows(consequence, depth + 1), look, room),
                ]
                return [framed(self.word("drawn_if"), rows, look, room)]
            case x.CriterionTruth(criterion=id):
                return self._criterion(id, look, depth)
            case x.DefinedValue(name=name):
                return [self._defined(name, look, depth, room)]
        return [cell(self.words.leaf(node), look, room=room)]

    def _defined(self, name: str, look: Look, depth: int, room: float) -> str:
        definition = self.protocol.definitions[name]
        said = self.words.said(definition.label)
        if name in self.expanded or depth > DEEPEST:
            return cell(said, look, room=room)
        self.expanded.add(name)
        return framed(said, self.rows(settled(definition.expression, self.words.readings), depth + 1), look, room)

    def _pair(self, first: x.Expression, word: str, second: x.Expression, look: Look, depth: int) -> str:
        inner = framed(word, self.rows(second, depth + 2), PLAIN, ROOM - STEP * depth)
        return framed("", [*self.rows(first, depth + 1), inner], look)

    def _criterion(self, id: str, look: Look, depth: int) -> list[str]:
        criterion = self.protocol.criterion(id)
        if criterion is None or criterion.condition is None:
            return [cell(id, look)]
        room = max(NARROWEST, ROOM - STEP * depth)
        title, link = self.words.title(criterion), self.link(id)
        if depth > DEEPEST or self.closed:
            return [cell(title, look, room=room, link=link)]
        condition = settled(criterion.condition, self.words.readings)
        return [framed(title, self.rows(condition, depth + 1), look, room, link)]

    def title(self, criterion: Criterion, look: Look, below: list[str], room: float) -> str:
        """The first box of a criterion's own diagram."""
        return label([framed(self.words.title(criterion), below, look, room, self.link(criterion.id))])

    def head(self, node: x.Group) -> str:
        """`ALL of 3`, `ANY of 5`, `AT LEAST 2 of 5`."""
        said = str(self.words.terms["drawn_groups"][node.kind])
        return said.format(n=len(node.conditions), count=node.count)
