"""Criteria: their ids, their formulas, and whether each formula names every criterion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from ..language import syntax as s
from ..language.diagnostics import Fix, replacement
from ..language.source import Place
from ..language.vocabulary import SECTION_WORDS
from . import expressions as x
from .expression_types import ExpressionChecker
from .model import Block, Criterion, Part
from .scope import NamedCriterion, Scope, may_name
from .terms import walk
from .typed import Context

LETTER = {"inclusion": "I", "exclusion": "E"}


def register(file: s.File, scope: Scope) -> None:
    """Gives every criterion its id and enters it, so that formulas anywhere can refer to it."""
    for block in file.blocks:
        _register_block(block, None, scope)
    seen: set[str] = set()
    for part in file.parts:
        if part.name.name in seen:
            scope.findings.error("R206", f"the part `{part.name.name}` is there twice", part.place)
            continue
        seen.add(part.name.name)
        for block in part.blocks:
            _register_block(block, part.name.name, scope)
    if file.blocks and file.parts:
        scope.findings.error(
            "R703",
            "criteria stand both inside parts and outside",
            file.blocks[0].place,
            "put every `inclusion` and `exclusion` into a part, or use no parts",
        )


def _register_block(block: s.Block, part: str | None, scope: Scope) -> None:
    key = (part, block.kind)
    if key in scope.blocks:
        scope.findings.error("R206", f"there are two blocks `{block.kind}`", block.place, "put the criteria into one")
        return
    scope.bodies[key] = block.body
    prefix = f"{part}." if part else ""
    letter = LETTER[block.kind]
    _stray_texts(block.body, True, scope)
    scope.blocks[key] = _named(block.body.children, f"{prefix}{letter}", letter, block.kind, part, None, scope)


def _named(
    children: Sequence[s.Criterion],
    prefix: str,
    letter: str | None,
    kind: str,
    part: str | None,
    parent: NamedCriterion | None,
    scope: Scope,
) -> tuple[NamedCriterion, ...]:
    found = []
    for child, following in zip_longest(children, children[1:]):
        if child.label is not None:
            id = f"{prefix}{child.label}" if letter else f"{prefix}.{child.label}"
        else:
            id = f"{prefix}.{child.name.name if child.name else ''}"
        named = NamedCriterion(id, child, kind, part, parent)
        _conditions_in_place(named, following, scope)
        _stray_texts(child.body, False, scope)
        below = _named(child.body.children, id, None, kind, part, named, scope)
        object.__setattr__(named, "children", below)
        _enter(named, scope)
        found.append(named)
    return tuple(found)


def _conditions_in_place(named: NamedCriterion, following: s.Criterion | None, scope: Scope) -> None:
    """A condition that stands level with its criterion, not below it, is said to do so, once."""
    body = named.syntax.body
    if body.formulas or body.children or body.broken:
        return
    around = named.parent.syntax.body if named.parent else scope.bodies.get((named.part, named.kind))
    for formula in around.formulas if around else ():
        before = following is None or formula.place.start < following.place.start
        if formula.place.start > named.syntax.place.start and before:
            scope.misplaced.add(named.id)
            scope.misplaced_formulas.add(formula.place)
            start = formula.place.start
            spaces = (Place(formula.place.source, start, start), "    ")
            fixes = () if "\n" in formula.place.text else (Fix("indent it", (spaces,), certain=True),)
            scope.findings.error(
                "R708",
                f"this condition stands level with its criterion {named.syntax.marker}",
                formula.place,
                "indent it further than the criterion",
                fixes=fixes,
            )
            return


def _stray_formulas(body: s.CriterionBody, scope: Scope) -> None:
    """Reports what stands behind the criteria of a level and belongs to none of them."""
    if not body.children:
        return
    first = body.children[0].place.start
    for formula in body.formulas:
        if formula.place.start < first or formula.place in scope.misplaced_formulas:
            continue
        word = formula.place.text
        if word in SECTION_WORDS:
            message = f"`{word}` opens a section and stands at the left edge"
            scope.findings.error("R708", message, formula.place, f"take the spaces before `{word}` out")
        elif isinstance(formula, s.Mark | s.Number):
            message = f"the criterion {formula.place.text} has no sentence and no condition"
            help = f'write its sentence behind it, as in `{formula.place.text} "…"`, and the condition below'
            scope.findings.error("R707", message, formula.place, help)
        else:
            help = "indent it below its criterion, or put it before the first one, where a formula over all stands"
            scope.findings.error(
                "R708", "this condition stands behind criteria and belongs to none", formula.place, help
            )


def _stray_texts(body: s.CriterionBody, block: bool, scope: Scope) -> None:
    """Reports notes and sources that stand level with the criteria behind which they stand, and would belong to all;
    and sources of a whole block, of which a document says nothing."""
    first = body.children[0].place.start if body.children else None
    for kind, texts in (("note", body.notes), ("source", body.sources)):
        for text in texts:
            behind = first is not None and text.place.start > first
            if not behind and not (block and kind == "source"):
                continue
            what = "stands level with criteria" if behind else "belongs to no criterion"
            line = text.place.start - (text.place.column - 1)
            gap = Place(text.place.source, line, line)
            fixes = (Fix("indent it by four more spaces", ((gap, "    "),)),) if behind else ()
            scope.findings.error(
                "R708", f"this {kind} {what}", text.place, "indent it below the criterion that it is about", fixes=fixes
            )


def _without_misplaced(body: s.CriterionBody) -> s.CriterionBody:
    """Formulas stand before the criteria that they are over; one behind belongs (wrongly indented) to a criterion."""
    if not body.children:
        return body
    first = body.children[0].place.start
    return replace(body, formulas=tuple(each for each in body.formulas if each.place.start < first))


def _enter(named: NamedCriterion, scope: Scope) -> None:
    findings, node = scope.findings, named.syntax
    if node.label and node.label.startswith("0"):
        form = node.marker.replace(node.label, node.label.lstrip("0") or "1")
        place = Place(node.place.source, node.place.start, node.place.start + len(node.marker))
        fixes = (replacement(place, form),)
        findings.error(
            "R117", "criteria are numbered from 1, without a nought before", place, f"write `{form}`", fixes=fixes
        )
    if named.id in scope.criteria_by_id:
        other = scope.criteria_by_id[named.id]
        findings.error(
            "R206",
            f"the marker {node.marker} stands twice here",
            node.place,
            "number the criteria as the protocol does, each once",
            hops=(("the other one", other.syntax.place),),
        )
        return
    scope.criteria_by_id[named.id] = named
    if node.name is None:
        return
    name = node.name.name
    if (named.part, name) in scope.criteria_by_name:
        findings.error("R206", f"the name `{name}` is taken by a criterion", node.name.place, "choose another name")
        return
    holder = scope.declared(name)
    if holder is not None and holder[0] != "criterion":  # a criterion of another part may have it
        scope.is_free(node.name)
        return
    if not may_name(node.name, findings):
        return
    scope.criteria_by_name[named.part, name] = named
    scope.criterion_names.add(name)


def checked_parts(file: s.File, scope: Scope, checker: ExpressionChecker) -> tuple[Part, ...]:
    if file.parts:
        for part in file.parts:
            if not part.blocks and not file.incomplete:
                help = "add `inclusion` and `exclusion`, or take the part out"
                scope.findings.error("R704", f"the part `{part.name.name}` has no criteria", part.name.place, help)
        return tuple(_part(part.name.name, part.title, part.blocks, part.notes, scope, checker) for part in file.parts)
    return (_part(None, None, file.blocks, (), scope, checker),) if file.blocks else ()


def _part(
    name: str | None,
    title: s.Text | None,
    blocks: Sequence[s.Block],
    notes: tuple[s.Text, ...],
    scope: Scope,
    checker: ExpressionChecker,
) -> Part:
    found: dict[str, Block] = {}
    for block in blocks:
        if block.kind not in found:
            checked = _block(block, name, scope, checker)
            if checked:
                found[block.kind] = checked
    return Part(name, title, found.get("inclusion"), found.get("exclusion"), notes)


def _block(node: s.Block, part: str | None, scope: Scope, checker: ExpressionChecker) -> Block | None:
    named = scope.blocks.get((part, node.kind), ())
    context = Context(block=(part, node.kind), exclusion=node.kind == "exclusion")
    criteria = tuple(
        criterion for each in named if (criterion := _criterion(each, context, scope, checker)) is not None
    )
    counted = [each for each in named if not each.only_notes]
    if not counted and not node.body.broken:
        what = "no criterion with a condition" if named else "no criteria"
        help = "give one of them a condition, or take the block out" if named else "add criteria, or take it out"
        scope.findings.error("R704", f"`{node.kind}` has {what}", node.place, help)
    formula = _formula(node.body, context, counted, node.kind, f"`{node.kind}`", scope, checker)
    if formula is None:
        return None
    written = bool(node.body.formulas)
    return Block(node.kind, node.label, formula, written, criteria, node.body.notes, node.place)


def _formula(
    body: s.CriterionBody,
    context: Context,
    children: Sequence[NamedCriterion],
    kind: str,
    what: str,
    scope: Scope,
    checker: ExpressionChecker,
) -> x.Expression | None:
    """The written formula, or the one that goes without saying."""
    findings = scope.findings
    _stray_formulas(body, scope)
    body = _without_misplaced(body)
    if len(body.formulas) > 1:
        findings.error(
            "R705",
            f"{what} has two conditions",
            body.formulas[1].place,
            "join them with AND, OR or a list; a line that goes on begins with AND or OR",
        )
    if body.formulas:
        formula = checker.readable(checker.condition(body.formulas[0], context), body.formulas[0].place)
        if formula and children and not body.broken:
            _names_all(formula, children, body.formulas[0], what, scope)
        return formula
    if body.broken:
        return None
    own = tuple(x.CriterionTruth(each.id, place=each.syntax.place) for each in children)
    if not own:
        return None
    return x.Group("all" if kind == "inclusion" else "any", 0, own, "list", place=own[0].place)


def _names_all(
    formula: x.Expression, children: Sequence[NamedCriterion], written: s.Expression, what: str, scope: Scope
) -> None:
    named = {node.criterion for node in walk(formula) if isinstance(node, x.CriterionTruth)}
    left_out = [each for each in children if each.id not in named]
    if left_out:
        markers = ", ".join(each.syntax.marker if each.syntax.label else each.syntax.name.name for each in left_out)  # type: ignore[union-attr]
        scope.findings.error(
            "R701",
            f"the formula of {what} leaves out {markers}",
            written.place,
            "every criterion must count; one that has no effect holds only a `note`",
            hops=tuple((f"{each.syntax.marker} is not in the formula", each.syntax.place) for each in left_out[:5]),
        )


def _criterion(named: NamedCriterion, block: Context, scope: Scope, checker: ExpressionChecker) -> Criterion | None:
    node, body = named.syntax, named.syntax.body
    whole = not block.exclusion
    context = Context(may_if=whole, criterion=named, block=block.block, exclusion=block.exclusion)
    children = tuple(child for each in named.children if (child := _criterion(each, block, scope, checker)) is not None)
    counted = [each for each in named.children if not each.only_notes]
    what = f"({node.label})" if node.label and node.label.isdigit() and named.parent is None else f"`{named.id}`"
    findings = scope.findings
    condition: x.Expression | None = None
    if body.formulas or counted:
        if not body.formulas and block.exclusion and len(counted) > 1:
            findings.error(
                "R706",
                f"{what} has {len(counted)} parts, and an exclusion must say how they combine",
                node.place,
                "begin it with a formula, as in `ANY(①, ②)`",
            )
            return None
        condition = _formula(body, context, counted, "inclusion", what, scope, checker)
        if condition is None:
            return None
    elif named.id in scope.misplaced:
        return None
    elif not body.notes and not body.broken:
        findings.error(
            "R707",
            f"{what} has no condition",
            node.place,
            "write the condition below the sentence; a remark without effect holds a `note`",
        )
        return None
    elif body.broken:
        return None
    return Criterion(
        named.id,
        node.marker,
        node.name.name if node.name else None,
        node.sentence,
        condition,
        children,
        body.notes,
        body.sources,
        node.place,
        bool(body.formulas),
    )


def if_criteria_under_all(parts: Sequence[Part], scope: Scope) -> None:
    """A criterion that may be "not applicable" counts as satisfied; that is safe only under ALL."""
    conditional = {
        criterion.id
        for part in parts
        for block in part.blocks
        for top in block.criteria
        for criterion in top.walk()
        if criterion.condition is not None and isinstance(criterion.condition, x.IfThen)
    }
    if not conditional:
        return
    deep = _reaching(conditional, parts, scope)
    for part in parts:
        for block in part.blocks:
            included = block.kind == "inclusion"
            _refuse_vacuous(block.formula, included, conditional, deep, scope)
            for top in block.criteria:
                for criterion in top.walk():
                    if criterion.condition is not None:
                        _refuse_vacuous(criterion.condition, included, conditional, deep, scope)
    for definition in scope.definitions.values():
        _refuse_vacuous(definition.expression, False, conditional, deep, scope)
    for item in scope.items.values():
        if item.otherwise is not None:
            _refuse_vacuous(item.otherwise, False, conditional, deep, scope)


def _reaching(conditional: set[str], parts: Sequence[Part], scope: Scope) -> set[str]:
    """The criteria whose condition rests on one that may not apply, through others too."""
    users: dict[str, list[str]] = {}
    for part in parts:  # an exclusion that rests on one is refused where it says so
        for top in part.inclusion.criteria if part.inclusion else ():
            for criterion in top.walk():
                for each in walk(criterion.condition) if criterion.condition is not None else ():
                    if isinstance(each, x.CriterionTruth):
                        users.setdefault(each.criterion, []).append(criterion.id)
    found, stack = set(conditional), list(conditional)
    while stack:
        for user in users.get(stack.pop(), ()):
            if user not in found:
                found.add(user)
                stack.append(user)
    return found


def _refuse_vacuous(formula: x.Expression, included: bool, conditional: set[str], deep: set[str], scope: Scope) -> None:
    """Refuses a criterion that may not apply anywhere but under ALL, and one that rests on such a criterion wherever
    being satisfied could turn against the patient."""
    stack = [(formula, included, included)]
    while stack:
        node, under_all, in_favour = stack.pop()
        if isinstance(node, x.CriterionTruth):
            direct = node.criterion in conditional
            if node.place and ((direct and not under_all) or (node.criterion in deep and not in_favour)):
                what = "is IF … THEN" if direct else "rests on a criterion with IF … THEN"
                scope.findings.error(
                    "R702",
                    f"{node.criterion} {what}; where it does not apply it counts as satisfied, which is safe "
                    "only under ALL in an inclusion",
                    node.place,
                    "refer to its condition instead, given a name with `define`",
                )
            continue
        keeps = under_all and isinstance(node, x.Group) and node.kind == "all"
        favour = in_favour and isinstance(node, x.Group) and node.kind in ("all", "any", "at least")
        stack.extend((part, keeps, favour) for part in x.parts(node))
