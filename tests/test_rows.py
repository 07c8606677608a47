"""Rows of text → result: conditions, records, units, dates."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import protocol

from rjdm_rules import RecordError
from rjdm_rules.logic import kleene
from rjdm_rules.units.unit import UnitError, conversion, read_unit
from rjdm_rules.values import calendar

OUTCOME = {True: "met", False: "not met", None: "unknown"}

# condition, record, outcome
CONDITIONS: list[tuple[str, dict[str, Any], bool | None]] = [
    # absent is unknown
    ("b1", {}, None),
    ("b1", {"b1": None}, None),
    ("NOT b1", {}, None),
    ("b1 OR b2", {"b1": True}, True),
    ("b1 AND b2", {"b1": False}, False),
    ("NONE(b1, b2)", {"b1": False, "b2": False}, True),
    ("AT LEAST 2 OF (b1, b2, o1 IS a)", {"b1": True}, None),
    ("AT LEAST 2 OF (b1, b2, o1 IS a)", {"b1": False, "b2": False}, False),
    ("EXACTLY 1 OF (b1, b2)", {"b1": True, "b2": False}, True),
    ("AT MOST 1 OF (b1, b2)", {"b1": True, "b2": True}, False),
    ("b1 EXCEPT b2", {"b1": True}, None),
    ("b1 EXCEPT b2", {"b2": True}, False),
    ("b1 WAIVED IF b2", {"b1": False, "b2": True}, True),
    # exact at the boundary, in every unit
    ("n1 ≤ 3 × ULN", {"n1": {"value": 0.3, "uln": 0.1}}, True),
    ("n1 > 3 × ULN", {"n1": {"value": 0.3, "uln": 0.1}}, False),
    ("n1 ≤ 3.0 × ULN", {"n1": "3 ×ULN"}, True),
    ("n1 ≤ 3.0 × ULN", {"n1": "3.0001 xULN"}, False),
    ("n1 ≤ 3.0 × ULN", {"n1": 0.3}, None),
    ("n1 ≤ 1 mg/dL", {"n1": "3 ×ULN"}, None),
    ("n1 ≤ 1 mg/dL", {"n1": {"value": "3 ×ULN", "uln": 0.3}}, True),
    ("n1 ≥ LLN", {"n1": {"value": 0.2, "lln": 0.2}}, True),
    ("n2 ≥ 113.12 umol/L", {"n2": "1.2796134 mg/dL"}, False),
    ("n2 = 100 umol/L", {"n2": "1.1312 mg/dL"}, True),
    ("n2 = 1.1312 mg/dL", {"n2": {"value": 100, "unit": "umol/L"}}, True),
    ("temp = 100.4 [degF]", {"temp": "38 °C"}, True),
    ("temp ≥ 38 °C", {"temp": "100.4 [degF]"}, True),
    ("age ≥ 5 years", {"age": "60 months"}, True),
    ("age ≥ 5 years", {"age": "59.99 months"}, False),
    ("n1 BETWEEN 0.1 mg/dL AND 0.3 mg/dL", {"n1": 0.3}, True),
    ("n1 BETWEEN 0.1 mg/dL AND 0.3 mg/dL AND b1", {"n1": 0.3, "b1": False}, False),
    ("n1 / n2 > 1", {"n1": 1, "n2": 0}, None),
    ("n1 × factor(o1) = 1 mg/dL", {"n1": 3, "o1": "b"}, True),
    ("n1 × factor(o1) ≥ 0.1 mg/dL", {"n1": 3}, None),
    # options and sets
    ("o1 IS a", {"o1": "a"}, True),
    ("o1 IS NOT a", {}, None),
    ("o1 NOT IN (a, b)", {"o1": "c"}, True),
    ("COUNT(s1) ≥ 2", {"s1": ["p", "p"]}, False),
    ("COUNT(s1) ≥ 2", {"s1": ["p", "r"]}, True),
    ("COUNT(s1) ≥ 1", {"s1": []}, False),
    ("s1 INCLUDES q", {"s1": ["p"]}, False),
    # a table is decided where every row that may match says the same
    ("o2 IN (a, b)", {"b1": True}, True),
    ("o2 IS a", {"b1": True}, None),
    ("o2 IS a", {"b1": True, "b2": False}, False),
    ("o2 IS c", {"b1": False}, True),
    ("o2 IS KNOWN", {}, False),
    # known
    ("n1 IS KNOWN", {"n1": "3 ×ULN"}, True),
    ("born IS KNOWN", {"born": "2012"}, True),
    ("age IS KNOWN", {}, False),
    ("e1 IS NOT KNOWN", {}, True),
    ("FIRST KNOWN OF (n2, n1) ≥ 1 mg/dL", {"n1": 2}, True),
    # ages from birth
    ("age ≥ 5 years", {"born": "2012", "screening": "2026-03-02"}, True),
    ("age ≥ 14 years", {"born": "2012", "screening": "2026-03-02"}, None),
    ("age ≥ 6 years", {"born": "2020-02-29", "screening": "2026-02-28"}, True),
    ("age ≥ 6 years", {"born": "2020-02-29", "screening": "2026-02-27"}, False),
    ("age ≥ 6 years", {"born": "2020-03-01", "screening": "2026-02-28"}, False),
    # calendar windows, both ends inside
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "2026-02-28", "screening": "2026-05-31"}, True),
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "2026-02-27", "screening": "2026-05-31"}, False),
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "2026-05-31", "screening": "2026-05-31"}, True),
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "2026-06-01", "screening": "2026-05-31"}, False),
    ("e1 WITHIN 1 month AFTER screening", {"e1": "2024-02-29", "screening": "2024-01-31"}, True),
    ("e1 WITHIN 1 year BEFORE screening", {"e1": "2023-02-28", "screening": "2024-02-29"}, True),
    ("e1 LESS THAN 21 days BEFORE screening", {"e1": "2026-03-01", "screening": "2026-03-22"}, False),
    ("e1 LESS THAN 21 days BEFORE screening", {"e1": "2026-03-02", "screening": "2026-03-22"}, True),
    ("e1 AT LEAST 28 days BEFORE screening", {"e1": "2026-03-01", "screening": "2026-03-29"}, True),
    ("e1 MORE THAN 28 days BEFORE screening", {"e1": "2026-03-01", "screening": "2026-03-29"}, False),
    ("e1 BEFORE screening", {"e1": "2026-03-29", "screening": "2026-03-29"}, False),
    ("e1 WITHIN 2 weeks OF screening", {"e1": "2026-04-12", "screening": "2026-03-29"}, True),
    # partial dates
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "2026-04", "screening": "2026-05-31"}, True),
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "2026-02", "screening": "2026-05-31"}, None),
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "2024", "screening": "2026-05-31"}, False),
    # occurrences
    ("e1", {"e1": "none"}, False),
    ("e1", {"e1": []}, False),
    ("e1", {"e1": "yes"}, True),
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "yes", "screening": "2026-05-31"}, None),
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "none"}, False),
    ("e1 WITHIN 3 months BEFORE screening", {"e1": "2026-01-01"}, None),
    ("e1 WHERE (grade ≥ 2) WITHIN 3 months BEFORE screening", {"e1": [{"date": "2026-01-01", "grade": 1}]}, False),
    ("e1 WHERE (grade ≥ 2)", {"e1": [{"date": "2026-01-01"}]}, None),
    ("COUNT(e1 WHERE (grade ≥ 2)) ≥ 2", {"e1": [{"date": "2026", "grade": 3}, {"date": "2025"}]}, None),
    ("COUNT(e1 WHERE (grade ≥ 2)) ≤ 2", {"e1": [{"date": "2026", "grade": 3}, {"date": "2025"}]}, True),
    ("grade OF LATEST(e1) = 3", {"e1": [{"date": "2026-01", "grade": 3}, {"date": "2025", "grade": 1}]}, True),
    ("grade OF LATEST(e1) = 3", {"e1": [{"date": "2026-01-01", "grade": 3}, {"date": "2026-01-01", "grade": 1}]}, None),
    ("grade OF LATEST(e1) = 3", {"e1": "none"}, None),
    ("MAX(value OF r1 WITHIN 28 days BEFORE screening) > 1 mg/dL",
     {"screening": "2026-03-02", "r1": [{"date": "2026-03-01", "value": 0.5}, {"date": "2025-03-01", "value": 9}]}, False),
    ("MEAN(value OF r1) = 1 mg/dL", {"r1": [{"date": "2026", "value": 0.5}, {"date": "2025", "value": 1.5}]}, True),
    # courses: any part inside the window; an absent end is unknown
    ("e2 WITHIN 2 weeks BEFORE screening", {"e2": [{"date": "2025-01-01", "until": "ongoing"}], "screening": "2026-03-02"}, True),
    ("e2 WITHIN 2 weeks BEFORE screening", {"e2": [{"date": "2025-01-01"}], "screening": "2026-03-02"}, None),
    ("e2 WITHIN 2 weeks BEFORE screening", {"e2": [{"date": "2026-03-01"}], "screening": "2026-03-02"}, True),
    ("e2 WITHIN 2 weeks BEFORE screening",
     {"e2": [{"date": "2025-01-01", "until": "2026-02-15"}], "screening": "2026-03-02"}, False),
    # computed lengths
    ("e1 WITHIN MAX(7 days, 2 × (n4 × 1 day)) BEFORE screening", {"e1": "2026-03-01", "n4": 5, "screening": "2026-03-11"}, True),
    ("e1 WITHIN MAX(7 days, 2 × (n4 × 1 day)) BEFORE screening", {"e1": "2026-03-01", "n4": 3, "screening": "2026-03-11"}, False),
    # the longer of several is at least as long as one of them
    ("e1 WITHIN MAX(7 days, 2 × (n4 × 1 day)) BEFORE screening", {"e1": "2026-03-04", "screening": "2026-03-11"}, True),
    ("e1 WITHIN MAX(7 days, 2 × (n4 × 1 day)) BEFORE screening", {"e1": "2026-03-03", "screening": "2026-03-11"}, None),
    ("e1 AT LEAST MAX(7 days, 2 × (n4 × 1 day)) BEFORE screening", {"e1": "2026-03-05", "screening": "2026-03-11"}, False),
    ("e1 AT LEAST MAX(7 days, 2 × (n4 × 1 day)) BEFORE screening", {"e1": "2026-03-01", "screening": "2026-03-11"}, None),
    ("e1 LESS THAN MAX(7 days, 2 × (n4 × 1 day)) BEFORE screening", {"e1": "2026-03-05", "screening": "2026-03-11"}, True),
    ("e1 WITHIN MIN(7 days, 2 × (n4 × 1 day)) BEFORE screening", {"e1": "2026-03-03", "screening": "2026-03-11"}, None),
    # times by the clock
    ("visit WITHIN 24 hours AFTER dose_time", {"visit": "2026-03-02T14:30", "dose_time": "2026-03-01T14:30"}, True),
    ("visit WITHIN 24 hours AFTER dose_time", {"visit": "2026-03-02T14:31", "dose_time": "2026-03-01T14:30"}, False),
    ("visit WITHIN 24 hours AFTER dose_time", {"visit": "2026-03-02", "dose_time": "2026-03-01T14:30"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "record", "expected"), CONDITIONS)
def test_condition(condition: str, record: dict[str, Any], expected: bool | None) -> None:
    result = protocol(condition).evaluate(record)
    assert result.criteria["I1"] == OUTCOME[expected]


def test_a_condition_that_does_not_apply_counts_as_satisfied() -> None:
    made = protocol("IF b1 THEN b2")
    rows = [
        ({"b1": False}, "not applicable", "eligible"),
        ({"b1": True, "b2": True}, "met", "eligible"),
        ({"b1": True, "b2": False}, "not met", "ineligible"),
        ({"b2": True}, "met", "eligible"),
        ({"b2": False}, "unknown", "undetermined"),
    ]
    for record, outcome, verdict in rows:
        result = made.evaluate(record)
        assert (result.criteria["I1"], result.verdict) == (outcome, verdict)


# record, words of the message
BAD_RECORDS: list[tuple[dict[Any, Any], str]] = [
    ({"n1": "5 mmHg"}, "n1: mmHg is no unit for it; it is recorded in mg/dL"),
    ({"n1": "5 mgg/dL"}, "n1: `mgg` in `mgg/dL` is not a unit"),
    ({"n1": "nine"}, 'n1: "nine" is not a number in mg/dL'),
    ({"n1": [1]}, "n1: [1] is a list where one value belongs"),
    ({"n1": float("nan")}, "n1: nan is not a number that can be measured"),
    ({"n1": True}, "n1: true is not a number"),
    ({"n1": "<0.5"}, "a bound is no value"),
    ({"n1": "1,5"}, "write decimals with a point"),
    ({"n1": {"value": 1, "uln": 0}}, "uln 0 is not above zero"),
    ({"n1": {"valeu": 1}}, "did you mean `value`?"),
    ({"n2": {"value": 1, "uln": 2}}, "`n2` has no ULN"),
    ({"n2": 101}, "n2: 101 is outside the range 0 to 100 mg/dL"),
    ({"n4": 1.5}, "n4: 1.5 is not a count"),
    ({"screening": "2026-02-30"}, "there is no day 30 in 2026-02, which ends with 28"),
    ({"screening": "02.03.2026"}, "not a date; write 2026-03-02"),
    ({"screening": 20260302}, "20260302 is not a date"),
    ({"o1": "A"}, 'o1: "A" is not an option; did you mean `a`?'),
    ({"s1": "p"}, "is not a list of options"),
    ({"b1": 1}, "b1: 1 is neither yes nor no"),
    ({"screning": "2026"}, "`screning` is not an item of this protocol; did you mean `screening`?"),
    ({"e1": 3}, "e1: 3 is no occurrence"),
    ({"e1": [{"date": "2026-01-01", "grad": 2}]}, "`grad` is no attribute of `e1`; did you mean `grade`?"),
    ({"e1": [{"date": "2026-01-01", "grade": 5}]}, "grade 5 is outside the range 0 to 4"),
    ({"e1": [{"date": "2026-01-01", "until": "2026-02"}]}, "is an event without an end"),
    ({"e2": [{"date": "2026-03-01", "until": "2026-01"}]}, "ends (\"2026-01\") before it begins"),
    ({"visit": "2026-03-02T14:30Z"}, "leave the time zone out"),
    ({"id": 1.5}, "is no patient id"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "words"), BAD_RECORDS)
def test_bad_record(record: dict[str, Any], words: str) -> None:
    with pytest.raises(RecordError) as caught:
        protocol("b1").evaluate({"id": "P7", **record})
    assert words in str(caught.value)
    assert "patient" in str(caught.value)


def test_all_problems_of_a_record_come_at_once() -> None:
    with pytest.raises(RecordError) as caught:
        protocol("b1").evaluate({"id": "P7", "n1": "x", "b1": 3, "nope": 1})
    assert [problem.item for problem in caught.value.problems] == ["n1", "b1", "nope"]


def test_all_problems_of_an_event_come_at_once() -> None:
    bad = [{"date": "2026-02-30", "grade": 9, "x": 1}, {"date": "2026-01-01"}, {"date": "2026", "grade": "high"}]
    with pytest.raises(RecordError) as caught:
        protocol("b1").evaluate({"id": "P7", "e1": bad})
    said = [str(problem) for problem in caught.value.problems]
    assert [text.split(": ")[1] for text in said] == ["occurrence 1", "occurrence 1", "occurrence 1", "occurrence 3"]
    with pytest.raises(RecordError) as caught:
        protocol("b1").evaluate({"id": "P7", "e1": [bad[0]] * 30})
    assert len(caught.value.problems) == 9 and "82 more" in str(caught.value.problems[-1])


# ---- units ---------------------------------------------------------------------------------------------------------

CONVERSIONS = [
    ("mg/dL", "g/L", Fraction(1, 100)),
    ("10*9/L", "/uL", Fraction(1000)),
    ("U/L", "ukat/L", Fraction(1, 60)),
    ("mmHg", "kPa", Fraction(133322387, 10**9)),
    ("[IU]/mL", "IU/L", Fraction(1000)),
    ("mcg", "mg", Fraction(1, 1000)),
    ("years", "months", Fraction(12)),
    ("weeks", "d", Fraction(7)),
    ("kg/m2", "g/cm2", Fraction(1, 10)),
    ("%", "1", Fraction(1, 100)),
    ("mL/min/{1.73_m2}", "mL/min/1.73m2", Fraction(1)),
    ("cells/uL", "10*9/L", Fraction(1, 1000)),
]


@pytest.mark.parametrize(("source", "target", "factor"), CONVERSIONS)
def test_conversion(source: str, target: str, factor: Fraction) -> None:
    assert conversion(read_unit(source), read_unit(target)) == (factor, 0)


@pytest.mark.parametrize(
    ("unit", "help"), [("mgdL", ""), ("mg/dl/", ""), ("Mg/dL2x", ""), ("yaers", "years"), ("", ""), ("mg//dL", "")]
)
def test_a_unit_that_does_not_exist(unit: str, help: str) -> None:
    with pytest.raises(UnitError) as caught:
        read_unit(unit)
    assert help in caught.value.help


def test_units_that_must_not_be_mixed_up() -> None:
    for a, b in [
        ("mL/min", "mL/min/1.73m2"),
        ("U/L", "[IU]/L"),
        ("mg/dL", "umol/L"),
        ("points", "1"),
        ("cm", "mm[Hg]"),
    ]:
        assert conversion(read_unit(a), read_unit(b)) is None


# ---- the calendar --------------------------------------------------------------------------------------------------

days = st.dates(date(1900, 1, 1), date(2150, 12, 31))


@given(days, st.integers(-600, 600))
def test_months_clamp_to_the_end_of_the_month(day: date, months: int) -> None:
    moved = date.fromordinal(calendar.shifted(day.toordinal(), months))
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or (moved.day < day.day and (date.fromordinal(moved.toordinal() + 1)).day == 1)


@given(days, days)
def test_completed_years_and_months(start: date, end: date) -> None:
    a, b = start.toordinal(), end.toordinal()
    years, months = calendar.completed_years(a, b), calendar.completed_months(a, b)
    assert calendar.shifted(a, years * 12) <= b < calendar.shifted(a, years * 12 + 12)
    assert calendar.shifted(a, months) <= b < calendar.shifted(a, months + 1)


# ---- three-valued logic --------------------------------------------------------------------------------------------

truths = st.sampled_from([True, False, None])


@given(truths, truths, truths)
def test_kleene_laws(a: kleene.Truth, b: kleene.Truth, c: kleene.Truth) -> None:
    both, either, no = kleene.conjunction, kleene.disjunction, kleene.negation
    assert no(no(a)) is a
    assert no(both((a, b))) is either((no(a), no(b)))
    assert both((a, either((b, c)))) is either((both((a, b)), both((a, c))))
    assert both((a, either((a, b)))) is a
    assert both((a, b)) is both((b, a))
    assert kleene.implied(a, b) is either((no(a), b))


@given(st.lists(truths, min_size=1, max_size=6), st.integers(0, 7))
def test_counting_is_the_least_that_all_worlds_agree_on(known: list[kleene.Truth], n: int) -> None:
    worlds = [[]]  # type: list[list[bool]]
    for truth in known:
        worlds = [[*world, value] for world in worlds for value in ([truth] if truth is not None else [True, False])]
    for kind, holds in (
        (kleene.at_least, lambda k: k >= n),
        (kleene.at_most, lambda k: k <= n),
        (kleene.exactly, lambda k: k == n),
    ):
        answers = {holds(sum(world)) for world in worlds}
        assert kind(n, known) is (answers.pop() if len(answers) == 1 else None)
