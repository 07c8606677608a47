"""Which facts feed which criteria: items on the left, criteria on the right, in the order of the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphviz import Digraph

from ..protocol.model import Criterion
from ..words.pieces import criterion_sentence
from .boxes import INK, LINE, PANEL, SOFT, Look, look_of, written
from .lettering import SIZE, lines_of
from .pen import Pen
from .sheet import Sheet

ITEM_WIDTH, BETWEEN, CRITERION_WIDTH = 232.0, 56.0, 228.0
ITEM_SIZE, ITEM_LINE, LINE_HEIGHT = 9.0, 11.0, 13.5
SPACE, GROUP_SPACE = 2.0, 9.0
AGAIN = "↑ "  # before an item that stands further up already
_ITEM = Look("", PANEL, PANEL, "solid")
_AGAIN = Look("", "#ffffff", LINE, "dotted")


@dataclass(frozen=True)
class Group:
    """A criterion with the items that feed it (those that stood before are told so); without one, unused items."""

    criterion: Criterion | None
    items: tuple[tuple[str, bool], ...]


def data_map(sheet: Sheet) -> Digraph:
    """The data-to-criterion map in one picture."""
    return _picture(sheet, list(_groups(sheet)), 1)


def data_maps(sheet: Sheet, tallest: float) -> list[Digraph]:
    """The same in pictures of at most `tallest` points (a single criterion may need more)."""
    pages: list[list[Group]] = [[]]
    used = 0.0
    for group in _groups(sheet):
        height = _group_height(sheet, group) + GROUP_SPACE
        if pages[-1] and used + height > tallest:
            pages.append([])
            used = 0.0
        pages[-1].append(group)
        used += height
    return [_picture(sheet, page, number) for number, page in enumerate(pages, 1)]


def _groups(sheet: Sheet) -> Iterator[Group]:
    protocol = sheet.protocol
    tops = {top.id: top for part in protocol.parts for block in part.blocks for top in block.criteria}
    feeding: dict[str, list[str]] = {id: [] for id in tops}
    for name in protocol.items:
        for id in _tops(sheet.graph.criteria_using(name, sheet.readings), tops):
            feeding[id].append(name)
    seen: set[str] = set()
    for id, top in tops.items():
        yield Group(top, tuple((name, name in seen) for name in feeding[id]))
        seen.update(feeding[id])
    unused = tuple((name, False) for name in protocol.items if name not in seen)
    if unused:
        yield Group(None, unused)


def _tops(used: list[str], tops: dict[str, Criterion]) -> list[str]:
    """The criteria of the first level among or above those that use an item, each once."""
    found: dict[str, None] = {}
    for id in used:
        while id not in tops and "." in id:
            id = id.rpartition(".")[0]
        if id in tops:
            found[id] = None
    return list(found)


def _picture(sheet: Sheet, groups: list[Group], number: int) -> Digraph:
    drawing = sheet.canvas(f"data map {number} {sheet.protocol.id}")
    drawing.attr(layout="nop2")
    pen = Pen(drawing)
    down = 0.0
    for group in groups:
        down = _group(pen, sheet, group, down) + GROUP_SPACE
    return drawing


def _title(sheet: Sheet, criterion: Criterion) -> str:
    return f"{criterion.id}   {criterion_sentence(criterion, sheet.language)}"


def _box_height(sheet: Sheet, group: Group) -> float:
    if group.criterion is None:
        return 0.0
    return len(lines_of(_title(sheet, group.criterion), CRITERION_WIDTH - 14)) * LINE_HEIGHT + 8


def _items_height(sheet: Sheet, group: Group) -> float:
    return sum(_item_height(sheet, *item) + SPACE for item in group.items) - (SPACE if group.items else 0)


def _group_height(sheet: Sheet, group: Group) -> float:
    return max(_box_height(sheet, group), _items_height(sheet, group))


def _group(pen: Pen, sheet: Sheet, group: Group, down: float) -> float:
    """Draws a group; gives where it ends."""
    whole, box = _group_height(sheet, group), _box_height(sheet, group)
    left, above = ITEM_WIDTH + BETWEEN, down + (whole - box) / 2
    if group.criterion is not None:
        link = sheet.link(group.criterion.id) if sheet.link else ""
        body = _left(_title(sheet, group.criterion), CRITERION_WIDTH, SIZE, INK)
        pen.box(left, above, CRITERION_WIDTH, box, body, look_of(""), link)
    at = down + (whole - _items_height(sheet, group)) / 2
    for name, again in group.items:
        height = _item_height(sheet, name, again)
        body = _left(_said(sheet, name, again), ITEM_WIDTH, ITEM_SIZE, SOFT if again else INK)
        pen.box(0, at, ITEM_WIDTH, height, body, _AGAIN if again else _ITEM)
        if group.criterion is not None:
            middle = at + height / 2
            pen.wire((ITEM_WIDTH, middle), (left, above + box / 2), color=LINE, penwidth="0.8")
        at += height + SPACE
    return down + whole


def _said(sheet: Sheet, name: str, again: bool) -> str:
    return (AGAIN if again else "") + sheet.words.label(name)


def _item_height(sheet: Sheet, name: str, again: bool) -> float:
    return len(lines_of(_said(sheet, name, again), ITEM_WIDTH - 14, ITEM_SIZE)) * ITEM_LINE + 3


def _left(text: str, width: float, size: float, colour: str) -> str:
    """Lines that begin at the left edge of a box of this width."""
    body, _ = written(text, width - 14, size)
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR><TD ALIGN="LEFT" BALIGN="LEFT" '
        f'WIDTH="{width - 12:g}"><FONT POINT-SIZE="{size:g}" COLOR="{colour}">{body}</FONT></TD></TR></TABLE>'
    )
