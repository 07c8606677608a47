"""How conditions are shown: the same truth whatever is known, and words that say just that."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rjdm_rules import Protocol, loads
from rjdm_rules.evaluation.records import read_record
from rjdm_rules.evaluation.reference import Reference
from rjdm_rules.protocol.settling import settled
from rjdm_rules.words.phrases import Words

DATA = """data
  day "screening date" date
  birth "date of birth" date
  x "serum creatinine" in mg/dL with ULN
  n "number of relapses" count
  flag "fever" yes/no
  agreed "the patient has agreed" yes/no
  cured "a resected carcinoma" yes/no
  hiv "HIV antibody" one of positive, negative, indeterminate
  drugs "earlier drugs" several of azathioprine, ciclosporin
  e "infection" event
    grade 0..4
    kind one of viral, bacterial
    treated yes/no
  c "steroid treatment" event until date
  m "platelet count" repeated in 10*9/L
  half_life "half-life" in days
  a "a" yes/no
  b "b" yes/no
"""


@lru_cache(maxsize=500)
def protocol(condition: str, extra: str = "") -> Protocol:
    return loads(f'protocol P "p"\n{extra}{DATA}inclusion\n  (1) "c"\n    {condition}\n')


ROWS = [
    ("NOT x > 5 mg/dL", "serum creatinine is at most 5 mg/dL"),
    ("NOT (x ≥ 2 × ULN)", "serum creatinine is less than 2 × ULN"),
    ("NOT COUNT(drugs) ≥ 2", "earlier drugs: fewer than two"),
    ("COUNT(drugs) ≥ 1", "earlier drugs: at least one"),
    ("COUNT(e WITHIN 3 months BEFORE day) = 0", "no infection within 3 months before the screening date"),
    ("COUNT(e) > 2", "more than two occurrences of infection"),
    ("COUNT(m WHERE (value < 50 10*9/L)) ≥ 2", "at least two measurements of platelet count of less than 50 × 10⁹/L"),
    ("NOT day ≥ 2026-01-01", "the screening date is before 2026-01-01"),
    ("YEARS FROM birth TO day ≥ 18 years", "at least 18 completed years from the date of birth to the screening date"),
    ("birth + 18 years ≤ day", "the date of birth plus 18 years is on or before the screening date"),
    ("day WITHIN 3 months AFTER birth", "the screening date is within 3 months after birth"),
    ("e WHERE (grade ≥ 3)", "infection with grade at least 3"),
    ("e WHERE (NOT grade ≥ 3) BEFORE day", "infection with grade less than 3 before the screening date"),
    (
        "NOT e WHERE (grade ≥ 3 AND kind IS viral) WITHIN 3 months BEFORE day",
        "no infection (where grade is at least 3 and kind is viral) within 3 months before the screening date",
    ),
    ("e WHERE (NOT (kind IS viral AND treated))", "infection where kind is not viral or not treated"),
    ("NOT (flag AND agreed)", "either of the following: no fever; not: the patient has agreed"),
    ("NOT (flag OR agreed)", "neither of the following: fever; the patient has agreed"),
    ("NOT cured", "not: a resected carcinoma"),
    ("NOT hiv IN (positive, indeterminate)", "HIV antibody is neither positive nor indeterminate"),
    ("hiv IN (positive, indeterminate)", "HIV antibody is positive or indeterminate"),
    ("NOT drugs INCLUDES azathioprine", "earlier drugs: not azathioprine"),
    ("x BETWEEN 1 mg/dL AND 2 mg/dL", "serum creatinine is between 1 and 2 mg/dL inclusive"),
    ("x BETWEEN 1 mg/dL AND 30 mg/L", "serum creatinine is between 1 mg/dL and 30 mg/L inclusive"),
    ("x BETWEEN ULN AND 3 × ULN", "serum creatinine is between the ULN and 3 × ULN inclusive"),
    ("value OF LATEST(m BEFORE day) ≥ 50 10*9/L", "the latest platelet count before the screening date is at least 50 × 10⁹/L"),
    ("MEAN(value OF m) ≥ 50 10*9/L", "the mean platelet count is at least 50 × 10⁹/L"),
    ("grade OF LATEST(e) ≥ 2", "the grade of the latest infection is at least 2"),
    ("NOT (flag EXCEPT agreed)", "either of the following: no fever; the patient has agreed"),
    ("flag EXCEPT cured", "fever, except in case of a resected carcinoma"),
    ("flag EXCEPT x > 1 mg/dL", "fever, unless serum creatinine is more than 1 mg/dL"),
    (
        "(AT LEAST 2 OF (flag, a, b)) EXCEPT cured",
        "this condition, unless the exception applies: (condition: at least two of the following three: fever; a; b);"
        " exception: a resected carcinoma",
    ),
    ("x ≤ 1 mg/dL WAIVED IF flag", "serum creatinine is at most 1 mg/dL; waived in case of fever"),
    ("IF flag THEN ALL(a, b, agreed)", "for patients with fever, a, b and the patient has agreed (not applicable to patients without fever)"),
    ("NOT AT LEAST 2 OF (flag, a, b)", "at most one of the following three: fever; a; b"),
    ("AT MOST 0 OF (flag, a)", "neither of the following: fever; a"),
    ("COUNT(flag, a, b) ≥ 2", "at least two of the following three: fever; a; b"),
    ("e WITHIN MAX(7 days, 5 × half_life) BEFORE day", "infection within the longer of 7 days and 5 × half-life before the screening date"),
    ("COUNT(flag, a, b) ≥ 3", "all of the following: fever; a; b"),
    ("COUNT(flag, a) > 0", "either of the following: fever; a"),
    ("c OR e WITHIN 1 month BEFORE day", "either of the following: steroid treatment; infection within 1 month before the screening date"),
    ("NOT flag OR a", "either of the following: no fever; a"),
    ("(flag WAIVED IF a) EXCEPT b", "this condition, unless the exception applies: condition: fever; waived in case of a; exception: b"),
    ("flag WAIVED IF (a EXCEPT b)", "this condition, unless it is waived: condition: fever; waiver: a, except in case of b"),
    ("MAX(n, COUNT(drugs)) + 1 > 2", "(the higher of number of relapses and number of times: earlier drugs) + 1 is more than 2"),
    ("NOT (day LESS THAN 28 days BEFORE birth)", "the screening date is not in the window: less than 28 days before birth"),
    ("COUNT(drugs) ≥ 1 AND flag", "both of the following: earlier drugs: at least one; fever"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "words"), ROWS)
def test_a_condition_in_words(condition: str, words: str) -> None:
    model = protocol(condition).model
    criterion = model.criterion("I1")
    assert criterion is not None and criterion.condition is not None
    assert Words(model).text(criterion.condition) == words


def test_a_formula_of_criteria_in_words() -> None:
    text = f'protocol P "p"\n{DATA}inclusion\n  (1) AND (((2) AND (3)) OR (4))\n' + "".join(
        f'  ({i}) "c"\n    n > {i}\n' for i in range(1, 5)
    )
    part = loads(text).model.parts[0]
    assert part.inclusion is not None
    assert Words(loads(text).model).text(part.inclusion.formula) == "(1) and [[(2) and (3)] or (4)]"


# ---- shown otherwise, but the same ---------------------------------------------------------------------------------

READING = 'readings\n  way "the way"\n    one of p, q\n    chosen p\n'
LEAVES = st.sampled_from(
    ["flag", "agreed", "a", "b", "way IS p", "way IS q", "x > 1 mg/dL", "x BETWEEN 1 mg/dL AND 2 mg/dL"]
)


def conditions(depth: int = 3) -> st.SearchStrategy[str]:
    if depth == 0:
        return LEAVES
    inner = conditions(depth - 1)
    many = st.lists(inner, min_size=3, max_size=4)
    return st.one_of(
        LEAVES,
        inner.map(lambda c: f"NOT ({c})"),
        st.tuples(inner, inner).map(lambda p: f"(({p[0]}) EXCEPT ({p[1]}))"),
        st.tuples(inner, inner).map(lambda p: f"(({p[0]}) WAIVED IF ({p[1]}))"),
        st.tuples(st.sampled_from(["ANY", "ALL", "NONE"]), many).map(lambda p: f"{p[0]}({', '.join(p[1])})"),
        st.tuples(st.sampled_from(["AT LEAST 2", "AT MOST 1", "EXACTLY 1"]), many).map(
            lambda p: f"{p[0]} OF ({', '.join(p[1])})"
        ),
    )


@settings(max_examples=150, deadline=None)
@given(conditions())
def test_what_is_shown_has_the_same_truth(condition: str) -> None:
    shown = protocol(condition, READING)
    criterion = shown.model.criterion("I1")
    assert criterion is not None and criterion.condition is not None
    for way in ("p", "q"):
        plain = settled(criterion.condition, {"way": way})
        opposite = settled(criterion.condition, {"way": way}, negated=True)
        for flag, agreed, a, x in product((True, None, False), (True, None), (False, None), (0.5, 1.5, None)):
            record: dict[str, Any] = {"flag": flag, "agreed": agreed, "a": a, "b": True, "x": x}
            reference = Reference(shown.model, read_record(shown.model, record)[0], {"way": way})
            truth = reference.truth(criterion.condition)
            assert reference.truth(plain) is truth, (condition, record)
            assert reference.truth(opposite) is (None if truth is None else not truth), (condition, record)


@settings(max_examples=60, deadline=None)
@given(conditions())
def test_an_explanation_has_the_signs_of_its_conditions(condition: str) -> None:
    """A criterion without children has one line below it, with its own sign."""
    shown = protocol(condition, READING)
    for flag, a, x in product((True, None), (False, None), (1.5, None)):
        reason = shown.explain({"flag": flag, "a": a, "x": x}).criterion("I1")
        assert reason is not None
        assert [each.sign for each in reason.below] == [reason.sign], "\n".join(reason.lines())
