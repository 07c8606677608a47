"""Made-up populations: plausible values, so that some patients are eligible, with borders, gaps and events.

The rules say what is favourable: which side of each threshold, which options, which events. Each fact is favourable for
most patients, otherwise anywhere in its range, sometimes exactly on a border, and sometimes missing. Every value
depends on the seed, the item and the number of its block of patients only, so that the same call makes the same people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from ..graph.build import RuleGraph
from ..protocol import expressions as x
from ..protocol.model import Item
from ..testing.candidates import usual_limit
from ..units.unit import UnitError, conversion, read_unit
from .calendar_tables import UNIX
from .csv_files import flat
from .favouring import Favoured, Wish
from .kinds import MEASURED
from .matching import PopulationError
from .sources import why_not_written

BLOCK = 50_000  # patients that are made together
FIRST_SCREENING, SCREENING_DAYS = date(2025, 1, 1).toordinal(), 500
ELIGIBLE = 0.3  # about the share of patients for whom everything is favourable
BORDER, MISSING = 0.02, 0.02
OTHER_UNITS = ("mg/dL", "umol/L", "mmol/L", "g/L", "ukat/L")
Columns = dict[str, pl.Series]
Random = np.random.Generator


class Synthesizer:
    """Makes patients of one protocol, block by block."""

    def __init__(self, graph: RuleGraph, seed: int) -> None:
        self.graph, self.protocol, self.seed = graph, graph.protocol, seed
        favoured = Favoured(graph)
        self.wishes, self.centers = favoured.wishes, favoured.centers
        items = self.protocol.items
        self.base = next((name for name, item in items.items() if item.kind in ("date", "time")), None)
        asked = sum(wish != Wish() for wish in self.wishes.values())
        self.favourable = ELIGIBLE ** (1 / max(asked, 1))

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

    def _favoured(self, random: Random, rows: int = BLOCK) -> Any:
        return random.random(rows) < self.favourable

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
        rows: int = BLOCK,
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
        inside = float(best) + float(most - best) * random.random(rows)
        anywhere = float(bottom) + float(top - bottom) * random.random(rows)
        values = np.round(np.where(self._favoured(random, rows), inside, anywhere), decimals)
        borders = np.array(
            [float(value) + step for value in marks for step in (0.0, 10.0**-decimals, -(10.0**-decimals))]
        )
        chosen = np.round(borders[random.integers(0, len(borders), rows)], decimals)
        chosen = np.clip(chosen, float(bottom), float(top))
        return np.where(random.random(rows) < BORDER, chosen, values)

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

    def _offsets(self, item: Item, random: Random, first: bool = False) -> Any:
        """Days from the first date of a patient: around the ends of windows, else near it (events before it). The first
        occurrence of an event is about the narrowest window in which one is wanted."""
        windows = self.wishes[item.name].windows
        near = random.integers(0, 60, BLOCK)
        if not windows:
            return -10 * near if item.kind == "event" else near
        narrow = [held for held in windows if held[1] and held[0].kind in ("within", "less than")]
        if first and narrow:
            window, wanted = min(narrow, key=lambda held: _days_of(held[0]))
        else:
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
        offsets = np.stack([self._offsets(item, random, number == 0) for number in range(3)])
        place = np.arange(len(patients)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        days = base[patients] + offsets[place, patients]
        fields: Columns = {"date": pl.Series((days - UNIX).astype(np.int32)).cast(pl.Date)}
        fields["date"] = nulled(fields["date"], random.random(len(patients)) < MISSING)
        if item.course:
            until = pl.Series((days + random.integers(0, 90, len(patients)) - UNIX).astype(np.int32)).cast(pl.Date)
            fields["until"] = nulled(until, random.random(len(patients)) < 0.1)
        for attribute in item.attributes:
            sides = wish.attributes.get(attribute.name, [])
            fields[attribute.name] = self._attribute(attribute, sides, random, len(patients))
        if len(fields) == 1:
            return {item.name: listed(fields["date"], lengths, missing)}
        return {item.name: listed(pl.DataFrame(fields).to_struct(), lengths, missing)}

    def _attribute(self, item: Item, sides: list[tuple[str, Fraction, bool]], random: Random, rows: int) -> pl.Series:
        missing = random.random(rows) < 0.05
        if item.kind == "truth":
            return nulled(pl.Series(random.random(rows) < 0.5), missing)
        if item.kind == "one of":
            names = list(item.option_names)
            return nulled(of_options(random.integers(0, len(names), rows).astype(np.uint32), names), missing)
        if sides:
            least, most = (item.span.low, item.span.high) if item.span else (Fraction(0), None)
            numbers = self._numbers(sides, least, most, random, 0 if item.kind == "count" else 1, rows)
            return nulled(pl.Series(numbers), missing)
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

    Raises PopulationError for another kind of file, and where it cannot be written."""
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
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise PopulationError(f"{path}: {why_not_written(unfinished, problem)}") from None
    finally:
        unfinished.unlink(missing_ok=True)
