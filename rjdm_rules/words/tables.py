"""Cells of lookup and decision tables in words."""

from __future__ import annotations

from fractions import Fraction

from ..protocol.model import Cell
from ..protocol.numbers import number_text
from .values import ValueWords


def cell_words(alternatives: tuple[Cell, ...], words: ValueWords, options: tuple[str, ...] = ()) -> str:
    """What a cell accepts: `3 to 6`, `≥ 1`, `rash, ulcer`, `any`; `options` are those of its column."""
    return str(words.terms["or"]).join(_alternative(each, words, options) for each in alternatives)


def _alternative(cell: Cell, words: ValueWords, options: tuple[str, ...]) -> str:
    if cell.anything:
        return str(words.terms["any"])
    if cell.options is not None:
        return str(words.terms["kinds"]["list"]).join(words.option_named(each, options) for each in cell.options)
    if cell.low is not None and cell.high is not None:
        return span_words(cell.low, cell.high, words)
    if cell.low is not None:
        return f"{'≥' if cell.low_inside else '>'} {number_text(cell.low)}"
    assert cell.high is not None
    return f"{'≤' if cell.high_inside else '<'} {number_text(cell.high)}"


def span_words(low: Fraction, high: Fraction, words: ValueWords) -> str:
    """`0 to 52`; one number where both ends are the same."""
    if low == high:
        return number_text(low)
    return words.spaced(str(words.terms["span"]).format(low=number_text(low), high=number_text(high)))


def result_words(value: Fraction | str | bool, words: ValueWords, options: tuple[str, ...] = ()) -> str:
    """The result of a row."""
    if isinstance(value, bool):
        return words.option_named("yes" if value else "no")
    return number_text(value) if isinstance(value, Fraction) else words.option_named(value, options)
