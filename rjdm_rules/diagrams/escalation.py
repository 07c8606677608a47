"""A dose-escalation scheme: the dose levels, and what each row of its decision table leads to."""

from __future__ import annotations

from graphviz import Digraph

from ..protocol.model import Escalation, Scheme, TableRow
from ..words.tables import cell_words, result_words
from .boxes import SOFT, cell, framed, label, look_of, plain_label
from .sheet import Sheet

ROOM = 105.0
_LOOKS = {"escalate": "met", "stop": "not met", "de_escalate": "not met", "review": "unknown", "wait": "unknown"}


def escalation_diagram(sheet: Sheet, escalation: Escalation, scheme: Scheme) -> Digraph:
    """One scheme: levels from left to right; below, for a group at any level, each row of the table as a way."""
    words = sheet.words
    drawing = sheet.canvas(f"escalation {escalation.name} {scheme.name}")
    drawing.attr(nodesep="0.22", ranksep="0.42")
    last = len(escalation.doses)
    with drawing.subgraph() as rank:
        rank.attr(rank="same")
        for number, dose in enumerate(escalation.doses, 1):
            level = words.terms["drawn_level"].format(n=number)
            rows = [cell(words.quantity(dose.value, dose.unit.text), look_of(""), room=ROOM)]
            rank.node(f"level{number}", label([framed(level, rows, look_of(""), ROOM)]))
        for number in range(1, last):
            said = plain_label(words.terms["drawn_next_level"], 70, 10, SOFT)
            rank.edge(f"level{number}", f"level{number + 1}", label=said)
    asked = [words.terms["drawn_group"].format(n=escalation.cohort)] if escalation.cohort else []
    asked += [words.terms["drawn_most"].format(n=escalation.most)] if escalation.most else []
    title = words.said(scheme.label) if scheme.label else scheme.name.replace("_", " ")
    drawing.node(
        "group", label([framed(title, [cell(each, look_of(""), room=190) for each in asked], look_of(""), 190)])
    )
    drawing.edge(f"level{(last + 1) // 2}", "group", arrowhead="none", style="dotted")
    for number, row in enumerate(scheme.rows):
        _row(drawing, number, row, scheme, sheet)
    return drawing


def _row(drawing: Digraph, number: int, row: TableRow, scheme: Scheme, sheet: Sheet) -> None:
    """A row: what was seen, and what follows."""
    words = sheet.words
    seen = [
        f"{words.terms['drawn_inputs'].get(name, name.replace('_', ' '))}: {cell_words(alternatives, words)}"
        for name, alternatives in zip(scheme.inputs, row.cells, strict=True)
    ]
    drawing.node(f"seen{number}", label([cell(each, look_of(""), room=ROOM) for each in seen]))
    drawing.edge("group", f"seen{number}")
    result = result_words(row.results[0], words)
    decision = str(row.results[0])
    remark = words.terms["drawn_decisions"].get(decision, "")
    rows = [cell(remark, look_of(""), room=ROOM)] if remark else []
    drawing.node(f"then{number}", label([framed(result, rows, look_of(_LOOKS.get(decision, "")), ROOM)]))
    drawing.edge(f"seen{number}", f"then{number}")
