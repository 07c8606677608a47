"""Brute force over all that uncertain facts may be.

Each fact that is known in part is spelt out into the days (grades, lengths …) that it may have; every such world is
judged by plain definitions written here from the language's meanings alone, with calendar arithmetic of its own. All
worlds true: the engine must say true; all false: false; mixed: unknown. Reference evaluator and compiled rules are
asked alike and must agree.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from rjdm_rules.evaluation.compiled import CompiledRules
from rjdm_rules.evaluation.records import read_record
from rjdm_rules.evaluation.reference import Reference
from rjdm_rules.graph.build import build_graph
from rjdm_rules.language.source import Source
from rjdm_rules.protocol.check import check_source

Truth = bool | None
World = tuple[int, int]
OUTCOMES = {"met": True, "not applicable": True, "not met": False, "unknown": None}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "≥": operator.ge, "≤": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq, "≠": operator.ne,
}  # fmt: skip


def modest(examples: int) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


# ---- the engine ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=200)
def engine(data: str, conditions: tuple[str, ...], extra: str = "") -> tuple[Any, Any, CompiledRules]:
    """A protocol with one inclusion criterion for each condition."""
    criteria = "".join(f'  ({i}) "condition {i}"\n    {each}\n' for i, each in enumerate(conditions, 1))
    items = "".join(f"  {line}\n" for line in data.strip("\n").split("\n"))
    text = f'protocol WORLDS "possible worlds"\ndata\n{items}{extra}inclusion\n{criteria}'
    checked = check_source(Source("worlds", text), None)
    errors = [f"{each.code} {each.message}" for each in checked.diagnostics if each.severity == "error"]
    assert checked.protocol is not None, errors
    graph = build_graph(checked.protocol)
    return checked.protocol, graph, CompiledRules(graph, {})


def judged(data: str, conditions: tuple[str, ...], record: dict[str, Any], extra: str = "") -> list[Truth]:
    """The engine's truths of the conditions; reference and compiled rules (both functions) must agree."""
    protocol, graph, compiled = engine(data, conditions, extra)
    facts, _ = read_record(protocol, record)
    reference = Reference(protocol, facts, {}).run(graph)
    ids = [criterion.id for criterion in protocol.criteria()]
    slow = [reference.criterion(each) for each in ids]
    prepared = compiled.prepare(record)
    _, outcomes = compiled.decide(prepared)
    assert [OUTCOMES[each] for each in outcomes] == slow, ("decide", conditions, record)
    traced = dict(zip(compiled.traced_nodes, compiled.trace(prepared), strict=True))
    assert [traced[f"criterion:{each}"] for each in ids] == slow, ("trace", conditions, record)
    return slow


# ---- plain definitions --------------------------------------------------------------------------------------------------


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


FAR_PAST, FAR_FUTURE = day("1801-01-01"), day("2199-12-31")
NEARBY = range(day("2023-01-20"), day("2025-03-20"))  # an unknown day: any of these, or far away


@lru_cache(maxsize=100_000)
def months_on(ordinal: int, months: int) -> int:
    """The same day some months later or earlier; the last day of the month where there is none."""
    start = date.fromordinal(ordinal)
    year, month = start.year, start.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    number = start.day
    while True:
        try:
            return date(year, month, number).toordinal()
        except ValueError:
            number -= 1


def possible_days(text: str | None) -> list[int]:
    """All days that a date in a record may be."""
    if text is None:
        return [FAR_PAST, *NEARBY, FAR_FUTURE]
    parts = [int(part) for part in text.split("-")]
    if len(parts) == 3:
        return [date(*parts).toordinal()]
    first = date(parts[0], parts[1] if len(parts) == 2 else 1, 1)
    found, month = [], (lambda each: (each.year, each.month) if len(parts) == 2 else each.year)
    each = first
    while month(each) == month(first):
        found.append(each.toordinal())
        each += timedelta(days=1)
    return found


def kleene_any(truths: Iterable[Truth]) -> Truth:
    held = list(truths)
    return True if True in held else None if None in held else False


def over(worlds: Iterable[bool]) -> Truth:
    """True where all worlds are true, False where all are false, None where they differ."""
    seen: set[bool] = set()
    for each in worlds:
        seen.add(each)
        if len(seen) == 2:
            return None
    assert seen, "no world at all"
    return seen.pop()


class Phrase:
    """A window in words, and what it means for a day: `low` and `high` are the first and last day inside."""

    def __init__(self, words: str, kind: str, months: int = 0, days: int = 0) -> None:
        self.words, self.kind, self.months, self.days = words, kind, months, days

    @lru_cache(maxsize=100_000)  # noqa: B019
    def edges(self, anchor: int) -> World:
        back = months_on(anchor, -self.months) - self.days
        forth = months_on(anchor, self.months) + self.days
        return {
            "within before": (back, anchor),
            "within after": (anchor, forth),
            "within of": (back, forth),
            "at least before": (-(10**9), back),
            "at least after": (forth, 10**9),
            "less than before": (back + 1, anchor),
            "less than after": (anchor, forth - 1),
            "more than before": (-(10**9), back - 1),
            "more than after": (forth + 1, 10**9),
            "before": (-(10**9), anchor - 1),
            "after": (anchor + 1, 10**9),
        }[self.kind]


def phrases() -> list[Phrase]:
    lengths = {
        "3 months": (3, 0),
        "1 month": (1, 0),
        "1 year": (12, 0),
        "21 days": (0, 21),
        "2 weeks": (0, 14),
        "0 days": (0, 0),
    }
    found = [Phrase("BEFORE d", "before"), Phrase("AFTER d", "after")]
    for words, (months, days) in lengths.items():
        for side in ("BEFORE", "AFTER", "OF"):
            found.append(Phrase(f"WITHIN {words} {side} d", f"within {side.lower()}", months, days))
        if words == "0 days":
            continue
        for kind in ("AT LEAST", "LESS THAN", "MORE THAN"):
            for side in ("BEFORE", "AFTER"):
                found.append(Phrase(f"{kind} {words} {side} d", f"{kind.lower()} {side.lower()}", months, days))
    return found


PHRASES = phrases()


def overlaps(stretch: World, window: World) -> bool:
    """Whether some day belongs to both."""
    return max(stretch[0], window[0]) <= min(stretch[1], window[1])


def stretches(occurrence: dict[str, Any], course: bool) -> list[World]:
    """First and last day of an occurrence, in each of its worlds."""
    starts = possible_days(occurrence.get("date"))
    if not course:
        return [(start, start) for start in starts]
    until = occurrence.get("until")
    found: list[World] = []
    for start in starts:
        if until is None:  # unknown, but not before the start; between the shortest and the longest nothing new happens
            found += [(start, start), (start, start + 1), (start, start + 20), (start, FAR_FUTURE + 1)]
        elif until == "ongoing":
            found.append((start, 10**8))
        else:
            found += [(start, end) for end in possible_days(until) if end >= start]
    return found


# ---- facts in part ------------------------------------------------------------------------------------------------------


EDGES = [
    "2023-02-28", "2023-11-29", "2023-11-30", "2023-12-31", "2024-01-01", "2024-01-29", "2024-01-31", "2024-02-01",
    "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-29", "2024-03-31", "2024-04-30", "2024-05-29", "2024-05-31",
    "2025-02-28", "2024-02-08", "2024-02-15", "2024-03-20", "2024-03-21", "2024-03-22",
]  # fmt: skip
full_days = st.one_of(
    st.sampled_from(EDGES),
    st.integers(day("2023-11-01"), day("2024-06-30")).map(lambda n: date.fromordinal(n).isoformat()),
)
months = st.sampled_from(["2023-11", "2023-12", "2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2023-02"])
dates = st.one_of(full_days, full_days, months, st.sampled_from(["2023", "2024"]))
maybe_dates = st.one_of(dates, dates, dates, st.none())


@st.composite
def occurrences(draw: Any, course: bool = False, attributes: bool = False, exact_end: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"date": draw(maybe_dates)}
    if course:
        until = draw(st.one_of(full_days, months, st.just("ongoing"), st.none()))
        if until not in (None, "ongoing"):
            assume(possible_days(until)[-1] >= possible_days(found["date"])[0])
        if until is not None:
            found["until"] = until
    if attributes:
        for name, values in (("grade", range(5)), ("kind", "pqr")):
            value = draw(st.one_of(st.sampled_from(list(values)), st.sampled_from(list(values)), st.none()))
            if value is not None:
                found[name] = value
    return found


def cheap(record: dict[str, Any]) -> bool:
    """Whether the worlds of an occurrence and an anchor can be gone through quickly."""
    size = 1
    for text in record.values():
        if text is None or (isinstance(text, str) and text != "ongoing" and text.count("-") < 2):
            size *= {None: 800, 0: 366, 1: 31}[None if text is None else text.count("-")]
    return size <= 30_000


def window_truth(held: Sequence[World], phrase: Phrase, anchors: Sequence[int]) -> Truth:
    some_true = some_false = False
    for anchor in (anchors[0], anchors[-1], *anchors[1:-1]):
        low, high = phrase.edges(anchor)
        for start, end in held:
            if (start if start > low else low) <= (end if end < high else high):  # some day belongs to both
                some_true = True
            else:
                some_false = True
            if some_true and some_false:
                return None
    return some_true


def conjunction(truths: Sequence[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True


# ---- declarations that several tests use --------------------------------------------------------------------------

LAB = """x "creatinine" in mg/dL with ULN with LLN
    molar mass 113.12 g/mol"""
TABLES = """table category "category"
  | flag yes/no | signs 0..4 | → category one of none, lo, mid, hi |
  | yes         | 0..1       | lo   |
  | yes         | 2          | mid  |
  | yes         | ≥ 3        | hi   |
  | no          | any        | none |
table factor "factor"
  | option one of a, b, c | → factor |
  | a                     | 1        |
  | b, c                  | 5 / 4    |
table verdict "truth"
  | option one of a, b, c | flag yes/no | → answer yes/no |
  | a                     | any         | yes            |
  | b                     | yes         | yes            |
  | b                     | no          | no             |
  | c                     | any         | no             |
"""
