"""The data dictionary as an Excel workbook to fill in.

One row a patient in the first sheet, one row an occurrence in the second: the columns are those of the CSV table.
Every text of the rules file is written as text, so that none is taken for a formula.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from ..diagrams.lettering import lines_of
from ..documents.content import Content, content_of
from ..documents.dictionary import csv_header
from ..documents.questions import units_for
from ..evaluation.results import Evaluator
from ..protocol.model import Item
from ..protocol.numbers import number_text
from ..theme import BUNDLED, Theme
from ..words.phrases import Words
from ..words.pieces import without_direction

EXTRA = "install what reads and writes Excel files: pip install 'rjdm-rules[excel]'"
PATIENTS, EVENTS, DICTIONARY, LISTS = "Patients", "Events", "Dictionary", "Lists"
EVENT_HEAD = ("patient", "item", "date", "until")
LAST_ROW = 1_048_576
MOST_COLUMNS = 16_384
A_SIGN = 5.2  # points: what one sign of a column's width holds of a bold heading
TIME = (1980, 1, 1, 0, 0, 0)  # of every part of the file, so that the same protocol has the same bytes
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")


class NoExcel(RuntimeError):
    """Excel files cannot be read or written here; the message says what would help."""


def openpyxl_here() -> Any:
    """The library for Excel files. Raises NoExcel."""
    try:
        import openpyxl
    except ImportError:
        raise NoExcel(EXTRA) from None
    return openpyxl


def template(evaluator: Evaluator, language: str = "en", theme: Theme = BUNDLED) -> bytes:
    """The workbook of a protocol, empty. Raises NoExcel, and ValueError for more columns than a sheet has."""
    return _Writing(evaluator, language, theme).workbook()


class _Writing:
    def __init__(self, evaluator: Evaluator, language: str, theme: Theme) -> None:
        self.openpyxl = openpyxl_here()
        self.protocol = evaluator.protocol
        self.words = Words(self.protocol, evaluator.readings, language, theme)
        self.content: Content = content_of(evaluator.graph, evaluator.readings, language, theme)
        self.terms: Mapping[str, Any] = self.words.terms["capture"]
        self.book = self.openpyxl.Workbook()
        self.lists: dict[tuple[str, ...], str] = {}

    def workbook(self) -> bytes:
        columns = csv_header(self.protocol)
        if len(columns) > MOST_COLUMNS:
            raise ValueError(f"{len(columns)} columns are more than a sheet has ({MOST_COLUMNS})")
        patients = self.book.active
        patients.title = PATIENTS
        self.list_sheet = self.book.create_sheet(LISTS)
        self.patients(patients, columns)
        events = [item for item in self.protocol.items.values() if item.kind == "event"]
        if events:
            self.events(self.book.create_sheet(EVENTS, 1), events)
        self.dictionary(self.book.create_sheet(DICTIONARY, 2 if events else 1))
        self.list_sheet.sheet_state = "hidden"
        self.book.properties.title = text(f"{self.protocol.id}: {self.words.said(self.protocol.title)}")
        self.book.properties.creator = "rjdm"
        held = io.BytesIO()
        self.book.save(held)
        return _same_bytes(held.getvalue())

    # ---- one row a patient

    def patients(self, sheet: Any, columns: list[str]) -> None:
        items = self.protocol.items
        for number, column in enumerate(columns, 1):
            base, _, part = column.rpartition("_")
            item = items.get(column)
            if item is None and part in ("unit", "uln", "lln") and base in items:
                item, what = items[base], part
            else:
                what = "value"
            label = self.heading(column, item, what)
            self.head(sheet, number, label, column)
            self.width(sheet, number, max(len(column), 14) + 2)
            if item is None or what == "value":
                self.value_column(sheet, number, item)
            elif what == "unit":
                self.drop_down(sheet, number, tuple(units_for(item)), self.terms["unit_prompt"], label, open=True)
            else:
                self.number_column(sheet, number, item, label, ranged=False)
        self.frozen(sheet, "B3")

    def heading(self, column: str, item: Item | None, what: str) -> str:
        if item is None:
            return str(self.terms["patient"])
        label = self.words.said(item.label)
        unit = f", {self.words.unit(item.unit.text)}" if item.unit and item.unit.text else ""
        return f"{label}{unit}" if what == "value" else f"{label}: {self.terms[what]}"

    def value_column(self, sheet: Any, number: int, item: Item | None) -> None:
        if item is None:
            self.as_text(sheet, number)
            return
        asked = self.words.said(item.ask) if item.ask else self.words.said(item.label)
        match item.kind:
            case "truth":
                self.drop_down(sheet, number, ("yes", "no"), asked, item.name)
            case "one of":
                self.drop_down(sheet, number, item.option_names, asked, item.name)
            case "several of":
                self.as_text(sheet, number)
                options = "; ".join(item.option_names)
                self.prompt(sheet, number, f"{asked} {self.terms['several_prompt']} {options}", item.name)
            case "event":
                self.as_text(sheet, number)
                told = self.terms["repeated_prompt" if item.repeated else "event_prompt"]
                self.prompt(sheet, number, f"{asked} {told}", item.name)
            case "date" | "time":
                self.as_text(sheet, number)
                self.prompt(sheet, number, f"{asked} {self.terms[item.kind + '_prompt']}", item.name)
            case _:
                self.number_column(sheet, number, item, asked, ranged=True)

    def number_column(self, sheet: Any, number: int, item: Item, asked: str, ranged: bool) -> None:
        """Numbers; a value with another unit or as a multiple of its limit may be left after a warning."""
        unit = self.words.unit(item.unit.text) if item.unit else ""
        low = high = None
        if ranged and item.span:
            low, high = float(item.span.low), float(item.span.high)
            span = f"{number_text(item.span.low)} – {number_text(item.span.high)} {unit}".strip()
        else:
            span = unit
        kind = "whole" if ranged and item.kind == "count" else "decimal"
        rule: dict[str, Any] = {"type": kind, "errorStyle": "warning"}
        if low is not None and high is not None:
            rule |= {"operator": "between", "formula1": repr(low), "formula2": repr(high)}
        else:
            rule |= {"operator": "greaterThan", "formula1": "-1E+300"}
        self.validated(sheet, number, rule, f"{asked} {span}", item.name, self.terms["number_error"].format(span=span))

    # ---- one row an occurrence

    def events(self, sheet: Any, events: list[Item]) -> None:
        labels = {name: str(self.terms[name]) for name in EVENT_HEAD}
        for number, name in enumerate(EVENT_HEAD, 1):
            self.head(sheet, number, labels[name], name)
            self.width(sheet, number, 24 if name == "item" else 16)
            self.as_text(sheet, number)
        self.drop_down(sheet, 2, tuple(item.name for item in events), self.terms["item_prompt"], "item")
        self.prompt(sheet, 3, self.terms["date_prompt"], "date")
        self.prompt(sheet, 4, self.terms["until_prompt"], "until")
        for number, (column, used) in enumerate(attribute_columns(events).items(), len(EVENT_HEAD) + 1):
            known = ", ".join(dict.fromkeys(self.words.said(item.label) for item, _, _ in used))
            told = [self.heading(column, attribute, part) for _, attribute, part in used]
            label = " / ".join(dict.fromkeys(told))
            alone = all(item.repeated for item, _, _ in used)  # the value of a measurement is called as the measurement
            self.head(sheet, number, label if alone else f"{label} ({known})", column)
            self.width(sheet, number, max(len(column), 14) + 2)
            self.attribute_column(sheet, number, [(attribute, part) for _, attribute, part in used], column, known)
        self.frozen(sheet, "C3")

    def attribute_column(self, sheet: Any, number: int, used: list[tuple[Item, str]], column: str, known: str) -> None:
        """What is recorded with events: checked where all events that have it record the same kind of thing."""
        attribute, part = used[0]
        if part == "unit":
            units = tuple(dict.fromkeys(unit for each, _ in used for unit in units_for(each)))
            self.drop_down(sheet, number, units, self.terms["unit_prompt"], column, open=True)
        elif len({_shape(each) for each, _ in used}) > 1:
            self.prompt(sheet, number, known, column)
        elif part == "value":
            self.value_column(sheet, number, attribute)
        else:
            self.number_column(sheet, number, attribute, known, ranged=False)
        if any(each.kind in ("date", "time") for each, _ in used):
            self.as_text(sheet, number)

    # ---- what each item is

    def dictionary(self, sheet: Any) -> None:
        t = self.content.terms
        head = [t["item"], t["what"], t["type"], t["range"], self.terms["options"], t["code"], t["used_in"]]
        head.insert(2, str(t["question"]).rstrip(":："))
        head.append(str(t["note"]).rstrip(":："))
        for number, name in enumerate(head, 1):
            cell = sheet.cell(1, number)
            self.put(cell, name)
            cell.font = self.openpyxl.styles.Font(bold=True)
            self.width(sheet, number, (26, 40, 48, 40, 16, 48, 18, 20, 48)[number - 1])
        for row, item in enumerate(self.content.items, 2):
            options = "\n".join(f"{name} = {label}" for name, label in item.options)
            attributes = "\n".join(item.attributes)
            values = [item.name, item.label, item.ask, item.kind, item.range, options or attributes]
            derived = [f"{t['if_not_recorded']} {item.otherwise}"] if item.otherwise else []
            values += ["; ".join(item.codes), ", ".join(item.criteria), "\n".join([*derived, *item.notes])]
            for number, value in enumerate(values, 1):
                if not value:
                    continue
                cell = sheet.cell(row, number)
                self.put(cell, value)
                cell.alignment = self.openpyxl.styles.Alignment(wrap_text=True, vertical="top")
        sheet.freeze_panes = "B2"
        sheet.page_setup.orientation, sheet.print_title_rows = "landscape", "1:1"
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True

    # ---- pieces

    def head(self, sheet: Any, number: int, label: str, name: str) -> None:
        styles = self.openpyxl.styles
        for row, value, font in ((1, label, styles.Font(bold=True)), (2, name, styles.Font(color="55606E"))):
            cell = sheet.cell(row, number)
            self.put(cell, value)
            cell.font = font
            cell.alignment = styles.Alignment(wrap_text=True, vertical="bottom")
            cell.fill = styles.PatternFill("solid", fgColor="E8EDF3")

    def put(self, cell: Any, value: object) -> None:
        """A value as text, whatever it begins with."""
        cell.value = text(value)
        cell.data_type = "s"
        cell.number_format = "@"
        cell.quotePrefix = cell.value[:1] in tuple("=+-@")  # it stays text when someone edits it

    def width(self, sheet: Any, number: int, width: int) -> None:
        sheet.column_dimensions[self.letter(number)].width = min(width, 48)

    def letter(self, number: int) -> str:
        return str(self.openpyxl.utils.get_column_letter(number))

    def as_text(self, sheet: Any, number: int) -> None:
        """What is typed stays as it is typed: a partial date too."""
        sheet.column_dimensions[self.letter(number)].number_format = "@"

    def frozen(self, sheet: Any, cell: str) -> None:
        sheet.freeze_panes = cell
        sheet.page_setup.orientation, sheet.print_title_rows, sheet.print_title_cols = "landscape", "1:2", "A:A"
        lines = 2
        for number in range(1, sheet.max_column + 1):
            room = (sheet.column_dimensions[self.letter(number)].width - 1) * A_SIGN
            lines = max(lines, len(lines_of(str(sheet.cell(1, number).value), room, bold=True)))
        sheet.row_dimensions[1].height = min(lines, 24) * 15 + 4

    def drop_down(
        self, sheet: Any, number: int, options: tuple[str, ...], prompt: str, title: str, open: bool = False
    ) -> None:
        """A list to choose from; an `open` one can be left after a warning."""
        self.as_text(sheet, number)
        if options:
            rule: dict[str, Any] = {"type": "list", "formula1": self.listed(options)}
            rule |= {"errorStyle": "warning"} if open else {}
            self.validated(sheet, number, rule, prompt, title, self.terms["list_error"])

    def listed(self, options: tuple[str, ...]) -> str:
        """Where a list of options stands on the hidden sheet: so it may be as long as it is."""
        if options not in self.lists:
            number = len(self.lists) + 1
            for row, option in enumerate(options, 1):
                self.put(self.list_sheet.cell(row, number), option)
            letter = self.letter(number)
            self.lists[options] = f"{LISTS}!${letter}$1:${letter}${len(options)}"
        return self.lists[options]

    def prompt(self, sheet: Any, number: int, prompt: str, title: str) -> None:
        self.validated(sheet, number, {"type": None}, prompt, title, "")

    def validated(self, sheet: Any, number: int, rule: Mapping[str, Any], prompt: str, title: str, error: str) -> None:
        made = self.openpyxl.worksheet.datavalidation.DataValidation(
            **rule,
            allow_blank=True,
            showInputMessage=True,
            showErrorMessage=bool(error),
            promptTitle=text(title)[:32],
            prompt=shortened(prompt),
            errorTitle=text(title)[:32] if error else None,
            error=shortened(error, 220) if error else None,
        )
        letter = self.letter(number)
        made.add(f"{letter}3:{letter}{LAST_ROW}")
        sheet.add_data_validation(made)


def attribute_columns(events: Iterable[Item]) -> dict[str, list[tuple[Item, Item, str]]]:
    """The columns of the sheet of occurrences behind the first four, each with events, their attributes and what of
    these it holds: `grade`, `load`, `load_unit`, `load_uln`; of a measurement that stands for its event plainly
    `value`, `unit`, `uln`, `lln`. An attribute called as one of the first four stands behind its event's name."""
    found: dict[str, list[tuple[Item, Item, str]]] = {}
    for item in events:
        for attribute in item.attributes:
            name = f"{item.name}.{attribute.name}" if attribute.name in EVENT_HEAD else attribute.name
            found.setdefault(name, []).append((item, attribute, "value"))
            before = "" if name == "value" else f"{name}_"
            if attribute.kind == "quantity":
                found.setdefault(f"{before}unit", []).append((item, attribute, "unit"))
            for limit in attribute.limits:
                found.setdefault(f"{before}{limit.lower()}", []).append((item, attribute, limit.lower()))
    return found


def _shape(attribute: Item) -> tuple[object, ...]:
    """What tells whether two attributes record the same kind of thing."""
    ends = (attribute.span.low, attribute.span.high) if attribute.span else None
    return (attribute.kind, attribute.option_names, attribute.unit.text if attribute.unit else "", ends)


def text(value: object) -> str:
    """A text as a cell may hold it: no signs that turn its direction, none that XML forbids, at most 32,000 long."""
    return _FORBIDDEN.sub("", without_direction(str(value)))[:32_000]


def shortened(value: str, most: int = 250) -> str:
    told = text(value).strip()
    return told if len(told) <= most else told[: most - 1] + "…"


def _same_bytes(data: bytes) -> bytes:
    """The same workbook without the hour of its making."""
    source = zipfile.ZipFile(io.BytesIO(data))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            part = source.read(name)
            file.writestr(
                info, _STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z\2", part) if name == "docProps/core.xml" else part
            )
    return held.getvalue()
