"""Reading a filled-in Excel template: its rows as a table in text would have them.

Formulas are never worked out: a cell that holds one is refused.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from ..protocol.model import Protocol
from .excel import EVENTS, PATIENTS, openpyxl_here

MOST_UNPACKED = 400_000_000  # bytes
BROKEN = (zipfile.BadZipFile, zlib.error, ParseError, EOFError, NotImplementedError, KeyError, IndexError, TypeError)
_NOT_SHOWN = re.compile(r"\[[^\]]*\]|_.|\*.")  # of a number format: colours and conditions, gaps and fillings
_LITERAL = re.compile(r'"[^"]*"|\\.')


class UnreadableCell(ValueError):
    """A cell that holds no value; the message names it."""


class UnreadableWorkbook(ValueError):
    """A workbook that is none, or not one of these; the message names sheet and cell."""


@dataclass(frozen=True)
class Row:
    """A row as it was filled in: texts by column, where it stands, and which cells cannot be read, for what reason."""

    cells: Mapping[str, str]
    where: str
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(self.unread.values())


def rows_of(path: Path, protocol: Protocol) -> tuple[list[Row], list[Row]]:
    """The rows of a filled-in workbook that hold something: patients and occurrences. Raises NoExcel,
    UnreadableWorkbook."""
    openpyxl = openpyxl_here()
    try:
        with zipfile.ZipFile(path) as file:
            if sum(each.file_size for each in file.infolist()) > MOST_UNPACKED:
                raise UnreadableWorkbook(f"{path}: a workbook of this size is not read; use CSV")
        with path.open("rb") as stream:  # openpyxl judges a name by its ending, as it is written
            return _rows(openpyxl.load_workbook(stream, read_only=True), path, protocol)
    except UnreadableWorkbook:
        raise
    except (*BROKEN, ValueError, openpyxl.utils.exceptions.InvalidFileException):
        raise UnreadableWorkbook(f"{path}: this is no Excel workbook (.xlsx), or it is damaged") from None


def _rows(book: Any, path: Path, protocol: Protocol) -> tuple[list[Row], list[Row]]:
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
    """The columns that hold quantities and their limits: there a percentage is a value with its unit."""
    items = [*protocol.items.values(), *(each for item in protocol.items.values() for each in item.attributes)]
    names = [item.name for item in items if item.kind == "quantity"]
    limits = [f"{name}_{limit}" for name in names for limit in ("uln", "lln")]
    return frozenset([*names, *limits, "uln", "lln"])


def _sheet(sheet: Any, first: str, path: str, measured: frozenset[str]) -> Iterator[Row]:
    """The rows below the one with the names of the columns, which begins with `first`."""
    header: list[str] = []
    sheet.reset_dimensions()  # the size that a file gives of a sheet may be wrong
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
        unread: dict[str, str] = {}
        for at, cell in enumerate(row):
            name = header[at] if at < len(header) else ""
            try:
                told = _told(cell, name.rpartition(".")[2] in measured)
            except UnreadableCell as error:
                told = unread[name] = str(error)
            if not told:
                continue
            if not name:
                raise UnreadableWorkbook(f"{path}, {sheet.title}, {cell.coordinate}: this column has no name")
            cells[name] = told
        if cells:
            yield Row(cells, f"{path}, {sheet.title}, row {number}", unread)
    if not header:
        raise UnreadableWorkbook(f"{path}, {sheet.title}: no row of the first five begins with `{first}`")


def _told(cell: Any, measured: bool) -> str:
    """What a cell says, as a table in text would: numbers in full, dates as 2026-03-02, a percentage with its sign."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type in ("f", "e"):
        what = "a formula" if cell.data_type == "f" else f"an error of Excel ({value})"
        raise UnreadableCell(f"{cell.coordinate}: {what}; enter the value itself")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        day = value.date().isoformat()
        return day if value.time() == time(0) else f"{day}T{value.time().isoformat('seconds')}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        number = Decimal(repr(value))
        sign = _percent_sign(str(cell.number_format or "")) if measured else ""
        if sign:  # 55 % is kept as 0.55, unless the sign is only written behind the number
            return f"{(number * 100 if sign == 'scaled' else number).normalize():f} %"
        return str(int(number)) if number == number.to_integral_value() else f"{number:f}"
    if isinstance(value, str):
        return value.strip()
    raise UnreadableCell(f"{cell.coordinate}: a cell of this kind cannot be read; enter text or a number")


def _percent_sign(number_format: str) -> str:
    """How a format shows a per cent sign: `scaled` (`0.0%` shows 0.55 as 55 %), `written` (`0.0"%"` shows 55 as 55 %),
    or not at all."""
    shown = _NOT_SHOWN.sub("", number_format)
    if "%" in _LITERAL.sub("", shown):
        return "scaled"
    return "written" if "%" in shown else ""
