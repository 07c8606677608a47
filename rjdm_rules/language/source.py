"""The text of a rules file, and places in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

LONGEST_QUOTED = 160
TAB_WIDTH = 4
_LINE_END = re.compile(r"\r\n?|\n")
TEXT_OR_COMMENT = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|(#[^\n\r]*)")


@dataclass(frozen=True, eq=False)
class Source:
    """A rules file: its name as the user knows it, and its text; `original` is the text as the file has it, where
    single signs of it are read as others; `tabbed` that with tabs, where spaces are read for them."""

    name: str
    text: str
    original: str = ""
    tabbed: str = ""

    @cached_property
    def line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(match.end() for match in _LINE_END.finditer(self.text))
        return starts

    @cached_property
    def _typed_lines(self) -> list[str]:
        return _LINE_END.split(self.tabbed)

    def typed_before(self, offset: int) -> tuple[int, str]:
        """The line of an offset (from 1), and what was typed on it before the offset."""
        number, column = self.position(offset)
        if not self.tabbed:
            return number, self.text[offset - column + 1 : offset]
        typed = self._typed_lines[number - 1]
        end = 0
        while end < len(typed) and len(typed[: end + 1].expandtabs(TAB_WIDTH)) < column:
            end += 1
        return number, typed[:end]

    def typed_at(self, number: int, units: int) -> int:
        """The offset on line `number` (from 1) behind so many UTF-16 units of it as it was typed."""
        typed = self._typed_lines[number - 1] if self.tabbed else self.line(number)
        before = typed.encode("utf-16-le")[: units * 2].decode("utf-16-le", errors="ignore")
        return self.line_starts[number - 1] + len(before.expandtabs(TAB_WIDTH) if self.tabbed else before)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its line end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return (self.original or self.text)[start:end].rstrip("\r\n")


def line_start(text: str, offset: int) -> int:
    """Where the line of an offset begins."""
    newline = text.rfind("\n", 0, offset)
    return max(newline, text.rfind("\r", newline + 1, offset)) + 1


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a source, as offsets `start` (inside) to `end` (outside)."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def end_position(self) -> tuple[int, int]:
        """Line and column just behind the last character, both from 1."""
        return self.source.position(max(self.start, self.end))

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


def quotation(place: Place) -> tuple[str, str]:
    """The line of a place, and a line that underlines it, for a message."""
    line_number, column = place.line, place.column
    end_line, end_column = place.end_position
    text = place.source.line(line_number)
    last = end_column if end_line == line_number else len(text) + 1
    width = max(1, last - column)
    if len(text) > LONGEST_QUOTED:  # a very long line is cut around the place
        start = max(0, column - 60)
        text = ("…" if start else "") + text[start : start + 150] + "…"
        column, width = column - start + bool(start), min(width, 90)
    label = str(line_number)
    return f"{label} | {text}".rstrip(), f"{' ' * len(label)} | {' ' * (column - 1)}{'^' * width}"
