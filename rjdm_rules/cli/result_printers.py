"""Results of `rjdm evaluate` as text, JSON, JSON Lines and CSV, printed as they come."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from typing import Any

import click

from .printing import broken, note, verdict_text


class TextPrinter:
    def __init__(self, evaluator: Any) -> None:
        self.counts: dict[str, int] = {}

    def one(self, result: Any) -> None:
        for part, verdict in result.verdicts.items():
            label = f"{part}: " if part else ""
            click.echo(f"{result.patient}: {label}{verdict_text(verdict)}")
            self.counts[verdict] = self.counts.get(verdict, 0) + 1
            for criterion, text in result.reasons:
                if part is None or criterion.startswith(f"{part}."):
                    click.echo(broken(f"  {criterion}  {text}", 6))
        if result.deciding_facts:
            click.echo(broken(f"  would settle it: {', '.join(result.deciding_facts)}", 6))

    def end(self) -> None:
        if sum(self.counts.values()) > 1:
            shown = ", ".join(
                f"{self.counts[key]:,} {key}"
                for key in ("eligible", "ineligible", "undetermined")
                if key in self.counts
            )
            note(f"{sum(self.counts.values()):,} verdicts: {shown}")


class JsonLinesPrinter:
    def __init__(self, evaluator: Any) -> None:
        self.line = evaluator.line
        self.lines: list[str] = []

    def one(self, result: Any) -> None:
        self.lines.append(self.line(result))
        if len(self.lines) >= 200:
            self.end()

    def end(self) -> None:
        if self.lines:
            sys.stdout.write("\n".join(self.lines) + "\n")
        self.lines = []
        sys.stdout.flush()


class JsonPrinter:
    """An array of results, printed as they come."""

    def __init__(self, evaluator: Any) -> None:
        self.line = evaluator.line
        self.number = 0

    def one(self, result: Any) -> None:
        sys.stdout.write(("[\n" if self.number == 0 else ",\n") + self.line(result))
        self.number += 1

    def end(self) -> None:
        sys.stdout.write("\n]\n" if self.number else "[]\n")


class CsvPrinter:
    def __init__(self, evaluator: Any) -> None:
        self.writer = csv.writer(sys.stdout, lineterminator="\n")
        self.parts = evaluator.parts
        verdicts = ["verdict"] if self.parts == [None] else [f"{part}.verdict" for part in self.parts]
        self.writer.writerow(["patient", *verdicts, *evaluator.ids, "deciding_facts", "reasons"])

    def one(self, result: Any) -> None:
        reasons = " | ".join(f"{criterion}: {text}" for criterion, text in result.reasons)
        cells = [
            result.patient,
            *result.verdicts.values(),
            *result.criteria.values(),
            "; ".join(result.deciding_facts),
            reasons,
        ]
        self.writer.writerow([unformulaic(cell) for cell in cells])

    def end(self) -> None:
        sys.stdout.flush()


def unformulaic(text: str) -> str:
    """A cell that a spreadsheet takes for text, never for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


PRINTERS: dict[str, Callable[[Any], Any]] = {
    "text": TextPrinter,
    "jsonl": JsonLinesPrinter,
    "json": JsonPrinter,
    "csv": CsvPrinter,
}
