"""Remarks on each criterion that stand beside it in a document, such as which examples exercise it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked for: what it is called, and by how many examples it is shown (their names)."""

    what: str
    shown_by: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """Checks about one condition, in its words."""

    words: str
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Mark:
    """What is said of one criterion."""

    checks: tuple[Check, ...]
    lines: tuple[Line, ...]

    @property
    def complete(self) -> bool:
        return all(check.shown_by for check in (*self.checks, *(c for line in self.lines for c in line.checks)))
