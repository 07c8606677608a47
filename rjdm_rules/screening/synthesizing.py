"""Made-up populations: plausible values, so that some patients are eligible, with borders, gaps and events.

The rules say what is favourable: which side of each threshold, which options, which events. Each fact is favourable for
most patients, otherwise anywhere in its range, sometimes exactly on a border, and sometimes missing. Every value
depends on the seed, the item and the number of its block of patients only, so that the same call makes the same people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from ..evaluation.facts import Measured
from ..evaluation.layout import threshold
from ..evaluation.reference import Reference
from ..graph.build import RuleGraph, block_node
from ..graph.links import links_of
from ..protocol import expressions as x
from ..protocol.model import Item
from ..protocol.terms import constant_value, items_behind, walk
from ..testing.candidates import usual_limit
from ..units.unit import UnitError, conversion, read_unit
from ..values.bounds import known
from .calendar_tables import UNIX
from .csv_files import flat
from .kinds import MEASURED
from .matching import PopulationError

BLOCK = 50_000  # patients that are made together
FIRST_SCREENING, SCREENING_DAYS = date(2025, 1, 1).toordinal(), 500
ELIGIBLE = 0.3  # about the share of patients for whom everything is favourable
BORDER, MISSING = 0.02, 0.02
MOST_FREE, SHARES = 3, (0.02, 0.1, 0.3, 0.5, 0.8)  # of the range of an item that only calculations use
OTHER_UNITS = ("mg/dL", "umol/L", "mmol/L", "g/L", "ukat/L")
Columns = dict[str, pl.Series]
Random = np.random.Generator


@dataclass
class Wish:
    """What the rules make of one item: thresholds of its values (and of its multiples of a limit) with the sides that
    are favourable, options that are and are not, and windows of its events."""

    truth: bool | None = None
    thresholds: list[tuple[str, Fraction, bool]] = field(default_factory=list)  # operator, value, whether to hold
    multiples: list[tuple[str, str, Fraction, bool]] = field(default_factory=list)  # and of which limit
    good: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    count: int = 0
    event: bool | None = None
    windows: list[tuple[x.Window, bool]] = field(default_factory=list)


class Synthesizer:
    """Makes patients of one protocol, block by block."""

    def __init__(self, graph: RuleGraph, seed: int) -> None:
        self.graph, self.protocol, self.seed = graph, graph.protocol, seed
        self.wishes = {name: Wish() for name in self.protocol.items}
        self._gather()
        items = self.protocol.items
        self.base = next((name for name, item in items.items() if item.kind in ("date", "time")), None)
        self.centers = self._centers()
        asked = sum(wish != Wish() for wish in self.wishes.values())
        self.favourable = ELIGIBLE ** (1 / max(asked, 1))

    # ---- what the rules favour

    def _gather(self) -> None:
        for leaf, wanted in self._wanted().items():
            expression = self.graph.expression(leaf)
            if expression is None:
                self.wishes[leaf.partition(":")[2]].truth = wanted
            else:
                self._take(expression, wanted)
        for definition in self.protocol.definitions.values():
            self._below(definition.expression)

    def _wanted(self) -> dict[str, bool]:
        """For each condition about facts the truth that makes for an eligible patient."""
        links = links_of(self.graph)
        found: dict[str, bool] = {}
        stack = [
            (block_node(part.name, block.kind), block.kind == "inclusion")
            for part in self.protocol.parts
            for block in part.blocks
        ]
        seen: set[tuple[str, bool]] = set()
        while stack:
            node, value = stack.pop()
            if (node, value) in seen:
                continue
            seen.add((node, value))
            if node in links.leaves:
                found.setdefault(node, value)
            for each, ways in links.below.get(node, ()):
                stack += [(each, value if way else not value) for way in ways]
        return found

    def _take(self, node: x.Expression, wanted: bool) -> None:
        held = threshold(node)
        match node:
            case x.Compare() if held is not None and self.protocol.items[held[0]].kind in MEASURED:
                item, form, operator, value = held
                if form == "code":
                    self.wishes[item].thresholds.append((operator, value, wanted))
                else:
                    self.wishes[item].multiples.append((operator, form.removeprefix("times "), value, wanted))
            case x.Compare(left=x.CountOptions(subject=x.ItemValue(item=name)), right=right):
                self.wishes[name].count = int(constant_value(right) or 1) if wanted else 0
            case x.IsOneOf(subject=x.ItemValue(item=name), options=options):
                (self.wishes[name].good if wanted else self.wishes[name].bad).update(options)
            case x.Includes(subject=x.ItemValue(item=name), option=option):
                (self.wishes[name].good if wanted else self.wishes[name].bad).add(option)
            case x.Occurs(occurrences=x.Selected(event=name, window=window)):
                self.wishes[name].event = wanted
                self.wishes[name].windows += [(window, wanted)] if window else []
                self._below(node)
            case x.InWindow(date=x.ItemValue(item=name), window=window):
                self.wishes[name].windows.append((window, wanted))
            case _:
                self._below(node)

    def _below(self, node: x.Expression) -> None:
        """Conditions inside counts and calculations, of which either outcome may be wanted: they are wanted true."""
        for each in walk(node):
            if each is node:
                continue
            match each:
                case x.Compare() | x.IsOneOf() | x.Includes():
                    self._take(each, True)
                case x.ItemValue(item=name) if self.protocol.items[name].kind == "truth":
                    self.wishes[name].truth = self.wishes[name].truth is not False

    def _centers(self) -> dict[str, float]:
        """Usual values of items that only calculations use, so that these come out favourably."""
        found: dict[str, float] = {}
        for leaf, wanted in self._wanted().items():
            expression = self.graph.expression(leaf)
            if isinstance(expression, x.Compare):
                names = [name for name in sorted(self._behind(expression)) if self._free(name)]
                if 0 < len(names) <= MOST_FREE:
                    found.update(self._tried(expression, wanted, names))
        return found

    def _behind(self, node: x.Expression) -> set[str]:
        found = items_behind(node, self.protocol)
        others = (self.protocol.items[name].otherwise for name in found)
        return found.union(*(items_behind(each, self.protocol) for each in others if each is not None))

    def _free(self, name: str) -> bool:
        """Whether no condition says what is favourable of a measured item."""
        item, wish = self.protocol.items[name], self.wishes[name]
        measured = item.kind in MEASURED and item.span is not None and item.otherwise is None
        return measured and not wish.thresholds and not wish.multiples

    def _tried(self, compare: x.Compare, wanted: bool, names: list[str]) -> dict[str, float]:
        """The values, as near as possible to the middle of their ranges, with which a comparison is as wanted."""
        readings = {name: each.chosen for name, each in self.protocol.readings.items()}
        for shares in sorted(product(SHARES, repeat=len(names)), key=lambda each: sum(abs(s - 0.5) for s in each)):
            values = {name: self._share(name, share) for name, share in zip(names, shares, strict=True)}
            facts = {name: Measured(known(Fraction(repr(value)))) for name, value in values.items()}
            if Reference(self.protocol, facts, readings).truth(compare) is wanted:
                return values
        return {}

    def _share(self, name: str, share: float) -> float:
        span = self.protocol.items[name].span
        assert span is not None
        return round(float(span.low) + share * float(span.high - span.low), 2)

    # ---- making

    def types(self) -> dict[str, Any]:
        return dict(self.block(0, 1).schema)

    def blocks(self, patients: int) -> Iterator[pl.DataFrame]:
        for number, first in enumerate(range(0, patients, BLOCK)):
            yield self.block(number, min(BLOCK, patients - first))

    def block(self, number: int, rows: int) -> pl.DataFrame:
        """One block of patients. The first rows of a block do not depend on how many there are."""
        first = number * BLOCK + 1
        ids = pl.Series("id", np.arange(first, first + rows)).cast(pl.String).str.zfill(8)
        columns: Columns = {"id": "S" + ids}
        base = self._random(number, self.base or "").integers(0, SCREENING_DAYS, BLOCK) + FIRST_SCREENING
        for item in self.protocol.items.values():
            random = self._random(number, item.name)
            made = MAKERS[item.kind](self, item, random, base)
            columns.update({name: series.alias(name)[:rows] for name, series in made.items()})
        return pl.DataFrame(columns)

    def _random(self, number: int, name: str) -> Random:
        return np.random.Generator(np.random.PCG64([self.seed, number, crc32(name.encode())]))

    def _missing(self, item: Item, random: Random) -> Any:
        """Which values are missing: some of each item, most of what else follows from others."""
        share = 0.85 if item.otherwise is not None else MISSING * random.random()
        return random.random(BLOCK) < share

    def _favoured(self, random: Random) -> Any:
        return random.random(BLOCK) < self.favourable

    def _truth(self, item: Item, random: Random, base: Any) -> Columns:
        wanted = self.wishes[item.name].truth
        values = self._favoured(random) == (wanted is not False) if wanted is not None else random.random(BLOCK) < 0.5
        return {item.name: nulled(pl.Series(values), self._missing(item, random))}

    def _option(self, item: Item, random: Random, base: Any) -> Columns:
        wish, names = self.wishes[item.name], list(item.option_names)
        good = [n for n, name in enumerate(names) if name in wish.good or (not wish.good and name not in wish.bad)]
        any_of = random.integers(0, len(names), BLOCK)
        best = np.array(good or range(len(names)))[random.integers(0, len(good or names), BLOCK)]
        codes = np.where(self._favoured(random), best, any_of).astype(np.uint32)
        return {item.name: nulled(of_options(codes, names), self._missing(item, random))}

    def _set(self, item: Item, random: Random, base: Any) -> Columns:
        """A run of options from a random one on, so that none comes twice."""
        wish, names = self.wishes[item.name], list(item.option_names)
        most = max(min(len(names), wish.count + 2), 1)
        lengths = random.integers(0, most + 1, BLOCK)
        lengths = np.where(self._favoured(random), np.maximum(lengths, wish.count), lengths)
        lengths[self._missing(item, random)] = 0
        start = np.repeat(random.integers(0, len(names), BLOCK), lengths)
        ends = np.cumsum(lengths)
        place = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
        codes = ((start + place) % len(names)).astype(np.uint32)
        return {item.name: listed(of_options(codes, names), lengths, self._missing(item, random))}

    # ---- measured values

    def _measured(self, item: Item, random: Random, base: Any) -> Columns:
        wish = self.wishes[item.name]
        found: Columns = {}
        limit = next((each for each in item.limits), None)
        missing = self._missing(item, random)
        if limit is not None and (wish.multiples or not wish.thresholds):
            usual = float(usual_limit(item, limit))
            labs = np.array([usual, round(usual * 0.9), round(usual * 1.25)])
            uln = labs[random.integers(0, 3, BLOCK)]
            sides = [(operator, value, wanted) for operator, _, value, wanted in wish.multiples]
            times = self._numbers(sides or [("≤", Fraction(1), True)], Fraction(0), None, random, 2)
            values = np.round(times * uln, 3)
            found[f"{item.name}_{limit.lower()}"] = nulled(
                pl.Series(uln), missing | (random.random(BLOCK) < MISSING / 4)
            )
        else:
            low, high = (item.span.low, item.span.high) if item.span else (Fraction(0), None)
            center = self.centers.get(item.name)
            values = (
                np.round(center * random.lognormal(0, 0.25, BLOCK), 2)
                if center is not None
                else self._numbers(wish.thresholds, low, high, random, 0 if item.kind == "count" else 1)
            )
        if item.span:
            values = np.clip(values, float(item.span.low), float(item.span.high))
        found = {item.name: nulled(pl.Series(values), missing), **found}
        other = self._other_unit(item)
        if other is not None:
            elsewhere = random.random(BLOCK) < 0.1
            found |= self._elsewhere(item, other, found, elsewhere)
        return found

    def _other_unit(self, item: Item) -> tuple[str, float] | None:
        """Another usual unit of an item for which mass and amount of substance compare."""
        if item.unit is None or item.molar_mass is None:
            return None
        for text in OTHER_UNITS:
            try:
                factors = conversion(read_unit(text), item.unit, item.molar_mass)
            except UnitError:
                continue
            if factors and factors[0] != 1 and not factors[1] and Fraction(1, 1000) < factors[0] < 1000:
                return text, float(factors[0])
        return None

    def _elsewhere(self, item: Item, other: tuple[str, float], found: Columns, where: Any) -> Columns:
        unit, factor = other
        assert item.unit is not None
        made: Columns = {}
        for name, series in found.items():
            values = series.to_numpy()
            low, high = (float(item.span.low), float(item.span.high)) if item.span else (-np.inf, np.inf)
            moved = np.clip(np.round(values / factor, 2), max(np.ceil(low / factor * 100) / 100, 0.01), high / factor)
            made[name] = nulled(pl.Series(np.where(where, moved, values)), series.is_null().to_numpy())
        made[f"{item.name}_unit"] = pl.Series(np.where(where, 1, 0).astype(np.uint32)).replace_strict(
            {0: item.unit.text, 1: unit}, return_dtype=pl.String
        )
        return made

    def _numbers(
        self,
        sides: list[tuple[str, Fraction, bool]],
        low: Fraction,
        high: Fraction | None,
        random: Random,
        more: int,
    ) -> Any:
        """Values on the favourable side of the thresholds for most, anywhere for some, on a border for a few; with one
        or two decimals more than the thresholds have."""
        marks = [value for _, value, _ in sides] or ([low, high] if high else [Fraction(1)])
        size = max(abs(value) for value in marks) or Fraction(1)
        top = min(high, 3 * size) if high is not None else 3 * size
        bottom = max(low, -3 * size)
        least, most = bottom, top
        for operator, value, wanted in sides:
            upward = (operator in ("≥", ">")) == wanted
            if operator in ("=", "≠"):
                continue
            least, most = (max(least, value), most) if upward else (least, min(most, value))
        if least >= most:
            least, most = bottom, top
        decimals = min(max(_decimals(value) for value in marks) + more, 4)
        best = least + (most - least) * Fraction(1, 20)  # a little inside
        inside = float(best) + float(most - best) * random.random(BLOCK)
        anywhere = float(bottom) + float(top - bottom) * random.random(BLOCK)
        values = np.round(np.where(self._favoured(random), inside, anywhere), decimals)
        borders = np.array(
            [float(value) + step for value in marks for step in (0.0, 10.0**-decimals, -(10.0**-decimals))]
        )
        chosen = np.round(borders[random.integers(0, len(borders), BLOCK)], decimals)
        chosen = np.clip(chosen, float(bottom), float(top))
        return np.where(random.random(BLOCK) < BORDER, chosen, values)

    # ---- dates and events

    def _date(self, item: Item, random: Random, base: Any) -> Columns:
        if item.name == self.base:
            days = base
        elif self._is_birth(item):
            years = self._numbers(self._ages(item), Fraction(0), None, random, 1)
            days = base - np.round(years * 365.25).astype(np.int64) - random.integers(0, 200, BLOCK)
        else:
            days = base + self._offsets(item, random)
        missing = self._missing(item, random) if item.name != self.base else np.zeros(BLOCK, dtype=bool)
        dates = pl.Series((days - UNIX).astype(np.int32)).cast(pl.Date)
        if item.kind == "time":
            seconds = pl.Series(random.integers(0, 1440, BLOCK) * 60_000_000)
            return {item.name: nulled(dates.cast(pl.Datetime("us")) + seconds.cast(pl.Duration("us")), missing)}
        return {item.name: nulled(dates, missing)}

    def _spans(self, item: Item) -> Iterator[x.Elapsed]:
        for node in self.graph.network:
            expression = self.graph.expression(node)
            if isinstance(expression, x.Elapsed) and expression.start == x.ItemValue(item.name):
                yield expression

    def _is_birth(self, item: Item) -> bool:
        return any(each.unit in ("years", "months") for each in self._spans(item))

    def _ages(self, item: Item) -> list[tuple[str, Fraction, bool]]:
        """The thresholds of what is counted from a date of birth, in years."""
        for name, other in self.protocol.items.items():
            if isinstance(other.otherwise, x.Elapsed) and other.otherwise.start == x.ItemValue(item.name):
                scale = {"years": Fraction(1), "months": Fraction(1, 12)}.get(other.otherwise.unit, Fraction(1, 365))
                return [(operator, value * scale, wanted) for operator, value, wanted in self.wishes[name].thresholds]
        return [("≥", Fraction(18), True)]

    def _offsets(self, item: Item, random: Random) -> Any:
        """Days from the first date of a patient: around the ends of windows, else near it."""
        windows = self.wishes[item.name].windows
        near = random.integers(0, 60, BLOCK)
        if not windows:
            return near
        window, wanted = windows[int(random.integers(0, len(windows)))]
        length, sign = _days_of(window), 1 if window.direction == "after" else -1
        inside = window.kind in ("within", "less than")
        within = random.integers(0, length + 1, BLOCK)
        beyond = random.integers(length + 1, 6 * length + 30, BLOCK)
        good = np.where(self._favoured(random), wanted == inside, wanted != inside)
        days = np.where(good, within, beyond)
        return sign * np.where(random.random(BLOCK) < BORDER, length + random.integers(-1, 2, BLOCK), days)

    def _event(self, item: Item, random: Random, base: Any) -> Columns:
        """Most have had what is wanted; the others up to three occurrences, near windows and far from them."""
        wish = self.wishes[item.name]
        happened = random.random(BLOCK) < (0.15 if not wish.event else self.favourable)
        lengths = np.where(happened, random.integers(1, 4, BLOCK), 0)
        missing = self._missing(item, random)
        lengths[missing] = 0
        patients = np.repeat(np.arange(BLOCK), lengths)
        offsets = np.stack([self._offsets(item, random) for _ in range(3)])
        place = np.arange(len(patients)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        days = base[patients] + offsets[place, patients]
        fields: Columns = {"date": pl.Series((days - UNIX).astype(np.int32)).cast(pl.Date)}
        fields["date"] = nulled(fields["date"], random.random(len(patients)) < MISSING)
        if item.course:
            until = pl.Series((days + random.integers(0, 90, len(patients)) - UNIX).astype(np.int32)).cast(pl.Date)
            fields["until"] = nulled(until, random.random(len(patients)) < 0.1)
        for attribute in item.attributes:
            fields[attribute.name] = self._attribute(attribute, random, len(patients))
        if len(fields) == 1:
            return {item.name: listed(fields["date"], lengths, missing)}
        return {item.name: listed(pl.DataFrame(fields).to_struct(), lengths, missing)}

    def _attribute(self, item: Item, random: Random, rows: int) -> pl.Series:
        missing = random.random(rows) < 0.05
        if item.kind == "truth":
            return nulled(pl.Series(random.random(rows) < 0.5), missing)
        if item.kind == "one of":
            names = list(item.option_names)
            return nulled(of_options(random.integers(0, len(names), rows).astype(np.uint32), names), missing)
        low, high = (float(item.span.low), float(item.span.high)) if item.span else (0.0, 10.0)
        values = np.round(low + (high - low) * random.random(rows), 0 if item.kind == "count" or item.span else 1)
        return nulled(pl.Series(values), missing)


MAKERS: dict[str, Callable[[Synthesizer, Item, Random, Any], Columns]] = {
    "truth": Synthesizer._truth,
    "one of": Synthesizer._option,
    "several of": Synthesizer._set,
    **dict.fromkeys(MEASURED, Synthesizer._measured),
    "date": Synthesizer._date,
    "time": Synthesizer._date,
    "event": Synthesizer._event,
}


def nulled(values: pl.Series, where: Any) -> pl.Series:
    """The values, unknown in some rows."""
    return values.set(pl.Series(where), None)


def of_options(codes: Any, names: list[str]) -> pl.Series:
    return pl.Series(codes).cat.to(pl.Enum(names))


def listed(values: pl.Series, lengths: Any, missing: Any) -> pl.Series:
    """Values one after the other as lists of given lengths; no list where one is missing."""
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    made = pl.from_arrow(pa.LargeListArray.from_arrays(pa.array(offsets), values.to_arrow()))
    assert isinstance(made, pl.Series)
    return nulled(made.cast(pl.List(values.dtype)), missing)


def _decimals(value: Fraction) -> int:
    return next((digits for digits in range(4) if (value * 10**digits).denominator == 1), 3)


def _days_of(window: x.Window) -> int:
    length = window.length
    if isinstance(length, x.CalendarLength):
        return round(length.months * 30.4375) + length.days or 1
    return 30


def write_population(graph: RuleGraph, patients: int, seed: int, path: Path) -> None:
    """Writes made-up patients to a Parquet or CSV file. In CSV, which has no lists, a list is written as JSON is.

    Raises PopulationError for another kind of file, and OSError."""
    suffix = path.suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise PopulationError(f"{path}: write a name that ends with .parquet or .csv")
    maker = Synthesizer(graph, seed)
    frames = register_io_source(lambda *_: maker.blocks(patients), schema=maker.types())
    unfinished = path.with_name(path.name + ".new")
    try:
        if suffix == ".parquet":
            frames.sink_parquet(unfinished, compression="zstd", row_group_size=250_000)
        else:
            frames.select(flat(name, type) for name, type in maker.types().items()).sink_csv(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
