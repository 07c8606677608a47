"""The decision diagram of a criterion: what is asked, in which order, and which ways lead to which outcome."""

from __future__ import annotations

from dataclasses import dataclass

from graphviz import Digraph

from ..protocol import expressions as x
from ..protocol.model import Criterion
from ..protocol.settling import settled
from ..words.pieces import flattened
from .boxes import INK, SOFT, Boxes, cell, framed, label, look_of, plain_label, signed
from .sheet import Sheet

MOST_STEPS = 8  # more alternatives than these stand in one box, as a list
MOST_ROWS = 22  # with more boxes than these, the criteria inside stand closed: each has a diagram of its own
ANSWERS = {"met": "yes", "not met": "no", "unknown": "unknown"}
END_ROOM = 88.0


@dataclass(frozen=True)
class Step:
    """A question of the decision: what is asked, its box, and where each answer leads (a further step, an outcome)."""

    asked: x.Expression
    rows: list[str]
    yes: str
    no: str
    unknown: str

    def ways(self) -> tuple[tuple[str, str], ...]:
        return ("yes", self.yes), ("no", self.no), ("unknown", self.unknown)


def criterion_diagram(sheet: Sheet, id: str) -> Digraph:
    """The decision diagram of one criterion or child. Raises UnknownCriterion."""
    criterion = sheet.criterion(id)
    boxes = sheet.boxes(criterion.id in sheet.protocol.excluding)
    drawing = sheet.canvas(f"criterion {criterion.id}")
    drawing.attr(nodesep="0.25", ranksep="0.3", splines="polyline")
    condition = settled(criterion.condition, sheet.readings) if criterion.condition is not None else None
    drawing.node("start", _title(criterion, condition, boxes, sheet))
    if condition is None:
        return drawing
    steps = _steps(condition, boxes)
    whole = x.CriterionTruth(criterion.id)
    reached = boxes.outcome(whole) if sheet.whose else ""
    taken = way_taken(steps, boxes, reached) if sheet.whose else set()
    drawing.edge("start", "step0", weight="20", **_weight(bool(taken)))
    for number, step in enumerate(steps):
        _step(drawing, number, step, boxes, taken, reached)
    return drawing


def _title(criterion: Criterion, condition: x.Expression | None, boxes: Boxes, sheet: Sheet) -> str:
    below = f"{criterion.id} · {sheet.protocol.id}"
    if isinstance(condition, x.Group) and condition.style != "between":
        below += f" · {boxes.head(flattened(condition))}"
    look = boxes.look(x.CriterionTruth(criterion.id))
    return boxes.title(criterion, look, [cell(below, look_of(""), room=260)], 260)


def _steps(condition: x.Expression, boxes: Boxes) -> list[Step]:
    """The steps, with the criteria inside them closed where the picture would not fit a page."""
    steps = steps_of(condition, boxes)
    if sum(row.count("<TR>") for step in steps for row in step.rows) > MOST_ROWS and _names_criteria(condition):
        boxes.closed = True
        boxes.expanded.clear()
        steps = steps_of(condition, boxes)
        boxes.closed = False
    return steps


def _names_criteria(node: x.Expression) -> bool:
    return isinstance(node, x.CriterionTruth) or any(_names_criteria(each) for each in x.parts(node))


def _step(drawing: Digraph, number: int, step: Step, boxes: Boxes, taken: set[tuple[int, str]], reached: str) -> None:
    """A question with the outcomes beside it: unknown on the left, what ends here on the right, what goes on below."""
    name = f"step{number}"
    drawing.node(name, label(step.rows))
    beside = [(answer, target) for answer, target in step.ways() if not target.startswith("step")]
    below = [(answer, target) for answer, target in step.ways() if target.startswith("step")]
    right = [way for way in beside if way[0] != "unknown"]
    if not below:  # the last question: yes goes down
        below, right = right[:1], right[1:]
    with drawing.subgraph() as rank:
        rank.attr(rank="same")
        rank.node(name)
        for answer, target in beside:
            if answer == "unknown":
                end = _end(rank, name, answer, target, boxes, (number, answer) in taken, reached)
                rank.edge(
                    end, name, dir="back", label=_said(answer, boxes), **_style(answer, (number, answer) in taken)
                )
        for answer, target in right:
            end = _end(rank, name, answer, target, boxes, (number, answer) in taken, reached)
            rank.edge(name, end, label=_said(answer, boxes), **_style(answer, (number, answer) in taken))
    for answer, target in below:
        end = target
        if not target.startswith("step"):
            end = _end(drawing, name, answer, target, boxes, (number, answer) in taken, reached)
        style = _style(answer, (number, answer) in taken)
        drawing.edge(name, end, label=_said(answer, boxes), weight="20", **style)


def _said(answer: str, boxes: Boxes) -> str:
    return plain_label(boxes.word(f"drawn_{answer}"), 80, 10, SOFT)


def _style(answer: str, taken: bool) -> dict[str, str]:
    return {"style": "dashed" if answer == "unknown" else "solid", **_weight(taken)}


def _weight(taken: bool) -> dict[str, str]:
    return {"penwidth": "2.4", "color": INK} if taken else {}


def _end(drawing: Digraph, step: str, answer: str, target: str, boxes: Boxes, taken: bool, reached: str) -> str:
    """An outcome beside or below a question; gives its node. Beside an exclusion, met says that the patient is out."""
    kind, _, remark = target.partition("__")
    outcome = kind.replace("_", " ")
    look = look_of(outcome, boxes.excludes)
    said = boxes.words.terms["drawn_ends_of_exclusion" if boxes.excludes else "drawn_ends"][kind]
    text = signed(said + (boxes.word("drawn_before_remark") + boxes.word(f"drawn_{remark}") if remark else ""), look)
    drawing.node(
        f"{step}_{answer}",
        plain_label(text, END_ROOM, 10),
        shape={"met": "box", "not met": "octagon", "unknown": "box", "not applicable": "box"}[outcome],
        style=f"filled,{'rounded,' if outcome != 'not met' else ''}{look.style}",
        fillcolor=look.fill,
        color=look.line,
        penwidth="3" if taken and reached == outcome else "1.2",
        margin="0.04,0.02",
    )
    return f"{step}_{answer}"


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


def steps_of(node: x.Expression, boxes: Boxes) -> list[Step]:
    """The questions of a condition, one after the other."""
    match node:
        case x.Group(kind="all" | "any" as kind) if node.style != "between":
            flat = flattened(node)
            if len(flat.conditions) <= MOST_STEPS:
                return _chain(flat, boxes, kind == "all")
        case x.Except(condition=condition, exception=exception):
            return [
                Step(condition, boxes.rows(condition), "step1", "not_met", "unknown__unless_exception"),
                Step(exception, _framed("drawn_exception", exception, boxes), "not_met", "met", "unknown"),
            ]
        case x.WaivedIf(condition=condition, waiver=waiver):
            return [
                Step(condition, boxes.rows(condition), "met", "step1", "unknown__unless_waived"),
                Step(waiver, _framed("drawn_waiver", waiver, boxes), "met", "not_met", "unknown"),
            ]
        case x.IfThen(condition=condition, consequence=consequence):
            return [
                Step(
                    condition,
                    _framed("drawn_if", condition, boxes),
                    "step1",
                    "not_applicable",
                    "unknown__unless_then",
                ),
                Step(consequence, _framed("drawn_then", consequence, boxes), "met", "not_met", "unknown"),
            ]
    return [Step(node, boxes.rows(node), "met", "not_met", "unknown")]


def _framed(head: str, node: x.Expression, boxes: Boxes) -> list[str]:
    return [framed(boxes.word(head), boxes.rows(node, 1), look_of(""))]


def _chain(node: x.Group, boxes: Boxes, every: bool) -> list[Step]:
    """ALL: each `yes` goes on, one `no` decides. ANY: each `no` goes on, one `yes` decides."""
    last = len(node.conditions) - 1
    open_end = "unknown__unless_no" if every else "unknown__unless_yes"
    open_end = open_end if last else "unknown"
    steps = []
    for number, each in enumerate(node.conditions):
        following = f"step{number + 1}" if number < last else "met" if every else "not_met"
        ways = (following, "not_met") if every else ("met", following)
        steps.append(Step(each, boxes.rows(each, 1), *ways, open_end))
    return steps
