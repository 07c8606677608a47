"""The RJDM protocol written by hand as one SQL query for DuckDB: a yardstick of the conditions alone.

It says what `by_hand.py` says: verdict and outcomes of a population as `rjdm synthesize` makes it, in floating-point
numbers, without checking the data.
"""

from __future__ import annotations


def _at_least(n: int, *parts: str) -> str:
    certain = " + ".join(f"CAST(coalesce({each}, false) AS TINYINT)" for each in parts)
    possible = " + ".join(f"CAST(coalesce({each}, true) AS TINYINT)" for each in parts)
    return f"CASE WHEN {certain} >= {n} THEN true WHEN {possible} < {n} THEN false END"


def _in_window(event: str, low: str, high: str) -> str:
    fits = f"len(list_filter({event}, lambda d: d BETWEEN {low} AND {high})) > 0"
    missing = f"len(list_filter({event}, lambda d: d IS NULL)) > 0"
    return f"CASE WHEN {fits} THEN true WHEN {event} IS NULL OR {missing} THEN NULL ELSE false END"


def _any_course(event: str, holds: str) -> str:
    fits = f"len(list_filter({event}, lambda o: {holds})) > 0"
    missing = f"len(list_filter({event}, lambda o: ({holds}) IS NULL)) > 0"
    return f"CASE WHEN {fits} THEN true WHEN {event} IS NULL OR {missing} THEN NULL ELSE false END"


def _every(*parts: str) -> str:
    return "(" + " AND ".join(f"({each})" for each in parts) + ")"


def _some(*parts: str) -> str:
    return "(" + " OR ".join(f"({each})" for each in parts) + ")"


def _conditions() -> dict[str, str]:
    """The truth of each criterion and child."""
    signs = ("proximal_weakness", "biopsy_typical", "enzymes_raised", "emg_typical")
    bohan = (
        "CASE WHEN bohan_peter IS NOT NULL THEN bohan_peter IN ('probable', 'definite') "
        f"WHEN NOT rash_typical THEN false ELSE rash_typical AND ({_at_least(2, *signs)}) END"
    )
    factor = (
        "CASE gc_drug WHEN 'prednisone' THEN 1.0 WHEN 'prednisolone' THEN 1.0 WHEN 'methylprednisolone' THEN 1.25 "
        "WHEN 'triamcinolone' THEN 1.25 WHEN 'dexamethasone' THEN 5 / 0.75 WHEN 'hydrocortisone' THEN 0.25 "
        "WHEN 'cortisone' THEN 0.2 END"
    )
    core = _at_least(2, "phga >= 2", "ptga >= 2", "das >= 2", "chaq >= 0.25", "muscle_enzyme > 1.5 * muscle_enzyme_uln")
    creatinine = "CASE WHEN creatinine_unit = 'umol/L' THEN creatinine * 0.011312 ELSE creatinine END"
    three = {
        "I3.1": _every(
            "gc_failed", f"gc_dose * {factor} >= 1", "gc_duration >= 6", "len(failed_immunosuppressants) >= 2"
        ),
        "I3.2": _some(
            "rapid_progression", "lung_involvement", "heart_involvement", "gut_involvement", "other_organ_involvement"
        ),
        "I3.3": "calcinosis",
        "I3.4": "recurrent_rash",
        "I3.5": f"muscle_weakness AND (mri_diffuse_edema OR cmas < 48) AND ({core})",
    }
    organs = {
        "I5.cardiac": "lvef >= 55 AND NOT ecg_abnormal",
        "I5.renal": f"coalesce(egfr, 0.413 * height / ({creatinine})) >= 30",
        "I5.liver": _every(
            "ast <= 3 * ast_uln OR liver_due_to_disease",
            "alt <= 3 * alt_uln OR liver_due_to_disease",
            "bilirubin <= 2 * bilirubin_uln OR liver_due_to_disease",
        ),
        "I5.lung": "spo2 >= 92",
    }
    three_months, six_months = "screening - INTERVAL 3 MONTHS", "screening - INTERVAL 6 MONTHS"
    return {
        "I1": "coalesce(age, floor((screening - birth_date) / 365.25)) >= 5",
        "I2": bohan,
        **three,
        "I3": f'({three["I3.1"]}) AND {_some(three["I3.2"], three["I3.3"], three["I3.4"], three["I3.5"])}',
        "I4": "imnm AND (anti_srp = 'positive' OR anti_hmgcr = 'positive')",
        **organs,
        "I5": _every(*organs.values()),
        "I7": "len(consent_by) >= 1 AND consent_signed",
        "E1": "prior_car_t AND NOT car_t_risk_eliminated",
        "E2": "primary_immunodeficiency OR (secondary_immunodeficiency AND NOT secondary_immunodeficiency_corrected)",
        "E3": "serious_infection OR tb <> 'none' OR viral_hepatitis_active",
        "E4": "(active_malignancy OR past_malignancy) AND NOT cured_basal_cell_carcinoma",
        "E5": _some(
            "congenital_heart_disease", _in_window("acute_mi", six_months, "screening"), "severe_arrhythmia",
            "pericardial_effusion IN ('moderate', 'large')", "severe_myocarditis", "other_heart_disease",
            "vasopressors_needed",
        ),
        "E6": "other_immunosuppression_need",
        "E7": _some(
            _in_window("organ_transplant", three_months, "screening"),
            _in_window("hsct", three_months, "screening"),
            _any_course("acute_gvhd", "o.grade >= 2 AND o.date <= screening AND o.until >= screening - 14"),
        ),
        "E8": _some(
            "(hbsag = 'positive' OR hbcab = 'positive') AND hbv_dna > hbv_dna_uln",
            "hcv_ab = 'positive' AND hcv_rna > hcv_rna_uln", "hiv_ab = 'positive'", "syphilis_test = 'positive'",
        ),
        "E9": _in_window("live_vaccine", "screening - 28", "screening"),
        "E10": "blood_pregnancy_test = 'positive'",
        "E11": _any_course("other_trial", "o.date <= enrollment AND o.until >= enrollment - INTERVAL 3 MONTHS"),
        "E12": "unsuitable",
    }  # fmt: skip


def query(table: str) -> str:
    """Id, verdict, and the outcome of every criterion and child."""
    truths = ",\n  ".join(f'{condition} AS "{name}"' for name, condition in _conditions().items())
    words = ",\n  ".join(
        f"CASE WHEN \"{name}\" THEN 'met' WHEN NOT \"{name}\" THEN 'not met' ELSE 'unknown' END AS \"{name}\""
        for name in _conditions()
    )
    included = "I1 AND ((I2 AND I3) OR I4) AND I5 AND (NOT applies OR asked) AND I7"
    excluded = " OR ".join(f"E{n}" for n in range(1, 13))
    return f"""WITH truths AS (SELECT id,
  sex = 'female' AND childbearing_potential AS applies,
  urine_pregnancy_test = 'negative' AND contraception_agreed AS asked,
  {truths} FROM {table}),
decided AS (SELECT *, ({included}) AND NOT ({excluded}) AS fine FROM truths)
SELECT id, CASE WHEN fine THEN 'eligible' WHEN NOT fine THEN 'ineligible' ELSE 'undetermined' END AS verdict,
  CASE WHEN NOT applies THEN 'not applicable' WHEN NOT applies OR asked THEN 'met'
       WHEN applies AND NOT asked THEN 'not met' ELSE 'unknown' END AS "I6",
  {words} FROM decided"""
