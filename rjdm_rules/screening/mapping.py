"""The mapping file: how a source's columns and values are called here, and which tables hold occurrences.

id = "subject_id"                      # the column of the patients' ids
[columns]                              # item, or ast_unit and the like = column of the source
age = "AGE_YRS"
[values.sex]                           # what the source writes = what the protocol says; "unknown" is no value
F = "female"
[constants]                            # the same for everyone
screening = "2026-03-02"
[[tables]]                             # a table with a row for each occurrence, or for each measurement
file = "labs.csv"
patient = "subject_id"                 # columns: patient, item, date, value, unit, until, unless others are named
item = "test_code"
[tables.items]                         # what the item column writes = item; or `is = "acute_mi"` for the whole table
"2157-6" = "ck"
absent = ["acute_mi"]                  # of these, a patient without a row never had one; of others it is unknown
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..language.diagnostics import did_you_mean
from ..protocol.model import Protocol
from .addresses import shown_place
from .matching import PopulationError

LARGEST = 5_000_000  # bytes of a mapping file
STANDARD = {"patient": "patient", "item": "item", "date": "date", "until": "until", "value": "value", "unit": "unit"}
SUFFIXES = ("_unit", "_uln", "_lln")


@dataclass(frozen=True)
class LongTable:
    """`file` is a file or table of a database. `columns`: of each part (patient, item, date, until, value, unit, or an
    attribute) the column that holds it. `items`: what the item column writes, and which item that is; `only` the item
    of the whole table. `absent`: items of which a patient without a row has none. `named`: parts whose columns must be
    there; None where all columns must be parts of the items."""

    file: str
    columns: Mapping[str, str]
    items: Mapping[str, str] = field(default_factory=dict)
    only: str | None = None
    absent: frozenset[str] = frozenset()
    named: frozenset[str] | None = None

    def __str__(self) -> str:
        return shown_place(self.file)


@dataclass(frozen=True)
class SourceMapping:
    """What a mapping file says. `columns` and `values` are by item (or `ast_unit` and the like)."""

    id: str = "id"
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    tables: tuple[LongTable, ...] = ()


def read_mapping(path: Path, protocol: Protocol) -> SourceMapping:
    """A mapping file, checked against a protocol. Raises PopulationError with what is wrong and where."""
    try:
        if path.stat().st_size > LARGEST:
            raise PopulationError(f"{path}: this is too large for a mapping file")
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PopulationError(f"{path}: this mapping file cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise PopulationError(f"{path}: {error}") from None
    return _Checking(path, protocol).mapping(held)


class _Checking:
    def __init__(self, path: Path, protocol: Protocol) -> None:
        self.path, self.protocol = path, protocol
        self.names = set(protocol.items)
        self.names |= {name + suffix for name in protocol.items for suffix in SUFFIXES}

    def error(self, message: str) -> PopulationError:
        return PopulationError(f"{self.path}: {message}")

    def mapping(self, held: Mapping[str, Any]) -> SourceMapping:
        known = ("id", "columns", "values", "constants", "tables")
        for key in held:
            if key not in known:
                raise self.error(f"`{key}` is none of {', '.join(known)}")
        columns = self._texts("columns", held.get("columns", {}))
        values = {
            self._item(f"values.{name}", name): self._texts(f"values.{name}", each)
            for name, each in self._table("values", held.get("values", {})).items()
        }
        constants = self._table("constants", held.get("constants", {}))
        for name in (*columns, *constants):
            self._item("columns or constants", name)
        tables = held.get("tables", [])
        if not isinstance(tables, list):
            raise self.error("write each table as [[tables]]")
        return SourceMapping(
            self._text("id", held.get("id", "id")), columns, values, constants, tuple(map(self._long, tables))
        )

    def _item(self, where: str, name: str) -> str:
        if name not in self.names:
            help = did_you_mean(name, self.names)
            raise self.error(f"{where}: `{name}` is no item of this protocol" + (f"; {help}" if help else ""))
        return name

    def _table(self, where: str, held: Any) -> Mapping[str, Any]:
        if not isinstance(held, Mapping):
            raise self.error(f"`{where}` is a table: write [{where}] and below it a line for each name")
        return held

    def _texts(self, where: str, held: Any) -> dict[str, str]:
        return {key: self._text(f"{where}.{key}", each) for key, each in self._table(where, held).items()}

    def _text(self, where: str, held: Any) -> str:
        if not isinstance(held, str):
            raise self.error(f"`{where}` is a text: write it in quotes")
        return str(held)

    def _long(self, held: Any) -> LongTable:
        table = self._table("tables", held)
        if "file" not in table:
            raise self.error("a table needs a `file`")
        file = self._text("tables.file", table["file"])
        file = file if "://" in file else str(self.path.parent / file)
        items = {
            code: self._event(f"tables.items.{code}", name)
            for code, name in self._texts("tables.items", table.get("items", {})).items()
        }
        only = self._event("tables.is", self._text("tables.is", table["is"])) if "is" in table else None
        absent = table.get("absent", [])
        if not isinstance(absent, list):
            raise self.error('`absent` is a list of items: absent = ["acute_mi"]')
        rest = {key: each for key, each in table.items() if key not in ("file", "items", "is", "absent")}
        columns = {**STANDARD, **self._texts("tables", rest)}
        without = frozenset(self._event("absent", each) for each in absent)
        return LongTable(file, columns, items, only, without, frozenset(rest))

    def _event(self, where: str, name: Any) -> str:
        name = self._text(where, name)
        if name not in self.protocol.items:
            help = did_you_mean(name, self.protocol.items)
            raise self.error(f"{where}: `{name}` is no item of this protocol" + (f"; {help}" if help else ""))
        return str(name)
