"""Numbers and tables with unknown facts, against brute force; and more information never flips an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from worlds import LAB, TABLES, day, full_days, judged, modest, over

# ---- numbers ------------------------------------------------------------------------------------------------------------


MOLAR = Fraction("113.12")
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


# ---- tables -------------------------------------------------------------------------------------------------------------


TABLE_DATA = 'flag "flag" yes/no\no "option" one of a, b, c\nn "count" count\n    range 0..4'
CATEGORY = {  # rash-like table: flag, n -> category
    (True, 0): "lo", (True, 1): "lo", (True, 2): "mid", (True, 3): "hi", (True, 4): "hi",
    **{(False, n): "none" for n in range(5)},
}  # fmt: skip
FACTOR = {"a": Fraction(1), "b": Fraction(5, 4), "c": Fraction(5, 4)}
CONDITIONS = ("flag", "o IS a", "n ≥ 3", "n = 0")
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


# ---- more information never flips ---------------------------------------------------------------------------------------


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
