"""What a population holds of a protocol's items: which columns there are, and what may stand in them.

The rules are translated for a shape: an item without a column is unknown for everyone, a date column without partial
dates needs no bounds, and a unit is converted only where it occurs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from ..protocol.model import Item, Protocol

LARGE = 1e9  # of values and limits, unless the data has larger ones
DIGITS, MOST_DIGITS = 2, 9  # behind the point, of measured values and limits; as many as the data has


@dataclass(frozen=True)
class ItemShape:
    """`partial`: a date column may hold partial dates. `units`: the units that occur beside the declared one.
    `limits`: the limits of normal that have a column. `digits`: decimals of values and limits. `large`: some are beyond
    `LARGE`. `unit_column`: each value may have a unit of its own. `attributes`: of an
    event, those that are there (`date` and `until` among them)."""

    partial: bool = False
    units: tuple[str, ...] = ()
    limits: frozenset[str] = frozenset()
    digits: int = DIGITS
    large: bool = False
    unit_column: bool = False
    attributes: Mapping[str, ItemShape] = field(default_factory=dict)

    @property
    def most(self) -> float:
        """How large values and limits are at most."""
        return inf if self.large else LARGE


@dataclass(frozen=True)
class Shape:
    """The items that have a column, by name."""

    items: Mapping[str, ItemShape]

    def has(self, name: str) -> bool:
        return name in self.items


def full_shape(protocol: Protocol, digits: int = DIGITS) -> Shape:
    """The shape of a population that has everything, in declared units and without partial dates."""
    return Shape({item.name: full_item(item, digits) for item in protocol.items.values()})


def full_item(item: Item, digits: int = DIGITS) -> ItemShape:
    attributes = {each.name: full_item(each, digits) for each in item.attributes}
    if item.kind == "event":
        attributes["date"] = ItemShape()
    if item.course:
        attributes["until"] = ItemShape()
    return ItemShape(limits=frozenset(item.limits), digits=digits, attributes=attributes)
