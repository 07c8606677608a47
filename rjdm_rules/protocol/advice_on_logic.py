"""Advice on what conditions say: EXCEPT for a waiver, pregnancy without regard to sex, negated exclusions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..language.diagnostics import WARNING, Diagnostic, Fix
from ..language.source import Place, Source
from . import expressions as x
from .advice_on_bounds import facts_required
from .facts_with_many import facts_with_many
from .model import Block, Criterion, Item, Part, Protocol
from .scope import Advice, Findings
from .settling import settled
from .terms import all_conditions, items_behind, quoted, walk

PREGNANCY = re.compile(r"(?<!in )pregnan|lactati|breast.?fe|\bhcg\b|gravid", re.IGNORECASE)
CHILDBEARING = re.compile(r"child.?bearing|menopaus|fertil", re.IGNORECASE)
NO_ANSWER = re.compile(r"\bnot (?:done|applicable|tested|performed|required|available|asked)\b|\bn/?a\b", re.IGNORECASE)
SEXES = (("female", "male"), ("woman", "man"), ("f", "m"))
EXCUSES = re.compile(
    r"\bunless\b|\bexcept (?:if|when|where|in case)\b|\bdue to\b|\bcaused by\b|\bwaived\b", re.IGNORECASE
)


def blocks(protocol: Protocol, kind: str) -> Iterator[Block]:
    for part in protocol.parts:
        for block in part.blocks:
            if block.kind == kind:
                yield block


def exceptions_that_waive(protocol: Protocol, findings: Findings, source: Source) -> None:
    """In an inclusion `A EXCEPT B` shuts out whoever has B; in an exclusion `A WAIVED IF B` does. Where B excuses from
    A, the other one is meant."""
    for kind, wrong in (("inclusion", x.Except), ("exclusion", x.WaivedIf)):
        for block in blocks(protocol, kind):
            for criterion in [each for top in block.criteria for each in top.walk()]:
                for node in _asked_for(criterion.condition) if criterion.condition is not None else ():
                    if isinstance(node, wrong):
                        _report_waiver(node, criterion, protocol, findings)


def _asked_for(condition: x.Expression) -> Iterator[x.Expression]:
    """A condition and those that it is made of, as far as they are asked for (and not what excuses or is negated)."""
    stack = [condition]
    while stack:
        node = stack.pop()
        yield node
        match node:
            case x.Group(kind="all" | "any" | "at least", conditions=conditions):
                stack.extend(conditions)
            case x.Except(condition=inner) | x.WaivedIf(condition=inner) | x.IfThen(consequence=inner):
                stack.append(inner)


def _excuses(node: x.Except, criterion: Criterion, protocol: Protocol) -> bool:
    """Whether what is held is a limit or an absence, from which one may be excused; or the sentence says so. Where both
    sides are about one event, another finding speaks."""
    if facts_with_many(node.condition, protocol, {}) & facts_with_many(node.exception, protocol, {}):
        return False
    limit = any(isinstance(each, x.Compare | x.Not) for each in walk(node.condition))
    said = criterion.sentence is not None and EXCUSES.search(criterion.sentence.text) is not None
    return limit or said


def _report_waiver(node: x.Except | x.WaivedIf, criterion: Criterion, protocol: Protocol, findings: Findings) -> None:
    place = node.place or criterion.place
    if isinstance(node, x.Except):
        if not _excuses(node, criterion, protocol):
            return
        written, meant, other = "EXCEPT", "WAIVED IF", node.exception
        out = f"{criterion.id} asks for {_shown(node.condition)} and shuts out every patient with {_shown(other)}"
        help = (
            f"where {_shown(other)} excuses from {_shown(node.condition)}, write WAIVED IF; where it shuts out, AND NOT"
        )
    else:
        written, meant, other = "WAIVED IF", "EXCEPT", node.waiver
        out = f"{criterion.id} excludes every patient with {_shown(other)}, whatever else holds"
        help = f"where {_shown(other)} saves from exclusion, write EXCEPT; where it excludes by itself, OR"
    word = re.search(rf"\b{written.replace(' ', ' +')}\b", place.text)
    fixes: tuple[Fix, ...] = ()
    if word:
        at = Place(place.source, place.start + word.start(), place.start + word.end())
        fixes = (Fix(f"write {meant}", ((at, meant),)),)
    findings.all.append(Diagnostic("R906", f"with {written}, {out}", place, help, WARNING, fixes=fixes))


def _shown(node: x.Expression) -> str:
    return quoted(node.place) if node.place else "…"


def pregnancy_without_sex(protocol: Protocol, findings: Findings, source: Source) -> None:
    """A man has no pregnancy test: where a criterion asks for one without regard to sex, he stays undetermined."""
    asked = {item.name for item in protocol.items.values() if _asks_women(item)}
    regards = {item.name for item in protocol.items.values() if _woman_option(item) or _about(item, CHILDBEARING)}
    for part in protocol.parts:
        if not asked or _women_only(part, protocol):
            continue
        for block in part.blocks:
            for criterion in block.criteria:
                conditions = [each.condition for each in criterion.walk() if each.condition is not None]
                behind = set().union(*(items_behind(each, protocol) for each in conditions))
                uses = [use for each in conditions for use in _uses(each, asked - regards, protocol)]
                if uses and not behind & regards:
                    _report_pregnancy(*uses[0], criterion, block.kind, protocol, findings)


def _asks_women(item: Item) -> bool:
    """Whether an item asks something that a man has no answer to."""
    measured = item.kind in ("quantity", "number") and bool(re.search(r"\bhcg\b", item.label.text, re.IGNORECASE))
    return (
        (measured or item.kind in ("truth", "one of", "event")) and _about(item, PREGNANCY) and not _answers_all(item)
    )


def _about(item: Item, what: re.Pattern[str]) -> bool:
    return what.search(item.label.text) is not None or what.search(item.name.replace("_", " ")) is not None


def _answers_all(item: Item) -> bool:
    """Whether an item has an answer for a man: something stands in where nothing is recorded, or an option says so."""
    answers = [f"{option.name.replace('_', ' ')} {option.words}" for option in item.options]
    return item.otherwise is not None or any(NO_ANSWER.search(each) for each in answers)


def _woman_option(item: Item) -> str:
    """The option of an item for the sex that means a woman; empty for any other item."""
    names = {name.lower(): name for name in item.option_names}
    return next((names[woman] for woman, man in SEXES if {woman, man} <= set(names)), "")


def _women_only(part: Part, protocol: Protocol) -> bool:
    """Whether every eligible patient is a woman anyway."""
    for fact in facts_required(part, protocol):
        item = protocol.items[fact.subject.item] if isinstance(fact.subject, x.ItemValue) else None
        if item is not None and _woman_option(item) and fact.allowed == frozenset((_woman_option(item),)):
            return True
    return False


def _uses(condition: x.Expression, names: set[str], protocol: Protocol) -> Iterator[tuple[str, Place | None]]:
    """Where a condition asks for one of some items, but for IS KNOWN and FIRST KNOWN OF, which have an answer."""
    stack = [(condition, condition.place)]
    while stack:
        node, place = stack.pop(0)
        match node:
            case x.IsKnown() | x.FirstKnown():
                continue
            case x.ItemValue(item=name) | x.Selected(event=name) if name in names:
                yield name, place if place is not condition.place and place else node.place
            case x.DefinedValue(name=name):
                stack.append((protocol.definitions[name].expression, node.place))
        stack += [(each, place if place is not condition.place else each.place) for each in x.parts(node)]


def _report_pregnancy(
    fact: str, place: Place | None, criterion: Criterion, kind: str, protocol: Protocol, findings: Findings
) -> None:
    sex = next((item for item in protocol.items.values() if _woman_option(item)), None)
    woman = f"{sex.name} IS {_woman_option(sex)}" if sex else "sex IS female"
    help = f"write `IF {woman} THEN …`" if kind == "inclusion" else f"write `{woman} AND …`"
    help += f", or give `{fact}` an `otherwise`" if sex else f" with an item `sex`, or give `{fact}` an `otherwise`"
    message = f"{criterion.id} asks everybody for `{fact}`; a man without it is undetermined"
    findings.warning("R907", message, place or criterion.place, help)


def negated_exclusions(protocol: Protocol, findings: Findings, source: Source) -> None:
    """An exclusion by what is not there is easily meant, and read, the other way round."""
    chosen = {reading.name: reading.chosen for reading in protocol.readings.values()}
    for block in blocks(protocol, "exclusion"):
        for criterion in [each for top in block.criteria for each in top.walk() if not each.children]:
            if criterion.condition is None:
                continue
            absent = _absent(settled(criterion.condition, chosen))
            if absent:
                help = (
                    "if those for whom it holds are to be excluded, take NOT out; else ask for it in an inclusion"
                    if len(absent) == 1
                    else "if those for whom one of these holds are to be excluded, write ANY"
                )
                whom = f"{absent[0]} does not hold" if len(absent) == 1 else f"none of {', '.join(absent[:4])} holds"
                place = criterion.condition.place or criterion.place
                findings.warning("R914", f"{criterion.id} excludes the patients for whom {whom}", place, help)


def _absent(node: x.Expression) -> list[str]:
    """What must not hold for a condition to hold, if that is all it says."""
    match node:
        case x.Not(condition=x.IsOneOf(subject=subject, options=options)) if subject.place:
            return [f"`{subject.place.text} {'IS' if len(options) == 1 else 'IN'} {', '.join(options)}`"]
        case x.Not(condition=inner):
            return [_shown(inner)]
        case x.Group(kind="none", conditions=conditions):
            return [_shown(each) for each in conditions]
        case x.Group(kind="all", conditions=conditions):
            parts = [_absent(each) for each in conditions]
            return [each for part in parts for each in part] if all(parts) else []
    return []


def windows_behind_a_row(protocol: Protocol, findings: Findings, source: Source) -> None:
    """`stroke OR mi WITHIN 6 months BEFORE screening`: the window belongs to the last one only."""
    for condition in all_conditions(protocol):
        for node in walk(condition):
            if not isinstance(node, x.Group) or node.style != "infix":
                continue
            *others, last = node.conditions
            alone = [each for each in others if isinstance(each, x.Occurs) and _window_of(each) is None and each.place]
            window = _window_of(last)
            if alone and window is not None and last.place and window.place and not _bracketed(others[-1], last):
                word = "ANY" if node.kind == "any" else "ALL"
                names = ", ".join(each.place.text for each in alone if each.place)
                event = last.place.text[: window.place.start - last.place.start].strip()
                help = f"write `{word}({names}, {event}) {window.place.text}`, or a window behind each"
                message = f"the window belongs to `{event}` only, and {names} counts at any time"
                findings.warning("R918", message, last.place, help)


def _window_of(node: x.Expression) -> x.Window | None:
    inner = node.occurrences if isinstance(node, x.Occurs) else None
    return inner.window if isinstance(inner, x.Selected) else None


def _bracketed(before: x.Expression, last: x.Expression) -> bool:
    """Whether the last condition of a row stands in parentheses of its own."""
    assert last.place is not None
    start = before.place.end if before.place else last.place.start
    return "(" in last.place.source.text[start : last.place.start]


def no_examples(protocol: Protocol, findings: Findings, source: Source) -> None:
    """Examples are what shows that the rules do what was meant."""
    if protocol.kind == "protocol" and not protocol.examples and protocol.parts:
        findings.remark(
            "R915",
            "the protocol has no examples",
            protocol.title.place,
            "add an `example` with a patient and what is expected; `rjdm test --suggest` writes some",
        )


CHECKS: tuple[Advice, ...] = (
    exceptions_that_waive,
    pregnancy_without_sex,
    negated_exclusions,
    windows_behind_a_row,
    no_examples,
)
