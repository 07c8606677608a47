"""How many patients are eligible over the range of a threshold: `lvef ≥ 40 to 60 %`.

Each point of a curve is a what-if of its own, worked out on the same patients.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import polars as pl

from ..evaluation.results import Evaluator
from ..graph.build import build_graph
from ..protocol import expressions as x
from ..protocol.model import Protocol
from ..protocol.terms import constant_value
from .comparing import comparisons, plain
from .evaluating import verdict_column
from .matching import PopulationError
from .polars_engine import VERDICTS
from .what_if import comparisons_like, with_comparison

STEPS = 20  # at most, between the ends
WINDOW = re.compile(r"\b(WITHIN|BEFORE|AFTER)\b", re.IGNORECASE)
NUMBER = r"[-−]?\d+(?:\.\d+)?"
RANGE = re.compile(
    rf"(?P<head>.*[≥≤<>=]\s*)(?P<low>{NUMBER})\s*(?P<unit>.*?)\s*(?:\bto\b|\.\.|–)\s*(?P<high>{NUMBER})(?P<rest>.*)\Z"
)


@dataclass(frozen=True)
class Curve:
    """`points` are the thresholds in the unit that was written (`unit`, or `× ULN`), `rules` those of each point, `now`
    the thresholds of the rules as they are."""

    text: str
    unit: str
    points: tuple[Fraction, ...]
    rules: tuple[Protocol, ...]
    now: tuple[Fraction, ...]

    def evaluators(self, evaluator: Evaluator) -> list[Evaluator]:
        return [Evaluator(build_graph(each), evaluator.readings) for each in self.rules]


def read_curve(text: str, protocol: Protocol) -> Curve:
    """A curve as it is written: a comparison of the rules with a range in place of its threshold. Raises
    PopulationError."""
    found = RANGE.match(" ".join(text.split()))
    if found is None:
        between = re.search(r"\bBETWEEN\b", text, re.IGNORECASE)
        other = ", the one end of a BETWEEN that moves too" if between else ""
        other = "; a window has no curve, only what-ifs" if WINDOW.search(text) else other
        raise PopulationError(f"curve {text}: write a comparison with a range, such as `lvef ≥ 40 to 60 %`{other}")
    low, high = (Fraction(found[name].replace("−", "-")) for name in ("low", "high"))
    rest, before = found["rest"].strip(), found["unit"].strip()
    unit = rest
    while unit.endswith(")") and unit.count(")") > unit.count("("):  # that of a WHERE
        unit = unit[:-1].rstrip()
    if before not in ("", unit) or re.match(r"[×*/^.\d]\s*\d|e\d", unit):
        raise PopulationError(f"curve {text}: write both ends in full, and their unit behind them: `lvef ≥ 40 to 60 %`")
    if not low < high:
        raise PopulationError(f"curve {text}: the range runs backwards; write {plain(high)} to {plain(low)}")

    def at(*points: Fraction) -> list[x.Compare]:
        return comparisons(protocol, [f"{found['head']}{plain(each)} {rest}" for each in points], f"curve {text}")

    first, last = at(low, high)
    start, end = constant_value(first.right), constant_value(last.right)
    if start is None or end is None:
        raise PopulationError(f"curve {text}: a curve is over a number that something is compared with")
    slope = (end - start) / (high - low)
    rights = {constant_value(each.right): each.right for each in comparisons_like(protocol, first)}
    there = {low + (value - start) / slope: right for value, right in rights.items() if value is not None}
    rounds = points_of(low, high, _whole(first.left, protocol))
    wanted = dict(zip(rounds, at(*rounds), strict=True))
    wanted.update({each: replace(first, right=right) for each, right in there.items() if low < each < high})
    points = tuple(sorted(wanted))
    rules = tuple(with_comparison(protocol, wanted[each], f"curve {text}") for each in points)
    return Curve(text, unit, points, rules, tuple(sorted(there)))


def _whole(node: x.Expression, protocol: Protocol) -> bool:
    """Whether a number is always a whole one."""
    match node:
        case x.ItemValue(item=name):
            return protocol.items[name].kind == "count"
        case x.AttributeValue(event=event, attribute=name):
            held = protocol.items[event].attribute(name)
            return held is not None and held.kind == "count"
        case x.AttributeOf(attribute=name, occurrence=x.Pick(occurrences=x.Selected(event=event))):
            return _whole(x.AttributeValue(event, name), protocol)
        case x.DefinedValue(name=name):
            return _whole(protocol.definitions[name].expression, protocol)
    return isinstance(node, x.CountTrue | x.CountOptions | x.CountOccurrences)


def points_of(low: Fraction, high: Fraction, whole: bool = False) -> tuple[Fraction, ...]:
    """Round numbers (`whole`: whole ones) from one end to the other, both ends among them."""
    least = max((high - low) / STEPS, Fraction(1) if whole else Fraction(0))
    power = Fraction(1)
    while power * 10 <= least:
        power *= 10
    while power > least:
        power /= 10
    step = next(
        power * each
        for each in (Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5), Fraction(10))
        if power * each >= least
    )
    first = -(-low // step) * step
    inside = [first + n * step for n in range(int((high - first) / step) + 1)]
    return tuple(sorted({low, high, *inside}))


class CurveCounts:
    """The verdicts at each point of a curve."""

    def __init__(self, curve: Curve, parts: Sequence[str | None]) -> None:
        self.curve, self.parts = curve, parts
        self.counts: list[dict[str, Counter[str]]] = [
            {verdict_column(part): Counter() for part in parts} for _ in curve.points
        ]

    def add(self, variants: Sequence[pl.DataFrame]) -> None:
        for counts, frame in zip(self.counts, variants, strict=True):
            for name, counter in counts.items():
                words = frame[name].value_counts()
                counter.update({str(word): int(count) for word, count in words.iter_rows()})

    def state(self) -> list[Any]:
        return [{name: dict(counter) for name, counter in counts.items()} for counts in self.counts]

    def restore(self, state: Sequence[Mapping[str, Mapping[str, int]]]) -> None:
        self.counts = [{name: Counter(counter) for name, counter in counts.items()} for counts in state]

    def as_json(self) -> dict[str, Any]:
        points = []
        for threshold, counts in zip(self.curve.points, self.counts, strict=True):
            verdicts: dict[str | None, Any] = {
                part: {word: counts[verdict_column(part)][word] for word in VERDICTS} for part in self.parts
            }
            held = verdicts if list(self.parts) != [None] else verdicts[None]
            points.append({"threshold": float(threshold), "verdicts": held})
        return {
            "curve": self.curve.text,
            "unit": self.curve.unit,
            "now": [float(each) for each in self.curve.now],
            "points": points,
        }
