"""Windows, lengths and elapsed time where dates are known in part, against brute force."""

from __future__ import annotations

from calendar import monthrange
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from worlds import (
    COMPARE,
    PHRASES,
    Truth,
    World,
    cheap,
    dates,
    day,
    full_days,
    judged,
    kleene_any,
    maybe_dates,
    modest,
    months,
    months_on,
    occurrences,
    over,
    overlaps,
    possible_days,
    stretches,
    window_truth,
)

# ---- the definitions here, on plain cases -------------------------------------------------------------------------------


def test_the_oracle_clamps_as_the_language_says() -> None:
    assert months_on(day("2024-05-31"), -3) == day("2024-02-29")
    assert months_on(day("2024-02-29"), 12) == day("2025-02-28")
    assert months_on(day("2024-01-31"), 1) == day("2024-02-29")
    assert months_on(day("2024-01-15"), -1) == day("2023-12-15")
    assert len(possible_days("2024")) == 366 and len(possible_days("2024-02")) == monthrange(2024, 2)[1]


# ---- windows ------------------------------------------------------------------------------------------------------------


DATA = {
    "e": 'd "anchor" date\ne "event" event',
    "c": 'd "anchor" date\nc "course" event until date',
    "s": 'd "anchor" date\ns "day" date',
}


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


# ---- computed lengths ---------------------------------------------------------------------------------------------------


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


# ---- elapsed time, shifted dates ----------------------------------------------------------------------------------------


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
