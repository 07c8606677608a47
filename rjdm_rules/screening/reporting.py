"""The report of a screening as one page: what `summary.json` says, for people to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..documents.content import Content, Row
from ..documents.section import render_document
from ..theme import BUNDLED, Theme
from .grouping import NOT_RECORDED
from .summaries import by_part, different

SHOWN = 5  # criteria of a grouping, at least, and all that differ
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 680, 280, 76, 44, 14, 14  # of a curve, in pixels
TICKS, MOST_MARKS, SCALED = 4, 10, 5


@dataclass(frozen=True)
class Step:
    """A row of the funnel: how many passed so far, of how many it is not yet known, whom this criterion excludes."""

    row: Row | None
    id: str
    certain: int
    unknown: int
    excluded: int


@dataclass(frozen=True)
class Flow:
    """The funnel of a protocol, or of one of its parts (`title`), with what it ends in."""

    title: str
    steps: tuple[Step, ...]
    verdicts: Mapping[str, int]


@dataclass(frozen=True)
class Tick:
    """A place of an axis (of a curve in pixels, else as a part of the whole), and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """A curve in pixels: the lines of eligible patients and of those who may be (eligible or undetermined)."""

    sure: str
    may: str
    between: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    now: tuple[Tick, ...]
    dots: tuple[tuple[float, float], ...]
    points: Sequence[Mapping[str, Any]]
    title: str
    unit: str


def report_page(summary: Mapping[str, Any], content: Content, population: str, theme: Theme = BUNDLED) -> str:
    """The page of a screening's summary. `population` names where the patients come from. Raises ThemeError."""
    rows = {row.id: row for row in content.rows()}
    parts = {part.name or "": part.title for part in content.parts}
    view = {
        "summary": {"what_if": [], "passed_over": [], **summary},
        "population": population,
        "rows": rows,
        "labels": {
            **{each.name: each.label for each in content.definitions},
            **{each.name: each.label for each in content.items},
        },
        "asks": {item.name: item.ask for item in content.items},
        "verdicts": [(parts.get(name, name) if name else "", held) for name, held in by_part(summary["verdicts"])],
        "flows": flows(summary, rows, parts),
        "failing": _failing(summary),
        "plots": [plot for curve in summary.get("curves", ()) for plot in plots(curve, parts)],
        "conditional": any(each["not applicable"] for each in summary["criteria"].values()),
        "groups": [_grouping(each) for each in summary.get("groups", ())],
        "part_titles": parts,
    }
    return render_document("screening", "html", content, theme=theme, screened=view)


def flows(summary: Mapping[str, Any], rows: Mapping[str, Row], parts: Mapping[str, str]) -> list[Flow]:
    held = summary["funnel"]
    if held is None:
        return []
    verdicts = dict(by_part(summary["verdicts"]))
    several = held if isinstance(held, Mapping) else {"": held}
    found = []
    for name, funnel in several.items():
        steps = tuple(
            Step(rows.get(e["criterion"]), e["criterion"], e["remaining"] - e["unknown"], e["unknown"], e["excluded"])
            for e in funnel
        )
        found.append(Flow(parts.get(name, name) if name else "", steps, verdicts[name]))
    return found


def _failing(summary: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], float]]:
    """The criteria at the top that fail, with their shares of the exclusions, the largest first."""
    top = {id: each for id, each in summary["criteria"].items() if each["shapley"]}
    total = sum(each["shapley"] for each in top.values())
    return sorted(
        ((id, each, each["shapley"] / total) for id, each in top.items()), key=lambda each: (-each[2], each[0])
    )


def _grouping(grouping: Mapping[str, Any]) -> dict[str, Any]:
    """A grouping with the criteria in which its groups differ most; those that nobody fails are left out."""
    held = grouping["differences"]
    failed = [id for id, each in held.items() if any(rate["fails"] for rate in each["rates"])]

    def spread(id: str) -> float:
        rates: list[float] = [rate["rate"] for rate in held[id]["rates"]]
        return max(rates) - min(rates)

    apart = different(grouping)
    order = sorted(failed, key=lambda id: (id not in apart, -spread(id), id))
    shown = max(SHOWN, len(apart))
    most = max((rate["high"] for id in failed for rate in held[id]["rates"]), default=1.0)
    verdicts = [(each["group"], each["patients"], by_part(each["verdicts"])) for each in grouping["groups"]]
    found = {"of": grouping, "shown": order[:shown], "more": order[shown:], "different": apart}
    ticks = [Tick(at / (100 * most), f"{at:g} %") for at in _round_steps(0, 100 * most, SCALED)]
    unrecorded = any(each["group"] == NOT_RECORDED for each in grouping["groups"])
    return {**found, "most": most, "ticks": ticks, "unrecorded": unrecorded, "verdicts": verdicts}


# ---- curves


def plots(curve: Mapping[str, Any], parts: Mapping[str, str]) -> list[Plot]:
    """A curve as a plot, for a protocol with parts one for each."""
    found = []
    for name, _ in by_part(curve["points"][0]["verdicts"]):
        points = [(each["threshold"], dict(by_part(each["verdicts"]))[name]) for each in curve["points"]]
        found.append(_plot(curve, points, parts.get(name, name) if name else ""))
    return found


def _plot(curve: Mapping[str, Any], points: Sequence[tuple[float, Mapping[str, int]]], part: str) -> Plot:
    low, high = points[0][0], points[-1][0]
    most = max(1, max(each["eligible"] + each["undetermined"] for _, each in points))
    ceiling = _round_up(most)

    def across(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low), 1)

    def up(count: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * count / ceiling, 1)

    few = len(points) <= MOST_MARKS
    marks = [at for at, _ in points] if few else _round_steps(low, high, MOST_MARKS)
    sure = [(across(at), up(each["eligible"])) for at, each in points]
    may = [(across(at), up(each["eligible"] + each["undetermined"])) for at, each in points]
    return Plot(
        _line(sure),
        _line(may),
        _line([*sure, *reversed(may)]),
        tuple(Tick(across(at), f"{at:g}") for at in marks),
        tuple(Tick(up(ceiling * n / TICKS), f"{ceiling * n / TICKS:,.0f}") for n in range(TICKS + 1)),
        tuple(Tick(across(at), f"{at:g}") for at in curve["now"] if low <= at <= high),
        tuple(sure),
        [{"threshold": f"{at:g}", **each} for at, each in points],
        f"{part}: {curve['curve']}" if part else curve["curve"],
        curve["unit"],
    )


def _line(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _round_up(count: int) -> int:
    """The next number that divides into ticks evenly."""
    power = 1
    while power * 10 <= count:
        power *= 10
    for step in (1, 2, 3, 4, 5, 6, 8, 10):
        ceiling = step * power
        if ceiling >= count and (ceiling % TICKS == 0 or ceiling < TICKS):
            return max(ceiling, TICKS)
    return 10 * power


def _round_steps(low: float, high: float, most: int) -> list[float]:
    """Round numbers from low to high, evenly, at most so many."""
    step = next(each for each in _round_numbers() if each * most >= Fraction(high) - Fraction(low))
    first = -(-Fraction(low) // step)
    return [float((first + n) * step) for n in range(most + 1) if (first + n) * step <= high]


def _round_numbers() -> Iterator[Fraction]:
    for power in range(-30, 31):
        for each in (Fraction(1), Fraction(2), Fraction(5)):
            yield each * Fraction(10) ** power
