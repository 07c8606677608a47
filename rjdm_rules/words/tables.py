"""Cells of lookup and decision tables in words."""

from __future__ import annotations

from fractions import Fraction

from ..protocol.model import Cell, TableColumn
from ..protocol.numbers import number_text
from .values import ValueWords


def cell_words(alternatives: tuple[Cell, ...], words: ValueWords, column: TableColumn | None = None) -> str:
    """What a cell of a column accepts: `3 to 6`, `≥ 50 and < 80`, `≥ 1`, `rash, ulcer`, `any`."""
    return str(words.terms["or"]).join(_alternative(each, words, column) for each in alternatives)


def _alternative(cell: Cell, words: ValueWords, column: TableColumn | None) -> str:
    if cell.anything:
        return str(words.terms["any"])
    if cell.options is not None:
        return str(words.terms["kinds"]["list"]).join(words.option_named(each, column) for each in cell.options)
    if cell.low is not None and cell.high is not None and cell.low_inside and cell.high_inside:
        return span_words(cell.low, cell.high, words)
    ends = [] if cell.low is None else [f"{'≥' if cell.low_inside else '>'} {number_text(cell.low)}"]
    ends += [] if cell.high is None else [f"{'≤' if cell.high_inside else '<'} {number_text(cell.high)}"]
    return words.spaced(str(words.terms["both_ends"]).format(low=ends[0], high=ends[-1])) if ends[1:] else ends[0]


def span_words(low: Fraction, high: Fraction, words: ValueWords) -> str:
    """`0 to 52`; one number where both ends are the same."""
    if low == high:
        return number_text(low)
    return words.spaced(str(words.terms["span"]).format(low=number_text(low), high=number_text(high)))


def result_words(value: Fraction | str | bool, words: ValueWords, column: TableColumn | None = None) -> str:
    """The result of a row in a column."""
    if isinstance(value, bool):
        return words.option_named("yes" if value else "no")
    return number_text(value) if isinstance(value, Fraction) else words.option_named(value, column)
