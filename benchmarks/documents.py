"""How fast documents are made: the RJDM protocol, and a generated one of 300 criteria with 600 examples.

    python benchmarks/documents.py

Yardstick in the same run: loading the protocol (reading and checking its file).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from rjdm_rules import load, loads
from rjdm_rules.loading import Protocol
from rjdm_rules.publishing.publish import Order

ORDERS = [(document, format) for document in ("section", "side-by-side") for format in ("html", "markdown", "word")]
SHAPES = (
    '"Value {n} at most 2.5 × ULN, or excused"\n      value_{n} ≤ 2.5 × ULN WAIVED IF fact_{n}',
    '"Either of two, and value {n} at most 500 mg/dL"\n'
    "      ANY(fact_{n}, event_{n} WHERE (grade ≥ 2) WITHIN 3 months BEFORE screening) AND value_{n} ≤ 500 mg/dL",
    '"At least two of four"\n      AT LEAST 2 OF (fact_{n}, value_{n} > ULN, option_{n} IS a, event_{n})',
    '"If fact {n}: all of three"\n      ① AND ANY(②..③)\n'
    '      ① "Value {n} above 10 mg/dL"\n          value_{n} > 10 mg/dL\n'
    '      ② "Fact {n}"\n          fact_{n}\n'
    '      ③ "No event {n} within 6 months"\n          NOT event_{n} WITHIN 6 months BEFORE screening',
)


def large(criteria: int) -> str:
    """A protocol of so many criteria, half of them exclusions, each with items and two examples of its own."""
    return "".join(_parts(criteria))


def _parts(criteria: int) -> Iterator[str]:
    numbers = range(1, criteria + 1)
    yield 'protocol LARGE "A generated protocol"\n  version "1"\n\ndata\n  screening "date of screening" date\n'
    for n in numbers:
        yield f'  value_{n} "measurement number {n}" in mg/dL with ULN\n      range 0..1000\n'
        yield f'  fact_{n} "finding number {n}" yes/no\n'
        yield f'  option_{n} "test number {n}" one of a "negative", b "positive"\n'
        yield f'  event_{n} "event number {n}" event\n      grade 0..4\n'
    for kind, half in (("inclusion", numbers[: criteria // 2]), ("exclusion", numbers[criteria // 2 :])):
        yield f"\n{kind}\n"
        for place, n in enumerate(half, 1):
            yield f"  ({place}) {SHAPES[n % len(SHAPES)].format(n=n)}\n"
    yield '\nexample known "All is known"\n  given\n    screening = 2026-03-02\n  expect undetermined\n'
    for n in numbers:
        for fact in ("yes", "no"):
            yield f'\nexample e{n}_{fact} "Finding {n}: {fact}" like known\n  given\n    fact_{n} = {fact}\n'
            yield f"    value_{n} = 300 mg/dL (ULN 100 mg/dL)\n    event_{n} = none\n    option_{n} = a\n"


def main() -> None:
    measured("rjdm_cart", lambda: load("rjdm_cart"))
    text = large(300)
    measured("300 criteria", lambda: loads(text))


def measured(name: str, make: Callable[[], Protocol]) -> None:
    start = time.perf_counter()
    protocol = make()
    yardstick = time.perf_counter() - start
    print(f"{name}: loaded in {yardstick:.2f} s (yardstick)")
    whole = 0.0
    for document, format in ORDERS:
        start = time.perf_counter()
        data = protocol.document(Order(document, format)).data
        taken = time.perf_counter() - start
        whole += taken
        print(f"  {document:<13} {format:<9} {taken:6.2f} s  {taken / yardstick:6.1f} ×  {len(data) / 1e6:7.2f} MB")
    print(f"  all together {whole:.2f} s")


if __name__ == "__main__":
    main()
