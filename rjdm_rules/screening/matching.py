"""Which column of a population holds what: items by name, with `_unit`, `_uln` and `_lln` beside a measured one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..language.diagnostics import did_you_mean
from ..protocol.model import Item, Protocol
from .kinds import MEASURED

LIMITS = {"ULN": "uln", "LLN": "lln"}


class PopulationError(ValueError):
    """A population that cannot be screened: what is wrong, where, and a way out."""


@dataclass(frozen=True)
class ItemColumns:
    """The columns of one item: of its value, of the unit of each value, and of its limits of normal."""

    item: Item
    value: str | None
    unit: str | None = None
    limits: Mapping[str, str] = None  # type: ignore[assignment]

    def names(self) -> list[str]:
        return [name for name in (self.value, self.unit, *(self.limits or {}).values()) if name]


@dataclass(frozen=True)
class Match:
    """`missing`: items without a column. `extra`: columns that are no item's. `keep`: columns that go along, to group
    by."""

    id: str
    items: Mapping[str, ItemColumns]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    keep: tuple[str, ...] = ()

    @property
    def used(self) -> list[str]:
        """The columns that the rules read, the id first, and those that are kept."""
        names = (name for each in self.items.values() for name in each.names())
        return list(dict.fromkeys([self.id, *names, *self.keep]))


def matched(protocol: Protocol, names: Sequence[str], allow_extra: bool = False, keep: Sequence[str] = ()) -> Match:
    """The columns of a population by item. `keep` are columns that are used otherwise (to group by). Raises
    PopulationError for columns that are no item's (unless `allow_extra`), and where there is no `id`."""
    if "id" not in names:
        near = next(
            (name for name in names if name.lower() in ("id", "patient", "patient_id", "subject", "usubjid")), ""
        )
        help = f"rename `{near}` to `id`" if near else "name the column of the patients' ids `id`"
        raise PopulationError(f"the population has no column `id`; {help}")
    taken = {"id"}
    items: dict[str, ItemColumns] = {}
    for item in protocol.items.values():
        held = _columns_of(item, set(names), set(protocol.items))
        if held is not None:
            items[item.name] = held
            taken.update(held.names())
    extra = tuple(name for name in names if name not in taken and name not in keep)
    if extra and not allow_extra:
        raise PopulationError(_extra_columns(extra, protocol))
    missing = tuple(name for name in protocol.items if name not in items)
    return Match("id", items, missing, extra, tuple(keep))


def _columns_of(item: Item, names: set[str], declared: set[str]) -> ItemColumns | None:
    def beside(suffix: str) -> str | None:
        name = f"{item.name}_{suffix}"
        return name if name in names and name not in declared else None

    value = item.name if item.name in names else None
    if item.kind not in MEASURED:
        return ItemColumns(item, value, None, {}) if value else None
    limits = {limit: name for limit in item.limits if (name := beside(LIMITS[limit]))}
    if value is None and not limits:
        return None
    return ItemColumns(item, value, beside("unit"), limits)


def _extra_columns(extra: Sequence[str], protocol: Protocol) -> str:
    known = [*protocol.items, *(f"{name}_{suffix}" for name in protocol.items for suffix in ("unit", "uln", "lln"))]
    lines = []
    for name in extra[:8]:
        help = did_you_mean(name, known)
        lines.append(f"the column `{name}` is no item of this protocol" + (f"; {help}" if help else ""))
    if len(extra) > 8:
        lines.append(f"and {len(extra) - 8} more columns")
    return "\n".join([*lines, "leave them out, or pass them over with --allow-extra (in Python allow_extra=True)"])
