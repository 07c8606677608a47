"""Some seven hundred slips, each in a protocol that is right but for it: data/desk_slips.jsonl says what stands in
data/desk.rules (the whole file where that is empty) and what is written in its place. The golden file holds what is said
first of each, how many errors there are, and what `check --fix` makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rjdm_rules.language.diagnostics import Diagnostic
from rjdm_rules.language.fixing import mended
from rjdm_rules.language.source import Source
from rjdm_rules.loading import with_examples
from rjdm_rules.protocol.check import check_source

DATA = Path(__file__).parent / "data"
RIGHT = (DATA / "desk.rules").read_text(encoding="utf-8")
SLIPS = [json.loads(line) for line in (DATA / "desk_slips.jsonl").read_text(encoding="utf-8").split("\n") if line]


def findings(text: str) -> list[Diagnostic]:
    return with_examples(check_source(Source("desk.rules", text), None)).diagnostics


def written(slip: dict[str, str]) -> str:
    return RIGHT.replace(slip["stands"], slip["slip"], 1) if slip["stands"] else slip["slip"]


def errors(found: list[Diagnostic], family: str = "R") -> int:
    return sum(each.severity == "error" and each.code.startswith(family) for each in found)


def new_lines(before: str, after: str) -> str:
    there = set(before.splitlines())
    return " / ".join(line.strip() for line in after.splitlines() if line not in there)


def test_the_protocol_is_right() -> None:
    assert [each.code for each in findings(RIGHT) if each.severity != "remark"] == []


@pytest.mark.parametrize("family", sorted({slip["name"][0] for slip in SLIPS}))
def test_what_is_said_of_each(family: str, golden: Callable[[str, str], None]) -> None:
    parts = []
    for slip in SLIPS:
        if slip["name"][0] != family:
            continue
        text = written(slip)
        found = [each for each in findings(text) if each.severity != "remark"]
        parts.append(f"{slip['name']}: {new_lines(RIGHT, text) if slip['stands'] else slip['slip'].splitlines()}")
        if not found:
            parts.append("    nothing")
            continue
        first = found[0]
        parts.append(f"    {len(found)}: {first.severity} {first.code}: {first.message}")
        parts += [f"    help: {first.help}"] if first.help else []
        result = mended(Source("desk.rules", text), findings_of_source)
        if result.text != text:
            after = findings(result.text)
            assert errors(after, "R1") <= errors(found, "R1"), f"{slip['name']}: mending makes it less readable"
            left = f" ({errors(after)} left)" if errors(after) else ""
            parts.append(f"    mended: {new_lines(text, result.text)}{left}")
    golden(f"desk/{family}.txt", "\n".join(parts) + "\n")


def findings_of_source(source: Source) -> list[Diagnostic]:
    return check_source(source, None).diagnostics
