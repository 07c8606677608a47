"""What patients are grouped by: an item or definition of the protocol, as the rules see it, or another column."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..evaluation.results import Evaluator
from ..graph.build import build_graph
from ..language.diagnostics import did_you_mean
from ..protocol import expressions as x
from ..protocol import types as t
from ..protocol.model import Block, Criterion, Part, Protocol
from ..protocol.numbers import number_text
from .comparing import comparisons, plain
from .evaluating import Variant
from .kinds import kind_of
from .matching import PopulationError
from .polars_engine import OUTCOMES
from .ratios import least_at

MOST_GROUPS = 60
NOT_RECORDED = "not recorded"
YES_NO = ("yes", "no")
EDGES = re.compile(r"(?P<edges>[-−\d.]+(?:\s*,\s*[-−\d.]+)*)(?P<unit>\s+[^\s,].*|[^\d\s,.].*|)\Z")
Codes = npt.NDArray[np.int64]  # for each patient of a batch the place of the group


@dataclass(frozen=True)
class Grouping:
    """What to group by, and for numbers the edges of the bands; a value on an edge belongs to the upper band."""

    name: str
    edges: tuple[Fraction, ...] = ()
    unit: str = ""

    def __str__(self) -> str:
        edges = ", ".join(map(number_text, self.edges))
        return f"{self.name}: {edges} {self.unit}".rstrip(" :")


def read_grouping(text: str) -> Grouping:
    """A grouping as it is written: `site`, or `age: 6, 12, 18` for bands, with a unit or in that of the item. Raises
    PopulationError."""
    name, sign, bands = (each.strip() for each in text.partition(":"))
    if not sign:
        return Grouping(name)
    found = EDGES.match(bands)
    try:
        if found is None:
            raise ValueError
        edges = tuple(Fraction(each.strip().replace("−", "-")) for each in found["edges"].split(","))
    except ValueError:
        raise PopulationError(
            f"by {text}: `{bands}` are no edges of bands; write them as in `age: 6, 12, 18`"
        ) from None
    if list(edges) != sorted(set(edges)):
        raise PopulationError(f"by {text}: the edges of bands go upwards")
    return Grouping(name, edges, found["unit"].strip())


class Groups(ABC):
    """The groups of one grouping. `labels` are their names, `unit` that of bands; `column` is the column that must go
    along, `criteria` the conditions that the rules work out for it."""

    labels: list[str]
    unit: str = ""
    column: str | None = None
    criteria: tuple[Criterion, ...] = ()

    @abstractmethod
    def codes(self, outcomes: pl.DataFrame, beside: pl.DataFrame) -> Codes:
        """The groups of the patients of a batch, by `outcomes` of the conditions or the columns that go along."""

    def order(self) -> list[str]:
        """The labels as one reads them."""
        return self.labels


def groups_of(grouping: Grouping, schema: Mapping[str, Any], protocol: Protocol, number: int) -> Groups:
    """The groups of a grouping, one of several (`number`). Raises PopulationError where it makes none of this data."""
    name = grouping.name
    item, definition = protocol.items.get(name), protocol.definitions.get(name)
    if item is None and definition is None:
        if name not in schema:
            help = did_you_mean(name, list(dict.fromkeys([*schema, *protocol.items, *protocol.definitions])))
            raise PopulationError(f"by {grouping}: this data has no column `{name}`" + (f"; {help}" if help else ""))
        return ByColumn(grouping, schema)
    if item is not None and name not in schema and item.otherwise is None:
        raise PopulationError(f"by {grouping}: `{name}` is not in this data")
    subject: x.Expression = x.ItemValue(name) if item else x.DefinedValue(name)
    kind = kind_of(subject, protocol)
    if kind == "number":
        if grouping.edges:
            return Bands(grouping, _unit(grouping, protocol), number, protocol)
        plain_numbers = name in schema and schema[name].is_numeric() and f"{name}_unit" not in schema
        if item is None or item.otherwise is not None or not plain_numbers:
            raise PopulationError(f"by {grouping}: give bands, as in `{name}: 10, 20`")
        return ByColumn(grouping, schema)
    if grouping.edges:
        raise PopulationError(f"by {grouping}: bands are for numbers, and `{name}` is none")
    if kind == "truth":
        return ByRules(YES_NO, [subject, x.Not(subject)], number, protocol)
    if kind == "option":
        type = item.type if item else protocol.definitions[name].type
        assert isinstance(type, t.OneOf)
        return ByRules(type.options, [x.IsOneOf(subject, (each,), True) for each in type.options], number, protocol)
    raise PopulationError(f"by {grouping}: only options, yes/no and numbers make groups")


def _unit(grouping: Grouping, protocol: Protocol) -> str:
    """The unit of the edges: the one that is written, else the declared one."""
    item = protocol.items.get(grouping.name)
    type = item.type if item else protocol.definitions[grouping.name].type
    assert isinstance(type, t.Number)
    return grouping.unit or type.unit.text


class ByRules(Groups):
    """Groups by conditions, of which at most one is true of a patient; where none is, it is not recorded."""

    def __init__(
        self, labels: Sequence[str], conditions: Sequence[x.Expression], number: int, protocol: Protocol
    ) -> None:
        self.labels = [*labels, NOT_RECORDED]
        first = next(iter(protocol.criteria()))
        self.criteria = tuple(
            replace(first, id=f"group {number}.{place}", marker="", name=None, condition=condition, children=())
            for place, condition in enumerate(conditions)
        )

    def codes(self, outcomes: pl.DataFrame, beside: pl.DataFrame) -> Codes:
        found = np.full(outcomes.height, len(self.labels) - 1, dtype=np.int64)
        for place, criterion in enumerate(self.criteria):
            found[self.are(outcomes, criterion, "met")] = place
        return found

    def are(self, outcomes: pl.DataFrame, criterion: Criterion, word: str) -> npt.NDArray[np.bool_]:
        return np.asarray(outcomes[criterion.id].to_physical().to_numpy() == OUTCOMES.index(word), dtype=np.bool_)


class Bands(ByRules):
    """Groups by whether a number is below each edge; one that is known so far that two bands are possible is not
    recorded."""

    def __init__(self, grouping: Grouping, unit: str, number: int, protocol: Protocol) -> None:
        self.unit = unit
        texts = [f"{grouping.name} < {plain(edge)} {unit}" for edge in grouping.edges]
        below = comparisons(protocol, texts, f"by {grouping}")
        super().__init__(band_labels(grouping.edges), below, number, protocol)

    def codes(self, outcomes: pl.DataFrame, beside: pl.DataFrame) -> Codes:
        found = np.full(outcomes.height, len(self.criteria), dtype=np.int64)
        for place, criterion in reversed(list(enumerate(self.criteria))):
            found[self.are(outcomes, criterion, "met")] = place
            found[self.are(outcomes, criterion, "unknown")] = len(self.labels) - 1
        return found


class ByColumn(Groups):
    """Groups by the values of a column, or by bands of its numbers."""

    def __init__(self, grouping: Grouping, schema: Mapping[str, Any]) -> None:
        self.grouping, self.column = grouping, grouping.name
        type = schema[grouping.name]
        self.numbers = type.is_numeric()
        if type.is_nested() or type.is_temporal():
            raise PopulationError(f"by {grouping}: only a column of texts, yes/no or numbers makes groups")
        if grouping.edges and not self.numbers:
            raise PopulationError(f"by {grouping}: bands are for numbers, and `{grouping.name}` has none")
        self.unit = grouping.unit
        self.labels: list[str] = [*band_labels(grouping.edges), NOT_RECORDED] if grouping.edges else []

    def codes(self, outcomes: pl.DataFrame, beside: pl.DataFrame) -> Codes:
        values = beside[self.grouping.name]
        return self._in_bands(values.cast(pl.Float64)) if self.grouping.edges else self._by_value(values)

    def _in_bands(self, values: pl.Series) -> Codes:
        edges = np.array([least_at(edge, True) for edge in self.grouping.edges])
        found = np.searchsorted(edges, values.fill_null(0.0).to_numpy(), side="right").astype(np.int64)
        found[(values.is_null() | values.is_nan()).to_numpy()] = len(self.labels) - 1
        return found

    def _by_value(self, values: pl.Series) -> Codes:
        different = values.unique()
        names = list(map(_label, different.to_list()))
        self.labels += sorted(set(names) - set(self.labels))
        if len(self.labels) > MOST_GROUPS:
            bands = f"; give bands, as in `{self.column}: 10, 20`" if self.numbers else ""
            raise PopulationError(f"by {self.grouping}: there are more than {MOST_GROUPS} groups{bands}")
        places = {label: place for place, label in enumerate(self.labels)}
        table = pl.DataFrame({"value": different, "code": list(map(places.__getitem__, names))})
        left = values.alias("value").to_frame()
        found = left.join(table, on="value", how="left", nulls_equal=True, maintain_order="left")
        return found["code"].to_numpy().astype(np.int64)

    def order(self) -> list[str]:
        if self.grouping.edges:
            return self.labels

        def key(label: str) -> tuple[Any, ...]:
            number = float(label) if self.numbers and label != NOT_RECORDED else 0.0
            return label == NOT_RECORDED, number, label

        return sorted(self.labels, key=key)


def band_labels(edges: Sequence[Fraction]) -> list[str]:
    texts = [number_text(each) for each in edges]
    between = [f"{low} to below {high}" for low, high in pairwise(texts)]
    return [f"below {texts[0]}", *between, f"{texts[-1]} or more"]


def _label(value: Any) -> str:
    if value is None or value == "" or value != value:
        return NOT_RECORDED
    if isinstance(value, bool):
        return YES_NO[not value]
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def grouping_variants(evaluator: Evaluator, groups: Sequence[Groups]) -> list[Variant]:
    """The rules with a further part, of the conditions that they work out for groups; none where there are none."""
    criteria = tuple(criterion for each in groups for criterion in each.criteria)
    if not criteria:
        return []
    protocol, place = evaluator.protocol, criteria[0].place
    formula = x.Group("all", 0, tuple(x.CriterionTruth(each.id) for each in criteria))
    part = Part("groups", None, Block("inclusion", None, formula, False, criteria, (), place), None, ())
    with_groups = replace(protocol, parts=(*protocol.parts, part))
    held = Evaluator(build_graph(with_groups), evaluator.readings)
    return [Variant(held, (), tuple(each.id for each in criteria))]
