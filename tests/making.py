"""Small protocols for tests, and random ones with random patients."""

from __future__ import annotations

import random
import re
from typing import Any

from rjdm_rules import Protocol, loads

DATA = """
data
  screening "date of screening" date
  born      "date of birth"     date
  visit     "time of the visit" time
  dose_time "time of the dose"  time
  b1 "fact one" yes/no
  b2 "fact two" yes/no
  b3 "fact three" yes/no
      otherwise b1 AND b2
  o1 "option one" one of a, b, c
  o2 "option two" one of a, b, c
      otherwise pick(b1, COUNT(b2, b3))
  s1 "set" several of p, q, r
  n1 "measure one" in mg/dL with ULN with LLN
      molar mass 113.12 g/mol
  n2 "measure two" in mg/dL
      molar mass 113.12 g/mol
      range 0..100
  n3 "ratio" number
      otherwise n1 / n2
  n4 "count" count
  age "age" in years
      otherwise YEARS FROM born TO screening
      range 0..120
  half_life "half-life" in h
  temp "temperature" in °C
  e1 "attack" event
      grade 0..4
      kind one of mild, severe
      load in mg/dL
          molar mass 113.12 g/mol
      sure yes/no
  e2 "course" event until date
      grade 0..4
  r1 "repeated measure" repeated in mg/dL

table pick "pick"
  | fact yes/no | others 0..2 | → choice one of a, b, c |
  | yes         | 2           | a |
  | yes         | 0..1        | b |
  | no          | any         | c |

table factor "factor"
  | option | → times |
  | a      | 2       |
  | b      | 1/3     |
  | c      | 0.5     |
"""
HEAD = 'protocol T "test"\n'
READINGS = 'readings\n  way "way" \n    one of left, right\n    chosen left\n    because "so"\n'


def protocol(condition: str, extra: str = "", exclusion: str | None = None) -> Protocol:
    """A protocol over the items above whose only inclusion criterion is `condition`."""
    text = HEAD + READINGS + DATA + extra + f'\ninclusion\n  (1) only "the condition"\n      {condition}\n'
    if exclusion:
        text += f'\nexclusion\n  (1) out "the exclusion"\n      {exclusion}\n'
    return loads(text)


class Maker:
    """Random conditions and records from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, *things: Any) -> Any:
        return self.random.choice(things)

    # ---- conditions

    def condition(self, depth: int, where: str = "") -> str:
        r = self.random
        if depth <= 0 or r.random() < 0.25:
            return self.leaf(where)
        inner = [self.condition(depth - 1, where) for _ in range(r.randint(2, 4))]
        n = r.randint(1, len(inner))
        listed = ", ".join(inner)
        return self.pick(
            lambda: f"ALL({listed})",
            lambda: f"ANY({listed})",
            lambda: f"NONE({listed})",
            lambda: f"AT LEAST {n} OF ({listed})",
            lambda: f"AT MOST {n - 1} OF ({listed})",
            lambda: f"EXACTLY {n} OF ({listed})",
            lambda: f"(NOT ({inner[0]}))",
            lambda: f"(({inner[0]}) EXCEPT ({inner[1]}))",
            lambda: f"(({inner[0]}) WAIVED IF ({inner[1]}))",
            lambda: f"(({inner[0]}) AND ({inner[1]}))",
            lambda: f"(({inner[0]}) OR ({inner[1]}))",
            lambda: f"COUNT({listed}) {self.operator()} {n}",
        )()

    def operator(self) -> str:
        return str(self.pick("≥", "≤", ">", "<", "=", "≠"))

    def leaf(self, where: str = "") -> str:
        if where and self.random.random() < 0.7:
            return self.attribute(where)
        return str(self.pick(self.fact, self.number, self.option, self.event, self.date)())

    def fact(self) -> str:
        return str(
            self.pick(
                "b1",
                "b2",
                "b3",
                "(NOT b1)",
                "b1 IS KNOWN",
                "n1 IS KNOWN",
                "o2 IS KNOWN",
                "e1 IS KNOWN",
                "d1",
                "FIRST KNOWN OF (b2, b1)",
            )
        )

    def number(self) -> str:
        op = self.operator()
        return str(
            self.pick(
                f"n1 {op} {self.pick('1.5 mg/dL', '2 mg/dL', '100 umol/L')}",
                f"n2 {op} {self.pick('0.3 mg/dL', '1 mg/dL', '50 umol/L')}",
                f"n1 {op} {self.pick('ULN', '3.0 × ULN', '1.5 × ULN', 'LLN', '0.5 × LLN')}",
                f"n1 {op} ULN + 1 mg/dL",
                "n1 BETWEEN LLN AND 2 × ULN",
                f"n1 {op} n2",
                f"n3 {op} {self.pick('1', '0.5', '1/3')}",
                f"n1 × factor(o1) {op} 1 mg/dL",
                f"n1 × n2 / n2 {op} 1 mg/dL",
                f"MAX(n1, n2) {op} 2 mg/dL",
                f"MIN(n1, 2 mg/dL) {op} n2",
                f"FIRST KNOWN OF (n2, n1) {op} 1 mg/dL",
                f"n4 {op} 2",
                f"age {op} {self.pick('5 years', '60 months', '18 years')}",
                f"temp {op} {self.pick('38 °C', '100.4 [degF]')}",
                f"MONTHS FROM born TO screening {op} 72 months",
                f"d2 {op} 1.5 mg/dL",
                f"COUNT(s1) {op} 2",
                f"COUNT({self.calculation()}, {self.calculation()}, b1) {self.pick('BETWEEN 1 AND 2', f'{op} 2')}",
            )
        )

    def calculation(self) -> str:
        """One of a few, so that the same stands in several places."""
        return str(self.pick("n1 / n2 ≥ 2", "n1 × 2 > n2", "n2 / n1 < 50 %", "n1 − n2 > 1 mg/dL"))

    def option(self) -> str:
        return str(
            self.pick(
                "o1 IS a", "o1 IN (a, b)", "o1 IS NOT c", "o2 IS a", "o2 IN (b, c)", "o2 NOT IN (a, b)",
                "s1 INCLUDES p", "NOT (s1 INCLUDES q)", "way IS left", "pick(b1, n4) IS b",
            )
        )  # fmt: skip

    def window(self) -> str:
        length = self.pick("3 months", "1 year", "2 weeks", "28 days", "MAX(7 days, 2 × (n4 × 1 day))")
        anchor = self.pick("screening", "screening", "born", "(screening - 1 month)", "date OF LATEST(e1)")
        return str(
            self.pick(
                f"WITHIN {length} BEFORE {anchor}",
                f"WITHIN {length} AFTER {anchor}",
                f"WITHIN {length} OF {anchor}",
                f"AT LEAST {length} BEFORE {anchor}",
                f"LESS THAN {length} BEFORE {anchor}",
                f"MORE THAN {length} AFTER {anchor}",
                f"BEFORE {anchor}",
                f"AFTER {anchor}",
                f"BETWEEN born AND {anchor}",
            )
        )

    def attribute(self, event: str) -> str:
        op = self.operator()
        if event == "e1":
            return str(
                self.pick(
                    f"grade {op} 2",
                    "kind IS severe",
                    f"load {op} 1 mg/dL",
                    "load > 80 umol/L",
                    f"date {op} screening",
                    "sure",
                    "(e2 WITHIN 30 days BEFORE date)",
                )
            )
        if event == "r1":
            return f"value {op} 1.2 mg/dL"
        return str(self.pick(f"grade {op} 2", f"until {op} screening"))

    def occurrences(self) -> str:
        event = self.pick("e1", "e2", "r1")
        text = event
        if self.random.random() < 0.5:
            text += f" WHERE ({self.condition(1, event)})"
        if self.random.random() < 0.7:
            text += f" {self.window()}"
        return text

    def event(self) -> str:
        op = self.operator()
        some = self.occurrences()
        return str(
            self.pick(
                some,
                some,
                f"COUNT({some}) {op} {self.random.randint(0, 2)}",
                f"grade OF LATEST({self.pick('e1', 'e2', 'e1 WHERE (kind IS mild)')}) {op} 2",
                f"grade OF LATEST({self.pick('e1', 'e2')} {self.window()}) {op} 2",
                f"value OF {self.pick('LATEST', 'EARLIEST')}(r1 {self.window()}) {op} 1.2 mg/dL",
                "kind OF EARLIEST(e1) IS severe",
                "sure OF LATEST(e1)",
                f"date OF LATEST(e1) {op} screening",
                f"MAX(value OF r1 {self.window()}) {op} 1.2 mg/dL",
                f"MEAN(value OF r1) {op} 1.2 mg/dL",
                f"MIN(grade OF e1) {op} 2",
                f"until OF LATEST(e2) {op} screening",
                f"{self.pick('date', 'until')} OF {self.pick('LATEST', 'EARLIEST')}(e2 {self.window()}) {op} screening",
            )
        )

    def date(self) -> str:
        return str(
            self.pick(
                f"born {self.window()}",
                f"screening {self.operator()} 2026-03-02",
                f"DAYS FROM born TO screening {self.operator()} 2000 days",
                "visit WITHIN 24 hours AFTER dose_time",
                "visit WITHIN 1 day AFTER screening",
                "visit BEFORE dose_time",
                f"visit {self.pick('WITHIN', 'AT LEAST')} (5 × half_life) {self.pick('BEFORE', 'AFTER')} dose_time",
                f"dose_time + {self.pick('2 hours', '1 day', '(3 × half_life)')} {self.operator()} visit",
                f"MAX(screening, born) {self.operator()} 2026-01-01",
                "ANY(e1, e2) WITHIN 3 months BEFORE screening",
            )
        )

    def text(self) -> str:
        """A whole protocol."""
        plain = re.sub(r"\bd1\b", "b1", self.condition(1))
        definitions = (
            f'define\n  d1 "defined condition" yes/no\n    = {plain}\n  d2 "defined number" in mg/dL\n    = n1 + n2\n'
        )
        first = self.pick("(1) AND ANY((2), (3))", "ALL((1)..(3))", "AT LEAST 2 OF ((1), (2), (3))")
        lines = [HEAD, READINGS, DATA, definitions, "inclusion", f"  {first}"]
        for number in (1, 2, 3):
            lines += [f'  ({number}) i{number} "inclusion {number}"', f"      {self.condition(2)}"]
        lines += ["exclusion"]
        for number in (1, 2):
            lines += [f'  ({number}) x{number} "exclusion {number}"', f"      {self.condition(2)}"]
        return "\n".join(lines) + "\n"

    # ---- records

    def day(self) -> str:
        year, month, day = self.random.randint(2025, 2026), self.random.randint(1, 12), self.random.randint(1, 28)
        return str(
            self.pick(
                f"{year}-{month:02d}-{day:02d}", f"{year}-{month:02d}-{day:02d}", f"{year}-{month:02d}", f"{year}"
            )
        )

    def full_day(self) -> str:
        return f"{self.random.randint(2025, 2026)}-{self.random.randint(1, 12):02d}-{self.random.randint(1, 28):02d}"

    def measure(self) -> Any:
        value = self.pick(0, 0.1, 0.3, 0.5, 1, 1.5, 2, 3, 4.5)
        return self.pick(value, f"{value} mg/dL", {"value": value * 50, "unit": "umol/L"})

    def limited(self) -> Any:
        value, uln = self.pick(0.1, 0.3, 0.9, 1, 1.5, 3, 4.5), self.pick(0.1, 0.3, 1, 1.5)
        return self.pick(
            value,
            {"value": value, "uln": uln},
            {"value": value, "uln": uln, "lln": uln / 2},
            {"value": value * 50, "unit": "umol/L", "uln": uln * 50},
            "3 ×ULN",
            f"{value} ×LLN",
            {"value": None, "uln": uln},
        )

    def attack(self) -> Any:
        found: dict[str, Any] = {"date": self.pick(self.day(), self.day(), None)}
        if self.random.random() < 0.6:
            found["grade"] = self.random.randint(0, 4)
        if self.random.random() < 0.6:
            found["kind"] = self.pick("mild", "severe")
        if self.random.random() < 0.4:
            found["load"] = self.measure()
        if self.random.random() < 0.5:
            found["sure"] = self.random.random() < 0.5
        return self.pick(found, found, self.day())

    def course(self) -> Any:
        start = self.full_day()
        found: dict[str, Any] = {"date": self.pick(start, start[:7], start[:4])}
        if self.random.random() < 0.7:
            found["until"] = self.pick("ongoing", "2026-12", "2027-01-15", start)
            if found["date"] != start and found["until"] == start:
                found["until"] = "ongoing"
        if self.random.random() < 0.6:
            found["grade"] = self.random.randint(0, 4)
        return found

    def several(self, make: Any) -> Any:
        return self.pick("none", [], [make() for _ in range(self.random.randint(1, 3))], [make()])

    def record(self, missing: float = 0.25) -> dict[str, Any]:
        r = self.random
        full = {
            "screening": self.pick(self.full_day(), self.full_day(), "2026-03"),
            "born": self.pick("2012", "2016-05", "2020-02-29", "2008-07-31", self.day()),
            "visit": self.pick("2026-03-02T14:30", "2026-03-02", f"{self.full_day()}T08:00"),
            "dose_time": self.pick("2026-03-01T14:30", "2026-03-02T13:00", "2026-03"),
            "b1": r.random() < 0.5,
            "b2": r.random() < 0.5,
            "b3": r.random() < 0.5,
            "o1": self.pick("a", "b", "c"),
            "o2": self.pick("a", "b", "c"),
            "s1": r.sample(["p", "q", "r"], r.randint(0, 3)),
            "n1": self.limited(),
            "n2": self.measure(),
            "n3": self.pick(0, 1, 0.5, 2.5),
            "n4": r.randint(0, 4),
            "half_life": r.choice([0, 2, 4.5, 30]),
            "age": self.pick(4, 5, "60 months", 17.9, "18 years"),
            "temp": self.pick(37, 38, "100.4 [degF]", "38.0 °C"),
            "e1": self.several(self.attack),
            "e2": self.several(self.course),
            "r1": self.several(lambda: {"date": self.day(), "value": self.measure_number()}),
        }
        return {"id": "X", **{name: value for name, value in full.items() if r.random() >= missing}}

    def measure_number(self) -> Any:
        return self.pick(0.5, 1, 1.2, 1.3, 2)

    def filled(self, record: dict[str, Any]) -> dict[str, Any]:
        """The same patient with more known: some missing items are there."""
        more = self.record(missing=0.5)
        return {**more, **record}
