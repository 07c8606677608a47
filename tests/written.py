"""Values of every kind as a record may hold them, and some that it may not."""

from __future__ import annotations

from typing import Any

VALUES = """protocol V "values"
data
  yes_no "yes or no" yes/no
  option "option" one of a, b
  set "set" several of p, q
  weight "weight" in kg
      range 1..300
  ast "AST" in U/L with ULN with LLN
  creatinine "creatinine" in mg/dL
      molar mass 113.12 g/mol
  score "score" count
  ratio "ratio" number
  temp "temperature" in °C
  gfr "eGFR" in mL/min/1.73m2
  cells "cells" in 10*9/L
  day "day" date
  moment "moment" time
  fit "fit" event
      grade 0..4
      load in mg/dL
  stay "stay" event until date
  lab "lab" repeated in mg/dL
inclusion
  (1) "All there"
      ALL(yes_no, option IS a, set INCLUDES p, weight ≥ 50 kg, ast ≤ 3 × ULN, creatinine ≤ 1.5 mg/dL, score ≥ 1, ratio ≥ 0.5)
  (2) "And these"
      ALL(temp < 38 °C, gfr ≥ 60 mL/min/1.73m2, cells ≥ 1.5 10*9/L, fit WHERE (grade ≥ 3), stay, MAX(value OF lab) ≤ 2 mg/dL)
  (3) "In time"
      day BEFORE 2026-03-02 AND moment BEFORE 2026-03-02
"""
WRITTEN: dict[str, list[Any]] = {
    "yes_no": [True, False, "yes", "no", "TRUE", " No ", "\x1cyes\x85", "\ufeffyes", 1, 0, "maybe", "", []],
    "option": ["a", "b", "c", "A", 1, ["a"]],
    "set": [[], ["p"], ["p", "q", "p"], "p", ["r"], {}],
    "weight": [50, 49.999, "50", "50 kg", "50kg", "50000 g", "110.2 lb", "110.3 [lb_av]", "50 mg", "50 m", "50 kgs", 301, 0,
               "1e2", "1×10^2", "5.", ".5", "1.5e1 kg", "5,0", "5'000", "50 (low)", "<50", "≥ 50", "-5", "−5 kg", True, [50], {"value": 50},
               {"value": "50", "unit": "kg"}, {"value": "50 kg", "unit": "g"}, {"value": "50 g", "unit": "kg"}, {"val": 50}, {"value": 50, "uln": 3},
               "3 ×ULN", "1e70", 1e70, "9" * 61, "", "kg", "50 kg.", "50 k g", {"value": 50, "unit": 3}, "50 {dry}kg", "0.5 hg", "５０", "50 ｋｇ", "50 k\x1bg", {"value": 50, "unit": None, "uln": None}],
    "ast": [120, "120 U/L", {"value": 120, "uln": 40}, {"value": 2, "unit": "ukat/L", "uln": 0.6}, {"value": "3 ×ULN"}, "3 xULN", "3.01 × uln",
            {"value": "3 ×ULN", "uln": 40}, {"value": 120, "uln": 0}, {"value": 120, "uln": -1}, {"uln": 40}, {"value": 120, "uln": 40, "lln": 50},
            {"value": 0.3, "uln": 0.1}, {"value": "0.3", "uln": "0.1 U/L"}, {"value": 120, "unit": "U/L", "uln": "40 U/mL"}, "1 ×LLN", {"value": 1, "uln": "2 ×ULN"}],
    "creatinine": [1.5, "1.5 mg/dL", "132.6 umol/L", "132.7 µmol/L", "0.0015 g/dL", "15 mg/L", "1.5 mmol/mol", "1.5 %"],
    "score": [1, 0, "2", 1.5, -1, "1 kg", "1 {points}", "2 children", "1\u202e", "٣", {"value": 1, "unit": "points"}, 1e3, "1e0"],
    "ratio": [0.5, "1/2", "50 %", 0.4999999999999999, "0.5 1"],
    "temp": [37.9, 38, "100.3 °F", "100.4 degF", "311.1 K", "310 Cel"],
    "gfr": [60, "60 mL/min/1.73m2", "60 mL/min/{1.73_m2}", "1 mL/s/1.73m2", "60 mL/min"],
    "cells": [1.5, "1500 /uL", "1.5 10*9/L", "1.5 x10^9/L", "1500 10*6/L", "1.5 × 10⁹/L", "1.5 10⁹/L", "1500 10⁶/L", "1.5×10⁻³", "10⁹/L", "110⁹/L", "1.10⁹/L", {"value": 1.5, "unit": "10⁹/L"}, {"value": "1500 /uL", "unit": "10⁻³/uL"}, "1.5 G/L", "1.5 K/uL"],
    "day": ["2026-03-01", "2026-03", "2026", "2026-02", "2026-02-29", "2024-02-29", "2026-13", "1799", "2201-01-01", "2026-3-1", "01.03.2026", "none", 2026, ["2026"], " 2026-03-01 ", "\ufeff2026-03-01", "\x1c2026-03-01", "２０２６", "٢٠٢٦"],
    "moment": ["2026-03-01T23:59", "2026-03-02T00:00", "2026-03", "2026-03-01T24:00", "2026-03-01T10:00Z", "2026-03-01T10:00+01:00", "2026-03-01T10:00:30", "2026-03-01 10:00"],
    "fit": ["none", "no", [], "yes", ["yes"], ["yes", "2026"], "2026-01", ["2026-01-01", None], [{"date": None, "grade": 3}], [{"date": "2026-01-01", "grade": 5}],
            [{"date": "2026-01-01", "grade": 3, "load": {"value": 3, "unit": "g/L"}}], [{"day": "2026"}], [{"date": "2026", "until": "2026"}], {}, {"grade": 4}, [{}], "yesterday", 3, "No", [None], ["none"]],
    "stay": ["none", [{"date": "2026-01-01", "until": "ongoing"}], [{"date": "2026-01-05", "until": "2026-01-04"}], [{"date": "2026-01", "until": "2026"}],
             [{"until": "2026-01-04"}], [{"date": "2026-01-05", "until": None}], [{"date": "2026-01-05", "until": "soon"}]],
    "lab": [[{"date": "2026-01-01", "value": 1.2}], [{"date": "2026-01-01", "value": "12 mg/L"}], [{"date": "2026-01-01", "value": 12, "unit": "mg/L"}], "12", 12, [1.2],
            [{"date": "2026-01-01", "value": {"value": 1, "unit": "mg/dL"}}], [{"date": "2026-01-01", "value": 1, "uln": 3}], [{"date": None, "value": 1}], [{"value": 1, "unit": 2}]],
}  # fmt: skip
