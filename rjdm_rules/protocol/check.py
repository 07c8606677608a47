"""From a syntax tree to a checked protocol. The passes stand in `checked`, in order; each hands on all its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from ..language import syntax as s
from ..language.diagnostics import Diagnostic, has_errors, in_order
from ..language.parser import parse
from ..language.sameness import same
from ..language.source import Place, Source
from ..units.unit import PLAIN
from . import types as t
from .advice import advise
from .allowances import without_allowed
from .criteria import checked_parts, if_criteria_under_all, register
from .declarations import checked_item, checked_reading
from .examples import checked_examples
from .expression_types import ExpressionChecker
from .libraries import refuse_criteria, used_files
from .model import Definition, Dose, Escalation, Protocol, Scheme, TableColumn, TableRow
from .order import references, refuse_cycles, report_cycle, settled_order
from .scope import Findings, Scope
from .tables import checked_cell, checked_table, covered, each_once, even_rows
from .typed import Context

D = TypeVar("D", s.Reading, s.Item, s.Definition, s.Table)


@dataclass(frozen=True)
class Checked:
    """The outcome of checking: the protocol (None where there are errors) and every finding. `known` is what could be
    settled all the same: enough to say what a name means, not to run."""

    protocol: Protocol | None
    diagnostics: list[Diagnostic]
    known: Protocol | None = None


def check_source(source: Source, folder: Path | None = None) -> Checked:
    """Reads and checks a source; `folder` is where `use` looks first."""
    file, diagnostics = parse(source)
    return checked(file, diagnostics, folder)


def checked(file: s.File, diagnostics: Iterable[Diagnostic], folder: Path | None) -> Checked:
    findings = Findings()
    findings.all += diagnostics
    head_of(file, findings)
    libraries = used_files(file, folder, findings)
    files = [*libraries, file]
    scope = Scope(findings)
    scope.broken |= {word for each in files for word in each.broken}
    if any(use.name.name not in {_stem(library) for library in libraries} for use in file.uses):
        scope.broken |= _all_names_used(file)  # a missing library is one error, not one for each of its names
    checker = ExpressionChecker(scope)

    enter_readings(files, scope)
    enter_items(files, scope)
    enter_tables(files, scope, checker)
    register(file, scope)
    settle_definitions(files, scope, checker)
    settle_otherwise(files, scope, checker)
    recheck_definitions(files, scope, checker)
    parts = checked_parts(file, scope, checker)
    if_criteria_under_all(parts, scope)
    acyclic = refuse_cycles(scope, parts)
    escalations = tuple(filter(None, (checked_escalation(node, checker) for node in file.escalations)))
    examples = checked_examples(file, scope)

    without_guesses(findings)
    if file.head is None:
        return Checked(None, in_order(findings.all))
    protocol = Protocol(
        file.head.kind,
        file.head.id,
        file.head.title,
        {name.name: text for name, text in file.head.attributes},
        scope.readings,
        scope.items,
        scope.definitions,
        scope.tables,
        parts,
        escalations,
        examples,
    )
    if has_errors(findings.all) or not acyclic:
        return Checked(None, in_order(findings.all), protocol)
    advise(protocol, findings, file.place.source)
    return Checked(protocol, in_order(without_allowed(files, findings.all)), protocol)


STRUCTURE = ("R209", "R701", "R704", "R705", "R706", "R707", "R708", "R710")


def without_guesses(findings: Findings) -> None:
    """Where the indentation of a file is not certain, what its nesting seems to say is not worth a message."""
    if any(each.code in ("R102", "R105") for each in findings.all):
        findings.all = [each for each in findings.all if each.code not in STRUCTURE]


def head_of(file: s.File, findings: Findings) -> None:
    if file.head is None:
        if not file.incomplete:
            start = Place(file.place.source, 0, 0)
            findings.error("R805", "the file does not say what it is", start, 'begin with `protocol ID "title"`')
        return
    for other in file.more_heads:
        findings.error("R206", "a file has one head", other.place, "take one of the two out")
    seen: set[str] = set()
    for name, _ in file.head.attributes:
        if name.name in seen:
            findings.error("R206", f"`{name.name}` is given twice", name.place)
        seen.add(name.name)
    if file.head.kind == "library":
        refuse_criteria(file, findings)
    elif not (file.blocks or file.parts or file.incomplete):
        findings.error("R704", "the protocol has no criteria", file.head.place, "add `inclusion` and `exclusion`")


def _stem(library: s.File) -> str:
    return Path(library.place.source.name).stem


def _all_names_used(file: s.File) -> set[str]:
    nodes = (file.items, file.definitions, file.tables)
    names = {name for name, _ in references(nodes)}
    stack = [criterion for block in file.blocks for criterion in block.body.children]
    stack += [criterion for part in file.parts for block in part.blocks for criterion in block.body.children]
    while stack:
        criterion = stack.pop()
        names |= {name for name, _ in references(criterion.body.formulas)}
        stack.extend(criterion.body.children)
    return names


def distinct(files: list[s.File], of: Callable[[s.File], tuple[D, ...]], scope: Scope) -> list[D]:
    """The declarations of one kind from all files: identical ones merge, different ones of one name clash."""
    found: dict[str, D] = {}
    for file in files:
        for node in of(file):
            name = node.name.name
            other = found.get(name)
            if other is None:
                found[name] = node
            elif other.place.source is node.place.source or not same(other, node):
                apart = other.place.source is not node.place.source
                scope.findings.error(
                    "R206",
                    f"`{name}` is declared twice{', and not in the same words' if apart else ''}",
                    node.place,
                    "make both the same, or rename one" if apart else "take one of the two out, or rename it",
                    hops=(("the other declaration", other.place),),
                )
    return list(found.values())


def enter_readings(files: list[s.File], scope: Scope) -> None:
    for node in distinct(files, lambda file: file.readings, scope):
        if not scope.is_free(node.name):
            continue
        reading = checked_reading(node, scope.findings, node.place.source.name)
        if reading:
            scope.readings[reading.name] = reading
        else:
            scope.broken.add(node.name.name)


def enter_items(files: list[s.File], scope: Scope) -> None:
    for node in distinct(files, lambda file: file.items, scope):
        if not scope.is_free(node.name):
            continue
        item = checked_item(node, scope.findings, node.place.source.name)
        if node.attributes and item and item.kind != "event":
            scope.broken |= {attribute.name.name for attribute in node.attributes}
        if item:
            scope.items[item.name] = item
        else:
            scope.broken.add(node.name.name)


def enter_tables(files: list[s.File], scope: Scope, checker: ExpressionChecker) -> None:
    for node in distinct(files, lambda file: file.tables, scope):
        if not scope.is_free(node.name):
            continue
        table = checked_table(node, checker, node.place.source.name)
        if table:
            scope.tables[table.name] = table
        else:
            scope.broken.add(node.name.name)


def settle_definitions(files: list[s.File], scope: Scope, checker: ExpressionChecker) -> None:
    """The type of each definition, those first that others need. What a definition says of criteria is settled once
    the criteria are known (`recheck_definitions`)."""
    nodes = {node.name.name: node for node in distinct(files, lambda file: file.definitions, scope)}
    needs = {name: references(node.expression) for name, node in nodes.items()}
    in_cycle: set[str] = set()

    def cycle(hops: list[tuple[str, Place]]) -> None:
        report_cycle(scope.findings, hops)
        in_cycle.update(name for name, _ in hops)

    order = settled_order(needs, cycle)
    scope.broken |= in_cycle
    for name in order:
        node = nodes[name]
        if not scope.is_free(node.name):
            continue
        kind = _declared_type(node, checker) or _type_of(node, scope, checker)
        if kind is None:
            scope.broken.add(name)
        else:
            scope.definition_types[name] = kind


def _type_of(node: s.Definition, scope: Scope, checker: ExpressionChecker) -> t.Type | None:
    """The type that follows from the expression. Errors in it are reported by the later pass, but for those of a
    definition without a type, which nothing else will look at."""
    before = len(scope.findings.all)
    typed = checker.typed(node.expression, Context())
    if typed is None:
        return None
    del scope.findings.all[before:]
    if isinstance(typed.type, t.Occurrences):
        return t.Truth()
    if isinstance(typed.type, t.Occurrence):
        scope.findings.error(
            "R311",
            "a definition holds a value or a condition, not an occurrence",
            node.expression.place,
            "define an attribute of it, as in `grade OF LATEST(event)`",
        )
        return None
    return typed.type


def _declared_type(node: s.Definition, checker: ExpressionChecker) -> t.Type | None:
    if node.type is None:
        return None
    written = node.type
    match written.kind:
        case "truth":
            return t.Truth()
        case "quantity":
            unit = checker.unit(written.unit or "", written.unit_place or written.place)
            return t.Number(unit) if unit else None
        case "number" | "count":
            return t.Number(PLAIN)
        case "one of":
            return t.OneOf(tuple(option.name for option in written.options))
        case "date":
            return t.Date()
        case "time":
            return t.Time()
    checker.findings.error("R311", f"a definition cannot be `{written.kind}`", written.place)
    return None


def settle_otherwise(files: list[s.File], scope: Scope, checker: ExpressionChecker) -> None:
    for node in distinct(files, lambda file: file.items, scope):
        item = scope.items.get(node.name.name)
        lines = [line for line in node.lines if line.kind == "otherwise" and line.expression is not None]
        if item is None or not lines or item.place is not node.place:
            continue
        expression = lines[0].expression
        assert expression is not None
        checker.substance = item.molar_mass
        value = checker.readable(checker.expected(expression, item.type, Context()), expression.place)
        checker.substance = None
        if value is not None:
            scope.items[item.name] = replace(item, otherwise=value)


def recheck_definitions(files: list[s.File], scope: Scope, checker: ExpressionChecker) -> None:
    for file in files:
        for node in file.definitions:
            kind = scope.definition_types.get(node.name.name)
            if kind is None or node.name.name in scope.definitions:
                continue
            value = checker.readable(checker.expected(node.expression, kind, Context()), node.expression.place)
            if value is not None:
                scope.definitions[node.name.name] = Definition(
                    node.name.name, node.label, kind, value, node.notes, node.place, node.place.source.name
                )


def checked_escalation(node: s.Escalation, checker: ExpressionChecker) -> Escalation | None:
    findings = checker.findings
    doses = []
    for number in node.doses:
        unit = checker.unit(number.unit, number.unit_place or number.place) if number.unit else None
        if number.unit is None:
            findings.error("R402", f"the dose {number.text} has no unit", number.place)
        if unit:
            doses.append(Dose(number.value, unit, number.place.text))
    if len({dose.unit.dimension for dose in doses}) > 1:
        findings.error("R403", "the doses are in units that do not compare", node.place)
    if not node.doses:
        findings.error("R710", f"the escalation `{node.name.name}` names no doses", node.place, "add `doses …`")
    counts: dict[str, int] = {}
    for kind, count, place in node.counts:
        if kind in counts:
            findings.error("R206", f"`{kind}` is given twice", place)
        if count < 1:
            help = f"write `{kind} 3`, or what the protocol says"
            findings.error("R710", f"`{kind}` is a whole number of patients from 1 upwards", place, help)
        counts.setdefault(kind, count)
    _sizes_fit(node, doses, counts, findings)
    schemes = tuple(filter(None, (checked_scheme(scheme, checker) for scheme in node.schemes)))
    return Escalation(
        node.name.name,
        node.label,
        tuple(doses),
        counts.get("cohort"),
        counts.get("most"),
        schemes,
        node.notes,
        node.sources,
        node.place,
    )


def _sizes_fit(node: s.Escalation, doses: list[Dose], counts: dict[str, int], findings: Findings) -> None:
    """A level holds at least one cohort, and the doses rise."""
    places = {kind: place for kind, _, place in node.counts}
    if 0 < counts.get("most", 0) < counts.get("cohort", 0):
        message = f"`most {counts['most']}` patients at a level are fewer than one cohort of {counts['cohort']}"
        findings.error("R710", message, places["most"], "`most` is the most patients that one level may have")
    amounts = [dose.value * dose.unit.factor for dose in doses]
    for number, (lower, higher) in enumerate(pairwise(amounts), 1):
        if higher <= lower and len({dose.unit.dimension for dose in doses}) == 1:
            message = f"dose {number + 1} is not above dose {number}"
            findings.error("R710", message, node.doses[number].place, "list the doses from the lowest to the highest")
            return


def checked_scheme(node: s.Scheme, checker: ExpressionChecker) -> Scheme | None:
    """A decision table over counts. Rows may leave states open (those come back as `review`) but not contradict."""
    columns = [TableColumn(column.name.name, "number", unit=PLAIN, whole=True) for column in node.columns[:-1]]
    if not columns:
        help = "write the header as `| treated | dlt | → decision |`"
        checker.findings.error("R601", "a scheme needs at least one column to look up by", node.place, help)
        return None
    each_once(node.columns, checker.findings)
    for column in node.columns:
        if column.type is not None:
            checker.findings.error("R601", "the columns of a scheme are counts of patients", column.place)
    rows = even_rows(node.rows, len(node.columns), checker.findings)
    if rows is None:
        return None
    found = []
    for row in rows:
        cells = [
            tuple(checked_cell(part, column, checker) for part in cell)
            for cell, column in zip(row.cells, columns, strict=False)
        ]
        decision = row.cells[-1][0]
        result = decision.low
        single = len(row.cells[-1]) == 1 and decision.high is None and decision.operator is None
        if not isinstance(result, s.Name) or not single:
            checker.findings.error("R603", "a decision is one word, such as `escalate`", decision.place)
            return None
        if any(cell is None for alternatives in cells for cell in alternatives):
            return None
        sure = tuple(tuple(cell for cell in alternatives if cell) for alternatives in cells)
        found.append(TableRow(sure, (result.name,), row.place))
    what = f"the scheme `{node.name.name}`"
    covered(columns, found, what, node.place, checker.findings, gaps=False)
    return Scheme(
        node.name.name,
        node.label,
        tuple(column.name for column in columns),
        node.columns[-1].name.name,
        tuple(found),
        node.place,
    )


__all__ = ["Checked", "check_source", "checked"]
