"""The RJDM protocol written by hand as Polars expressions: the yardstick of the population benchmark.

It gives verdict and outcomes of a population as `rjdm synthesize` makes it, without checking the data: three-valued,
with calendar windows, list columns, other units and limits of normal; in floating-point numbers, so that borders may
come out wrong where RJDM's do not.
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

import polars as pl

OUTCOMES = pl.Enum(["met", "not met", "unknown", "not applicable"])
VERDICTS = pl.Enum(["eligible", "ineligible", "undetermined"])
c = pl.col
Expr = pl.Expr


def every(*parts: Expr) -> Expr:
    return reduce(and_, parts)


def some(*parts: Expr) -> Expr:
    return reduce(or_, parts)


def at_least(n: int, *parts: Expr) -> Expr:
    certain = reduce(lambda a, b: a + b, [each.fill_null(False).cast(pl.UInt8) for each in parts])
    possible = reduce(lambda a, b: a + b, [each.fill_null(True).cast(pl.UInt8) for each in parts])
    return pl.when(certain >= n).then(True).when(possible < n).then(False)


def months_before(day: Expr, months: int) -> Expr:
    return day.dt.offset_by(f"-{months}mo")


def in_window(event: str, low: Expr, high: Expr) -> Expr:
    """Any date of a list from low to high: unknown for no list, and where a date is missing and no other fits."""
    width = (high.cast(pl.Int32) - low.cast(pl.Int32)) + 1
    place = (c(event).cast(pl.List(pl.Int32)) - low.cast(pl.Int32)) // width
    missing = c(event).list.eval(pl.element().is_null()).list.any()
    return pl.when(place.list.contains(0)).then(True).when(c(event).is_null() | missing).then(None).otherwise(False)


def codes(event: str, field: str, than: Expr, test: str) -> Expr:
    """For each occurrence 2 where a field is at or below (above) a value of the patient, 1 where unknown, else 0."""
    values = c(event).list.eval(pl.element().struct.field(field).cast(pl.Int32)) - than.cast(pl.Int32)
    element = pl.element()
    holds = element <= 0 if test == "≤" else element >= 0
    return values.list.eval(pl.when(holds).then(2).when(element.is_null()).then(1).otherwise(0).cast(pl.Int32))


def any_course(event: str, *parts: Expr) -> Expr:
    """Whether all parts hold for one occurrence."""
    product = reduce(lambda a, b: a * b, parts)
    most = product.list.max().fill_null(0)
    return (
        pl.when(c(event).is_null()).then(None).when(most == 2 ** len(parts)).then(True).when(most > 0).then(None)
        .otherwise(False)
    )  # fmt: skip


def conditions() -> dict[str, Expr]:
    """The truth of each criterion and child."""
    age = pl.coalesce(c("age"), ((c("screening") - c("birth_date")).dt.total_days() / 365.25).floor())
    signs = [c(n) for n in ("proximal_weakness", "biopsy_typical", "enzymes_raised", "emg_typical")]
    bohan = (
        pl.when(c("bohan_peter").is_not_null()).then(c("bohan_peter").is_in(["probable", "definite"]))
        .when(~c("rash_typical")).then(False).otherwise(c("rash_typical") & at_least(2, *signs))
    )  # fmt: skip
    factor = c("gc_drug").replace_strict(
        {"prednisone": 1.0, "prednisolone": 1.0, "methylprednisolone": 1.25, "triamcinolone": 1.25,
         "dexamethasone": 5 / 0.75, "hydrocortisone": 0.25, "cortisone": 0.2}, return_dtype=pl.Float64,
    )  # fmt: skip
    core = at_least(
        2, c("phga") >= 2, c("ptga") >= 2, c("das") >= 2, c("chaq") >= 0.25,
        c("muscle_enzyme") > 1.5 * c("muscle_enzyme_uln"),
    )  # fmt: skip
    creatinine = pl.when(c("creatinine_unit") == "umol/L").then(c("creatinine") * 0.011312).otherwise(c("creatinine"))
    egfr = pl.coalesce(c("egfr"), 0.413 * c("height") / creatinine)
    waived = c("liver_due_to_disease")
    organs = {
        "I5.cardiac": (c("lvef") >= 55) & ~c("ecg_abnormal"),
        "I5.renal": egfr >= 30,
        "I5.liver": every(
            (c("ast") <= 3 * c("ast_uln")) | waived,
            (c("alt") <= 3 * c("alt_uln")) | waived,
            (c("bilirubin") <= 2 * c("bilirubin_uln")) | waived,
        ),
        "I5.lung": c("spo2") >= 92,
    }
    three = {
        "I3.1": every(
            c("gc_failed"), c("gc_dose") * factor >= 1, c("gc_duration") >= 6,
            c("failed_immunosuppressants").list.len() >= 2,
        ),
        "I3.2": some(*(c(n) for n in ("rapid_progression", "lung_involvement", "heart_involvement", "gut_involvement",
                                      "other_organ_involvement"))),
        "I3.3": c("calcinosis"),
        "I3.4": c("recurrent_rash"),
        "I3.5": c("muscle_weakness") & (c("mri_diffuse_edema") | (c("cmas") < 48)) & core,
    }  # fmt: skip
    screening, enrollment = c("screening"), c("enrollment")
    back = {months: months_before(screening, months) for months in (3, 6)}
    trial_from = months_before(enrollment, 3)
    gvhd_from = screening - pl.duration(days=14)
    infected = some(c("hbsag") == "positive", c("hbcab") == "positive")
    return {
        "I1": age >= 5,
        "I2": bohan,
        **three,
        "I3": three["I3.1"] & some(three["I3.2"], three["I3.3"], three["I3.4"], three["I3.5"]),
        "I4": c("imnm") & ((c("anti_srp") == "positive") | (c("anti_hmgcr") == "positive")),
        **organs,
        "I5": every(*organs.values()),
        "I7": (c("consent_by").list.len() >= 1) & c("consent_signed"),
        "E1": c("prior_car_t") & ~c("car_t_risk_eliminated"),
        "E2": c("primary_immunodeficiency")
        | (c("secondary_immunodeficiency") & ~c("secondary_immunodeficiency_corrected")),
        "E3": some(c("serious_infection"), c("tb") != "none", c("viral_hepatitis_active")),
        "E4": (c("active_malignancy") | c("past_malignancy")) & ~c("cured_basal_cell_carcinoma"),
        "E5": some(
            c("congenital_heart_disease"), in_window("acute_mi", back[6], screening), c("severe_arrhythmia"),
            c("pericardial_effusion").is_in(["moderate", "large"]), c("severe_myocarditis"),
            c("other_heart_disease"), c("vasopressors_needed"),
        ),
        "E6": c("other_immunosuppression_need"),
        "E7": some(
            in_window("organ_transplant", back[3], screening),
            in_window("hsct", back[3], screening),
            any_course(
                "acute_gvhd",
                c("acute_gvhd").list.eval(
                    pl.when(pl.element().struct.field("grade") >= 2).then(2)
                    .when(pl.element().struct.field("grade").is_null()).then(1).otherwise(0).cast(pl.Int32)
                ),
                codes("acute_gvhd", "date", screening, "≤"),
                codes("acute_gvhd", "until", gvhd_from, "≥"),
            ),
        ),
        "E8": some(
            infected & (c("hbv_dna") > c("hbv_dna_uln")),
            (c("hcv_ab") == "positive") & (c("hcv_rna") > c("hcv_rna_uln")),
            c("hiv_ab") == "positive", c("syphilis_test") == "positive",
        ),
        "E9": in_window("live_vaccine", screening - pl.duration(days=28), screening),
        "E10": c("blood_pregnancy_test") == "positive",
        "E11": any_course(
            "other_trial", codes("other_trial", "date", enrollment, "≤"), codes("other_trial", "until", trial_from, "≥")
        ),
        "E12": c("unsuitable"),
    }  # fmt: skip


def word(truth: Expr) -> Expr:
    def lit(text: str) -> Expr:
        return pl.lit(text, dtype=OUTCOMES)

    return pl.when(truth).then(lit("met")).when(~truth).then(lit("not met")).otherwise(lit("unknown"))


ORDER = (
    "I1", "I2", "I3", "I3.1", "I3.2", "I3.3", "I3.4", "I3.5", "I4", "I5", "I5.cardiac", "I5.renal", "I5.liver",
    "I5.lung", "I6", "I7", *(f"E{n}" for n in range(1, 13)),
)  # fmt: skip


def screened(population: pl.LazyFrame) -> pl.LazyFrame:
    """Id, verdict, and the outcome of every criterion and child."""
    truths = conditions()
    applies = (c("sex") == "female") & c("childbearing_potential")
    asked = (c("urine_pregnancy_test") == "negative") & c("contraception_agreed")
    staged = population.with_columns(**truths).with_columns(applies=applies, asked=asked)
    staged = staged.with_columns(I6=~c("applies") | c("asked"))
    included = every(c("I1"), some(c("I2") & c("I3"), c("I4")), c("I5"), c("I6"), c("I7"))
    excluded = some(*(c(f"E{n}") for n in range(1, 13)))
    staged = staged.with_columns(fine=included & ~excluded)
    verdict = (
        pl.when(c("fine")).then(pl.lit("eligible", dtype=VERDICTS))
        .when(~c("fine")).then(pl.lit("ineligible", dtype=VERDICTS))
        .otherwise(pl.lit("undetermined", dtype=VERDICTS))
    )  # fmt: skip
    words = {name: word(c(name)) for name in ORDER}
    words["I6"] = pl.when(~c("applies")).then(pl.lit("not applicable", dtype=OUTCOMES)).otherwise(word(c("asked")))
    return staged.select("id", verdict=verdict, **words)
