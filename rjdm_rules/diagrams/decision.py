"""The decision diagram of a criterion: what is asked, in which order, and which ways lead to which outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphviz import Digraph

from ..graph.build import RuleGraph
from ..protocol import expressions as x
from ..protocol.settling import settled
from ..words.phrases import Words
from ..words.pieces import criterion_title, flattened, no_such_criterion
from .boxes import INK, Boxes, cell, framed, group_head, label, look_of
from .patient import Drawn, boxes_for, canvas

MOST_STEPS = 8  # more alternatives than these stand in one box, as a list
ANSWERS = {"met": "yes", "not met": "no", "unknown": "unknown"}


class UnknownCriterion(ValueError):
    """A criterion that the protocol does not have."""


@dataclass(frozen=True)
class Step:
    """A question of the decision: what is asked, its box, and where each answer leads (a step, or an outcome)."""

    asked: x.Expression
    rows: list[str]
    yes: str
    no: str
    unknown: str

    def ways(self) -> tuple[tuple[str, str], ...]:
        return ("yes", self.yes), ("no", self.no), ("unknown", self.unknown)


def criterion_diagram(
    graph: RuleGraph, id: str, whose: Drawn | None, readings: Mapping[str, str], direction: str = "TB"
) -> Digraph:
    """The decision diagram of one criterion or child. Raises UnknownCriterion."""
    protocol = graph.protocol
    criterion = protocol.criterion(id)
    if criterion is None:
        raise UnknownCriterion(no_such_criterion(id, protocol))
    words = Words(protocol, readings)
    excludes = criterion.id in protocol.excluding
    boxes = boxes_for(graph, words, whose, excludes)
    drawing = canvas(f"criterion {criterion.id}", direction, whose, words)
    below = f"{criterion.id} · {protocol.id}"
    condition = settled(criterion.condition, readings) if criterion.condition is not None else None
    if isinstance(condition, x.Group) and condition.style != "between":
        below += f" · {group_head(flattened(condition))}"
    look = boxes.look(x.CriterionTruth(criterion.id))
    drawing.node("start", label([framed(criterion_title(criterion), [cell(below, look_of(""), width=46)], look, 46)]))
    if condition is None:
        return drawing
    steps = steps_of(condition, boxes)
    reached = "" if whose is None else boxes.outcome(x.CriterionTruth(criterion.id))
    taken = way_taken(steps, boxes, reached) if whose is not None else set()
    drawing.edge("start", "step0", **_weight(bool(taken)))
    for number, step in enumerate(steps):
        drawing.node(f"step{number}", label(step.rows))
        for answer, target in step.ways():
            style = "dashed" if answer == "unknown" else "solid"
            drawing.edge(
                f"step{number}", target, label=f" {answer} ", style=style, **_weight((number, answer) in taken)
            )
    ends = {target for step in steps for _, target in step.ways() if not target.startswith("step")}
    for end in sorted(ends):
        _end(drawing, end, excludes, reached)
    with drawing.subgraph() as rank:
        rank.attr(rank="sink")
        for end in sorted(ends):
            rank.node(end)
    return drawing


def way_taken(steps: list[Step], boxes: Boxes, reached: str) -> set[tuple[int, str]]:
    """The steps and answers that lead a patient to the outcome reached; an unknown that did not matter is passed by."""
    found: set[tuple[int, str]] = set()
    number = 0
    while number < len(steps):
        answer = ANSWERS.get(boxes.outcome(steps[number].asked), "unknown")
        if answer == "unknown" and reached != "unknown":
            number += 1
            continue
        found.add((number, answer))
        target = dict(steps[number].ways())[answer]
        if not target.startswith("step"):
            break
        number = int(target.removeprefix("step"))
    return found


def _weight(taken: bool) -> dict[str, str]:
    return {"penwidth": "2.4", "color": INK} if taken else {}


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
    drawing.node(
        end,
        shown,
        shape={"met": "box", "not met": "octagon", "unknown": "ellipse", "not applicable": "box"}[outcome],
        style=f"filled,{'rounded,' if outcome in ('met', 'not applicable') else ''}{look.style}",
        fillcolor=look.fill,
        color=look.line,
        penwidth="3" if reached == outcome else "1.2",
    )


def steps_of(node: x.Expression, boxes: Boxes) -> list[Step]:
    """The questions of a condition, one after the other."""
    match node:
        case x.Group(kind="all" | "any" as kind) if node.style != "between":
            flat = flattened(node)
            if len(flat.conditions) <= MOST_STEPS:
                return _chain(flat, boxes, kind == "all")
        case x.Except(condition=condition, exception=exception):
            return [
                Step(condition, boxes.rows(condition), "step1", "not_met", "unknown__unless_the_exception_applies"),
                Step(exception, _framed("EXCEPTION", exception, boxes), "not_met", "met", "unknown"),
            ]
        case x.WaivedIf(condition=condition, waiver=waiver):
            return [
                Step(condition, boxes.rows(condition), "met", "step1", "unknown__unless_waived"),
                Step(waiver, _framed("WAIVER", waiver, boxes), "met", "not_met", "unknown"),
            ]
        case x.IfThen(condition=condition, consequence=consequence):
            open_end = "unknown__unless_the_THEN_part_holds"
            return [
                Step(condition, _framed("IF", condition, boxes), "step1", "not_applicable", open_end),
                Step(consequence, _framed("THEN", consequence, boxes), "met", "not_met", "unknown"),
            ]
    return [Step(node, boxes.rows(node), "met", "not_met", "unknown")]


def _framed(head: str, node: x.Expression, boxes: Boxes) -> list[str]:
    return [framed(head, boxes.rows(node, 1), look_of(""))]


def _chain(node: x.Group, boxes: Boxes, every: bool) -> list[Step]:
    """ALL: each `yes` goes on, one `no` decides. ANY: each `no` goes on, one `yes` decides."""
    last = len(node.conditions) - 1
    open_end = "unknown__unless_another_is_no" if every else "unknown__unless_another_is_yes"
    open_end = open_end if last else "unknown"
    steps = []
    for number, each in enumerate(node.conditions):
        following = f"step{number + 1}" if number < last else "met" if every else "not_met"
        ways = (following, "not_met") if every else ("met", following)
        steps.append(Step(each, boxes.rows(each, 1), *ways, open_end))
    return steps
