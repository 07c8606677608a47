"""What speech shares and a condition says for each: `(ast OR alt) > 3 × ULN`, `nyha IS III OR IV`.

The part that is left over would otherwise be refused as no condition, or as a name that nobody declared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..language import syntax as s
from ..language.diagnostics import Fix
from ..language.source import Place
from . import types as t
from .scope import Scope
from .terms import quoted

WORDS = {"all": " AND ", "any": " OR "}


def type_of(node: s.Expression, scope: Scope) -> t.Type | None:
    """What a name stands for; None for all else."""
    if not isinstance(node, s.Name):
        return None
    item = scope.items.get(node.name)
    return item.type if item and item.kind != "event" else scope.definition_types.get(node.name)


def before_the_sign(node: s.Comparison, scope: Scope) -> bool:
    """`(ast OR alt) > 3 × ULN`, `ANY(ast, alt) > 3 × ULN`: reported, where they are numbers."""
    group = node.left
    if not isinstance(group, s.Group) or group.kind not in WORDS:
        return False
    if not all(isinstance(type_of(each, scope), t.Number) for each in group.elements):
        return False
    rest, end = _sign_and_side(node)
    compared = [f"{each.place.text} {rest}" for each in group.elements]
    form = WORDS[group.kind].join(compared) if group.infix else f"{group.kind.upper()}({', '.join(compared)})"
    tail = node.place.source.text[group.place.end : end]
    closed = len(re.match(r"(?:\s*\))*", tail).group())  # type: ignore[union-attr]
    left_over = Place(node.place.source, group.place.end + closed, end)
    edits = [*((_behind(each), f" {rest}") for each in group.elements), (left_over, "")]
    _report(scope, "each value is compared by itself", node.place, form, edits)
    return True


def _sign_and_side(node: s.Comparison) -> tuple[str, int]:
    """What follows the left side, as it is written, and where it ends (places leave out parentheses around them)."""
    text, start, end = node.place.source.text, node.left.place.end, node.right.place.end
    while text.count("(", start, end) > text.count(")", start, end) and text.find(")", end) >= 0:
        end = text.find(")", end) + 1
    return text[start:end].lstrip(" )"), end


def _behind(node: s.Expression) -> Place:
    return Place(node.place.source, node.place.end, node.place.end)


def _report(scope: Scope, message: str, place: Place, form: str, edits: Sequence[tuple[Place, str]]) -> None:
    fixes = (Fix(f"write `{form}`", tuple(edits)),) if edits else ()
    scope.findings.error("R312", message, place, f"write `{form}`", fixes=fixes)


def among(elements: Sequence[s.Expression], scope: Scope) -> set[int]:
    """The places in AND, OR, ANY(…) and the like where what a neighbour says is left out; each is reported."""
    taken: set[int] = set()
    for number, element in enumerate(elements):
        if number in taken:
            continue
        if isinstance(element, s.IsOption | s.InOptions | s.Includes):
            taken |= _options_behind(elements, number, scope)
        elif isinstance(type_of(element, scope), t.Number):
            taken |= _sides_left_out(elements, number, scope)
    return taken


def _sides_left_out(elements: Sequence[s.Expression], number: int, scope: Scope) -> set[int]:
    """`ast OR alt > 3 × ULN`: numbers beside a comparison of one."""
    end = number
    while end < len(elements) and isinstance(type_of(elements[end], scope), t.Number):
        end += 1
    sides = [elements[at] for at in (end, number - 1) if 0 <= at < len(elements)]
    full = next((each for each in sides if isinstance(each, s.Comparison)), None)
    if full is None or not isinstance(type_of(full.left, scope), t.Number):
        return set()
    rest, _ = _sign_and_side(full)
    bare = elements[number:end]
    message = f"{quoted(bare[0].place)} is compared with nothing: each value is compared by itself"
    edits = [(_behind(each), f" {rest}") for each in bare]
    _report(scope, message, bare[0].place, f"{bare[0].place.text} {rest}", edits)
    return set(range(number, end))


def _options_behind(elements: Sequence[s.Expression], number: int, scope: Scope) -> set[int]:
    """`nyha IS III OR IV`, `drugs INCLUDES a OR b`: options behind a condition that asks for one."""
    first = elements[number]
    assert isinstance(first, s.IsOption | s.InOptions | s.Includes)
    kind = type_of(first.subject, scope)
    if not isinstance(kind, t.OneOf | t.SeveralOf):
        return set()
    end = number + 1
    while end < len(elements) and _only_an_option(elements[end], kind, scope):
        end += 1
    more = [each for each in elements[number + 1 : end] if isinstance(each, s.Name)]
    if not more:
        return set()
    subject = first.subject.place.text
    place = Place(first.place.source, first.place.start, more[-1].place.end)
    if isinstance(first, s.Includes):
        edits = [(each.place, f"{subject} INCLUDES {each.name}") for each in more]
        _report(scope, f"`{more[0].name}` is an option of `{subject}`, and no condition by itself", more[0].place,
                edits[0][1], edits)  # fmt: skip
    else:
        options = [first.option] if isinstance(first, s.IsOption) else list(first.options)
        negation = "NOT " if first.negated else ""
        form = f"{subject} {negation}IN ({', '.join(each.name for each in [*options, *more])})"
        whole = place.text.count("(") == place.text.count(")")  # not `(nyha IS III) OR IV`
        _report(scope, "several options stand in one list", place, form, [(place, form)] if whole else [])
    return set(range(number, end))


def _only_an_option(node: s.Expression, kind: t.OneOf | t.SeveralOf, scope: Scope) -> bool:
    return isinstance(node, s.Name) and node.name in kind.options and scope.declared(node.name) is None
