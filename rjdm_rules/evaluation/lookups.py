"""Looking up in decision tables, where an argument may be unknown."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ..protocol.model import Cell, Table
from ..protocol.tables import inside
from ..values.bounds import UNKNOWN, Bounds, known
from .facts import Measured
from .partial import Value


def looked_up(table: Table, result: int, arguments: Sequence[Value]) -> Value:
    """The result that all rows which may match share (for options: those that it may be); else unknown."""
    output = table.outputs[result]
    unknown: Value = UNKNOWN if output.kind == "number" else None
    in_domain = True
    for argument, column in zip(arguments, table.inputs, strict=True):
        bounds = argument.value if isinstance(argument, Measured) else argument
        if isinstance(bounds, Bounds) and column.span:
            in_domain = in_domain and column.span.low <= bounds.low and bounds.high <= column.span.high
    found = [
        row.results[result]
        for row in table.rows
        if all(may_match(cell, each) for cell, each in zip(row.cells, arguments, strict=True))
    ]
    if not found or not in_domain:
        return unknown
    if output.kind == "options":
        return frozenset(found)
    if any(each != found[0] for each in found):
        return unknown
    return known(found[0]) if output.kind == "number" else found[0]  # type: ignore[arg-type]


def may_match(cell: tuple[Cell, ...], argument: Value) -> bool:
    """Whether one of a cell's alternatives may hold for an argument."""
    value = argument.value if isinstance(argument, Measured) else argument
    return any(each.anything or _may(each, value) for each in cell)


def _may(cell: Cell, value: Value) -> bool:
    if cell.options is not None:
        if value is None:
            return True
        options = {"yes" if value else "no"} if isinstance(value, bool) else value
        return any(option in options for option in cell.options)
    assert isinstance(value, Bounds)
    if value.exact and not isinstance(value.low, float):
        return inside(cell, Fraction(value.low))
    reaches = cell.low is None or value.high > cell.low or (cell.low_inside and value.high == cell.low)
    begins = cell.high is None or value.low < cell.high or (cell.high_inside and value.low == cell.high)
    return reaches and begins


class MemoLookup(dict[Any, Any]):
    """A lookup in a table by arguments of few values: truths, possible options, and (certain, possible) counts."""

    def __init__(self, table: Table, result: int) -> None:
        super().__init__()
        self.table, self.result = table, result

    def __missing__(self, key: tuple[Any, ...]) -> Any:
        arguments = [Bounds(*each) if isinstance(each, tuple) else each for each in key]
        if len(self) > 100_000:
            self.clear()
        self[key] = found = looked_up(self.table, self.result, arguments)
        return found


def option_results(table: Table, result: int) -> dict[str, tuple[int, int]]:
    """The result for each option of a table with one input column (where rows overlap they agree)."""
    found = {}
    for row in table.rows:
        value = row.results[result]
        assert isinstance(value, Fraction)
        for cell in row.cells[0]:
            for option in table.inputs[0].options if cell.anything else cell.options or ():
                found[option] = (value.numerator, value.denominator)
    return found
