"""Decision diagrams: what is asked, in which order, and which ways lead to which outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from graphviz import Digraph

from ..graph.build import GraphNodes, RuleGraph, block_node, verdict_node
from ..graph.links import LOGICAL
from ..language.diagnostics import did_you_mean
from ..logic.kleene import Truth, conjunction, disjunction, implied, negation
from ..protocol import expressions as x
from ..protocol.model import Criterion, Part
from ..protocol.settling import settled
from ..words.phrases import Words, flattened
from .boxes import INK, SOFT, Boxes, Look, cell, criterion_title, framed, group_head, label, look_of, outcome_word

FONT = "Helvetica"  # one name: with a list of names, the layout that comes along takes the metrics of another font
Truths = Mapping[str, Truth]


class UnknownCriterion(ValueError):
    """A criterion that the protocol does not have."""


@dataclass(frozen=True)
class Step:
    """A question of the decision: its box and where its answers lead (a step's number, or an outcome)."""

    rows: list[str]
    yes: str
    no: str
    unknown: str


def canvas(name: str, direction: str) -> Digraph:
    graph = Digraph(name)
    graph.attr(rankdir=direction, fontname=FONT, nodesep="0.35", ranksep="0.45", bgcolor="white", pad="0.2")
    graph.attr("node", fontname=FONT, fontsize="11", shape="plain", fontcolor=INK)
    graph.attr("edge", fontname=FONT, fontsize="10", color=SOFT, fontcolor=SOFT, arrowsize="0.7")
    return graph


def boxes_for(graph: RuleGraph, words: Words, truths: Truths | None, excludes: bool) -> Boxes:
    """Boxes that show how each condition stands for the patient (plain ones without a patient)."""
    if truths is None:
        return Boxes(graph.protocol, words, lambda node: "", excludes)
    patient = PatientTruths(graph, truths)
    return Boxes(graph.protocol, words, patient.outcome, excludes)


class PatientTruths:
    """The truth of any condition for one patient, also of those that settling a reading has shortened."""

    def __init__(self, graph: RuleGraph, truths: Truths) -> None:
        self.protocol, self.truths, self.nodes = graph.protocol, truths, GraphNodes(graph)

    def truth(self, node: x.Expression) -> Truth:
        name = self.nodes.name_of(node)
        if name is not None and name in self.truths:
            return self.truths[name]
        below = [self.truth(each) for each in x.parts(node)] if isinstance(node, LOGICAL) else []
        match node:
            case x.Always(value=value):
                return value
            case x.Not():
                return negation(below[0])
            case x.Group(kind="all"):
                return conjunction(below)
            case x.Group(kind="any"):
                return disjunction(below)
            case x.Except():
                return conjunction((below[0], negation(below[1])))
            case x.WaivedIf():
                return disjunction(below)
            case x.IfThen():
                return implied(below[0], below[1])
        return None

    def outcome(self, node: x.Expression) -> str:
        if isinstance(node, x.AttributeValue):
            return ""
        if isinstance(node, x.CriterionTruth):
            criterion = self.protocol.criterion(node.criterion)
            condition = criterion.condition if criterion else None
            if isinstance(condition, x.IfThen) and self.truth(condition.condition) is False:
                return "not applicable"
        return outcome_word(self.truth(node))


# ---- one criterion -------------------------------------------------------------------------------------------------


def criterion_diagram(
    graph: RuleGraph,
    id: str,
    truths: Truths | None,
    readings: Mapping[str, str],
    direction: str = "TB",
) -> Digraph:
    """The decision diagram of one criterion or child. Raises UnknownCriterion."""
    protocol = graph.protocol
    criterion = protocol.criterion(id)
    if criterion is None:
        ids = [each.id for each in protocol.criteria()]
        raise UnknownCriterion(f"there is no criterion `{id}`; {did_you_mean(id, ids) or 'they are ' + ', '.join(ids)}")
    words = Words(protocol, readings)
    excludes = criterion.id in protocol.excluding
    boxes = boxes_for(graph, words, truths, excludes)
    drawing = canvas(f"criterion {criterion.id}", direction)
    title = criterion_title(criterion)
    look = boxes.look(x.CriterionTruth(criterion.id))
    drawing.node(
        "start", label([framed(title, [cell(f"{criterion.id} · {protocol.id}", look_of(""), width=46)], look, 46)])
    )
    if criterion.condition is None:
        return drawing
    steps = steps_of(settled(criterion.condition, readings), boxes)
    drawing.edge("start", "step0")
    for number, step in enumerate(steps):
        drawing.node(f"step{number}", label(step.rows))
        for word, target in (("yes", step.yes), ("no", step.no), ("unknown", step.unknown)):
            style = {"yes": "solid", "no": "bold", "unknown": "dashed"}[word]
            drawing.edge(f"step{number}", target, label=f" {word} ", style=style)
    ends = {target for step in steps for target in (step.yes, step.no, step.unknown) if not target.startswith("step")}
    reached = "" if truths is None else boxes.outcome(x.CriterionTruth(criterion.id))
    for end in sorted(ends):
        _end(drawing, end, excludes, reached)
    with drawing.subgraph() as rank:
        rank.attr(rank="sink")
        for end in sorted(ends):
            rank.node(end)
    return drawing


END_WORDS = {
    "met": ("met", "met: the patient is excluded"),
    "not_met": ("not met", "not met"),
    "unknown": ("unknown", "unknown"),
    "not_applicable": ("not applicable, counts as satisfied", "not applicable"),
}


def _end(drawing: Digraph, end: str, excludes: bool, reached: str) -> None:
    kind = end.split("__")[0]
    outcome = kind.replace("_", " ")
    text = END_WORDS[kind][1 if excludes else 0]
    remark = end.partition("__")[2].replace("_", " ")
    look = look_of(outcome, excludes)
    shown = f"{look.sign} {text}" + (f"\n{remark}" if remark else "")
    chosen = reached == outcome
    drawing.node(
        end,
        shown,
        shape={"met": "box", "not met": "octagon", "unknown": "ellipse", "not applicable": "box"}[outcome],
        style=f"filled,{'rounded,' if outcome in ('met', 'not applicable') else ''}{look.style}",
        fillcolor=look.fill,
        color=look.line,
        penwidth="3" if chosen else "1.2",
    )


def steps_of(node: x.Expression, boxes: Boxes) -> list[Step]:
    """The questions of a condition, one after the other."""
    match node:
        case x.Group(kind="all") if node.style != "between":
            return _chain(flattened(node), boxes, True)
        case x.Group(kind="any"):
            return _chain(flattened(node), boxes, False)
        case x.Except(condition=condition, exception=exception):
            return [
                Step(boxes.rows(condition), "step1", "not_met", "unknown__unless_the_exception_applies"),
                Step([framed("EXCEPTION", boxes.rows(exception, 1), look_of(""))], "not_met", "met", "unknown"),
            ]
        case x.WaivedIf(condition=condition, waiver=waiver):
            return [
                Step(boxes.rows(condition), "met", "step1", "unknown__unless_waived"),
                Step([framed("WAIVER", boxes.rows(waiver, 1), look_of(""))], "met", "not_met", "unknown"),
            ]
        case x.IfThen(condition=condition, consequence=consequence):
            return [
                Step(
                    [framed("IF", boxes.rows(condition, 1), look_of(""))],
                    "step1",
                    "not_applicable",
                    "unknown__unless_the_next_is_met",
                ),
                Step([framed("THEN", boxes.rows(consequence, 1), look_of(""))], "met", "not_met", "unknown"),
            ]
    return [Step(boxes.rows(node), "met", "not_met", "unknown")]


def _chain(node: x.Group, boxes: Boxes, every: bool) -> list[Step]:
    """ALL: each `yes` goes on, one `no` decides. ANY: each `no` goes on, one `yes` decides."""
    last = len(node.conditions) - 1
    open_end = "unknown__unless_another_is_no" if every else "unknown__unless_another_is_yes"
    open_end = open_end if last else "unknown"
    steps = []
    for number, each in enumerate(node.conditions):
        following = f"step{number + 1}"
        rows = boxes.rows(each, 1)
        if number == 0 and last:
            rows = [cell(group_head(node), Look("", "#ffffff", "#ffffff", ""), bold=True), *rows]
        if every:
            steps.append(Step(rows, following if number < last else "met", "not_met", open_end))
        else:
            steps.append(Step(rows, "met", following if number < last else "not_met", open_end))
    return steps


# ---- the whole protocol --------------------------------------------------------------------------------------------


def overview_diagram(
    graph: RuleGraph,
    truths: Truths | None,
    readings: Mapping[str, str],
    direction: str = "LR",
) -> Digraph:
    """The whole protocol: verdict, blocks, formulas and criteria."""
    protocol = graph.protocol
    words = Words(protocol, readings)
    drawing = canvas(f"overview {protocol.id}", direction)
    drawing.attr(nodesep="0.12", ranksep="0.6")
    for number, part in enumerate(protocol.parts):
        _part(drawing, part, f"p{number}", graph, words, truths)
    return drawing


def _part(drawing: Digraph, part: Part, prefix: str, graph: RuleGraph, words: Words, truths: Truths | None) -> None:
    title = part.title.text if part.title else graph.protocol.title.text
    look = look_of("")
    head = "eligible if"
    if truths is not None:
        included = truths.get(block_node(part.name, "inclusion"), True)
        excluded = truths.get(block_node(part.name, "exclusion"), False)
        ineligible = included is False or excluded is True
        verdict = "ineligible" if ineligible else "eligible" if included and excluded is False else "undetermined"
        look = look_of({"eligible": "met", "ineligible": "not met", "undetermined": "unknown"}[verdict])
        head = verdict
    root = f"{prefix}_{verdict_node(None)}"
    drawing.node(root, label([framed(title, [cell(head, look_of(""), bold=True, width=30)], look, 30)]))
    for block in part.blocks:
        boxes = boxes_for(graph, words, truths, block.kind == "exclusion")
        name = f"{prefix}_{block.kind}"
        must = "INCLUSION must hold" if block.kind == "inclusion" else "EXCLUSION must not hold"
        drawing.node(name, label([framed(must, [], boxes.look(block.formula), 30)]))
        drawing.edge(root, name, label=" yes " if block.kind == "inclusion" else " no ")
        _formula(drawing, settled(block.formula, words.readings), name, boxes, count(1))


def _formula(drawing: Digraph, node: x.Expression, above: str, boxes: Boxes, numbers: Iterator[int]) -> None:
    name = f"{above}_{next(numbers)}"
    criterion: Criterion | None = None
    if isinstance(node, x.CriterionTruth):
        criterion = boxes.protocol.criterion(node.criterion)
    if criterion is not None:
        below = [
            cell(criterion_title(child), boxes.look(x.CriterionTruth(child.id)), width=52)
            for child in criterion.children
            if child.condition is not None
        ]
        look = boxes.look(node)
        title = criterion_title(criterion)
        drawing.node(name, label([framed(title, below, look, 56)] if below else [cell(title, look, width=56)]))
        drawing.edge(above, name)
        return
    if isinstance(node, x.Group):
        flat = flattened(node)
        drawing.node(name, label([cell(group_head(flat), boxes.look(node), bold=True)]))
        drawing.edge(above, name)
        for each in flat.conditions:
            _formula(drawing, each, name, boxes, numbers)
        return
    drawing.node(name, label(boxes.rows(node)))
    drawing.edge(above, name)
