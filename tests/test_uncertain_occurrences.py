"""WHERE, COUNT, LATEST and EARLIEST over occurrences that are known in part, against brute force."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st
from worlds import (
    COMPARE,
    Phrase,
    Truth,
    cheap,
    conjunction,
    day,
    full_days,
    judged,
    kleene_any,
    maybe_dates,
    modest,
    months_on,
    occurrences,
    over,
    possible_days,
    stretches,
    window_truth,
)

# ---- WHERE, COUNT -------------------------------------------------------------------------------------------------------


GRADED = """d "anchor" date
e "event" event
    grade "grade" 0..4
    kind "kind" one of p, q, r"""
SELECTIONS: dict[str, tuple[Callable[[int], bool] | None, frozenset[str] | None, Phrase | None]] = {
    "e": (None, None, None),
    "e WHERE (grade ≥ 3)": (lambda g: g >= 3, None, None),
    "e WHERE (grade = 0)": (lambda g: g == 0, None, None),
    "e WHERE (NOT grade > 1 AND kind IN (p, q))": (lambda g: not g > 1, frozenset("pq"), None),
    "e WHERE (grade ≥ 2) WITHIN 3 months BEFORE d": (
        lambda g: g >= 2, None, Phrase("", "within before", 3),
    ),
    "e WHERE (kind IS r) AT LEAST 1 month AFTER d": (None, frozenset("r"), Phrase("", "at least after", 1)),
    "e WITHIN 21 days OF d": (None, None, Phrase("", "within of", 0, 21)),
}  # fmt: skip


def one_selected(each: dict[str, Any], selection: str, anchor: str | None) -> Truth:
    """Whether one occurrence is among those selected: each condition judged alone, then AND."""
    grade, kind, phrase = SELECTIONS[selection]
    parts: list[Truth] = []
    if grade:
        parts.append(over(grade(g) for g in ([each["grade"]] if "grade" in each else range(5))))
    if kind:
        parts.append(over(k in kind for k in ([each["kind"]] if "kind" in each else "pqr")))
    if phrase:
        held = stretches(each, False)
        parts.append(None if anchor is None else window_truth(held, phrase, possible_days(anchor)))
    return conjunction(parts) if parts else True


COUNTS = [("≥", 1), ("≥", 2), (">", 0), ("≤", 1), ("<", 2), ("=", 1), ("=", 0), ("≠", 2), ("≥", 0)]


@modest(50)
@given(st.lists(occurrences(attributes=True), max_size=4), maybe_dates)
@example([{"date": "2024-03", "grade": 1}], None)
def test_selections_and_their_counts(events: list[dict[str, Any]], anchor: str | None) -> None:
    assume(all(cheap({"d": anchor, "date": each["date"]}) for each in events))
    record = {"e": events, "d": anchor}
    conditions = tuple(SELECTIONS) + tuple(f"COUNT({each}) {op} {n}" for each in SELECTIONS for op, n in COUNTS)
    found = dict(zip(conditions, judged(GRADED, conditions, record), strict=True))
    for selection in SELECTIONS:
        truths = [one_selected(each, selection, anchor) for each in events]
        assert found[selection] is kleene_any(truths), (selection, record, truths)
        certain = truths.count(True)
        possible = certain + truths.count(None)
        for op, n in COUNTS:
            expected = over(COMPARE[op](count, n) for count in range(certain, possible + 1))
            got = found[f"COUNT({selection}) {op} {n}"]
            assert got is expected, (selection, op, n, record, expected, got)


# ---- LATEST, EARLIEST ---------------------------------------------------------------------------------------------------


def picks(events: list[dict[str, Any]], latest: bool) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """In every world: the day picked, and all occurrences of that day."""
    for days in product(*(possible_days(each["date"]) for each in events)):
        best = max(days) if latest else min(days)
        yield best, [each for each, d in zip(events, days, strict=True) if d == best]


@modest(60)
@given(
    st.lists(occurrences(attributes=True), min_size=1, max_size=3), full_days, st.sampled_from(["LATEST", "EARLIEST"])
)
@example([{"date": "2024-03", "kind": "p"}, {"date": "2024-03-15", "kind": "q"}], "2024-03-14", "LATEST")
@example([{"date": "2024-03-15", "grade": 2}, {"date": "2024-03-15", "grade": 2}], "2024-03-14", "LATEST")
@example([{"date": "2024-03-15"}, {"date": "2024-02", "kind": "q"}], "2024-03-14", "EARLIEST")
def test_latest_and_earliest(events: list[dict[str, Any]], anchor: str, word: str) -> None:
    uncertain = [each["date"] for each in events if each["date"] is None or each["date"].count("-") < 2]
    assume(len(uncertain) <= 1 or (None not in uncertain and all(each.count("-") == 1 for each in uncertain)))
    assume(len(uncertain) <= 2)
    conditions = (
        f"date OF {word}(e) ≤ d", f"date OF {word}(e) > d", f"date OF {word}(e) WITHIN 1 month BEFORE d",
        f"kind OF {word}(e) IS p", f"kind OF {word}(e) IN (p, q)", f"grade OF {word}(e) ≥ 2", f"grade OF {word}(e) = 0",
    )  # fmt: skip
    truths = judged(GRADED, conditions, {"e": events, "d": anchor})
    worlds = list(picks(events, word == "LATEST"))
    held, window = day(anchor), (months_on(day(anchor), -1), day(anchor))
    days = {best for best, _ in worlds}
    for truth, meaning in zip(
        truths, (lambda b: b <= held, lambda b: b > held, lambda b: window[0] <= b <= window[1]), strict=False
    ):
        assert truth is over(map(meaning, days)), (conditions, events, anchor, truths)
    candidates = [each for i, each in enumerate(events) if any(any(each is one for one in tied) for _, tied in worlds)]
    kinds = {each.get("kind") for each in candidates}
    for truth, wanted in zip(truths[3:5], ({"p"}, {"p", "q"}), strict=True):
        expected = None if None in kinds else over(kind in wanted for kind in kinds)
        assert truth is expected, (conditions, events, truths)
    grades = {each.get("grade") for each in candidates}
    for truth, meaning in zip(truths[5:], (lambda g: g >= 2, lambda g: g == 0), strict=True):
        if len(grades) == 1 and None not in grades:  # known where all candidates agree
            assert truth is over(map(meaning, grades)), (conditions, events, truths)
        else:
            assert truth in (
                None,
                over(meaning(g) for grade in grades for g in (range(5) if grade is None else [grade])),
            )


@modest(50)
@given(st.lists(occurrences(attributes=True), min_size=1, max_size=3), full_days)
def test_picks_among_selected_occurrences_are_never_wrong(events: list[dict[str, Any]], anchor: str) -> None:
    """With WHERE and a window the engine may say unknown, but where it decides, every world agrees."""
    for each in events:
        assume(each["date"] is not None and each["date"].count("-") >= 1)
    assume(sum(each["date"].count("-") == 1 for each in events) <= 2)
    selected = "e WHERE (grade ≥ 2) BEFORE d"
    conditions = (
        f"date OF LATEST({selected}) ≥ 2024-02-01",
        f"date OF EARLIEST({selected}) ≤ 2024-02-01",
        f"kind OF LATEST({selected}) IS p",
        f"MAX(grade OF {selected}) ≥ 3",
        f"MIN(grade OF {selected}) ≥ 3",
        f"MEAN(grade OF {selected}) ≥ 3",
    )
    truths = judged(GRADED, conditions, {"e": events, "d": anchor})
    if all(truth is None for truth in truths):
        return
    seen: list[set[bool]] = [set() for _ in conditions]
    first, limit = day("2024-02-01"), day(anchor)
    grades = [[each["grade"]] if "grade" in each else [0, 2, 4] for each in events]
    for days in product(*(possible_days(each["date"])[:: 3 if each["date"].count("-") == 1 else 1] for each in events)):
        for levels in product(*grades):
            inside = [(d, g, e) for d, g, e in zip(days, levels, events, strict=True) if g >= 2 and d < limit]
            if not inside:
                assert all(truth is None for truth in truths), ("empty in some world", events, anchor, truths)
                continue
            latest = max(d for d, _, _ in inside)
            seen[0].add(latest >= first)
            seen[1].add(min(d for d, _, _ in inside) <= first)
            for d, _, each in inside:
                if d == latest:
                    seen[2] |= {each["kind"] == "p"} if "kind" in each else {True, False}
            held = [g for _, g, _ in inside]
            seen[3].add(max(held) >= 3)
            seen[4].add(min(held) >= 3)
            seen[5].add(Fraction(sum(held), len(held)) >= 3)
    for condition, truth, values in zip(conditions, truths, seen, strict=True):
        assert truth is None or values == {truth}, (condition, events, anchor, truth, values)
