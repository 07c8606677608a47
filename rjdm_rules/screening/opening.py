"""A population with its mapping file and its tables of occurrences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..protocol.model import Protocol
from .addresses import is_table
from .mapped import long_table, mapped
from .mapping import SourceMapping, read_mapping
from .sources import Source, source_of


def population_of(
    population: Any, protocol: Protocol, mapping: Path | None = None, longs: Sequence[str | Path] = ()
) -> Source:
    """The population of a path, a table of a database or a frame, as a mapping file says, with further tables in
    `longs`. Raises PopulationError."""
    source = _opened(population, protocol, mapping is None)
    if mapping is None and not longs:
        return source
    held = read_mapping(mapping, protocol) if mapping is not None else SourceMapping()
    held = replace(held, tables=(*held.tables, *(long_table(str(each)) for each in longs)))
    return mapped(source, held, protocol)


def _opened(population: Any, protocol: Protocol, plain: bool) -> Source:
    """The source as it stands there, or where no values are to be recoded (`plain`) with texts as lists."""
    if not is_table(population):
        return source_of(population, protocol if plain else None)
    from .database_tables import opened_table

    return opened_table(population, protocol)
