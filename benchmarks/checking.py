"""How fast checking is: the start of the command, the RJDM protocol, and a generated rules file of 1 MB.

    python benchmarks/checking.py

Yardsticks in the same run: `python -c pass` for the commands, and reading the file's lines for the large one.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rjdm_rules.language.parser import parse
from rjdm_rules.language.source import Source
from rjdm_rules.protocol.check import check_source

ROUNDS = 7


def best(function: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least time of some rounds, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def command(*arguments: str) -> Callable[[], object]:
    return lambda: subprocess.run([*arguments], check=True, capture_output=True)


def large_file(size: int) -> str:
    """A protocol of about `size` characters: items, definitions and criteria that use each other."""
    data, rules = ["data\n"], ["inclusion\n"]
    number = total = 0
    while total < size:
        number += 1
        item = (
            f'  fact_{number} "fact number {number}" yes/no\n'
            f'  value_{number} "measurement number {number}" in mg/dL with ULN\n      range 0..1000\n'
            f'  event_{number} "event number {number}" event\n      grade 0..4\n'
        )
        rule = (
            f'  ({number}) criterion_{number} "Either of two within 3 months, and at most 2.5 × ULN"\n'
            f"      ANY(fact_{number}, event_{number} WHERE (grade ≥ 2) WITHIN 3 months BEFORE day)\n"
            f"      AND value_{number} ≤ 2.5 × ULN AND NOT (value_{number} > 500 mg/dL OR fact_{max(1, number - 1)})\n"
        )
        data.append(item)
        rules.append(rule)
        total += len(item) + len(rule)
    return 'protocol LARGE "a generated protocol"\n' + "".join(data) + '  day "day" date\n' + "".join(rules)


def main() -> None:
    rjdm = str(Path(sys.executable).parent / "rjdm")
    yardstick = best(command(sys.executable, "-c", "pass"))
    print(f"python -c pass          {yardstick:6.3f} s")
    for name, arguments in (("rjdm --version", ["--version"]), ("rjdm check rjdm_cart", ["check", "rjdm_cart"])):
        spent = best(command(rjdm, *arguments))
        print(f"{name:<23} {spent:6.3f} s   {spent / yardstick:5.1f} ×")
    text = large_file(1_000_000)
    source = Source("large.rules", text)
    lines = best(text.splitlines)
    reading = best(lambda: parse(Source("large.rules", text)), 1)
    checking = best(lambda: check_source(source), 1)
    print(f"a file of {len(text) / 1e6:.2f} MB, {text.count(chr(10)):,} lines")
    print(f"  its lines split       {lines:6.3f} s")
    print(f"  parsed                {reading:6.3f} s   {reading / lines:5.0f} ×")
    print(f"  parsed and checked    {checking:6.3f} s   {checking / lines:5.0f} ×")


if __name__ == "__main__":
    main()
