"""Reading a filled-in Excel template: its rows as a table in text would have them.

Formulas are never worked out: a cell that holds one is refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..protocol.model import Protocol
from .excel import EVENTS, PATIENTS, openpyxl_here

MOST_UNPACKED = 400_000_000  # bytes


class UnreadableWorkbook(ValueError):
    """A workbook that is none, or not one of these; the message names sheet and cell."""


@dataclass(frozen=True)
class Row:
    """A row as it was filled in: texts by column, and where it stands."""

    cells: Mapping[str, str]
    where: str


def rows_of(path: Path, protocol: Protocol) -> tuple[list[Row], list[Row]]:
    """The rows of a filled-in workbook that hold something: patients and occurrences. Raises NoExcel,
    UnreadableWorkbook."""
    openpyxl = openpyxl_here()
    try:
        with zipfile.ZipFile(path) as file:
            if sum(each.file_size for each in file.infolist()) > MOST_UNPACKED:
                raise UnreadableWorkbook(f"{path}: a workbook of this size is not read; use CSV")
        book = openpyxl.load_workbook(path, read_only=True)
    except UnreadableWorkbook:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, openpyxl.utils.exceptions.InvalidFileException):
        raise UnreadableWorkbook(f"{path}: this is no Excel workbook (.xlsx)") from None
    try:
        if PATIENTS not in book.sheetnames:
            there = ", ".join(book.sheetnames[:6])
            raise UnreadableWorkbook(f"{path}: there is no sheet `{PATIENTS}` (there is {there}); fill in the template")
        measured = _measured(protocol)
        patients = list(_sheet(book[PATIENTS], "id", str(path), measured))
        events = list(_sheet(book[EVENTS], "patient", str(path), measured)) if EVENTS in book.sheetnames else []
    finally:
        book.close()
    return patients, events


def _measured(protocol: Protocol) -> frozenset[str]:
    """The columns that hold quantities: there a percentage is a value with its unit."""
    items = [*protocol.items.values(), *(each for item in protocol.items.values() for each in item.attributes)]
    return frozenset(item.name for item in items if item.kind == "quantity")


def _sheet(sheet: Any, first: str, path: str, measured: frozenset[str]) -> Iterator[Row]:
    """The rows below the one with the names of the columns, which begins with `first`."""
    header: list[str] = []
    for number, row in enumerate(sheet.iter_rows(), 1):
        if not header:
            if row and str(row[0].value or "").strip() == first:
                header = [str(cell.value or "").strip() for cell in row]
                doubled = next((name for name in header if name and header.count(name) > 1), None)
                if doubled:
                    raise UnreadableWorkbook(f"{path}, {sheet.title}: the column `{doubled}` is there twice")
            elif number > 5:
                break
            continue
        cells: dict[str, str] = {}
        for name, cell in zip(header, row, strict=False):
            told = _told(cell, f"{path}, {sheet.title}", name in measured)
            if not told:
                continue
            if not name:
                raise UnreadableWorkbook(f"{path}, {sheet.title}, {cell.coordinate}: this column has no name")
            cells[name] = told
        if cells:
            yield Row(cells, f"{path}, {sheet.title}, row {number}")
    if not header:
        raise UnreadableWorkbook(f"{path}, {sheet.title}: no row of the first five begins with `{first}`")


def _told(cell: Any, where: str, measured: bool) -> str:
    """What a cell says, as a table in text would: numbers in full, dates as 2026-03-02, a percentage with its sign."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type in ("f", "e"):
        what = "a formula" if cell.data_type == "f" else f"an error of Excel ({value})"
        raise UnreadableWorkbook(f"{where}, {cell.coordinate}: {what}; enter the value itself")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        day = value.date().isoformat()
        return day if value.time() == time(0) else f"{day}T{value.time().isoformat('seconds')}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        number = Decimal(repr(value))
        if measured and "%" in str(cell.number_format or ""):  # 55 % is kept as 0.55
            return f"{(number * 100).normalize():f} %"
        return str(int(number)) if number == number.to_integral_value() else f"{number:f}"
    if isinstance(value, str):
        return value.strip()
    raise UnreadableWorkbook(f"{where}, {cell.coordinate}: a cell of this kind cannot be read; enter text or a number")
