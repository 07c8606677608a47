"""Lookup and decision tables: columns, cells, and whether the rows cover everything once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..language import syntax as s
from ..language.diagnostics import ERROR, listed
from ..language.source import Place
from ..units.unit import PLAIN, Unit, conversion
from .declarations import options_of
from .expression_types import ExpressionChecker
from .model import Cell, Table, TableColumn, TableRow
from .numbers import number_text
from .scope import Findings, unit_at
from .terms import constant_value
from .typed import Context
from .types import Number, Span

MOST_STEPS, MOST_BITS, MOST_COLUMNS = 200_000, 500_000_000, 100
MOST_OVERLAPS = 20
ANYTHING = "any"


def each_once(columns: Sequence[s.Column], findings: Findings) -> bool:
    """Whether every column has a name of its own; reported where one has not."""
    seen: set[str] = set()
    twice = [column for column in columns if column.name.name in seen or seen.add(column.name.name)]  # type: ignore[func-returns-value]
    for column in twice[:1]:
        findings.error("R206", f"the column `{column.name.name}` is there twice", column.place)
    return not twice


def checked_table(node: s.Table, checker: ExpressionChecker, origin: str) -> Table | None:
    findings = checker.findings
    inputs = [column for column in node.columns if not column.result]
    outputs = [column for column in node.columns if column.result]
    if not inputs or not outputs:
        findings.error(
            "R601",
            "a table needs at least one column to look up by and one result column",
            node.place,
            "write the header as `| drug | → factor |`",
        )
        return None
    if len(node.columns) > MOST_COLUMNS:
        findings.error("R604", f"a table with more than {MOST_COLUMNS} columns", node.place, "split it")
        return None
    if not each_once(node.columns, findings):
        return None
    rows = even_rows(node.rows, len(node.columns), findings)
    if rows is None:
        return None
    columns = [
        _column(column, [row.cells[index] for row in rows], checker) for index, column in enumerate(node.columns)
    ]
    if any(column is None for column in columns):
        return None
    sure = [column for column in columns if column]
    n = len(inputs)
    checked = [_row(row, sure[:n], sure[n:], checker) for row in rows]
    if any(row is None for row in checked):
        return None
    table = Table(
        node.name.name,
        node.label,
        tuple(sure[:n]),
        tuple(sure[n:]),
        tuple(row for row in checked if row),
        node.notes,
        node.place,
        origin,
    )
    rows_end = node.rows[-1].place.end if node.rows else node.place.end
    here = node.place.source.name
    misread = any(  # a number that was written otherwise: what the rows cover is not worth a message
        each.severity == ERROR and each.place.source.name == here and node.place.start <= each.place.start <= rows_end
        for each in findings.all
    )
    if not misread:
        covered(table.inputs, table.rows, f"the table `{table.name}`", node.place, findings)
    return table


def even_rows(rows: Sequence[s.Row], width: int, findings: Findings) -> Sequence[s.Row] | None:
    """The rows, if each has as many cells as the header."""
    uneven = [row for row in rows if len(row.cells) != width]
    for row in uneven:
        cells = f"{len(row.cells)} cell{'' if len(row.cells) == 1 else 's'}"
        help = "a cell that fits everything holds `any`" if len(row.cells) < width else "take out what is too many"
        findings.error("R602", f"this row has {cells}, the header {width}", row.place, help)
    return None if uneven else rows


def _column(node: s.Column, cells: list[tuple[s.CellPart, ...]], checker: ExpressionChecker) -> TableColumn | None:
    name, written = node.name.name, node.type
    if written is None:
        return _inferred(name, cells, checker)
    findings = checker.findings
    match written.kind:
        case "truth":
            return TableColumn(name, "truth", ("yes", "no"))
        case "one of":
            declared = options_of(written.options, findings)
            return TableColumn(name, "options", tuple(option.name for option in declared), declared)
        case "quantity":
            unit = unit_at(written.unit or "", written.unit_place or written.place, findings)
            return TableColumn(name, "number", unit=unit) if unit else None
        case "number":
            return TableColumn(name, "number", unit=PLAIN)
        case "count":
            return TableColumn(name, "number", unit=PLAIN, whole=True, span=None)
        case "grade":
            assert written.low is not None and written.high is not None
            if written.low > written.high:
                low, high = number_text(written.low), number_text(written.high)
                findings.error("R210", f"the range {low}..{high} runs backwards", written.place, f"write {high}..{low}")
                return None
            whole = written.low.denominator == 1 and written.high.denominator == 1
            return TableColumn(name, "number", unit=PLAIN, span=Span(written.low, written.high), whole=whole)
    findings.error("R603", f"a column cannot be `{written.kind}`", written.place)
    return None


def _inferred(name: str, cells: list[tuple[s.CellPart, ...]], checker: ExpressionChecker) -> TableColumn | None:
    """The type of a column that declares none, read off its cells."""
    parts = [part for cell in cells for part in cell]
    words = [part.low.name for part in parts if isinstance(part.low, s.Name) and part.operator is None]
    named = [word for word in dict.fromkeys(words) if word != ANYTHING]
    if named and set(named) <= {"yes", "no"}:
        return TableColumn(name, "truth", ("yes", "no"))
    if named:
        return TableColumn(name, "options", tuple(named))
    for part in parts:
        for node in (part.low, part.high):
            if isinstance(node, s.Number) and node.unit:
                unit = checker.unit(node.unit, node.unit_place or node.place)
                return TableColumn(name, "number", unit=unit) if unit else None
    return TableColumn(name, "number", unit=PLAIN)


def _row(
    node: s.Row, inputs: Sequence[TableColumn], outputs: Sequence[TableColumn], checker: ExpressionChecker
) -> TableRow | None:
    cells = [
        tuple(checked_cell(part, column, checker) for part in cell)
        for cell, column in zip(node.cells, inputs, strict=False)
    ]
    results = [_result(cell, column, checker) for cell, column in zip(node.cells[len(inputs) :], outputs, strict=True)]
    if any(cell is None for row in cells for cell in row) or any(result is None for result in results):
        return None
    return TableRow(
        tuple(tuple(cell for cell in row if cell) for row in cells),
        tuple(result for result in results if result is not None),
        node.place,
    )


def checked_cell(part: s.CellPart, column: TableColumn, checker: ExpressionChecker) -> Cell | None:
    """One alternative of an input cell."""
    if isinstance(part.low, s.Name) and part.operator is None and part.high is None:
        word = part.low.name
        if word == ANYTHING:
            return Cell()
        if column.kind == "number" or word not in column.options:
            allowed = listed(column.options) if column.options else "a number, a range `3..6` or `≥ 3`"
            checker.findings.error(
                "R603", f"`{word}` does not fit the column `{column.name}`", part.place, f"it takes {allowed}"
            )
            return None
        return Cell(options=(word,))
    if column.kind != "number":
        checker.findings.error(
            "R603",
            f"a number does not fit the column `{column.name}`",
            part.place,
            "it takes " + listed(column.options),
        )
        return None
    low = _constant(part.low, column.unit or PLAIN, checker)
    if low is None:
        return None
    if column.whole and low.denominator != 1:
        help = "write the number itself, as in `1`"
        checker.findings.error("R603", f"the column `{column.name}` counts: a fraction never fits", part.place, help)
        return None
    if part.high is not None:
        high = _constant(part.high, column.unit or PLAIN, checker)
        if high is None:
            return None
        if low > high:
            help = f"write {part.high.place.text}..{part.low.place.text}"
            checker.findings.error("R210", "this range runs backwards", part.place, help)
            return None
        return Cell(low=low, high=high, high_inside=part.operator != "<")
    match part.operator:
        case None | "=":
            return Cell(low=low, high=low)
        case "≥":
            return Cell(low=low)
        case ">":
            return Cell(low=low, low_inside=False)
        case "≤":
            return Cell(high=low)
        case "<":
            return Cell(high=low, high_inside=False)
    checker.findings.error("R603", f"`{part.operator}` cannot stand in a cell", part.place, "name what matches")
    return None


def _result(
    cell: tuple[s.CellPart, ...], column: TableColumn, checker: ExpressionChecker
) -> Fraction | str | bool | None:
    part = cell[0]
    anything = isinstance(part.low, s.Name) and part.low.name == ANYTHING and ANYTHING not in column.options
    if len(cell) > 1 or part.high is not None or part.operator is not None or anything:
        checker.findings.error("R603", "a result is one value", part.place, "write one number or one option")
        return None
    if column.kind == "number":
        return _constant(part.low, column.unit or PLAIN, checker)
    if isinstance(part.low, s.Name) and part.low.name in column.options:
        return part.low.name == "yes" if column.kind == "truth" else part.low.name
    checker.findings.error(
        "R603", f"this does not fit the column `{column.name}`", part.place, "it takes " + listed(column.options)
    )
    return None


def _constant(node: s.Expression, unit: Unit, checker: ExpressionChecker) -> Fraction | None:
    """A number that stands in the file itself, in the column's unit (a bare one is in it already)."""
    typed = checker.typed(node, Context())
    if typed is None:
        return None
    value = constant_value(typed.node)
    if value is None or not isinstance(typed.type, Number):
        checker.findings.error("R603", "a cell holds a fixed value", node.place, "calculate before or after the lookup")
        return None
    if typed.type.literal or typed.type.unit == unit:
        return value
    factors = conversion(typed.type.unit, unit)
    if factors is None:
        checker.findings.error(
            "R403", f"{typed.type.unit.text} cannot be converted to {unit.text or 'a number'}", node.place
        )
        return None
    return value * factors[0] + factors[1]


# ---- do the rows cover everything, each thing once? ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Region:
    """A piece of a column's domain on which every cell is either wholly true or wholly false."""

    words: str
    option: str | None = None
    point: Fraction | None = None


def covered(
    columns: Sequence[TableColumn],
    rows: Sequence[TableRow],
    what: str,
    place: Place,
    findings: Findings,
    gaps: bool = True,
) -> None:
    """Reports rows that overlap with different results, and (with `gaps`) what no row covers. Sets of rows are bits
    of a number."""
    regions = [_regions(column, [row.cells[index] for row in rows]) for index, column in enumerate(columns)]
    matching = [_matching(regions[index], [row.cells[index] for row in rows]) for index in range(len(columns))]
    if len(rows) * max(map(len, regions)) > MOST_BITS:
        findings.error("R604", f"{what} has too many rows to check", place, "split it into smaller tables")
        return
    same = _same_results(rows)
    steps = 0
    seen: set[tuple[int, int]] = set()
    stack: list[tuple[int, int, _Path]] = [(0, (1 << len(rows)) - 1, None)]
    reported: set[tuple[int, int]] = set()
    gap_reported = not gaps
    while stack:
        depth, left, path = stack.pop()
        if (depth, left) in seen:
            continue
        seen.add((depth, left))
        if not left:
            if not gap_reported:
                gap_reported = True
                case = _path_words(path, columns)
                findings.error("R605", f"no row of {what} covers {case}", place, "add a row, or `any` in a cell")
            continue
        if depth == len(columns):
            _overlap(left, rows, same, what, findings, reported)
            continue
        steps += len(regions[depth])
        if steps > MOST_STEPS:
            findings.error("R604", f"{what} has too many combinations to check", place, "split it into smaller tables")
            return
        for region, rows_there in zip(reversed(regions[depth]), reversed(matching[depth]), strict=True):
            stack.append((depth + 1, left & rows_there, (path, region)))


_Path = tuple[Any, Region] | None  # the region of the last column looked at, behind those before it


def _path_words(path: _Path, columns: Sequence[TableColumn]) -> str:
    regions: list[Region] = []
    while path is not None:
        path, region = path
        regions.append(region)
    named = zip(columns, reversed(regions), strict=False)
    return " and ".join(f"{column.name} {region.words}" for column, region in named) or "anything"


def _same_results(rows: Sequence[TableRow]) -> list[int]:
    """For each row the rows with the same results, as bits."""
    found: dict[tuple[object, ...], int] = {}
    for number, row in enumerate(rows):
        found[row.results] = found.get(row.results, 0) | (1 << number)
    return [found[row.results] for row in rows]


def _overlap(
    left: int,
    rows: Sequence[TableRow],
    same: Sequence[int],
    what: str,
    findings: Findings,
    reported: set[tuple[int, int]],
) -> None:
    first = (left & -left).bit_length() - 1
    others = left & ~same[first]
    while others and len(reported) < MOST_OVERLAPS:
        other = (others & -others).bit_length() - 1
        others &= others - 1
        if (first, other) in reported:
            continue
        reported.add((first, other))
        findings.error(
            "R606",
            f"two rows of {what} fit the same case and give different results",
            rows[other].place,
            "narrow one of the two",
            hops=(("the other row", rows[first].place),),
        )
        return


def _matching(regions: Sequence[Region], cells: Sequence[tuple[Cell, ...]]) -> list[int]:
    """For each region the rows that match it, as bits. Numbers are swept from low to high: where a cell begins and
    where it ends, its row comes and goes."""
    found = [0] * len(regions)
    of_option = {region.option: index for index, region in enumerate(regions) if region.option is not None}
    points = [region.point for region in regions if region.point is not None]
    changes: dict[int, list[tuple[int, int]]] = {}
    everywhere = 0
    for row, cell in enumerate(cells):
        for part in cell:
            if part.anything:
                everywhere |= 1 << row
            elif part.options is not None:
                for option in part.options:
                    if option in of_option:
                        found[of_option[option]] |= 1 << row
            else:
                low, high = _reach(part, points)
                if low < high:
                    changes.setdefault(low, []).append((row, 1))
                    changes.setdefault(high, []).append((row, -1))
    if changes:
        covering: dict[int, int] = {}  # rows, with how many of their alternatives hold here
        here = 0
        for index in range(len(regions)):
            for row, step in changes.get(index, ()):
                held = covering[row] = covering.get(row, 0) + step
                here = here | (1 << row) if held else here & ~(1 << row)
            found[index] |= here
    return [each | everywhere for each in found]


def _reach(cell: Cell, points: Sequence[Fraction]) -> tuple[int, int]:
    """The regions (by their sample points, in order) that a cell of numbers covers, from one to before another."""
    low = 0 if cell.low is None else (bisect_left if cell.low_inside else bisect_right)(points, cell.low)
    high = len(points) if cell.high is None else (bisect_right if cell.high_inside else bisect_left)(points, cell.high)
    return low, high


def inside(cell: Cell, value: Fraction) -> bool:
    above = cell.low is None or value > cell.low or (cell.low_inside and value == cell.low)
    below = cell.high is None or value < cell.high or (cell.high_inside and value == cell.high)
    return above and below


def _regions(column: TableColumn, cells: list[tuple[Cell, ...]]) -> list[Region]:
    if column.kind != "number":
        return [Region(f"`{option}`", option=option) for option in column.options]
    ends = {end for cell in cells for part in cell for end in (part.low, part.high) if end is not None}
    unit = f" {column.unit.text}" if column.unit and column.unit.text else ""
    if column.whole:
        low = int(column.span.low) if column.span else 0
        high = int(column.span.high) if column.span else max((int(end) + 1 for end in ends), default=0)
        if high - low <= 10_000:
            return [Region(str(n), point=Fraction(n)) for n in range(low, high + 1)]
    span = column.span
    points = sorted(end for end in ends if span is None or span.low <= end <= span.high)
    if not points:
        return [Region("any number", point=span.low if span else Fraction(0))]
    regions = []
    if span is None or span.low < points[0]:
        regions.append(
            Region(
                f"below {number_text(points[0])}{unit}",
                point=points[0] - (1 if span is None else (points[0] - span.low) / 2),
            )
        )
    for index, point in enumerate(points):
        regions.append(Region(f"{number_text(point)}{unit}", point=point))
        if index + 1 < len(points):
            following = points[index + 1]
            words = f"between {number_text(point)} and {number_text(following)}{unit}"
            regions.append(Region(words, point=(point + following) / 2))
    if span is None or span.high > points[-1]:
        regions.append(
            Region(
                f"above {number_text(points[-1])}{unit}",
                point=points[-1] + (1 if span is None else (span.high - points[-1]) / 2),
            )
        )
    return regions
