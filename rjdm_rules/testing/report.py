"""What testing has to say: as text, as JSON, and as marks beside the criteria of a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..documents.marks import Check, Line, Mark
from ..evaluation.results import Evaluator
from ..language.source import Place
from ..logic.kleene import Truth
from .coverage import SIDES, TRUTHS, WORDS, Coverage, coverage_of, percent
from .running import Failure, Run, run_examples

OUTCOMES: dict[Truth, str] = {True: "met", False: "not met", None: "unknown"}
SIDE_WORDS = {"below": "just below", "on": "on it", "above": "just above"}
BORDER_WORDS = {"below": "a day before", "on": "on the border", "above": "a day behind"}


@dataclass(frozen=True)
class Report:
    """The examples of a file as they ran, and what they cover."""

    file: str
    runs: tuple[Run, ...]
    coverage: Coverage

    @property
    def failed(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if not run.passed)


def report_of(file: str, evaluator: Evaluator) -> Report:
    return Report(file, tuple(run_examples(evaluator.graph)), coverage_of(evaluator))


# ---- text ----------------------------------------------------------------------------------------------------------


def failure_lines(run: Run) -> Iterable[str]:
    """A failed example: where, what was expected, what came, and why."""
    for failure in run.failures:
        yield f"{failure.place}: {run.example.name}: expected {_subject(failure)}{failure.expected}, got {failure.got}"
        for reason in failure.why:
            yield from (f"  {line}" for line in reason.lines())


def _subject(failure: Failure) -> str:
    return "" if failure.what == "verdict" else f"{failure.what} "


def summary_lines(coverage: Coverage) -> list[str]:
    rows = [(f"conditions and criteria {WORDS[truth]}", *coverage.counted(truth)) for truth in TRUTHS]
    rows.append(("criteria that decide alone, met and not met", *coverage.counted_alone()))
    rows.append(("thresholds on, just below and just above", *coverage.counted_thresholds()))
    if coverage.readings:
        rows.append(("options of readings taken", sum(map(bool, coverage.readings.values())), len(coverage.readings)))
    width = max(len(name) for name, _, _ in rows)
    return [
        f"{name:<{width}}  {part:>4} of {whole:<4} {percent(part, whole):>6}" for name, part, whole in rows if whole
    ]


def missing_lines(coverage: Coverage) -> list[str]:
    """What no example shows, in the order of the file, a line each."""
    found = []
    for criterion, outcomes in coverage.outcomes.items():
        absent = [OUTCOMES[truth] for truth in TRUTHS if not outcomes[truth]]
        absent += [
            f"deciding alone when {OUTCOMES[truth]}" for truth in (True, False) if not coverage.alone[criterion][truth]
        ]
        found += [f"{criterion}: {', '.join(absent)}"] if absent else []
    for condition, seen in coverage.conditions.items():
        wanted = TRUTHS[:2] if condition.never_unknown else TRUTHS
        absent = [WORDS[truth] for truth in wanted if not seen[truth]]
        found += [f"{condition.criteria[0]}: “{condition.words}” {', '.join(absent)}"] if absent else []
    for threshold, sides in coverage.thresholds.items():
        words = BORDER_WORDS if threshold.window else SIDE_WORDS
        absent = [words[side] for side in SIDES if not sides[side]]
        found += [f"{threshold.condition.criteria[0]}: “{threshold.words}” {', '.join(absent)}"] if absent else []
    found += [f"the reading {name}: {option}" for (name, option), names in coverage.readings.items() if not names]
    return found


# ---- JSON ----------------------------------------------------------------------------------------------------------


def as_json(report: Report) -> dict[str, object]:
    coverage = report.coverage
    return {
        "file": report.file,
        "examples": [_run_json(run) for run in report.runs],
        "summary": summary_json(coverage),
        "criteria": {
            id: {
                **{OUTCOMES[truth]: names for truth, names in outcomes.items()},
                "alone": {OUTCOMES[truth]: names for truth, names in coverage.alone[id].items()},
            }
            for id, outcomes in coverage.outcomes.items()
        },
        "conditions": [
            {
                "criteria": list(condition.criteria),
                "words": condition.words,
                **_place_json(condition.place),
                **{WORDS[truth]: names for truth, names in seen.items()},
            }
            for condition, seen in coverage.conditions.items()
        ],
        "thresholds": [
            {
                "criteria": list(threshold.condition.criteria),
                "words": threshold.words,
                "kind": "window" if threshold.window else "value",
                **_place_json(threshold.condition.place),
                **sides,
            }
            for threshold, sides in coverage.thresholds.items()
        ],
        "readings": [
            {"reading": name, "option": option, "examples": names}
            for (name, option), names in coverage.readings.items()
        ],
    }


def summary_json(coverage: Coverage) -> dict[str, dict[str, int]]:
    rows = {WORDS[truth]: coverage.counted(truth) for truth in TRUTHS}
    rows["alone"] = coverage.counted_alone()
    rows["thresholds"] = coverage.counted_thresholds()
    return {name: {"covered": part, "of": whole} for name, (part, whole) in rows.items()}


def _run_json(run: Run) -> dict[str, object]:
    verdicts = run.result.verdicts
    return {
        "name": run.example.name,
        "line": run.example.place.line,
        "passed": run.passed,
        **({"verdict": verdicts[None]} if None in verdicts else {"verdicts": dict(verdicts)}),
        "failures": [
            {
                "what": failure.what,
                "expected": failure.expected,
                "got": failure.got,
                "line": failure.place.line,
                "why": [reason.as_json() for reason in failure.why],
            }
            for failure in run.failures
        ],
    }


def _place_json(place: Place | None) -> dict[str, object]:
    return {"file": place.source.name, "line": place.line, "column": place.column} if place else {}


# ---- marks in a document -------------------------------------------------------------------------------------------


def marks_of(coverage: Coverage) -> Mapping[str, Mark]:
    """For each criterion: outcomes, deciding alone, and each of its conditions with its thresholds."""
    return {id: _mark(id, coverage) for id in coverage.outcomes}


def _mark(id: str, coverage: Coverage) -> Mark:
    checks = [Check(OUTCOMES[truth], tuple(names)) for truth, names in coverage.outcomes[id].items()]
    checks += [Check(f"decides alone, {OUTCOMES[truth]}", tuple(names)) for truth, names in coverage.alone[id].items()]
    lines = []
    for condition, seen in coverage.conditions.items():
        if id not in condition.criteria:
            continue
        wanted = TRUTHS[:2] if condition.never_unknown else TRUTHS
        own = [Check(WORDS[truth], tuple(seen[truth])) for truth in wanted]
        for threshold, sides in coverage.thresholds.items():
            if threshold.condition is condition:
                words = BORDER_WORDS if threshold.window else SIDE_WORDS
                own += [Check(words[side], tuple(sides[side])) for side in SIDES]
        lines.append(Line(condition.words, tuple(own)))
    return Mark(tuple(checks), tuple(lines))
