"""The slips that people make: each gets one message that names it, and the fix where its meaning is certain.

The rows say where a slip stands (in a condition, below `data`, …), what was written, and the code; the whole messages, and
what `check --fix` makes of them, are in golden/slips.txt.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rjdm_rules.language.diagnostics import Diagnostic
from rjdm_rules.language.fixing import applied, mended
from rjdm_rules.language.source import Source
from rjdm_rules.protocol.check import Checked, check_source

PLACES = {
    "condition": """protocol SLIPS "Slips"
data
  screening "date of screening" date
  age "age" in years
      range 0..120
  sex "sex" one of female, male
  temp "temperature" in °C
      range 30..45
  asthma "asthma" yes/no
  eczema "eczema" yes/no
  lvef "LVEF" in %
      range 0..100
  ast "AST" in U/L with ULN
      range 0..9999
  alt "ALT" in U/L with ULN
      range 0..9999
  crp "CRP" repeated in mg/L
      range 0..500
  cells "cells" in cells
      range 0..10^12
  failed_drugs "failed drugs" several of methotrexate, rituximab
  infarction "infarction" event
      grade 0..4
inclusion
  (1) "Anything"
      {}
""",
    "data": """protocol SLIPS "Slips"
data
  {}
inclusion
  (1) "Anything"
      yes
""",
    "criterion": """protocol SLIPS "Slips"
data
  age "age" in years
      range 0..120
  asthma "asthma" yes/no
inclusion
  {}
""",
    "file": "{}",
    "example": """protocol SLIPS "Slips"
data
  screening "date of screening" date
  age "age" in years
      range 0..120
inclusion
  (1) "Adult"
      age ≥ 18 years
example one "One"
  given
      {}
""",
}

SLIPS: list[tuple[str, str, str]] = [
    # signs of other languages
    ("condition", "age => 18 years", "R110"),
    ("condition", "age =< 18 years", "R110"),
    ("condition", "age == 18 years", "R110"),
    ("condition", "age <> 18 years", "R110"),
    ("condition", "age > = 18 years", "R110"),
    ("condition", "asthma && eczema", "R110"),
    ("condition", "asthma || eczema", "R110"),
    ("condition", "!asthma", "R110"),
    ("condition", "asthma and/or eczema", "R110"),
    ("condition", "age ≥ 18 years; ", "R110"),
    ("condition", "asthma.", "R110"),
    ("condition", "age ≥ 18 years.", "R401"),
    # words
    ("condition", "asthma and eczema", "R110"),
    ("condition", "not asthma", "R110"),
    ("condition", "sex is female", "R110"),
    ("condition", "any(asthma, eczema)", "R110"),
    ("condition", "any of (asthma, eczema)", "R110"),
    ("condition", "ANY OF (asthma, eczema)", "R110"),
    ("condition", "at least 2 of (asthma, eczema)", "R110"),
    ("condition", "asthma UNLESS eczema", "R110"),
    ("condition", "asthma unless eczema", "R110"),
    ("condition", "IF asthma THEN eczema ELSE asthma", "R104"),
    ("condition", "age over 18 years", "R110"),
    ("condition", "age at least 18 years", "R110"),
    ("condition", "lvef not less than 55 %", "R110"),
    ("condition", "asthma AND eczema OR age ≥ 18 years", "R103"),
    ("condition", "age between 18 and 75 years", "R110"),
    # comparisons
    ("condition", "age BETWEEN 18 AND 75 years", "R402"),
    ("condition", "lvef ≥ 55", "R402"),
    ("condition", "lvef ≥ % 55", "R402"),
    ("condition", "age years ≥ 18", "R402"),
    ("condition", "age ≥ 18 year's", "R401"),
    ("condition", "temp > 38 C", "R403"),
    ("condition", "18 ≤ age ≤ 75", "R104"),
    ("condition", "sex = female", "R303"),
    ("condition", "sex IS \"female\"", "R116"),
    ("condition", "asthma = yes", "R303"),
    ("condition", "asthma IS yes", "R303"),
    ("condition", "asthma = true", "R303"),
    ("condition", "failed_drugs IS rituximab", "R303"),
    ("condition", "failed_drugs CONTAINS rituximab", "R110"),
    # said once for several
    ("condition", "sex IS female OR male", "R312"),
    ("condition", "ANY(asthma, sex IS female, male)", "R312"),
    ("condition", "sex IS NOT female, male", "R312"),
    ("condition", "(sex IS female) OR male", "R312"),
    ("condition", "failed_drugs INCLUDES rituximab OR methotrexate", "R312"),
    ("condition", "(ast OR alt) > 3 × ULN", "R312"),
    ("condition", "ANY(ast, alt) > (1 + 2) × ULN", "R312"),
    ("condition", "ast AND alt ≤ 3 × ULN", "R312"),
    ("condition", "(ast > 3 × ULN) OR (alt)", "R312"),
    ("condition", "EITHER asthma OR eczema", "R110"),
    ("condition", "infarction = none", "R303"),
    ("condition", "age is 18 or over", "R110"),
    ("condition", "crp BETWEEN 3 mg/L AND 10 mg/L", "R303"),
    ("condition", "MEAN(value OF LATEST(crp)) > 3 mg/L", "R308"),
    ("condition", "lvef minus 3 % > 5 %", "R110"),
    ("condition", "AVERAGE(value OF crp BEFORE screening) ≥ 5 mg/L", "R110"),
    ("condition", "median(value OF crp BEFORE screening) ≥ 5 mg/L", "R110"),
    ("condition", "lvef ≥ 55 % %", "R402"),
    ("condition", "ast U/L ≥ 55 U/L", "R402"),
    # numbers, limits, dates
    ("condition", "lvef ≥ 55,5 %", "R112"),
    ("condition", "cells ≥ 1,000 cells", "R108"),
    ("condition", "cells ≥ 3x10^7 cells", "R112"),
    ("condition", "cells ≥ 3e7 cells", "R112"),
    ("condition", "ast ≤ 3xULN", "R113"),
    ("condition", "ast ≤ 3 x ULN", "R113"),
    ("condition", "ast ≤ 3 ULN", "R113"),
    ("condition", "ast ≤ 3 times the ULN", "R113"),
    ("condition", "screening ≥ 2026-3-1", "R118"),
    ("condition", "screening ≥ 01.03.2026", "R118"),
    ("condition", "screening ≥ 3/1/2026", "R118"),
    ("example", "screening = 2026-3-1", "R118"),
    ("example", "screening: 2026-03-01", "R110"),
    # windows
    ("condition", "infarction WITHIN 6 months", "R119"),
    ("condition", "infarction WITHIN THE LAST 6 months", "R119"),
    ("condition", "infarction within 6 months before screening", "R110"),
    ("condition", "infarction WITHIN 6 months PRIOR TO screening", "R119"),
    ("condition", "infarction WITHIN six months BEFORE screening", "R112"),
    ("condition", "infarction IN THE PAST YEAR", "R119"),
    ("condition", "infarction WITHIN 6 months FROM screening", "R119"),
    ("condition", "infarction WITHIN 6 months BEFORE the screening", "R119"),
    ("condition", "NOT WITHIN 6 months BEFORE screening", "R119"),
    ("condition", "AT LEAST two OF (asthma, eczema)", "R112"),
    ("condition", "ast ≤ three × ULN", "R112"),
    ("condition", "ast ≤ 3-fold ULN", "R113"),
    ("condition", "ast ≤ 3 times the upper limit of normal", "R113"),
    ("condition", "ast ≤ 3 × uln", "R110"),
    ("condition", "cells ≥ 3×10⁷ cells", "R112"),
    ("condition", "ast ≤ 1 000 U/L", "R108"),
    ("condition", "screening ≥ 2 March 2026", "R118"),
    ("condition", "screening ≥ 2026/03/02", "R118"),
    ("condition", "screening ≥ 31/31/2026", "R118"),
    ("condition", "screening BETWEEN 2026-05-01 AND 2026-01-01", "R210"),
    ("condition", "age ≥ 18 years AND ≤ 75 years", "R104"),
    ("condition", "age BETWEEN 18–75 years", "R110"),
    ("condition", "lvef ≥", "R111"),
    ("condition", "infarction BEFORE", "R111"),
    ("condition", "asthma OR\n      eczema", "R111"),
    ("condition", "sex IN (\"female\")", "R116"),
    ("condition", "ast ≤ 3 mEq/L", "R401"),
    ("condition", "infarction ≤ screening", "R303"),
    ("condition", "infarction IS none", "R303"),
    ("condition", "failed_drugs IS none", "R303"),
    ("condition", "asthma WHERE (grade ≥ 2)", "R307"),
    ("condition", "(NOT infarction) WITHIN 6 months BEFORE screening", "R504"),
    ("condition", "E7", "R202"),
    ("example", "age = 5,3 years", "R112"),
    ("condition", "infarction >= 3 months before screening", "R119"),
    ("condition", "infarction at least 3 months ago", "R119"),
    ("condition", "age is 18 to 79 years", "R110"),
    ("condition", "lvef 35 – 50 %", "R110"),
    ("condition", "no asthma", "R110"),
    ("condition", "sex female", "R111"),
    ("condition", "sex female or male", "R111"),
    ("condition", "ast ≤ 3*ULN;", "R110"),
    ("condition", "any of asthma, eczema", "R110"),
    ("condition", "age >= 18 and age <= 79", "R110"),
    ("condition", "MAX(ast, ast) > 3 × ULN", "R405"),
    # names
    ("condition", "astma", "R201"),
    ("condition", "failed-drugs INCLUDES rituximab", "R201"),
    ("condition", "sex IS femal", "R204"),
    ("condition", "(2) AND asthma", "R202"),
    ("data", "height-cm \"height\" in cm", "R208"),
    # parentheses and quotes
    ("condition", "ANY(asthma, eczema", "R106"),
    ("condition", "asthma)", "R106"),
    ("criterion", "(1) \"Adult\n      age ≥ 18 years", "R109"),
    ("criterion", "(1) Age over 18 years\n      age ≥ 18 years", "R109"),
    ("criterion", "(1) 'Adult'\n      age ≥ 18 years", "R110"),
    ("criterion", "(1) “Adult”\n      age ≥ 18 years", "R110"),
    ("criterion", "(1) \"Patients with \"severe\" asthma\"\n      asthma", "R109"),
    ("criterion", "(1) Adult\"\n      age ≥ 18 years", "R109"),
    ("criterion", "(1) adult Aged 18 or over\"\n      age ≥ 18 years", "R109"),
    ("data", 'smoker smokes daily" yes/no', "R109"),
    ("data", 'smoker "smokes daily yes/no', "R109"),
    # pasted from a word processor, or typed on another keyboard
    ("criterion", "(1)\u00a0“Adult”\n      age\u00a0≥\u00a018 years", "R110"),
    ("criterion", "（1）\"成人\"\n      age ≥ 18 years", "R110"),
    ("condition", "ANY（asthma， eczema）", "R110"),
    ("condition", "age ≧ １８ years", "R110"),
    ("condition", "asthma\u200b", "R110"),
    # layout and markers
    ("criterion", "(1) \"Adult\"\n\t\tage ≥ 18 years", "R102"),
    ("criterion", "• \"Adult\"\n      age ≥ 18 years", "R117"),
    ("criterion", "1: \"Adult\"\n      age ≥ 18 years", "R117"),
    ("criterion", "1 \"Adult\"\n      age ≥ 18 years", "R117"),
    ("criterion", "(1). \"Adult\"\n      age ≥ 18 years", "R117"),
    ("criterion", "1.1 \"Adult\"\n      age ≥ 18 years", "R117"),
    ("criterion", "A. \"Adult\"\n      age ≥ 18 years", "R117"),
    ("criterion", "(1) or (2)\n  (1) \"a\"\n      asthma\n  (2) \"b\"\n      asthma", "R110"),
    ("criterion", "(1)..(2)\n  (1) \"a\"\n      asthma\n  (2) \"b\"\n      asthma", "R203"),
    ("criterion", "- \"Adult\"\n      age ≥ 18 years", "R117"),
    ("criterion", "(1) \"Adult\" age ≥ 18 years", "R114"),
    ("criterion", "(1) \"Adult\":\n      age ≥ 18 years", "R110"),
    ("criterion", "(1) \"Adult\"\n  age ≥ 18 years", "R708"),
    ("criterion", "ANY(② to ③)\n  ② \"a\"\n      asthma\n  ③ \"b\"\n      asthma", "R110"),
    ("criterion", "ANY(②-③)\n  ② \"a\"\n      asthma\n  ③ \"b\"\n      asthma", "R203"),
    ("criterion", "// a remark\n  (1) \"Adult\"\n      age ≥ 18 years", "R110"),
    ("criterion", "(1) \"Adult\"\n      IF asthma", "R104"),
    # data
    ("data", "weight \"weight\"", "R115"),
    ("data", "weight \"weight\" kg", "R115"),
    ("data", "smoker \"smoker\" boolean", "R115"),
    ("data", "smoker \"smoker\" Yes/No", "R115"),
    ("data", "visits \"visits\" integer", "R115"),
    ("data", "stage \"stage\" text", "R115"),
    ("data", "stage \"stage\" One of a, b", "R115"),
    ("data", "stage \"stage\" one of (a, b)", "R116"),
    ("data", "stage \"stage\" one of a b", "R116"),
    ("data", "stage \"stage\" one of a | b", "R116"),
    ("data", "stage \"stage\" one of \"a\", \"b\"", "R116"),
    ("data", "smoking \"smoking\" one of Non-smoker, smoker", "R116"),
    ("data", "stage \"stage\" one of 1, 2", "R116"),
    ("data", "stage \"stage\" one of a, b,\n  other \"other\" yes/no", "R111"),
    ("data", "NONE \"none of these\" yes/no", "R208"),
    ("data", "2nd_line \"second line\" yes/no", "R208"),
    ("data", "crp \"CRP\" repeated in mg/L\n      range 0..500\n      grade 0..4", "R209"),
    ("data", "weight: \"weight\" in kg", "R110"),
    ("data", "weight \"weight\" in kgs", "R401"),
    ("data", "weight \"weight\" in kg\n      range 20-300", "R110"),
    ("data", "weight \"weight\" in kg\n      range 20...300", "R110"),
    ("data", "weight \"weight\" in kg\n      code 29463-7", "R211"),
    ("data", 'sex "sex" male/female', "R115"),
    ("data", 'dbp "blood pressure" in', "R115"),
    ("criterion", '(1) "Adult"\n      age ≥ 18 years\n  (2)', "R707"),
    ("criterion", '(1) "Adult"\n      age ≥ 18 years\n  asthma\n  (2) "x"\n      asthma', "R708"),
    ("criterion", '(1) “Says “yes” to it”\n      asthma', "R110"),
    ("example", "screening = 2026-02-20 150 mmHg", "R110"),
    ("example", "age = 20 years\n  expect Eligible", "R110"),
    ("example", "age = 20 years\n  expect not eligible", "R807"),
    ("example", "age = 20 years\n  expect not Eligible", "R807"),
    # heads
    ("file", 'protocol S "S"\n  a "a" yes/no\n  b "b" yes/no\ninclusion\n  (1) "A"\n      yes\n', "R111"),
    ("file", 'protocol S "S"\ndata\n  a "a" yes/no\n  (1) "A"\n      a\n  (2) "B"\n      a\n', "R111"),
    ("file", 'protocol S "S"\ndata\na "a" yes/no\nb "b" yes/no\ninclusion\n  (1) "A"\n      yes\n', "R111"),
    ("file", "protocol SLIPS \"Slips\"\ndata\n  a \"a\" yes/no\nInclusion criteria:\n  (1) \"A\"\n      a\n", "R111"),
    ("file", "protocol SLIPS \"Slips\"\ndata\n  a \"a\" yes/no\nexclusoin\n  (1) \"A\"\n      a\n", "R111"),
    ("file", "protocol \"Slips\"\ndata\n  a \"a\" yes/no\ninclusion\n  (1) \"A\"\n      a\n", "R111"),
]  # fmt: skip


def checked(text: str) -> Checked:
    return check_source(Source("slips.rules", text))


def errors_of(text: str) -> list[Diagnostic]:
    return [each for each in checked(text).diagnostics if each.severity == "error"]


def written(place: str, slip: str) -> str:
    return PLACES[place].replace("{}", slip)


@pytest.mark.parametrize(("place", "slip", "code"), SLIPS)
def test_one_message_that_names_the_slip(place: str, slip: str, code: str) -> None:
    errors = errors_of(written(place, slip))
    said = "\n".join(each.as_text() for each in errors)
    assert len(errors) == 1 or all(each.code == code for each in errors), said
    assert errors[0].code == code, said
    assert errors[0].help, said


@pytest.mark.parametrize(("place", "slip", "code"), SLIPS)
def test_a_certain_fix_mends(place: str, slip: str, code: str) -> None:
    text = written(place, slip)
    first = errors_of(text)[0]
    result = mended(Source("slips.rules", text), lambda source: check_source(source).diagnostics)
    if any(fix.certain for fix in first.fixes):
        assert result.text != text
        assert first.message not in [each.message for each in errors_of(result.text)]
    else:
        assert result.text == text
    assert unreadable(result.text) <= unreadable(text), (
        "a mended line may show new errors, but never becomes unreadable"
    )


@pytest.mark.parametrize(("place", "slip", "code"), SLIPS)
def test_each_fix_on_offer_mends(place: str, slip: str, code: str) -> None:
    text = written(place, slip)
    first = errors_of(text)[0]
    for fix in first.fixes:
        after = errors_of(applied(text, [fix]))
        left = [each for each in after if (each.message, each.place.start) == (first.message, first.place.start)]
        assert not left, f"{fix.title}:\n{left[0].as_text()}"
        assert all(each.code != "R106" for each in after), f"{fix.title}: parentheses no longer match"


LONG = ("a", "a ", "a, ", "1 ", "1..", "(a ", "IF ", "a and ", "5 mg ", "2026-01-01 ", "- ", "a = ", "a-", " ")


@pytest.mark.parametrize("piece", LONG)
def test_a_long_line_gets_its_message(piece: str) -> None:
    """Whatever a line is filled with, reading it and looking for the slip takes no more than its length."""
    line = piece * (20_000 // len(piece)) + " $"
    for place in ("condition", "data", "example"):
        assert errors_of(written(place, f"x {line}"))
    assert errors_of(PLACES["criterion"].replace("{}", f'(1) "at least 5{line}"\n      age ≥ 18'))


def unreadable(text: str) -> int:
    return sum(each.code.startswith("R1") for each in errors_of(text))


def test_messages_and_fixes(golden: Callable[[str, str], None]) -> None:
    parts = []
    for place, slip, _ in SLIPS:
        text = written(place, slip)
        said = "\n".join(each.as_text() for each in errors_of(text))
        result = mended(Source("slips.rules", text), lambda source: check_source(source).diagnostics)
        before, after = text.splitlines(), result.text.splitlines()
        new = [line for line in after if line not in before]
        left = len(errors_of(result.text))
        fixed = "\n".join(f"+ {line}" for line in new) + (f"\n  ({left} left)" if left else "")
        by_hand = [fix.title for fix in errors_of(text)[0].fixes if not fix.certain]
        offered = f"offered: {'; '.join(by_hand)}\n" if by_hand else ""
        parts.append(f"{said}\n{offered}{fixed + chr(10) if new else ''}")
    golden("slips.txt", "\n".join(parts))
