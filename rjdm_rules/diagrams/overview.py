"""The whole protocol on one page: verdict, inclusion and exclusion side by side, criteria with their sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count

from graphviz import Digraph

from ..graph.build import block_node, verdict_node
from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol.model import Block, Criterion, Part
from ..protocol.settling import settled
from ..words.pieces import flattened
from .boxes import STEP, Boxes, cell, framed, label, look_of
from .sheet import Sheet

ROOM, BRANCH_ROOM, BLOCK_ROOM = 235.0, 300.0, 190.0
MOST_BESIDE = 15  # left to right, more conditions than these stand in one box, as a list
MOST_STACKED = 30  # top to bottom, more than these stand in several columns


def overview_diagram(sheet: Sheet) -> Digraph:
    """The whole protocol. Top to bottom, the criteria of a block stand in a box; left to right, each is a node."""
    protocol = sheet.protocol
    drawing = sheet.canvas(f"overview {protocol.id}")
    drawing.attr(nodesep="0.12", ranksep="0.3" if sheet.direction == "TB" else "0.6")
    if protocol.has_parts:
        said = sheet.words.said(protocol.title)
        drawing.node("protocol", label([cell(said, look_of(""), bold=True, room=BRANCH_ROOM)]))
    for number, part in enumerate(protocol.parts):
        root = _part(drawing, part, f"p{number}", sheet)
        if protocol.has_parts:
            drawing.edge("protocol", root)
    return drawing


def _part(drawing: Digraph, part: Part, prefix: str, sheet: Sheet) -> str:
    """Draws a part; gives the name of its first node."""
    words = sheet.words
    title = words.said(part.title or sheet.protocol.title)
    look, head = look_of(""), "eligible_if"
    if sheet.whose is not None:
        head = _verdict(part, sheet.whose.truths)
        look = look_of({"eligible": "met", "ineligible": "not met", "undetermined": "unknown"}[head])
    root = f"{prefix}_{verdict_node(None)}"
    verdict = cell(words.terms["drawn_verdicts"][head], look_of(""), bold=True, room=BRANCH_ROOM)
    drawing.node(root, label([framed(title, [verdict], look, BRANCH_ROOM)]))
    columns: list[str] = []
    for block in part.blocks:
        boxes = sheet.boxes(block.kind == "exclusion")
        said = _block_words(block, boxes, sheet.whose is not None)
        formula = settled(block.formula, words.readings)
        name = f"{prefix}_{block.kind}"
        if sheet.direction == "TB":
            columns += _columns(block.kind, said, formula, boxes)
            continue
        drawing.node(name, label([framed(said, [], boxes.look(block.formula), BLOCK_ROOM)]))
        drawing.edge(root, name)
        _formula(drawing, formula, name, boxes, count(1))
    if columns:  # blocks side by side in one table, so that their tops are in line
        name = f"{prefix}_blocks"
        table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="8" CELLPADDING="0"><TR>{"".join(columns)}</TR></TABLE>'
        drawing.node(name, f"<{table}>")
        for block in part.blocks:
            drawing.edge(root, f"{name}:{block.kind}:n")
    return root


def _columns(kind: str, said: str, formula: x.Expression, boxes: Boxes) -> list[str]:
    """A block as one column, or as several beside each other where it is long."""
    flat = flattened(formula) if isinstance(formula, x.Group) else None
    parts = flat.conditions if flat else (formula,)
    columns = -(-len(parts) // MOST_STACKED)
    each = -(-len(parts) // columns)
    found = []
    for column in range(columns):
        rows = [row for part in parts[column * each : (column + 1) * each] for row in _rows(part, boxes)]
        head = f"{said} – {boxes.head(flat)}" if flat else said
        box = framed(head if column == 0 else f"{head} …", rows, boxes.look(formula), ROOM)
        port = f' PORT="{kind}"' if column == 0 else ""
        table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4">{box}</TABLE>'
        found.append(f'<TD VALIGN="TOP"{port}>{table}</TD>')
    return found


def _verdict(part: Part, truths: Mapping[str, Truth]) -> str:
    included = truths.get(block_node(part.name, "inclusion"), True)
    excluded = truths.get(block_node(part.name, "exclusion"), False)
    if included is False or excluded is True:
        return "ineligible"
    return "eligible" if included and excluded is False else "undetermined"


def _block_words(block: Block, boxes: Boxes, coloured: bool) -> str:
    outcome = boxes.outcome(block.formula).replace(" ", "_") if coloured else "asked"
    return str(boxes.words.terms[f"drawn_{block.kind}"][outcome])


def _rows(node: x.Expression, boxes: Boxes, depth: int = 0) -> list[str]:
    """A formula, or a criterion with its children, as rows of a box."""
    room = ROOM - STEP * depth
    if isinstance(node, x.CriterionTruth):
        criterion = boxes.protocol.criterion(node.criterion)
        assert criterion is not None
        return [_criterion(criterion, boxes, room)]
    if isinstance(node, x.Group) and node.style != "between":
        flat = flattened(node)
        rows = [row for each in flat.conditions for row in _rows(each, boxes, depth + 1)]
        return [framed(boxes.head(flat), rows, boxes.look(node), room)]
    return boxes.rows(node)


def _criterion(criterion: Criterion, boxes: Boxes, room: float) -> str:
    look, title = boxes.look(x.CriterionTruth(criterion.id)), boxes.words.title(criterion)
    below = [
        cell(
            boxes.words.title(child),
            boxes.look(x.CriterionTruth(child.id)),
            room=room - STEP,
            link=boxes.link(child.id),
        )
        for child in criterion.children
        if child.condition is not None
    ]
    link = boxes.link(criterion.id)
    return framed(title, below, look, room, link) if below else cell(title, look, room=room, link=link)


def _formula(drawing: Digraph, node: x.Expression, above: str, boxes: Boxes, numbers: Iterator[int]) -> None:
    name = f"{above}_{next(numbers)}"
    flat = flattened(node) if isinstance(node, x.Group) else None
    if flat is not None and len(flat.conditions) <= MOST_BESIDE:
        drawing.node(name, label([cell(boxes.head(flat), boxes.look(node), bold=True)]))
        for each in flat.conditions:
            _formula(drawing, each, name, boxes, numbers)
    else:
        drawing.node(name, label(_rows(node, boxes)))
    drawing.edge(above, name)
