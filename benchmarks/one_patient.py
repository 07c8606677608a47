"""How fast one patient is: the compiled rules against a nested function written by hand for the same verdict.

    python benchmarks/one_patient.py

Prints, for the RJDM protocol and the made-up patients of the tests: the time of `decide` on a prepared record (verdict
and all criteria), the yardstick (verdict only), their ratio; and the time from a JSON line to a line of JSON.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from rjdm_rules import load
from rjdm_rules.evaluation.decoding import decoded_record
from rjdm_rules.evaluation.results import encoded

CASES = Path(__file__).parent.parent / "tests" / "data" / "rjdm_patients.jsonl"
ROUNDS = 25
FACTORS = {
    "prednisone": 1.0, "prednisolone": 1.0, "methylprednisolone": 1.25, "triamcinolone": 1.25,
    "dexamethasone": 5 / 0.75, "hydrocortisone": 0.25, "cortisone": 0.2,
}  # fmt: skip


def best(function: Callable[[Any], Any], things: list[Any]) -> float:
    """The least mean time of one call, in microseconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for thing in things:
            function(thing)
        times.append(time.perf_counter() - start)
    return min(times) / len(things) * 1e6


class Plain:
    """A prepared record for the yardstick: numbers as floats in the declared unit, multiples of ULN worked out."""

    def __init__(self, record: dict[str, Any], protocol: Any) -> None:
        from rjdm_rules.evaluation.facts import Measured
        from rjdm_rules.evaluation.records import read_record

        facts, _ = read_record(protocol.model, record)
        for name, item in protocol.model.items.items():
            held = facts.get(name)
            if isinstance(held, Measured):
                value = None if held.value.unknown else float(held.value.low)
                times = held.multiple("ULN")
                setattr(self, f"{name}_times", None if times.unknown else float(times.low))
                held = value
            elif item.kind in ("quantity", "number", "count"):
                setattr(self, f"{name}_times", None)
            elif item.kind == "one of" and held is not None:
                held = next(iter(held))  # type: ignore[call-overload]
            elif item.kind == "event":
                held = None if held is None else bool(held)
            setattr(self, name, held)


def at_least(value: float | None, limit: float) -> bool | None:
    return None if value is None else value >= limit


def both(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def either(a: bool | None, b: bool | None) -> bool | None:
    return True if a or b else None if a is None or b is None else False


def by_hand(p: Any) -> str:
    """The verdict as a programmer would nest it, stopping at the first thing that decides; dates are taken as given.

    It tells ineligible at once where a plain fact excludes, and settles the rest in three-valued steps.
    """
    if p.prior_car_t and p.car_t_risk_eliminated is False:
        return "ineligible"
    if p.primary_immunodeficiency or p.serious_infection or p.viral_hepatitis_active or p.tb in ("latent", "active"):
        return "ineligible"
    if (p.active_malignancy or p.past_malignancy) and p.cured_basal_cell_carcinoma is False:
        return "ineligible"
    if p.congenital_heart_disease or p.severe_arrhythmia or p.severe_myocarditis or p.other_heart_disease:
        return "ineligible"
    if p.vasopressors_needed or p.pericardial_effusion in ("moderate", "large") or p.other_immunosuppression_need:
        return "ineligible"
    if p.hiv_ab == "positive" or p.syphilis_test == "positive" or p.blood_pregnancy_test == "positive" or p.unsuitable:
        return "ineligible"
    if (p.hbsag == "positive" or p.hbcab == "positive") and p.hbv_dna_times is not None and p.hbv_dna_times > 1:
        return "ineligible"
    if p.hcv_ab == "positive" and p.hcv_rna_times is not None and p.hcv_rna_times > 1:
        return "ineligible"
    included = both(at_least(p.age, 5), both(at_least(p.lvef, 55), at_least(p.spo2, 92)))
    if included is False:
        return "ineligible"
    included = both(included, both(at_least(p.egfr, 30), None if p.ecg_abnormal is None else not p.ecg_abnormal))
    if not p.liver_due_to_disease:
        for times, limit in ((p.ast_times, 3), (p.alt_times, 3), (p.bilirubin_times, 2)):
            included = both(included, None if times is None else times <= limit)
    if included is False:
        return "ineligible"
    if p.sex != "male" and p.childbearing_potential is not False:
        included = both(included, both(p.urine_pregnancy_test == "negative", p.contraception_agreed))
    included = both(included, both(None if p.consent_by is None else len(p.consent_by) > 0, p.consent_signed))
    dose = None if p.gc_dose is None or p.gc_drug is None else p.gc_dose * FACTORS[p.gc_drug]
    failed = both(p.gc_failed, both(at_least(dose, 1), at_least(p.gc_duration, 6)))
    failed = both(failed, None if p.failed_immunosuppressants is None else len(p.failed_immunosuppressants) >= 2)
    severe = either(p.calcinosis, either(p.recurrent_rash, either(p.rapid_progression, p.lung_involvement)))
    if severe is not True:
        severe = either(severe, either(p.heart_involvement, either(p.gut_involvement, p.other_organ_involvement)))
    jdm = None if p.bohan_peter is None else p.bohan_peter in ("probable", "definite")
    route = both(p.imnm, either(p.anti_srp == "positive", p.anti_hmgcr == "positive"))
    included = both(included, either(both(jdm, both(failed, severe)), route))
    return "ineligible" if included is False else "eligible" if included else "undetermined"


def main() -> None:
    protocol = load("rjdm_cart")
    evaluator = protocol.evaluator()
    compiled = evaluator.compiled
    lines = CASES.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line, parse_float=Decimal)["record"] for line in lines]
    # patients whose facts are all there and exact, so that the yardstick needs no calendar
    dated = ("acute_mi", "organ_transplant", "hsct", "acute_gvhd", "live_vaccine", "other_trial")
    exact = [
        record
        for record in records
        if "age" in record and "bohan_peter" in record and "egfr" in record
        and all(record.get(name, "none") in ("none", []) for name in dated)
    ]  # fmt: skip
    hand = best(by_hand, [Plain(record, protocol) for record in exact])
    prepared = [compiled.prepare(record) for record in exact]
    verdict_and_criteria = best(compiled.decide, prepared)
    print(f"{len(exact)} prepared patients without dated events: verdict and {len(evaluator.ids)} outcomes")
    print(f"  nested function by hand (verdict only)   {hand:7.2f} µs")
    ratio = verdict_and_criteria / hand
    print(f"  compiled rules (and all outcomes)        {verdict_and_criteria:7.2f} µs   {ratio:.2f} ×")

    fresh = [[compiled.prepare(record) for record in records] for _ in range(ROUNDS)]
    times = []
    for group in fresh:  # a prepared record remembers answers about dates, so each is decided once
        start = time.perf_counter()
        for each in group:
            compiled.decide(each)
        times.append((time.perf_counter() - start) / len(group) * 1e6)
    print(f"all {len(records)} patients, partial dates and events included, each decided once")
    print(f"  compiled rules                           {min(times):7.2f} µs   {min(times) / hand:.2f} ×")

    texts = [json.dumps(json.loads(line)["record"], ensure_ascii=False).encode() for line in lines]
    plain = best(json.loads, texts)

    def checked(text: bytes) -> None:
        compiled.decide(compiled.prepare(decoded_record(text)))

    def whole(text: bytes) -> None:
        evaluator.line(evaluator.evaluate(decoded_record(text)))

    def verdict_line(text: bytes) -> None:
        record = decoded_record(text)
        verdicts, outcomes = compiled.decide(compiled.prepare(record))
        outcome = dict(zip(evaluator.ids, outcomes, strict=True))
        encoded({"patient": record["id"], "verdict": verdicts[0], "criteria": outcome})

    plain_texts = [json.dumps(record, default=float, ensure_ascii=False).encode() for record in exact]
    print(
        f"  from a JSON line of the {len(exact)} plain patients, and back   {best(verdict_line, plain_texts):7.2f} µs"
    )
    for name, function in (
        ("json.loads alone", json.loads),
        ("to a checked record and verdict", checked),
        ("and back to JSON: verdict and criteria", verdict_line),
        ("and deciding facts and reasons", whole),
    ):
        spent = best(function, texts)
        print(f"  from a JSON line {name:<40} {spent:7.2f} µs   {spent / plain:.2f} ×")
    print(f"mean length of a line {statistics.mean(map(len, texts)):.0f} characters")


if __name__ == "__main__":
    main()
