"""What the engine says of uncertain facts, against brute force over all that they may be.

Each fact that is known in part is spelt out into the days (grades, lengths …) that it may have; every such world is
judged by plain definitions written here from the language's meanings alone, with calendar arithmetic of its own. All
worlds true: the engine must say true; all false: false; mixed: unknown. Reference evaluator and compiled rules are
asked alike and must agree.
"""

from __future__ import annotations

import operator
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
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


# ---- the engine ----------------------------------------------------------------------------------------------------


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


# ---- plain definitions ---------------------------------------------------------------------------------------------


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


# ---- facts in part -------------------------------------------------------------------------------------------------

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


# ---- the definitions here, on plain cases --------------------------------------------------------------------------


def test_the_oracle_clamps_as_the_language_says() -> None:
    assert months_on(day("2024-05-31"), -3) == day("2024-02-29")
    assert months_on(day("2024-02-29"), 12) == day("2025-02-28")
    assert months_on(day("2024-01-31"), 1) == day("2024-02-29")
    assert months_on(day("2024-01-15"), -1) == day("2023-12-15")
    assert len(possible_days("2024")) == 366 and len(possible_days("2024-02")) == monthrange(2024, 2)[1]


# ---- windows -------------------------------------------------------------------------------------------------------

DATA = {
    "e": 'd "anchor" date\ne "event" event',
    "c": 'd "anchor" date\nc "course" event until date',
    "s": 'd "anchor" date\ns "day" date',
}


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


def check_windows(subject: str, record: dict[str, Any], held: list[list[World]]) -> None:
    """Every window phrase, one occurrence after the other, joined as OR joins them."""
    conditions = tuple(f"{subject} {phrase.words}" for phrase in PHRASES)
    found = judged(DATA[subject], conditions, record)
    anchor = record.get("d")
    for phrase, condition, truth in zip(PHRASES, conditions, found, strict=True):
        if anchor is None:  # unknown anchor: unknown, but false if the event is none
            expected: Truth = None if held else False
        else:
            expected = kleene_any(window_truth(each, phrase, possible_days(anchor)) for each in held)
        assert truth is expected, (condition, record, "expected", expected, "got", truth)


@modest(60)
@given(st.lists(occurrences(), max_size=3), maybe_dates)
@example([{"date": "2024-02-29"}], "2024-05-31")
@example([{"date": "2024-02-29"}], "2025-02-28")
@example([{"date": "2024-02-28"}, {"date": "2024-03"}], "2024-05")
@example([{"date": None}], "2024-05")
def test_windows_of_events(events: list[dict[str, Any]], anchor: str | None) -> None:
    assume(all(cheap({"d": anchor, **each}) for each in events))
    check_windows("e", {"e": events, "d": anchor}, [stretches(each, False) for each in events])


@modest(60)
@given(st.lists(occurrences(course=True), max_size=2), maybe_dates)
@example([{"date": "2024-01", "until": "2024-02"}], "2024-02")
@example([{"date": "2024-02"}], "2024-03-01")
@example([{"date": None, "until": "2024-02"}], "2024-05-31")
@example([{"date": "2024-02", "until": "2024-02"}], "2024-02-29")
@example([{"date": "2023", "until": "ongoing"}], "2024-02")
def test_windows_of_courses(courses: list[dict[str, Any]], anchor: str | None) -> None:
    assume(all(cheap({"d": anchor, **each}) for each in courses))
    check_windows("c", {"c": courses, "d": anchor}, [stretches(each, True) for each in courses])


@modest(40)
@given(maybe_dates, maybe_dates)
def test_windows_of_single_dates(held: str | None, anchor: str | None) -> None:
    assume(cheap({"s": held, "d": anchor}))
    if held is None:
        assert set(judged(DATA["s"], tuple(f"s {each.words}" for each in PHRASES), {"d": anchor})) == {None}
    else:
        check_windows("s", {"s": held, "d": anchor}, [stretches({"date": held}, False)])


def test_an_event_that_never_happened_and_one_not_recorded() -> None:
    conditions = tuple(f"e {phrase.words}" for phrase in PHRASES)
    for anchor in ("2024-02-29", "2024-02", None):
        assert set(judged(DATA["e"], conditions, {"e": "none", "d": anchor})) == {False}
        assert set(judged(DATA["e"], conditions, {"d": anchor})) == {None}
        assert set(judged(DATA["e"], conditions, {"e": "yes", "d": anchor})) == {None}


def quickly(*texts: str | None) -> bool:
    """No year and no unknown day among them, and at most two months."""
    return (
        all(text is not None and text.count("-") >= 1 for text in texts)
        and sum(t.count("-") == 1 for t in texts if t) <= 2
    )


@modest(80)
@given(occurrences(course=True), st.one_of(full_days, months), st.one_of(full_days, months))
@example({"date": "2023-11-30", "until": "2024-05"}, "2024-02", "2024-02")
@example({"date": "2024-02"}, "2024-02-10", "2024-02-20")
def test_between_two_dates(course: dict[str, Any], low: str, high: str) -> None:
    until = course.get("until")
    assume(quickly(course["date"], low, high, "0-0-0" if until in (None, "ongoing") else until))
    data = 'f "from" date\ng "to" date\nc "course" event until date\ns "day" date'
    record = {"c": [course], "f": low, "g": high, "s": course["date"]}
    truths = judged(data, ("c BETWEEN f AND g", "s BETWEEN f AND g"), record)
    spans = list(product(possible_days(low), possible_days(high)))
    for truth, held in zip(truths, (stretches(course, True), stretches({"date": course["date"]}, False)), strict=True):
        # a window whose end lies before its beginning has no day in it
        expected = over(span[0] <= span[1] and overlaps(each, span) for span in spans for each in held)
        assert truth is expected, (record, expected, truth)


# ---- computed lengths ----------------------------------------------------------------------------------------------

COMPUTED = {
    "WITHIN (2.5 × h) BEFORE d": lambda x, d, h: d - Fraction(5, 2) * h <= x <= d,
    "LESS THAN (2.5 × h) BEFORE d": lambda x, d, h: d - Fraction(5, 2) * h < x <= d,
    "AT LEAST (2.5 × h) BEFORE d": lambda x, d, h: x <= d - Fraction(5, 2) * h,
    "MORE THAN (2.5 × h) BEFORE d": lambda x, d, h: x < d - Fraction(5, 2) * h,
    "WITHIN (2.5 × h) AFTER d": lambda x, d, h: d <= x <= d + Fraction(5, 2) * h,
    "LESS THAN (2.5 × h) AFTER d": lambda x, d, h: d <= x < d + Fraction(5, 2) * h,
    "AT LEAST (2.5 × h) AFTER d": lambda x, d, h: x >= d + Fraction(5, 2) * h,
    "MORE THAN (2.5 × h) AFTER d": lambda x, d, h: x > d + Fraction(5, 2) * h,
    "WITHIN (2.5 × h) OF d": lambda x, d, h: abs(x - d) <= Fraction(5, 2) * h,
    "WITHIN MAX(7 days, 5 × h) BEFORE d": lambda x, d, h: d - max(Fraction(7), 5 * h) <= x <= d,
}


@modest(60)
@given(dates, dates, st.one_of(st.none(), st.integers(0, 400).map(lambda n: Fraction(n, 10))))
@example("2024-02-08", "2024-02-15", Fraction(14, 10))
@example("2024-02-08", "2024-02-15", Fraction(28, 10))
@example("2024-02-08", "2024-02-15", Fraction(0))
def test_computed_lengths(held: str, anchor: str, half_life: Fraction | None) -> None:
    assume(held.count("-") + anchor.count("-") >= 3)
    data = 'd "anchor" date\ne "event" event\nh "half-life" in days'
    record = {"e": [held], "d": anchor, "h": None if half_life is None else float(half_life)}
    truths = judged(data, tuple(f"e {words}" for words in COMPUTED), record)
    lengths = [half_life] if half_life is not None else [Fraction(n, 5) for n in (0, 10**8, 1, 4, 30, 1000)]
    for (words, meaning), truth in zip(COMPUTED.items(), truths, strict=True):
        days = product(possible_days(anchor)[::-1], possible_days(held))
        expected = over(meaning(x, d, h) for (d, x), h in product(days, lengths))
        if words.startswith("WITHIN MAX") and half_life is None:
            assert truth in (expected, None)  # a MAX with an unknown part is unknown
        else:
            assert truth is expected, (words, record, expected, truth)


@pytest.mark.parametrize("anchor", ["2024-02-15", "2024-02"])
def test_a_negative_length_is_unknown(anchor: str) -> None:
    data = 'd "anchor" date\ne "event" event\nh "half-life" in days'
    truths = judged(
        data,
        ("e WITHIN (h − 10 days) BEFORE d", "e AT LEAST (h − 10 days) BEFORE d"),
        {"e": ["2024-01-20"], "d": anchor, "h": 3},
    )
    assert truths == [None, None]


# ---- WHERE, COUNT --------------------------------------------------------------------------------------------------

GRADED = """d "anchor" date
e "event" event
    grade "grade" 0..4
    kind "kind" one of p, q, r"""
SELECTIONS: dict[str, tuple[Callable[[int], bool] | None, frozenset[str] | None, Phrase | None]] = {
    "e": (None, None, None),
    "e WHERE (grade ≥ 3)": (lambda g: g >= 3, None, None),
    "e WHERE (grade = 0)": (lambda g: g == 0, None, None),
    "e WHERE (NOT grade > 1 AND kind IN (p, q))": (lambda g: not g > 1, frozenset("pq"), None),
    "e WHERE (grade ≥ 2) WITHIN 3 months BEFORE d": (
        lambda g: g >= 2, None, Phrase("", "within before", 3),
    ),
    "e WHERE (kind IS r) AT LEAST 1 month AFTER d": (None, frozenset("r"), Phrase("", "at least after", 1)),
    "e WITHIN 21 days OF d": (None, None, Phrase("", "within of", 0, 21)),
}  # fmt: skip


def conjunction(truths: Sequence[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True


def one_selected(each: dict[str, Any], selection: str, anchor: str | None) -> Truth:
    """Whether one occurrence is among those selected: each condition judged alone, then AND."""
    grade, kind, phrase = SELECTIONS[selection]
    parts: list[Truth] = []
    if grade:
        parts.append(over(grade(g) for g in ([each["grade"]] if "grade" in each else range(5))))
    if kind:
        parts.append(over(k in kind for k in ([each["kind"]] if "kind" in each else "pqr")))
    if phrase:
        held = stretches(each, False)
        parts.append(None if anchor is None else window_truth(held, phrase, possible_days(anchor)))
    return conjunction(parts) if parts else True


COUNTS = [("≥", 1), ("≥", 2), (">", 0), ("≤", 1), ("<", 2), ("=", 1), ("=", 0), ("≠", 2), ("≥", 0)]


@modest(50)
@given(st.lists(occurrences(attributes=True), max_size=4), maybe_dates)
@example([{"date": "2024-03", "grade": 1}], None)
def test_selections_and_their_counts(events: list[dict[str, Any]], anchor: str | None) -> None:
    assume(all(cheap({"d": anchor, "date": each["date"]}) for each in events))
    record = {"e": events, "d": anchor}
    conditions = tuple(SELECTIONS) + tuple(f"COUNT({each}) {op} {n}" for each in SELECTIONS for op, n in COUNTS)
    found = dict(zip(conditions, judged(GRADED, conditions, record), strict=True))
    for selection in SELECTIONS:
        truths = [one_selected(each, selection, anchor) for each in events]
        assert found[selection] is kleene_any(truths), (selection, record, truths)
        certain = truths.count(True)
        possible = certain + truths.count(None)
        for op, n in COUNTS:
            expected = over(COMPARE[op](count, n) for count in range(certain, possible + 1))
            got = found[f"COUNT({selection}) {op} {n}"]
            assert got is expected, (selection, op, n, record, expected, got)


# ---- LATEST, EARLIEST ----------------------------------------------------------------------------------------------


def picks(events: list[dict[str, Any]], latest: bool) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """In every world: the day picked, and all occurrences of that day."""
    for days in product(*(possible_days(each["date"]) for each in events)):
        best = max(days) if latest else min(days)
        yield best, [each for each, d in zip(events, days, strict=True) if d == best]


@modest(60)
@given(
    st.lists(occurrences(attributes=True), min_size=1, max_size=3), full_days, st.sampled_from(["LATEST", "EARLIEST"])
)
@example([{"date": "2024-03", "kind": "p"}, {"date": "2024-03-15", "kind": "q"}], "2024-03-14", "LATEST")
@example([{"date": "2024-03-15", "grade": 2}, {"date": "2024-03-15", "grade": 2}], "2024-03-14", "LATEST")
@example([{"date": "2024-03-15"}, {"date": "2024-02", "kind": "q"}], "2024-03-14", "EARLIEST")
def test_latest_and_earliest(events: list[dict[str, Any]], anchor: str, word: str) -> None:
    uncertain = [each["date"] for each in events if each["date"] is None or each["date"].count("-") < 2]
    assume(len(uncertain) <= 1 or (None not in uncertain and all(each.count("-") == 1 for each in uncertain)))
    assume(len(uncertain) <= 2)
    conditions = (
        f"date OF {word}(e) ≤ d", f"date OF {word}(e) > d", f"date OF {word}(e) WITHIN 1 month BEFORE d",
        f"kind OF {word}(e) IS p", f"kind OF {word}(e) IN (p, q)", f"grade OF {word}(e) ≥ 2", f"grade OF {word}(e) = 0",
    )  # fmt: skip
    truths = judged(GRADED, conditions, {"e": events, "d": anchor})
    worlds = list(picks(events, word == "LATEST"))
    held, window = day(anchor), (months_on(day(anchor), -1), day(anchor))
    days = {best for best, _ in worlds}
    for truth, meaning in zip(
        truths, (lambda b: b <= held, lambda b: b > held, lambda b: window[0] <= b <= window[1]), strict=False
    ):
        assert truth is over(map(meaning, days)), (conditions, events, anchor, truths)
    candidates = [each for i, each in enumerate(events) if any(any(each is one for one in tied) for _, tied in worlds)]
    kinds = {each.get("kind") for each in candidates}
    for truth, wanted in zip(truths[3:5], ({"p"}, {"p", "q"}), strict=True):
        expected = None if None in kinds else over(kind in wanted for kind in kinds)
        assert truth is expected, (conditions, events, truths)
    grades = {each.get("grade") for each in candidates}
    for truth, meaning in zip(truths[5:], (lambda g: g >= 2, lambda g: g == 0), strict=True):
        if len(grades) == 1 and None not in grades:  # known where all candidates agree
            assert truth is over(map(meaning, grades)), (conditions, events, truths)
        else:
            assert truth in (
                None,
                over(meaning(g) for grade in grades for g in (range(5) if grade is None else [grade])),
            )


@modest(50)
@given(st.lists(occurrences(attributes=True), min_size=1, max_size=3), full_days)
def test_picks_among_selected_occurrences_are_never_wrong(events: list[dict[str, Any]], anchor: str) -> None:
    """With WHERE and a window the engine may say unknown, but where it decides, every world agrees."""
    for each in events:
        assume(each["date"] is not None and each["date"].count("-") >= 1)
    assume(sum(each["date"].count("-") == 1 for each in events) <= 2)
    selected = "e WHERE (grade ≥ 2) BEFORE d"
    conditions = (
        f"date OF LATEST({selected}) ≥ 2024-02-01",
        f"date OF EARLIEST({selected}) ≤ 2024-02-01",
        f"kind OF LATEST({selected}) IS p",
        f"MAX(grade OF {selected}) ≥ 3",
        f"MIN(grade OF {selected}) ≥ 3",
        f"MEAN(grade OF {selected}) ≥ 3",
    )
    truths = judged(GRADED, conditions, {"e": events, "d": anchor})
    if all(truth is None for truth in truths):
        return
    seen: list[set[bool]] = [set() for _ in conditions]
    first, limit = day("2024-02-01"), day(anchor)
    grades = [[each["grade"]] if "grade" in each else [0, 2, 4] for each in events]
    for days in product(*(possible_days(each["date"])[:: 3 if each["date"].count("-") == 1 else 1] for each in events)):
        for levels in product(*grades):
            inside = [(d, g, e) for d, g, e in zip(days, levels, events, strict=True) if g >= 2 and d < limit]
            if not inside:
                assert all(truth is None for truth in truths), ("empty in some world", events, anchor, truths)
                continue
            latest = max(d for d, _, _ in inside)
            seen[0].add(latest >= first)
            seen[1].add(min(d for d, _, _ in inside) <= first)
            for d, _, each in inside:
                if d == latest:
                    seen[2] |= {each["kind"] == "p"} if "kind" in each else {True, False}
            held = [g for _, g, _ in inside]
            seen[3].add(max(held) >= 3)
            seen[4].add(min(held) >= 3)
            seen[5].add(Fraction(sum(held), len(held)) >= 3)
    for condition, truth, values in zip(conditions, truths, seen, strict=True):
        assert truth is None or values == {truth}, (condition, events, anchor, truth, values)


# ---- elapsed time, shifted dates -----------------------------------------------------------------------------------


@lru_cache(maxsize=200_000)
def completed(unit: str, start: int, end: int) -> int:
    """The largest n with start + n units ≤ end, found by trying."""
    if unit == "DAYS":
        return end - start
    step = 12 if unit == "YEARS" else 1
    n = (end - start) // (366 if unit == "YEARS" else 31) - 2
    while months_on(start, (n + 1) * step) <= end:
        n += 1
    return n


ELAPSED = [
    (unit, op, n)
    for unit, ns in (("YEARS", (0, 1)), ("MONTHS", (-1, 0, 1, 3, 12)), ("DAYS", (0, 28, 29)))
    for n in ns
    for op in ("≥", "<", "=")
]
SHIFTED = {
    "a + 1 month ≤ b": lambda a, b: months_on(a, 1) <= b,
    "a + 1 year > b": lambda a, b: months_on(a, 12) > b,
    "a − 3 months < b": lambda a, b: months_on(a, -3) < b,
    "a + 29 days = b": lambda a, b: a + 29 == b,
    "a ≠ b − 2 weeks": lambda a, b: a != b - 14,
    "MAX(a, b) ≥ 2024-03-01": lambda a, b: max(a, b) >= day("2024-03-01"),
    "MIN(a, b) ≥ 2024-03-01": lambda a, b: min(a, b) >= day("2024-03-01"),
}


@modest(60)
@given(dates, dates)
@example("2024-02-29", "2025-02-28")
@example("2024-01-31", "2024-02-29")
@example("2024-01-30", "2024-02")
@example("2023-02", "2024-02")
def test_elapsed_and_shifted(start: str, end: str) -> None:
    assume(cheap({"a": start, "b": end}))
    data = 'a "a" date\nb "b" date'
    elapsed = tuple(f"{unit} FROM a TO b {op} {n} {unit.lower()}" for unit, op, n in ELAPSED)
    truths = judged(data, elapsed + tuple(SHIFTED), {"a": start, "b": end})
    worlds = [(a, b) for a in possible_days(start) for b in possible_days(end)]
    for (unit, op, n), truth in zip(ELAPSED, truths, strict=False):
        expected = over(COMPARE[op](completed(unit, a, b), n) for a, b in worlds)
        assert truth is expected, (unit, op, n, start, end, expected, truth)
    for (words, meaning), truth in zip(SHIFTED.items(), truths[len(ELAPSED) :], strict=True):
        expected = over(meaning(a, b) for a, b in worlds)
        assert truth is expected, (words, start, end, expected, truth)


def test_a_year_of_birth_is_enough_for_an_age() -> None:
    data = 'birth "birth" date\nscreening "day" date\nage "age" in years\n    otherwise YEARS FROM birth TO screening'
    for birth, truths in (
        ("2012", [True, False]),
        ("2021", [None, False]),
        ("2022", [False, False]),
        ("2006-03", [True, None]),
    ):
        assert judged(data, ("age ≥ 5 years", "age ≥ 20 years"), {"birth": birth, "screening": "2026-03-02"}) == truths


# ---- numbers -------------------------------------------------------------------------------------------------------

MOLAR = Fraction("113.12")
LAB = """x "creatinine" in mg/dL with ULN with LLN
    molar mass 113.12 g/mol"""
NUMBERS = {
    "x = 3 × 0.1 mg/dL": lambda x, u: x == Fraction(3, 10),
    "x ≥ 3 × 0.1 mg/dL": lambda x, u: x >= Fraction(3, 10),
    "x > 0.3 mg/dL": lambda x, u: x > Fraction(3, 10),
    "x ≤ 3.0 × ULN": lambda x, u: None if u is None else x <= 3 * u,
    "x > 3 × ULN": lambda x, u: None if u is None else x > 3 * u,
    "x ≠ 1.5 × ULN": lambda x, u: None if u is None else x != Fraction(3, 2) * u,
    "x ≥ ULN OF x": lambda x, u: None if u is None else x >= u,
    "x − 2 × ULN OF x < 0 mg/dL": lambda x, u: None if u is None else x - 2 * u < 0,
    "x BETWEEN ULN AND 3 × ULN": lambda x, u: None if u is None else u <= x <= 3 * u,
    "x ≥ 88.4 umol/L": lambda x, u: x * 10 / MOLAR * 1000 >= Fraction("88.4"),
    "x = 100 umol/L": lambda x, u: x * 10 / MOLAR * 1000 == 100,
    "x / 0.1 mg/dL = 3": lambda x, u: x / Fraction(1, 10) == 3,
    "x × 10 < 3 mg/dL": lambda x, u: x * 10 < 3,
}
decimals = st.one_of(
    st.sampled_from(["0.3", "0.1", "0.9", "0.6", "1", "3", "1.1312", "0.30000000000000004", "0.2999999999999999"]),
    st.integers(1, 10_000).map(lambda n: str(Decimal(n) / 1000)),
)


@modest(60)
@given(
    decimals,
    st.one_of(st.none(), decimals),
    st.sampled_from(["mg/dL", "umol/L", "g/L"]),
    st.sampled_from([float, str, Decimal]),
)
@example("0.3", "0.1", "mg/dL", float)
@example("100", "0.1", "umol/L", float)
@example("1.1312", "1", "mg/dL", str)
def test_numbers_are_exact(value: str, uln: str | None, unit: str, kind: type) -> None:
    factor = {"mg/dL": Fraction(1), "g/L": Fraction(100), "umol/L": MOLAR / 10_000}[unit]
    held: dict[str, Any] = {"value": kind(value), "unit": unit}
    if uln is not None:
        held["uln"] = kind(uln)
    x, u = Fraction(value) * factor, None if uln is None else Fraction(uln) * factor
    truths = judged(LAB, tuple(NUMBERS), {"x": held})
    for (words, meaning), truth in zip(NUMBERS.items(), truths, strict=True):
        assert truth is meaning(x, u), (words, held, truth)


def test_a_multiple_without_its_limit() -> None:
    conditions = ("x ≤ 3 × ULN", "x < 3 × ULN", "x ≥ 0.1 mg/dL", "x > 1.5 × LLN")
    assert judged(LAB, conditions, {"x": "3 ×ULN"}) == [True, False, None, None]
    assert judged(LAB, conditions, {"x": {"value": "3 ×ULN", "uln": 0.1, "lln": "0.05"}}) == [True, False, True, True]
    assert judged(LAB, conditions, {}) == [None] * 4


# ---- tables --------------------------------------------------------------------------------------------------------

TABLE_DATA = 'flag "flag" yes/no\no "option" one of a, b, c\nn "count" count\n    range 0..4'
CATEGORY = {  # rash-like table: flag, n -> category
    (True, 0): "lo", (True, 1): "lo", (True, 2): "mid", (True, 3): "hi", (True, 4): "hi",
    **{(False, n): "none" for n in range(5)},
}  # fmt: skip
FACTOR = {"a": Fraction(1), "b": Fraction(5, 4), "c": Fraction(5, 4)}
CONDITIONS = ("flag", "o IS a", "n ≥ 3", "n = 0")
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
LOOKUPS: dict[str, Callable[[bool, str, int], Any]] = {
    "category(flag, COUNT(o IS a, flag, n ≥ 3)) IN (lo, mid)": lambda f, o, n: CATEGORY[f, (o == "a") + f + (n >= 3)],
    "category(flag, COUNT(o IS a, flag, n ≥ 3)) IS none": lambda f, o, n: CATEGORY[f, (o == "a") + f + (n >= 3)],
    "factor(o) > 1": lambda f, o, n: FACTOR[o],
    "factor(o) × 8 = 10": lambda f, o, n: FACTOR[o],
    "verdict(o, flag)": lambda f, o, n: (o == "a") or (o == "b" and f),
    "NOT verdict(o, n ≥ 2)": lambda f, o, n: (o == "a") or (o == "b" and n >= 2),
}


@pytest.mark.parametrize("flag", [True, False, None])
@pytest.mark.parametrize("option", ["a", "b", "c", None])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, None])
def test_lookups_with_unknown_inputs(flag: bool | None, option: str | None, count: int | None) -> None:
    record = {"flag": flag, "o": option, "n": count}
    truths = judged(TABLE_DATA, tuple(LOOKUPS), record, TABLES)
    worlds = list(product(
        [True, False] if flag is None else [flag], "abc" if option is None else [option],
        range(5) if count is None else [count],
    ))  # fmt: skip
    # rows that may match: each input on its own, so the parts of COUNT are free
    parts = [{o == "a" for _, o, _ in worlds}, {f for f, _, _ in worlds}, {n >= 3 for _, _, n in worlds}]
    rows = {CATEGORY[f, a + b + c] for f in parts[1] for a, b, c in product(*parts)}
    factors = {FACTOR[o] for _, o, _ in worlds}
    factor = factors.pop() if len(factors) == 1 else None
    expected = [
        over(row in ("lo", "mid") for row in rows),
        over(row == "none" for row in rows),
        None if factor is None else factor > 1,
        None if factor is None else factor * 8 == 10,
        over(LOOKUPS["verdict(o, flag)"](*world) for world in worlds),
        over(not LOOKUPS["NOT verdict(o, n ≥ 2)"](*world) for world in worlds),
    ]
    assert truths == expected, record


# ---- more information never flips ----------------------------------------------------------------------------------

RICH = """d "anchor" date
b "birth" date
x "lab" in mg/dL with ULN
n "count" count
flag "flag" yes/no
o "option" one of a, b, c
s "set" several of a, b, c
e "event" event
    grade "grade" 0..4
    kind "kind" one of p, q, r
c "course" event until date"""
MONOTONE = (
    "flag AND o IS a", "ANY(flag, o IS b, x > 3 × ULN)", "AT LEAST 2 OF (flag, s INCLUDES a, n ≥ 2)",
    "EXACTLY 1 OF (flag, o IS a, n ≥ 2)", "AT MOST 1 OF (flag, o IN (a, b), COUNT(s) ≥ 2)", "flag EXCEPT o IS a",
    "flag WAIVED IF n ≥ 2", "e WHERE (grade ≥ 3) WITHIN 3 months BEFORE d", "COUNT(e WITHIN 3 months BEFORE d) = 1",
    "c WITHIN 1 month OF d", "c AT LEAST 28 days BEFORE d", "YEARS FROM b TO d ≥ 5 years", "b + 5 years ≤ d",
    "date OF LATEST(e) WITHIN 3 months BEFORE d", "kind OF LATEST(e) IS p", "grade OF EARLIEST(e) ≥ 2",
    "MAX(grade OF e BEFORE d) ≥ 3", "MEAN(grade OF e BEFORE d) ≥ 2", "until OF LATEST(c) > d",
    "c WHERE (until ≥ d)", "x / (x − 2 mg/dL) > 1", "COUNT(flag, o IS a, n ≥ 2) < 2", "factor(o) × n ≥ 2",
    "verdict(o, n ≥ 2) OR flag", "category(flag, COUNT(o IS a, n ≥ 3)) IS none", "e BETWEEN b AND d",
)  # fmt: skip


@st.composite
def rich_records(draw: Any) -> dict[str, Any]:
    """A record without gaps."""

    def sure(course: bool) -> dict[str, Any]:
        start = draw(full_days)
        found: dict[str, Any] = {"date": start}
        if course:
            found["until"] = draw(st.one_of(st.just("ongoing"), st.integers(0, 200).map(
                lambda n: date.fromordinal(day(start) + n).isoformat())))  # fmt: skip
        else:
            found |= {"grade": draw(st.integers(0, 4)), "kind": draw(st.sampled_from("pqr"))}
        return found

    return {
        "d": draw(full_days),
        "b": draw(st.one_of(full_days, st.sampled_from(["2019-02-28", "2019-03-01", "2018-12-31"]))),
        "x": {"value": draw(st.integers(0, 40)) / 10, "uln": draw(st.integers(1, 20)) / 10},
        "n": draw(st.integers(0, 4)), "flag": draw(st.booleans()), "o": draw(st.sampled_from("abc")),
        "s": draw(st.lists(st.sampled_from("abc"), max_size=3)),
        "e": [sure(False) for _ in range(draw(st.integers(0, 3)))],
        "c": [sure(True) for _ in range(draw(st.integers(0, 2)))],
    }  # fmt: skip


def vaguer(draw: Any, value: Any) -> Any:
    """The same fact, known in part only or not at all."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        if draw(st.integers(0, 5)) == 0:
            return None
        return [{key: vaguer(draw, part) for key, part in each.items()} for each in value]
    if isinstance(value, dict):
        return (
            None
            if draw(st.integers(0, 4)) == 0
            else {k: v for k, v in value.items() if k == "value" or draw(st.booleans())}
        )
    choice = draw(st.integers(0, 3))
    if isinstance(value, str) and len(value) == 10:
        return [value, value, value[:7], value[:4]][choice] if draw(st.integers(0, 6)) else None
    return None if choice == 0 else value


@st.composite
def blurred(draw: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A whole record, and two that say ever less."""
    whole = draw(rich_records())
    middle = {name: vaguer(draw, value) for name, value in whole.items()}
    least = {
        name: None if value is not None and draw(st.integers(0, 2)) == 0 else value for name, value in middle.items()
    }
    return whole, middle, least


@modest(150)
@given(blurred())
def test_more_information_never_flips(records: tuple[dict[str, Any], ...]) -> None:
    answers = [judged(RICH, MONOTONE, record, TABLES) for record in records]
    for more, less, record, vague in zip(answers, answers[1:], records, records[1:], strict=False):
        for condition, known, before in zip(MONOTONE, more, less, strict=True):
            assert before is None or before is known, (condition, vague, before, record, known)


# ---- one by one: places where meaning and engine were found apart --------------------------------------------------

CLOCK = 't "t" time\nu "u" time'


@pytest.mark.parametrize(
    ("condition", "record"),
    [
        ("t + 1 day > u", {"t": "2026-03-02T10:00", "u": "2026-03-03T09:00"}),
        ("t + 1 month > u", {"t": "2026-03-02T10:00", "u": "2026-03-03T09:00"}),
        ("t − 1 week < u", {"t": "2026-03-09T10:00", "u": "2026-03-02T11:00"}),
        ("t + 2 h > u", {"t": "2026-03-02T10:00", "u": "2026-03-02T11:00"}),
    ],
)
def test_a_time_moved_by_a_length(condition: str, record: dict[str, Any]) -> None:
    assert judged(CLOCK, (condition,), record) == [True]


BANDS = """table band "band"
  | y number | → band one of lo, mid, hi |
  | < 1      | lo  |
  | 1..5     | mid |
  | > 5      | hi  |
table same "same for all"
  | o one of a, b | → factor |
  | a             | 2        |
  | b             | 2        |
table scored "score"
  | n 0..4 | → band one of lo, hi |
  | any    | lo                   |
"""


@pytest.mark.parametrize("others", [(), ("y × 2 > z",), ("y + z > 1", "y / 2 < z")])
@pytest.mark.parametrize(
    ("y", "truths"), [(0.5, [False, True]), (3, [True, False]), (7, [False, False]), (None, [None, None])]
)
def test_a_lookup_by_a_number_that_other_conditions_calculate_with(
    others: tuple[str, ...], y: Any, truths: list[Truth]
) -> None:
    data = 'y "y" number\n    otherwise z\nz "z" number'
    assert judged(data, ("band(y) IS mid", "band(y) IS lo", *others), {"y": y}, BANDS)[:2] == truths


def test_a_lookup_by_a_fixed_number_that_stands_elsewhere_too() -> None:
    data = 'flag "flag" yes/no\no "option" one of a, b, c\nn "n" count'
    conditions = ("category(flag, 2) IS mid", "factor(o) ≥ 2")
    assert judged(data, conditions, {"flag": True}, TABLES)[0] is True
    assert judged(data, conditions, {}, TABLES)[0] is None


def test_a_lookup_is_known_where_all_rows_agree() -> None:
    assert judged('o "option" one of a, b', ("same(o) ≥ 1",), {}, BANDS) == [True]


def test_options_of_a_table_are_decided_where_every_row_gives_the_same_answer() -> None:
    conditions = ("band(y) IN (lo, mid, hi)", "band(y) IS lo")
    assert judged('y "y" number', conditions, {}, BANDS) == [True, None]


def test_a_lookup_whose_rows_disagree_is_not_known() -> None:
    data = 'flag "flag" yes/no\nn "n" count\n    range 0..4'
    conditions = ("category(flag, n) IS KNOWN", "FIRST KNOWN OF (category(flag, n), category(no, n)) IS none")
    assert judged(data, conditions, {"flag": True, "n": 2}, TABLES) == [True, False]
    assert judged(data, conditions, {"n": 2}, TABLES) == [False, True]  # mid or none


def test_an_unknown_number_that_may_lie_outside_the_table() -> None:
    """More information must not take a decided truth back."""
    truths = [judged('n "n" count', ("scored(n) IS lo",), {"n": n}, BANDS)[0] for n in (None, 3, 9)]
    assert truths[0] is None or truths[0] is truths[1] is truths[2], truths


def test_an_event_that_otherwise_follows_from_a_possible_one() -> None:
    data = """e "event" event
    grade "grade" 0..4
f "severe" event
    otherwise e WHERE (grade ≥ 3)
    grade "grade" 0..4"""
    conditions = ("f", "COUNT(f) ≥ 1", "e WHERE (grade ≥ 3)")
    for grade, truth in ((3, True), (1, False), (None, None)):
        assert judged(data, conditions, {"e": [{"date": "2026-03-01", "grade": grade}]}) == [truth] * 3


def test_an_event_that_otherwise_never_happened() -> None:
    data = 'e "event" event\n    otherwise none'
    assert judged(data, ("e",), {}) == [False]
    assert judged(data, ("e",), {"e": ["2026-03-01"]}) == [True]


def test_a_selection_that_holds_nothing_by_itself() -> None:
    assert len(judged('e "event" event', ("e WHERE (no)",), {})) == 1  # the two ways of running agree


def test_an_end_that_is_not_recorded_is_not_known() -> None:
    data = 'c "course" event until date'
    conditions = ("c WHERE (until IS KNOWN)", "(until OF LATEST(c)) IS KNOWN")
    assert judged(data, conditions, {"c": [{"date": "2026-03-01", "until": "2026-04"}]}) == [True, True]
    assert judged(data, conditions, {"c": [{"date": "2026-03-01"}]}) == [False, False]


def test_an_attribute_that_is_a_date_carries_its_interval() -> None:
    data = 'd "d" date\ne "event" event\n    result "result" date'
    record = {
        "e": [{"date": "2026-03", "result": "2026-05-01"}, {"date": "2026-03", "result": "2026-06-01"}],
        "d": "2026-04-01",
    }
    assert judged(data, ("result OF LATEST(e) > d",), record) == [True]


@pytest.mark.parametrize("half_life", [10, 10**6, 10**7, 10**15])
def test_a_date_moved_out_of_the_calendar(half_life: int) -> None:
    data = 'd "d" date\nh "half-life" in days'
    truths = judged(data, ("YEARS FROM (d − 5 × h) TO d ≥ 1 year",), {"d": "2026-03-01", "h": half_life})
    assert truths[0] in ([False] if half_life == 10 else [True, None])


def test_windows_of_many_centuries() -> None:
    data = 'd "d" date\nc "course" event until date'
    conditions = ("c WITHIN 1000 years AFTER (d − 1000 years)", "c BEFORE (d − 1000 years − 1000 years − 1000 years)")
    assert judged(data, conditions, {"d": "2026-03-01", "c": [{"date": "1900", "until": "1901"}]}) == [True, False]


def test_a_multiple_of_a_limit_written_with_a_unit() -> None:
    data = 'x "x" in mg/dL with ULN'
    record = {"x": {"value": 4, "uln": 1}}
    assert judged(data, ("x ≤ 3 × ULN",), record) == [False]
    try:
        engine(data, ("x ≤ 300 % × ULN",))
    except AssertionError:
        pass  # refused
    else:
        assert judged(data, ("x ≤ 300 % × ULN",), record) == [False]
    with pytest.raises(AssertionError, match="R40"):
        judged(data, ("x ≤ 3 mg/dL × ULN",), record)


@pytest.mark.parametrize(
    ("condition", "extra"),
    [
        ("FIRST KNOWN OF (e, f)", ""),
        ("COUNT(FIRST KNOWN OF (e, f)) ≥ 1", ""),
        ("grade OF last ≥ 2", 'define\n  last "the last" = LATEST(e)\n'),
    ],
)
def test_what_check_lets_through_can_be_evaluated(condition: str, extra: str) -> None:
    """Either an error of the file, or an answer; never a crash with a patient."""
    data = 'e "event" event\n    grade "grade" 0..4\nf "other" event\n    grade "grade" 0..4'
    try:
        engine(data, (condition,), extra)
    except AssertionError:
        return
    assert judged(data, (condition,), {"e": [{"date": "2026-03-01", "grade": 3}]}, extra) == [True]


def test_an_event_does_not_take_over_attributes_of_another_kind() -> None:
    data = """e "event" event
    grade "grade" 0..4
f "other" event
    otherwise e
    grade "grade" in mg"""
    with pytest.raises(AssertionError):
        engine(data, ("f WHERE (grade ≥ 3 mg)",))


def test_numbers_that_no_one_measures_are_refused_in_every_way_of_running() -> None:
    from rjdm_rules.evaluation.records import RecordError

    protocol, _, compiled = engine(LAB, ("x ≤ 3 × ULN",))
    for held in ({"value": 1, "uln": 10**100}, {"value": Decimal("NaN")}, {"value": 1, "uln": Decimal("NaN")}):
        with pytest.raises(RecordError):
            read_record(protocol, {"x": held})
        with pytest.raises(RecordError):
            compiled.prepare({"x": held})


def test_an_unknown_factor_beside_very_small_ones() -> None:
    data = "\n".join(f'v{i} "v{i}" number' for i in range(8))
    record = {f"v{i}": "0." + "0" * 40 + "1" * 19 for i in range(1, 8)}
    assert judged(data, (" × ".join(f"v{i}" for i in range(1, 8)) + " ≥ 1 × v0",), record) == [None]


def test_a_criterion_that_is_only_a_note_has_no_effect() -> None:
    """In a formula it must not exclude everyone: refused, or without effect."""
    text = """protocol N "notes"
data
  flag "flag" yes/no
exclusion
  ANY(①, ②)
  ① "a flag"
    flag
  ② "a remark"
    note "physiotherapy is allowed"
"""
    protocol = check_source(Source("notes", text), None).protocol
    if protocol is not None:
        (verdict,), _ = CompiledRules(build_graph(protocol), {}).decide(
            CompiledRules(build_graph(protocol), {}).prepare({"flag": False})
        )
        assert verdict == "eligible"
