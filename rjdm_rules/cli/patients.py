"""Reading patients from files: JSON (an object or an array), JSON Lines, CSV and Excel; `-` is standard input."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ..evaluation.decoding import BadJson, decoded, decoded_record
from ..protocol.model import Protocol

LARGEST_DOCUMENT = 200_000_000
BOM = b"\xef\xbb\xbf"
OTHER_TABLES = (".xls", ".xlsb", ".ods", ".numbers")


class UnreadablePatients(Exception):
    """A file of patients that cannot be read at all."""


@dataclass(frozen=True)
class Entry:
    """One record as read, or what is wrong with its text. `where` names its place for a message, `said` is the saved
    result that holds the record. What is `loose` is no record, but part of one."""

    record: Any
    where: str
    problems: tuple[str, ...] = ()
    said: Any = None
    loose: bool = False

    @property
    def refusal(self) -> str:
        """All that is wrong with it, a line each."""
        return "\n".join(f"{self.where}: {problem}" for problem in self.problems)

    def differences(self, result: Any) -> list[str]:
        """What the saved result says otherwise than the one that the rules give now."""
        if self.said is None:
            return []
        now, found = result.as_json(), []
        version, verdict = self.said.get("version"), self.said.get("verdict", self.said.get("verdicts"))
        if version is not None and version != now["version"]:
            found.append(f"it was saved under version {str(version)[:20]}")
        if self.said.get("readings") not in (None, now["readings"]):
            found.append("it was saved under other readings")
        if verdict not in (None, now.get("verdict", now.get("verdicts"))):
            told = f"it says {verdict[:20]}" if isinstance(verdict, str) else "it says other verdicts"
            found.append(f"{told}, which is not so by these rules")
        return found


def read_patients(name: str, protocol: Protocol) -> Iterator[Entry]:
    """The records of a file, one after the other; of a saved result, the record in it. Raises UnreadablePatients."""
    for entry in _entries(name, protocol):
        yield _unpacked(entry, protocol) if isinstance(entry.record, dict) and "record" in entry.record else entry


def _unpacked(entry: Entry, protocol: Protocol) -> Entry:
    """The record of a result as a form saves it."""
    held = entry.record
    if "record" in protocol.items or not isinstance(held["record"], dict):
        return entry
    if held.get("protocol") != protocol.id:
        named = held.get("protocol")
        of = f"protocol {named[:60]}" if isinstance(named, str) else "no protocol"
        problem = f"this is a result of {of}, and these are the rules of {protocol.id}"
        return Entry(None, entry.where, (problem,))
    return Entry(held["record"], entry.where, said=held)


def _entries(name: str, protocol: Protocol) -> Iterator[Entry]:
    path = Path(name)
    shown = "standard input" if name == "-" else name
    if path.suffix.lower() == ".rules":
        raise UnreadablePatients(f"{name}: this is a rules file; patients are JSON, JSON Lines, CSV or Excel")
    if path.suffix.lower() in OTHER_TABLES:
        raise UnreadablePatients(f"{name}: tables are read from .xlsx and .csv; save it as one of these")
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        from .workbook import workbook_entries

        yield from workbook_entries(path, protocol)
        return
    try:
        if name == "-":
            if sys.stdin is None:
                raise UnreadablePatients("standard input is closed")
            data = sys.stdin.buffer
            yield from _read(io.TextIOWrapper(data, encoding="utf-8-sig", newline=""), shown, protocol, "")
            return
        if path.suffix.lower() == ".jsonl" and not _begins_a_list(path):
            yield from _byte_lines(path, name)
            return
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from _read(stream, name, protocol, path.suffix.lower())
    except OSError as error:
        raise UnreadablePatients(f"{name}: cannot be read ({error.strerror or type(error).__name__})") from None
    except UnicodeDecodeError as error:
        raise UnreadablePatients(f"{shown}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from None


def _read(stream: TextIO, name: str, protocol: Protocol, suffix: str) -> Iterator[Entry]:
    if suffix == ".csv":
        yield from _csv(stream, name, protocol)
        return
    first = _first_line(stream)
    if suffix != ".jsonl" or first.lstrip().startswith("["):
        single = _whole_line(first)
        if single is None or isinstance(single, list):
            yield from _document(first, stream, name)
            return
    yield from _lines(first, stream, name)


def _first_line(stream: TextIO) -> str:
    for line in stream:
        if line.strip():
            return line
    return ""


def _whole_line(line: str) -> Any:
    """The value of a line that is a whole JSON value; None otherwise."""
    try:
        return decoded(line)
    except BadJson:
        return None


def _document(first: str, stream: TextIO, name: str) -> Iterator[Entry]:
    """A JSON document of one object or an array of objects; or JSON Lines of which the first is at fault."""
    text = first + stream.read(LARGEST_DOCUMENT)
    if stream.read(1):
        raise UnreadablePatients(
            f"{name}: a JSON array of this size is not read at once; write one record a line (.jsonl)"
        )
    if not text.strip():
        raise UnreadablePatients(f"{name}: there are no patients in this file")
    try:
        value = decoded(text)
    except BadJson as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and any(_whole_line(line) is not None for line in lines[:50]):
            yield from _lines("", io.StringIO(text), name)
            return
        raise UnreadablePatients(f"{name}: {error}") from None
    records = value if isinstance(value, list) else [value]
    for number, record in enumerate(records, 1):
        yield Entry(record, f"{name}, record {number}")


def _lines(first: str, stream: TextIO, name: str) -> Iterator[Entry]:
    number = 0
    for line in _chain(first, stream):
        number += 1
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            yield Entry(decoded_record(line.encode("utf-8")), where)
        except BadJson as error:
            yield Entry(None, where, (str(error),))
    if not number:
        raise UnreadablePatients(f"{name}: there are no patients in this file")


def _begins_a_list(path: Path) -> bool:
    """Whether a file begins with `[`: then it is one JSON document whatever it is called."""
    with path.open("rb") as stream:
        return stream.read(1000).removeprefix(BOM).lstrip().startswith(b"[")


def _byte_lines(path: Path, name: str) -> Iterator[Entry]:
    """JSON Lines, one record a line, as bytes."""
    number = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if number == 1:
                line = line.removeprefix(BOM)
            if line.isspace() or not line:
                continue
            try:
                yield Entry(decoded_record(line), f"{name}, line {number}")
            except BadJson as error:
                yield Entry(None, f"{name}, line {number}", (str(error),))
    if not number:
        raise UnreadablePatients(f"{name}: there are no patients in this file")


def _chain(first: str, stream: TextIO) -> Iterator[str]:
    if first:
        yield first
    yield from stream


# ---- CSV -----------------------------------------------------------------------------------------------------------


def _csv(stream: TextIO, name: str, protocol: Protocol) -> Iterator[Entry]:
    """One row a patient; columns as items, with `ast_unit`, `ast_uln`, `ast_lln` beside a quantity; an empty cell is
    unknown; several options or dates are separated by `;`."""
    reader = csv.reader(stream, strict=True)
    try:
        header = next(reader, None)
        if not header:
            raise UnreadablePatients(f"{name}: there are no patients in this file")
        header = [column.strip() for column in header]
        other = next((sign for sign in (";", "\t") if len(header) == 1 and sign in header[0]), None)
        if other:
            what = "semicolons" if other == ";" else "tabs"
            raise UnreadablePatients(f"{name}: the columns are separated by {what}; save the file with commas")
        doubled = sorted({column for column in header if header.count(column) > 1})
        if doubled:
            raise UnreadablePatients(f"{name}: the column `{doubled[0]}` is there twice")
        for row in reader:
            where = f"{name}, line {reader.line_num}"
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                yield Entry(None, where, (f"this row has {len(row)} cells, the header {len(header)}",))
                continue
            yield Entry(row_record(dict(zip(header, row, strict=True)), protocol), where)
    except csv.Error as error:
        raise UnreadablePatients(f"{name}, line {reader.line_num}: {error}") from None


def row_record(row: Mapping[str, str], protocol: Protocol) -> dict[str, Any]:
    """A CSV row as a patient record."""
    record: dict[str, Any] = {}
    for column, cell in row.items():
        text = cell.strip()
        if not text:
            continue
        base, _, kind = column.rpartition("_")
        if kind in ("unit", "uln", "lln") and column not in protocol.items and base in protocol.items:
            held = record.get(base)
            parts = held if isinstance(held, dict) else {} if held is None else {"value": held}
            record[base] = {**parts, kind: text}
            continue
        item = protocol.items.get(column)
        value: Any = text
        if item is not None and item.kind == "several of":
            value = [] if text == "none" and "none" not in item.option_names else _split(text) or text
        elif item is not None and item.kind == "event":
            value = _event(text)
        elif item is not None and item.kind == "time":
            value = _TIME_APART.sub(r"\1T\2", text)
        held = record.get(column)
        record[column] = {**held, "value": value} if isinstance(held, dict) and not isinstance(value, dict) else value
    return record


_TIME_APART = re.compile(r"^(\d{4}-\d{2}-\d{2}) +(\d{2}:\d{2})")  # a day and a time as tables write them


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _event(text: str) -> Any:
    """`none`, `yes`, dates separated by `;`, or JSON for occurrences with attributes."""
    if text[:1] in "[{":
        try:
            return decoded(text)
        except BadJson:
            return text
    parts = _split(text)
    return parts[0] if len(parts) == 1 else parts or text
