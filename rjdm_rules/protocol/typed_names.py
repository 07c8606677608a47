"""Names and references: what each stands for."""

from __future__ import annotations

from ..language import syntax as s
from ..language.source import Place
from . import expressions as x
from . import types as t
from .model import Item
from .scope import NamedCriterion
from .typed import Checker, Context, Typed


class NameChecker(Checker):
    """Names, markers and ranges of markers."""

    def _name(self, node: s.Name, context: Context) -> Typed | None:
        name, place, scope = node.name, node.place, self.scope
        if context.event:
            attribute = self._attribute_type(context.event, name)
            if attribute:
                return Typed(x.AttributeValue(context.event.name, name, place=place), attribute)
        if name in scope.items:
            item = scope.items[name]
            if item.kind == "event":
                return Typed(x.Selected(name, None, None, place=place), t.Occurrences(name))
            return Typed(x.ItemValue(name, place=place), item.type)
        if name in scope.definition_types:
            return Typed(x.DefinedValue(name, place=place), scope.definition_types[name])
        if name in scope.readings:
            reading = scope.readings[name]
            return Typed(x.ReadingValue(name, place=place), t.OneOf(tuple(option.name for option in reading.options)))
        criterion = self._criterion_named(name, context)
        if criterion:
            return self._criterion_truth(criterion, place)
        if name in ("yes", "no"):
            return Typed(x.Always(name == "yes", place=place), t.Truth())
        if name in scope.tables:
            self.findings.error("R302", f"`{name}` is a table", place, f"look something up in it: `{name}(…)`")
            return None
        attributes = [each.name for each in context.event.attributes] if context.event else []
        scope.unknown_name(name, place, also=[*attributes, *scope.criteria_by_id])
        return None

    def _criterion_truth(self, criterion: NamedCriterion, place: Place) -> Typed | None:
        if criterion.only_notes:
            self.findings.error(
                "R709",
                f"{place.text} holds only a note and has no effect, so it cannot stand in a formula",
                place,
                "leave it out, or give it a condition",
            )
            return None
        return Typed(x.CriterionTruth(criterion.id, place=place), t.Truth())

    def _criterion_named(self, name: str, context: Context) -> NamedCriterion | None:
        scope = self.scope
        part = context.block[0] if context.block else None
        if (part, name) in scope.criteria_by_name:
            return scope.criteria_by_name[part, name]
        if "." in name:
            head, _, rest = name.partition(".")
            if (head, rest) in scope.criteria_by_name:
                return scope.criteria_by_name[head, rest]
        if part and f"{part}.{name}" in scope.criteria_by_id:
            return scope.criteria_by_id[f"{part}.{name}"]
        return scope.criteria_by_id.get(name)

    def _mark(self, node: s.Mark, context: Context) -> Typed | None:
        found = self.marked(node, context)
        if found:
            return self._criterion_truth(found, node.place)
        inside = s.Name(node.place, node.label)
        if node.style == "parenthesised" and not node.label.isdigit() and self._is_name(node.label, context):
            return self._name(inside, context)
        self._no_such_mark(node, context)
        return None

    def _is_name(self, name: str, context: Context) -> bool:
        return self.scope.declared(name) is not None or bool(context.event and context.event.attribute(name))

    def marked(self, node: s.Mark, context: Context) -> NamedCriterion | None:
        """The criterion that a marker means: among the children here, else among those of the levels above."""
        for level in self._levels(context):
            found = self._by_marker(level).get((node.style, node.label))
            if found:
                return found
        return None

    def _by_marker(self, level: tuple[NamedCriterion, ...]) -> dict[tuple[str, str], NamedCriterion]:
        """The criteria of a level by their markers (the first, where one is there twice)."""
        index = self.scope.markers.get(id(level))
        if index is None:
            index = self.scope.markers[id(level)] = {}
            for each in level:
                if each.key:
                    index.setdefault(each.key, each)
        return index

    def _positions(self, level: tuple[NamedCriterion, ...]) -> dict[str, int]:
        found = self.scope.positions.get(id(level))
        if found is None:
            found = self.scope.positions[id(level)] = {each.id: number for number, each in enumerate(level)}
        return found

    def _levels(self, context: Context) -> list[tuple[NamedCriterion, ...]]:
        levels = []
        criterion = context.criterion
        while criterion:
            levels.append(criterion.children)
            criterion = criterion.parent
        if context.block and context.block in self.scope.blocks:
            levels.append(self.scope.blocks[context.block])
        return levels

    def _no_such_mark(self, node: s.Mark, context: Context) -> None:
        if node.label in self.scope.broken:
            return
        level = next((level for level in self._levels(context) if level), ())
        there = ", ".join(each.syntax.marker for each in level[:20])
        help = f"here are {there}" if there else "a marker refers to a criterion of this block or below this criterion"
        self.findings.error("R202", f"there is no criterion {node.place.text} here", node.place, help)

    def mark_range(self, node: s.MarkRange, context: Context) -> list[x.Expression] | None:
        """The criteria from one marker to another, in the order of the file."""
        first, last = self.marked(node.first, context), self.marked(node.last, context)
        for mark, found in ((node.first, first), (node.last, last)):
            if not found:
                self._no_such_mark(mark, context)
        if not first or not last:
            return None
        siblings = [level for level in self._levels(context) if first.key in self._by_marker(level)]
        level = next(level for level in siblings if self._by_marker(level)[first.key] is first)  # type: ignore[index]
        if last.key is None or self._by_marker(level).get(last.key) is not last:
            self.findings.error("R203", "the ends of this range stand at different levels", node.place)
            return None
        places = self._positions(level)
        start, end = places[first.id], places[last.id]
        if start > end:
            self.findings.error(
                "R203",
                f"the range {node.place.text} runs backwards",
                node.place,
                f"write {node.last.place.text}..{node.first.place.text}",
            )
            return None
        inside = level[start : end + 1]
        return [x.CriterionTruth(each.id, place=node.place) for each in inside if not each.only_notes]

    def _markrange(self, node: s.MarkRange, context: Context) -> None:
        self.findings.error(
            "R203", "a range of criteria stands inside ANY(…), ALL(…), NONE(…) or AT LEAST n OF (…)", node.place
        )

    def _attribute_type(self, event: Item, name: str) -> t.Type | None:
        if name == "date" or (name == "until" and event.course):
            return t.Date()
        attribute = event.attribute(name)
        return attribute.type if attribute else None
