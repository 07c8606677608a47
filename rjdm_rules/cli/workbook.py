"""Patients from a filled-in Excel template: the rows of its first sheet, with the occurrences of its second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..language.diagnostics import did_you_mean
from ..protocol.model import Item, Protocol
from .patients import Entry, UnreadablePatients, row_record

if TYPE_CHECKING:
    from ..forms.excel_reading import Row

LIMIT_PARTS = ("unit", "uln", "lln")
NOBODY = "so that it counts for nobody"


def workbook_entries(path: Path, protocol: Protocol) -> Iterator[Entry]:
    """One entry a patient; then what is wrong with occurrences, which changes no patient's number. Raises
    UnreadablePatients."""
    from ..forms.excel import NoExcel
    from ..forms.excel_reading import UnreadableWorkbook, rows_of

    try:
        patients, occurrences = rows_of(path, protocol)
    except (NoExcel, UnreadableWorkbook) as error:
        raise UnreadablePatients(str(error)) from None
    except OSError as error:
        raise UnreadablePatients(f"{path}: cannot be read ({error.strerror or type(error).__name__})") from None
    if not patients:
        raise UnreadablePatients(f"{path}: there are no patients in this file")
    given: dict[str, list[Occurrence]] = {}
    refused: list[Entry] = []
    known = Counter(row.cells.get("id", "") for row in patients)
    first = {row.cells.get("id", ""): row for row in patients}
    for row in occurrences:
        id = row.cells.get("patient", "")
        occurrence = Occurrence(row, first.get(id) if known[id] == 1 else None, protocol)
        problems = (*_whose(id, known[id]), *occurrence.problems)
        if problems:
            refused.append(Entry(None, row.where, problems, loose=True))
        if id:  # a row that is refused still keeps its patient from being judged without it
            given.setdefault(id, []).append(occurrence)
    for row in patients:
        yield _with_occurrences(row, given.get(row.cells.get("id", ""), []), {each.where for each in refused}, protocol)
    yield from refused


def _whose(patient: str, times: int) -> tuple[str, ...]:
    """What is wrong with the patient of an occurrence, who is in the first sheet so many times."""
    if not patient:
        return (f"no patient is named, {NOBODY}",)
    if not times:
        return (f"patient {patient} is not in the first sheet, {NOBODY}",)
    return (f"patient {patient} is in the first sheet {times} times; which one is it?",) if times > 1 else ()


class Occurrence:
    """A row of the second sheet, the event that it is one of, and all that is wrong with it."""

    def __init__(self, row: Row, patient: Row | None, protocol: Protocol) -> None:
        self.row, self.name = row, row.cells.get("item", "")
        item = protocol.items.get(self.name)
        events = [each.name for each in protocol.items.values() if each.kind == "event"]
        problems = list(row.problems)
        if item is None or item.kind != "event":
            said = did_you_mean(self.name, events)
            named = f"`{self.name}` is no event of this protocol" if self.name else "no event is named as `item`"
            problems.append(named + (f"; {said}" if said else ""))
        else:
            self.record = occurrence_record(row.cells, item)
            problems += [] if row.problems else _unfit(item, self.record)
            if patient is not None and patient.cells.get(self.name, "yes") != "yes":
                place = f"{patient.where.rpartition(', ')[2]} of the first sheet"
                problems.append(f"`{self.name}` is given in {place} too; empty the cell there, or take this row out")
        self.problems = tuple(problems)


def _unfit(item: Item, occurrence: Mapping[str, Any]) -> list[str]:
    from ..evaluation.problems import ValueProblem
    from ..evaluation.records import read_value

    try:
        read_value(item, [occurrence])
    except ValueProblem as problem:
        return [f"{item.name}: {each}" + (f"; {each.help}" if each.help else "") for each in problem.each()]
    return []


def _with_occurrences(row: Row, occurrences: list[Occurrence], refused: set[str], protocol: Protocol) -> Entry:
    """The record of a patient's row with its occurrences; with all that is wrong, where some of them are refused."""
    from ..evaluation.problems import RecordError
    from ..evaluation.records import read_record

    record = row_record({name: text for name, text in row.cells.items() if name not in row.unread}, protocol)
    unread = next((each.row.where for each in occurrences if each.row.where in refused), None)
    if not row.problems and unread is None:
        found: dict[str, list[Any]] = {}
        for each in occurrences:
            found.setdefault(each.name, []).append(each.record)
        return Entry(record | found, row.where)
    problems = list(row.problems)
    try:
        read_record(protocol, record)
    except RecordError as error:
        problems += str(error).splitlines()
    if unread is not None:
        problems.append(f"an occurrence cannot be used ({', '.join(unread.split(', ')[-2:])})")  # the sheet and the row
    return Entry(record, row.where, tuple(problems))


def occurrence_record(cells: Mapping[str, str], item: Item) -> dict[str, Any]:
    """A row of the sheet of occurrences as one occurrence of a record. Raises nothing: what does not belong is kept,
    and refused with its name when the record is read."""
    found: dict[str, Any] = {"date": cells.get("date")}
    for name, text in cells.items():
        if name in ("patient", "item", "date"):
            continue
        column = name.removeprefix(f"{item.name}.")
        base, _, part = column.rpartition("_")
        if part in LIMIT_PARTS and base and item.attribute(base) is not None:
            held = found.get(base)
            found[base] = {**(held if isinstance(held, dict) else {} if held is None else {"value": held}), part: text}
        elif isinstance(found.get(column), dict):
            found[column]["value"] = text
        else:
            found[column] = text
    return found
