"""Mending a text by the fixes that its findings carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .diagnostics import Diagnostic, Fix, has_errors
from .source import Source

MOST_ROUNDS = 20


@dataclass(frozen=True)
class Mended:
    """The text after mending, and the findings that were mended."""

    text: str
    done: tuple[Diagnostic, ...]


def mended(source: Source, check: Callable[[Source], Sequence[Diagnostic]]) -> Mended:
    """The text with every certain fix made, round by round, since one slip may hide another. A round that would bring
    more errors than it mends is not kept."""
    done: list[Diagnostic] = []
    findings = list(check(source))
    for _ in range(MOST_ROUNDS):
        chosen = certain_fixes(findings, source)
        if not chosen:
            break
        after = Source(source.name, applied(source.text, [fix for _, fix in chosen]))
        left = list(check(after))
        if after.text == source.text or not _better(left, findings):
            break
        done += [finding for finding, _ in chosen]
        source, findings = after, left
    return Mended(source.text, tuple(done))


def _better(after: Iterable[Diagnostic], before: Iterable[Diagnostic]) -> bool:
    """Whether a round mended more than it broke: where a statement can be read at last, errors in what it says come to
    light, and do not count against it."""
    (read_after, all_after), (read_before, all_before) = _errors(after), _errors(before)
    return read_after < read_before or (read_after == read_before and all_after <= all_before)


def _errors(findings: Iterable[Diagnostic]) -> tuple[int, int]:
    """How many errors in how the text is written, and how many in all."""
    codes = [each.code for each in findings if has_errors([each])]
    return sum(code.startswith("R1") for code in codes), len(codes)


def certain_fixes(findings: Iterable[Diagnostic], source: Source) -> list[tuple[Diagnostic, Fix]]:
    """One certain fix for each finding that has one, as far as they do not touch the same text."""
    chosen: list[tuple[Diagnostic, Fix]] = []
    taken: list[tuple[int, int]] = []
    for finding in findings:
        fix = next((fix for fix in finding.fixes if fix.certain), None)
        if fix is None or not about(fix, source):
            continue
        spans = [(place.start, place.end) for place, _ in fix.edits]
        if any(start <= end_ and start_ <= end for start, end in spans for start_, end_ in taken):
            continue
        if any((start, end) == (0, len(source.text)) for start, end in spans):
            return [(finding, fix)]  # a change of the whole text goes by itself
        chosen.append((finding, fix))
        taken += spans
    return chosen


def about(fix: Fix, source: Source) -> bool:
    """Whether the places of a fix are places of this very text (and not of one in which tabs were taken for spaces)."""
    return all(
        place.source.name == source.name and (place.source.original or place.source.text) == source.text
        for place, _ in fix.edits
    )


def applied(text: str, fixes: Iterable[Fix]) -> str:
    """The text with the edits of some fixes made; they must not overlap."""
    edits = sorted(((place.start, place.end, new) for fix in fixes for place, new in fix.edits), reverse=True)
    for start, end, new in edits:
        text = text[:start] + new + text[end:]
    return text
