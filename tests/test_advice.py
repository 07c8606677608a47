"""Warnings and remarks: rows of what is written, and the code that speaks of it; or none, where all is well.

Whole messages are in the pages of docs/codes. Each row: items, criteria, the codes among those looked for, words.
"""

from __future__ import annotations

import pytest

from rjdm_rules.language.diagnostics import Diagnostic
from rjdm_rules.language.source import Source
from rjdm_rules.protocol.check import check_source
from rjdm_rules.protocol.code_systems import wrong_code

DATA = {
    "screening": '"date of screening" date',
    "age": '"age" in years\n      range 0..120',
    "sex": '"sex" one of male, female',
    "asthma": '"asthma" yes/no',
    "eczema": '"eczema" yes/no',
    "consent": '"consent" yes/no',
    "ecog": '"ECOG" count\n      range 0..5',
    "hb": '"haemoglobin" in g/dL\n      range 2..25',
    "crea": '"creatinine" in mg/dL\n      range 0..50\n      molar mass 113.12 g/mol',
    "ast": '"AST" in U/L with ULN\n      range 0..9999',
    "mets": '"liver metastases" yes/no',
    "lk": '"leukaemia" one of all, aml, cml',
    "drugs": '"drugs" several of mtx, csa, other',
    "stroke": '"stroke" event',
    "infection": '"infection" event\n      site one of skin, lung',
    "preg": '"pregnancy" yes/no',
    "ptest": '"pregnancy test" one of negative, positive',
    "lactate": '"serum lactate" in mmol/L\n      range 0..40',
}


def found(
    inclusion: str, exclusion: str = "", define: str = "", extra: str = "", sentence: str = "s"
) -> list[Diagnostic]:
    """The findings of a protocol whose criteria are lines, with the items that they name."""
    lines = [line for line in inclusion.split(" ; ") if line], [line for line in exclusion.split(" ; ") if line]
    text = 'protocol T "t"\ndata\n' + "".join(f"  {name} {kind}\n" for name, kind in DATA.items()) + extra
    text += f"define\n  {define}\n" if define else ""
    for block, conditions in zip(("inclusion", "exclusion"), lines, strict=True):
        if conditions:
            text += f"{block}\n" + "".join(f'  ({n}) "{sentence}"\n      {c}\n' for n, c in enumerate(conditions, 1))
    checked = check_source(Source("t.rules", text))
    assert checked.protocol is not None, "\n".join(each.as_text() for each in checked.diagnostics)
    return checked.diagnostics


def said(findings: list[Diagnostic], code: str) -> str:
    return "\n".join(f"{each.message} {each.help}" for each in findings if each.code == code)


BOUNDS = [
    # inclusion, exclusion, code, words (none: silent)
    ("age ≥ 18 years ; age ≥ 16 years", "", "R910", "`age ≥ 16 years` in I2 says nothing new"),
    ("age ≥ 16 years ; age ≥ 18 years", "", "R910", "`age ≥ 16 years` in I1 says nothing new"),
    ("age ≥ 18 years ; age ≤ 70 years", "", "R910", None),
    ("age ≥ 18 years ; age BETWEEN 12 years AND 70 years", "", "R910", None),
    ("age BETWEEN 12 years AND 70 years ; age ≥ 10 years", "", "R910", "`age ≥ 10 years`"),
    ("age ≥ 18 years", "age < 18 years", "R910", "E1 excludes nobody by `age < 18 years`: I1 lets no such patient in"),
    ("asthma", "NOT asthma", "R910", "E1 excludes nobody"),
    ("asthma ; asthma AND eczema", "", "R910", "follows from"),
    ("lk IN (all, aml)", "lk IS cml", "R910", "E1 excludes nobody"),
    ("asthma", "stroke ; stroke WITHIN 6 months BEFORE screening", "R910", "in E2 says nothing new"),
    ("asthma", "stroke WITHIN 6 months BEFORE screening ; stroke WITHIN 1 year BEFORE screening", "R910", "in E1 says nothing new"),
    ("asthma", "stroke WITHIN 6 months BEFORE screening ; stroke WITHIN 1 year AFTER screening", "R910", None),
    ("ANY(age ≥ 18 years, asthma) ; age ≥ 16 years", "", "R910", None),
    ("age ≥ 18 years ; age < 12 years", "", "R911", "contradicts"),
    ("age BETWEEN 12 years AND 17 years", "age < 18 years", "R911", "E1 excludes everybody whom I1 asks for"),
    ("age > 18 years ; age < 70 years ; age BETWEEN 71 years AND 80 years", "", "R911", "nobody can be eligible"),
    ("sex IS female", "sex IS female", "R911", "E1 excludes everybody"),
    ("lk IS NOT cml ; lk IS cml", "", "R911", "contradicts"),
    ("drugs INCLUDES mtx", "drugs INCLUDES mtx", "R911", "E1 excludes everybody"),
    ("COUNT(drugs) < 1 ; COUNT(drugs) > 0", "", "R911", "contradicts"),
    ("age ≥ 18 years", "age > 70 years", "R911", None),
    ("sex IS female", "sex IS male", "R911", None),
    # R909
    ("hb ≥ 90 g/dL", "", "R909", "never true: `hb` goes from 2 to 25 g/dL"),
    ("hb ≥ 2 g/dL", "", "R909", "always true"),
    ("crea ≤ 8000 umol/L", "", "R909", "always true: `crea` goes from 0 to 50 mg/dL"),
    ("age BETWEEN 18 years AND 140 years", "", "R909", "the upper end `140 years` is never reached"),
    ("age BETWEEN 130 years AND 140 years", "", "R909", "is never true"),
    ("ecog BETWEEN 0 AND 1", "", "R909", None),
    ("ecog ≠ 7", "", "R909", "always true"),
    ("MAX(hb, 3 g/dL) ≥ 30 g/dL", "", "R909", None),
    ("FIRST KNOWN OF (hb, hb) ≥ 30 g/dL", "", "R909", "never true"),
    ("COUNT(drugs) ≥ 4", "", "R909", "never true"),
    ("ast ≤ 3 × ULN", "", "R909", None),
]  # fmt: skip


@pytest.mark.parametrize(("inclusion", "exclusion", "code", "words"), BOUNDS)
def test_bounds(inclusion: str, exclusion: str, code: str, words: str | None) -> None:
    findings = said(found(inclusion, exclusion), code)
    assert words in findings if words else not findings, findings


def test_bounds_through_definitions() -> None:
    adult = 'adult "adult" = age ≥ 18 years'
    assert "contradicts" in said(found("adult ; age ≤ 16 years", define=adult), "R911")


PREGNANCY = [
    ("asthma", "preg", "", "write `sex IS female AND …`"),
    ("ptest IS negative", "", "", "write `IF sex IS female THEN …`"),
    ("IF sex IS female THEN ptest IS negative", "", "", None),
    ("sex IS female", "preg", "", None),
    ("asthma", "sex IS female AND preg", "", None),
    ("preg IS KNOWN", "", "", None),
    ("FIRST KNOWN OF (preg, asthma)", "", "", None),
    ("lactate ≤ 4 mmol/L", "", "", None),
    ("asthma", "unfit", '  unfit "drug not allowed in pregnancy" yes/no\n', None),
    ("asthma", "p2 IS positive", '  p2 "urine pregnancy test" one of negative, positive, na "not applicable"\n', None),
    ("asthma", "p2 IS pregnant", '  p2 "pregnancy by test" one of pregnant, not_pregnant\n', "a man without it"),
    ("asthma", "p2", '  p2 "early pregnancy" event\n', "a man without it"),
    ("asthma", "p2 > 5 m[IU]/mL", '  p2 "beta-hCG" in m[IU]/mL\n      range 0..10^6\n', "a man without it"),
    ("asthma", "p2", '  p2 "pregnancy now" yes/no\n      otherwise no\n', None),
]


@pytest.mark.parametrize(("inclusion", "exclusion", "extra", "words"), PREGNANCY)
def test_pregnancy_and_sex(inclusion: str, exclusion: str, extra: str, words: str | None) -> None:
    findings = said(found(inclusion, exclusion, extra=extra), "R907")
    assert words in findings if words else not findings, findings


LOGIC = [
    ("ast ≤ 3 × ULN EXCEPT mets", "", "R906", "write WAIVED IF; where it shuts out, AND NOT"),
    ("ast ≤ 3 × ULN WAIVED IF mets", "", "R906", None),
    ("asthma EXCEPT eczema", "", "R906", None),
    ("asthma", "asthma EXCEPT eczema", "R906", None),
    ("asthma", "ast > 3 × ULN WAIVED IF mets", "R906", "excludes every patient with `mets`"),
    ("NOT infection EXCEPT infection WHERE (site IS skin)", "", "R906", None),
    ("NOT infection EXCEPT infection WHERE (site IS skin)", "", "R903", "`infection WHERE (NOT (site IS skin))`"),
    ("ast ≤ 3 × ULN WAIVED IF (mets EXCEPT eczema)", "", "R906", None),
    ("asthma", "NOT consent", "R914", "for whom `consent` does not hold"),
    ("asthma", "sex IS NOT male", "R914", "for whom `sex IS male` does not hold"),
    ("asthma", "NONE(asthma, eczema)", "R914", "none of `asthma`, `eczema` holds if those for whom one of these holds"),
    ("asthma", "NOT asthma AND NOT eczema", "R914", "none of `asthma`, `eczema` holds"),
    ("asthma", "NOT asthma AND eczema", "R914", None),
    ("asthma", "asthma", "R914", None),
    ("NOT asthma", "", "R914", None),
]


LOGIC += [
    ("asthma", "stroke OR infection WITHIN 6 months BEFORE screening", "R918", "`ANY(stroke, infection) WITHIN 6 months BEFORE"),
    ("asthma", "asthma OR infection WITHIN 6 months BEFORE screening", "R918", None),
    ("asthma", "ANY(stroke, infection) WITHIN 6 months BEFORE screening", "R918", None),
    ("asthma", "stroke OR (infection WITHIN 6 months BEFORE screening)", "R918", None),
    ("asthma", "stroke WITHIN 1 year BEFORE screening OR infection WITHIN 6 months BEFORE screening", "R918", None),
]  # fmt: skip


@pytest.mark.parametrize(("inclusion", "exclusion", "code", "words"), LOGIC)
def test_logic(inclusion: str, exclusion: str, code: str, words: str | None) -> None:
    findings = said(found(inclusion, exclusion), code)
    assert words in findings if words else not findings, findings


SENTENCES = [
    ("Stroke within 3 months", "stroke WITHIN 90 days BEFORE screening", "R905", "says 3 months, and the window counts 90 days"),
    ("Stroke within 3 months", "stroke WITHIN 3 months BEFORE screening", "R905", None),
    ("Stroke within three months", "stroke WITHIN 12 weeks BEFORE screening", "R905", "says 3 months"),
    ("Stroke within the last year", "stroke WITHIN 365 days BEFORE screening", "R905", "says 1 year"),
    ("Stroke within half a year", "stroke WITHIN 180 days BEFORE screening", "R905", "says 6 months"),
    ("Stroke within 6 months (180 days)", "stroke WITHIN 180 days BEFORE screening", "R905", None),
    ("Stroke within 6 months (180 days)", "stroke WITHIN 180 days BEFORE screening", "R902", None),
    ("Stroke within 2.5 years", "stroke WITHIN 1800 days BEFORE screening", "R905", None),
    ("1 month or older; stroke in the last thirty days", "stroke WITHIN 30 days BEFORE screening", "R905", None),
    ("Stroke within 90 days", "stroke WITHIN 90 days BEFORE screening", "R905", None),
    ("Aged 18 years", "age ≥ 17 years", "R902", "says 18, its condition 17"),
    ("ECOG 0 or 1", "ecog ≤ 1", "R902", None),
    ("After 2 March 2026", "screening > 2026-03-02", "R902", None),
    ("Stroke within eighteen months", "stroke WITHIN 18 months BEFORE screening", "R902", None),
    ("Stroke or GLP-1 agonists within 18 months", "stroke WITHIN 18 months BEFORE screening", "R902", None),
    ("Stroke within 17-18 months", "stroke WITHIN 18 months BEFORE screening", "R902", "says 17"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "condition", "code", "words"), SENTENCES)
def test_sentences(sentence: str, condition: str, code: str, words: str | None) -> None:
    findings = said(found(condition, sentence=sentence), code)
    assert words in findings if words else not findings, findings


LABELS = [
    ("lung involvement", "involvement of the lung", True),
    ("skin ulcer", "skin ulcers", True),
    ("muscle oedema", "muscle edema", True),
    ("breast-feeding", "breastfeeding", True),
    ("liver metastasis", "liver metastases", True),
    ("CRP", "C-reactive protein (CRP)", True),
    ("urine test", "blood test", False),
    ("hepatitis B virus DNA", "hepatitis C virus RNA", False),
    ("CD4+ T cells", "CD4- T cells", False),
    ("weight gain > 5 %", "weight gain < 5 %", False),
    ("CD4 count (screening)", "CD4 count (baseline)", False),
    ("influenza A", "influenza", False),
    ("time from diagnosis to relapse", "time from relapse to diagnosis", False),
    ("therapy 1", "therapy 2", False),
    ("facial palsy", "fascial palsy", False),
]


@pytest.mark.parametrize(("one", "other", "alike"), LABELS)
def test_labels_that_say_the_same(one: str, other: str, alike: bool) -> None:
    extra = f'  one "{one}" yes/no\n  other "{other}" yes/no\n'
    assert bool(said(found("ANY(one, other)", extra=extra), "R912")) is alike


CODES = [
    ("LOINC", "10230-1", ""),
    ("LOINC", "10230-2", "its check digit would be 1"),
    ("LOINC", "LP14355-9", ""),
    ("loinc", "1920", "as in 2160-0"),
    ("SNOMED", "22298006", ""),
    ("SNOMED-CT", "22298007", "check digit"),
    ("ICD-10", "M33.0", ""),
    ("ICD-10", "I219", "behind a point"),
    ("ICD10CM", "M33.00", ""),
    ("ATC", "L04AX03", ""),
    ("ATC", "L4AX03", "such as L04AX03"),
    ("MedDRA", "10028596", ""),
    ("MedDRA", "28596", "eight digits"),
    ("HOUSE", "anything", ""),
]


@pytest.mark.parametrize(("system", "code", "words"), CODES)
def test_shapes_of_codes(system: str, code: str, words: str) -> None:
    wrong = wrong_code(system, code)
    assert words in wrong if words else not wrong, wrong


# ---- silencing -----------------------------------------------------------------------------------------------------

SILENCED = 'protocol T "t"\ndata\n{data}  asthma "asthma" yes/no\ninclusion\n{above}  (1) "Aged 18"{behind}\n      asthma\n{end}'
ALLOWED = [
    # above, behind, codes that are left among R902, R916, R917
    ("", "", ["R902"]),
    ("  # allow R902: the sentence is the registry's\n", "", []),
    ("", "  # allow R902: the sentence is the registry's", []),
    ("  # allow R902, R907: the sentence is the registry's\n", "", ["R917"]),
    ("  # allow R902\n", "", ["R902", "R916"]),
    ("  # allow R902:\n", "", ["R902", "R916"]),
    ("  # allow R902 – because\n", "", ["R902", "R916"]),
    ("  # allow: R902 because\n", "", ["R902", "R916"]),
    ("  # Allow r902: the sentence is the registry's\n", "", []),
    ("  # allow R101: no\n", "", ["R902", "R916"]),
    ("  # allow R99: no\n", "", ["R902", "R916"]),
    ("  # allow what is written\n", "", ["R902"]),
]


@pytest.mark.parametrize(("above", "behind", "left"), ALLOWED)
def test_what_is_allowed(above: str, behind: str, left: list[str]) -> None:
    text = SILENCED.format(data="", above=above, behind=behind, end="")
    codes = [each.code for each in check_source(Source("t.rules", text)).diagnostics]
    assert sorted(set(codes) & {"R902", "R916", "R917"}) == left


def test_an_allowance_covers_what_is_indented_below() -> None:
    numbers = '  # allow R908: ranges are checked at data entry\n  n "n" in cm\n  m "m" in cm\n'
    text = SILENCED.format(data=numbers, above="", behind="", end="")
    assert [each.place.line for each in check_source(Source("t", text)).diagnostics if each.code == "R908"] == [5]
    whole = text.replace("data\n  # allow", "# allow").replace("entry\n", "entry\ndata\n")
    assert not [each for each in check_source(Source("t", whole)).diagnostics if each.code == "R908"]


def test_an_allowance_at_the_end_of_the_file() -> None:
    text = SILENCED.format(data="", above="", behind="", end="# allow R902: nothing below\n")
    assert "R917" in [each.code for each in check_source(Source("t.rules", text)).diagnostics]


def test_an_error_is_never_silenced() -> None:
    text = SILENCED.format(data="", above="  # allow R902: so\n", behind="", end="").replace(
        "      asthma\n", "      astma\n"
    )
    assert "R201" in [each.code for each in check_source(Source("t.rules", text)).diagnostics]


DIRECTIONS = [  # sentence, condition, in an exclusion, whether they point apart
    ("LVEF at least 55 %", "lvef ≤ 55 %", False, True),
    ("LVEF at least 55 %", "lvef ≥ 55 %", False, False),
    ("LVEF not below 55 %", "lvef ≥ 55 %", False, False),
    ("No LVEF of 55 % or above", "lvef < 55 %", False, False),
    ("LVEF below 55 %", "NOT lvef ≥ 55 %", True, False),
    ("LVEF below 55 %", "NOT lvef < 55 %", True, True),
    ("LVEF 55 % or more", "lvef < 55 %", False, True),
    ("LVEF from 40 % to 55 %", "lvef BETWEEN 40 % AND 55 %", False, False),
    ("Stroke within 6 months before screening", "stroke WITHIN 6 months AFTER screening", True, True),
    ("Stroke within 6 months before screening", "stroke AT LEAST 6 months BEFORE screening", True, True),
    ("No stroke within 6 months before screening", "last AT LEAST 6 months BEFORE screening", False, False),
    ("Stroke within 6 months before screening", "stroke WITHIN 6 months BEFORE screening", True, False),
    ("More than 2 strokes in the year before screening", "COUNT(stroke WITHIN 1 year BEFORE screening) > 2", True, False),
    ("More than 2 strokes in the year before screening", "COUNT(stroke WITHIN 1 year BEFORE screening) < 2", True, True),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "condition", "exclusion", "apart"), DIRECTIONS)
def test_a_condition_that_points_the_other_way(sentence: str, condition: str, exclusion: bool, apart: bool) -> None:
    text = f'''protocol T "t"
data
  screening "screening" date
  lvef "LVEF" in %
      range 0..100
  stroke "stroke" event
  last "last stroke" date
{"exclusion" if exclusion else "inclusion"}
  (1) "{sentence}"
      {condition}
'''
    found = [each for each in check_source(Source("t.rules", text)).diagnostics if each.code == "R921"]
    assert bool(found) is apart, [each.message for each in found]
