"""A checked protocol as data for the page: what `render/form_rules.js` runs.

Expressions become numbered nodes, equal ones the same node, operands before what is made of them. A node holds its
kind (`k`, the name of its class in `protocol.expressions`), the fields of that class with numbers in place of
operands, and `p`, its operands in order. Exact numbers are texts (`3`, `1/3`); units have gone into factors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any

from ..graph.build import RuleGraph
from ..protocol import expressions as x
from ..protocol.model import Cell, Criterion, Item, Part, Table, TableColumn
from ..protocol.types import Span
from ..units.table import EVERYDAY, OFFSET_UNITS, PREFIXES, UNITS
from ..units.unit import Unit

Json = dict[str, Any]


class Nodes:
    """Expressions as numbered nodes."""

    def __init__(self) -> None:
        self.all: list[Json] = []
        self._known: dict[str, int] = {}
        self._seen: dict[int, tuple[x.Expression, int]] = {}  # by identity, which keeping the node secures

    def number(self, node: x.Expression) -> int:
        """The number of an expression."""
        if id(node) not in self._seen:
            self._seen[id(node)] = (node, self._interned(self._fields(node)))
        return self._seen[id(node)][1]

    def _interned(self, node: Json) -> int:
        key = json.dumps(node, sort_keys=True)
        if key not in self._known:
            self._known[key] = len(self.all)
            self.all.append(node)
        return self._known[key]

    def _fields(self, node: x.Expression | x.Window | x.Length) -> Json:
        found: Json = {"k": type(node).__name__, "p": [self.number(each) for each in x.parts(node)]}
        for each in fields(node):
            if each.name != "place":
                found[each.name] = self._value(getattr(node, each.name))
        return found

    def _value(self, value: Any) -> Any:
        if isinstance(value, x.OPERANDS):
            return self.number(value)
        if isinstance(value, x.Window | x.CalendarLength | x.ComputedLength):
            return self._fields(value)
        if isinstance(value, tuple):
            return [self._value(each) for each in value]
        if isinstance(value, Fraction):
            return number(value)
        return None if isinstance(value, Unit) else value


def number(value: Fraction) -> str:
    """An exact number as a text."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def program_of(graph: RuleGraph, readings: Mapping[str, str], nodes: Nodes) -> Json:
    """The rules of a protocol under a choice of readings. `nodes` takes up the expressions."""
    protocol = graph.protocol
    return {
        "protocol": protocol.id,
        "version": protocol.version,
        "readings": dict(readings),
        "items": {item.name: item_data(item, nodes) for item in protocol.items.values()},
        "definitions": {name: nodes.number(each.expression) for name, each in protocol.definitions.items()},
        "tables": {name: table_data(table) for name, table in protocol.tables.items()},
        "criteria": {each.id: criterion_data(each, nodes) for each in protocol.criteria()},
        "parts": [part_data(part, nodes) for part in protocol.parts],
        "order": [node for node in graph.order if not node.startswith("#")] if graph.deep else [],
        "units": unit_data(),
        "nodes": nodes.all,
    }


def item_data(item: Item, nodes: Nodes) -> Json:
    """What reading a record must know of an item."""
    unit = item.unit
    return {
        "name": item.name,
        "kind": item.kind,
        "span": span_data(item.span),
        "limits": list(item.limits),
        "options": list(item.option_names),
        "course": item.course,
        "repeated": item.repeated,
        "unit": unit_of(unit) if unit else None,
        "molar": number(item.molar_mass) if item.molar_mass else None,
        "attributes": [item_data(each, nodes) for each in item.attributes],
        "otherwise": nodes.number(item.otherwise) if item.otherwise is not None else None,
    }


def span_data(span: Span | None) -> list[str] | None:
    return [number(span.low), number(span.high)] if span else None


def unit_of(unit: Unit) -> Json:
    return {
        "text": unit.text,
        "dimension": dict(unit.dimension),
        "factor": number(unit.factor),
        "offset": number(unit.offset),
    }


def criterion_data(criterion: Criterion, nodes: Nodes) -> Json:
    """The condition, and that of its IF where it is one."""
    condition = criterion.condition
    asked = condition.condition if isinstance(condition, x.IfThen) else None
    return {
        "condition": None if condition is None else nodes.number(condition),
        "asked": None if asked is None else nodes.number(asked),
    }


def part_data(part: Part, nodes: Nodes) -> Json:
    blocks = [
        {
            "kind": block.kind,
            "formula": nodes.number(block.formula),
            "criteria": [each.id for each in block.criteria],
        }
        for block in part.blocks
    ]
    return {"name": part.name, "blocks": blocks}


def table_data(table: Table) -> Json:
    return {
        "inputs": [span_data(column.span) for column in table.inputs],
        "outputs": [{"name": column.name, "kind": column.kind} for column in table.outputs],
        "rows": [
            {
                "cells": [[cell_data(each) for each in cell] for cell in row.cells],
                "results": [result_data(each, column) for each, column in zip(row.results, table.outputs, strict=True)],
            }
            for row in table.rows
        ],
    }


def cell_data(cell: Cell) -> Json:
    return {
        "options": None if cell.options is None else list(cell.options),
        "low": None if cell.low is None else number(cell.low),
        "high": None if cell.high is None else number(cell.high),
        "lowInside": cell.low_inside,
        "highInside": cell.high_inside,
    }


def result_data(value: Fraction | str | bool, column: TableColumn) -> Any:
    return number(value) if column.kind == "number" and isinstance(value, Fraction) else value


def unit_data() -> Json:
    """The table of units, so that the page reads every unit that a record may be written in."""
    return {
        "units": {name: [dict(dimension), number(factor), takes] for name, (dimension, factor, takes) in UNITS.items()},
        "offsets": {name: [number(factor), number(offset)] for name, (factor, offset) in OFFSET_UNITS.items()},
        "prefixes": dict(PREFIXES),
        "everyday": dict(EVERYDAY),
    }
