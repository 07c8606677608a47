"""The whole protocol in one diagram: verdict, blocks, formulas and criteria."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count

from graphviz import Digraph

from ..graph.build import RuleGraph, block_node, verdict_node
from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol.model import Block, Part
from ..protocol.settling import settled
from ..words.phrases import Words
from ..words.pieces import criterion_title, flattened
from .boxes import Boxes, cell, framed, group_head, label, look_of
from .patient import Drawn, boxes_for, canvas

WIDTH, CHILD_WIDTH, BLOCK_WIDTH = 56, 52, 30
MOST_BESIDE = 15  # more conditions than these stand in one box, as a list


def overview_diagram(
    graph: RuleGraph, whose: Drawn | None, readings: Mapping[str, str], direction: str = "LR"
) -> Digraph:
    """The whole protocol. Left to right, each criterion is a node; top to bottom, those of a formula stand in a box."""
    protocol = graph.protocol
    words = Words(protocol, readings)
    drawing = canvas(f"overview {protocol.id}", direction, whose, words)
    drawing.attr(nodesep="0.12", ranksep="0.6")
    if protocol.has_parts:
        drawing.node("protocol", label([cell(protocol.title.text, look_of(""), bold=True, width=BLOCK_WIDTH)]))
    for number, part in enumerate(protocol.parts):
        root = _part(drawing, part, f"p{number}", graph, words, whose, stacked=direction == "TB")
        if protocol.has_parts:
            drawing.edge("protocol", root)
    return drawing


def _part(
    drawing: Digraph, part: Part, prefix: str, graph: RuleGraph, words: Words, whose: Drawn | None, stacked: bool
) -> str:
    """Draws a part; gives the name of its first node."""
    title = part.title.text if part.title else graph.protocol.title.text
    look, head = look_of(""), "eligible if"
    if whose is not None:
        head = _verdict(part, whose.truths)
        look = look_of({"eligible": "met", "ineligible": "not met", "undetermined": "unknown"}[head])
    root = f"{prefix}_{verdict_node(None)}"
    drawing.node(
        root, label([framed(title, [cell(head, look_of(""), bold=True, width=BLOCK_WIDTH)], look, BLOCK_WIDTH)])
    )
    for block in part.blocks:
        boxes = boxes_for(graph, words, whose, block.kind == "exclusion")
        name = f"{prefix}_{block.kind}"
        said = _block_words(block, None if whose is None else boxes.outcome(block.formula))
        drawing.node(name, label([framed(said, [], boxes.look(block.formula), BLOCK_WIDTH)]))
        drawing.edge(root, name)
        formula = settled(block.formula, words.readings)
        if stacked:
            drawing.node(f"{name}_all", label(_rows(formula, boxes)))
            drawing.edge(name, f"{name}_all")
        else:
            _formula(drawing, formula, name, boxes, count(1))
    return root


def _verdict(part: Part, truths: Mapping[str, Truth]) -> str:
    included = truths.get(block_node(part.name, "inclusion"), True)
    excluded = truths.get(block_node(part.name, "exclusion"), False)
    if included is False or excluded is True:
        return "ineligible"
    return "eligible" if included and excluded is False else "undetermined"


def _block_words(block: Block, outcome: str | None) -> str:
    if block.kind == "inclusion":
        return {"met": "INCLUSION satisfied", "not met": "INCLUSION not satisfied"}.get(
            outcome or "", "INCLUSION not known" if outcome else "INCLUSION must hold"
        )
    return {"met": "EXCLUSION holds: excluded", "not met": "no EXCLUSION holds"}.get(
        outcome or "", "EXCLUSION not known" if outcome else "no EXCLUSION may hold"
    )


def _rows(node: x.Expression, boxes: Boxes) -> list[str]:
    """A formula, or a criterion with its children, as rows of a box."""
    if isinstance(node, x.CriterionTruth):
        criterion = boxes.protocol.criterion(node.criterion)
        assert criterion is not None
        look, title = boxes.look(node), criterion_title(criterion)
        below = [
            cell(criterion_title(child), boxes.look(x.CriterionTruth(child.id)), width=CHILD_WIDTH)
            for child in criterion.children
            if child.condition is not None
        ]
        return [framed(title, below, look, WIDTH)] if below else [cell(title, look, width=WIDTH)]
    if isinstance(node, x.Group):
        flat = flattened(node)
        rows = [row for each in flat.conditions for row in _rows(each, boxes)]
        return [framed(group_head(flat), rows, boxes.look(node), WIDTH)]
    return boxes.rows(node)


def _formula(drawing: Digraph, node: x.Expression, above: str, boxes: Boxes, numbers: Iterator[int]) -> None:
    name = f"{above}_{next(numbers)}"
    flat = flattened(node) if isinstance(node, x.Group) else None
    if flat is not None and len(flat.conditions) <= MOST_BESIDE:
        drawing.node(name, label([cell(group_head(flat), boxes.look(node), bold=True)]))
        for each in flat.conditions:
            _formula(drawing, each, name, boxes, numbers)
    else:
        drawing.node(name, label(_rows(node, boxes)))
    drawing.edge(above, name)
