"""From written to checked expressions: each name, type and unit is settled, or refused with a way out.

Every method returns the checked expression with its type, or None after it has reported an error; a None among the
operands makes a None without a further report. The checker is put together in layers, each using those below:
`typed` (entry), `typed_names`, `typed_numbers`, `typed_windows`, `typed_conditions`, and functions and tables here.
"""

from __future__ import annotations

from dataclasses import replace

from ..language import syntax as s
from ..language.diagnostics import replacement
from ..units.unit import PLAIN
from . import expressions as x
from . import types as t
from .model import Table, TableColumn
from .terms import quoted
from .typed import Context, Typed
from .typed_conditions import ConditionChecker

FUNCTIONS = frozenset(["any", "all", "none", "count", "max", "min", "mean", "latest", "earliest"])
ALSO_CALLED = {
    "MEAN": ("average", "avg"), "LATEST": ("last", "newest", "most_recent"), "EARLIEST": ("first", "oldest"),
    "MAX": ("maximum", "highest", "largest"), "MIN": ("minimum", "lowest", "smallest"), "COUNT": ("number", "n"),
}  # fmt: skip
NOT_COMPUTED = frozenset(["median", "sum", "total", "sd", "abs", "round", "sqrt", "log"])


def values_of(number: int) -> str:
    return "1 value" if number == 1 else f"{number} values"


def given_of(number: int) -> str:
    return "1 is given" if number == 1 else f"{number} are given"


class ExpressionChecker(ConditionChecker):
    """The whole checker: functions over occurrences and values, lookups in tables, and all below."""

    def _function(self, node: s.Function, context: Context) -> Typed | None:
        inner = context.inner()
        if node.function == "count":
            return self._count(node, inner)
        if node.function in ("latest", "earliest"):
            return self._pick(node, inner)
        if node.function == "first known of":
            return self._first_known(node, inner)
        return self._extreme(node, inner)

    def _count(self, node: s.Function, context: Context) -> Typed | None:
        number = t.Number(PLAIN)
        if len(node.arguments) == 1 and not isinstance(node.arguments[0], s.MarkRange):
            typed = self.typed(node.arguments[0], context)
            if not typed:
                return None
            if isinstance(typed.type, t.SeveralOf):
                return Typed(x.CountOptions(typed.node, place=node.place), number)
            if isinstance(typed.type, t.Occurrences):
                return Typed(x.CountOccurrences(typed.node, place=node.place), number)
            if not isinstance(typed.type, t.Truth):
                self.findings.error(
                    "R308", f"COUNT counts options, occurrences or conditions, not {t.in_words(typed.type)}", node.place
                )
                return None
            return Typed(x.CountTrue((typed.node,), place=node.place), number)
        found = self.conditions(node.arguments, context)
        return Typed(x.CountTrue(tuple(found), place=node.place), number) if found else None

    def _pick(self, node: s.Function, context: Context) -> Typed | None:
        word = node.function.upper()
        if len(node.arguments) != 1:
            help = f"write `{word}(event)`; several are picked with a window, as in `MEAN(value OF event WITHIN …)`"
            self.findings.error("R308", f"{word} takes one event", node.place, help)
            return None
        typed = self.typed(node.arguments[0], context)
        if not typed:
            return None
        if not isinstance(typed.type, t.Occurrences):
            self.findings.error("R308", f"{word} needs an event, not {t.in_words(typed.type)}", node.place)
            return None
        return Typed(x.Pick(node.function, typed.node, place=node.place), t.Occurrence(typed.type.event))

    def _extreme(self, node: s.Function, context: Context) -> Typed | None:
        if len(node.arguments) == 1:
            return self._aggregate(node, node.arguments[0], context)
        if node.function == "mean":
            self.findings.error("R308", "MEAN is taken over occurrences", node.place, "write `MEAN(value OF event)`")
            return None
        same = self._of_one_type(node.arguments, context, ("numbers or dates", t.Number, t.Date, t.Time))
        if not same:
            return None
        values, kind = same
        return Typed(x.Extreme(node.function, values, place=node.place), kind)

    def _first_known(self, node: s.Function, context: Context) -> Typed | None:
        same = self._of_one_type(node.arguments, context, None)
        if not same:
            return None
        if isinstance(same[1], t.Occurrences | t.Occurrence):
            self.findings.error(
                "R308", "FIRST KNOWN OF takes facts with one value, not events", node.place,
                "take an attribute, as in `date OF LATEST(event)`",
            )  # fmt: skip
            return None
        return Typed(x.FirstKnown(same[0], place=node.place), same[1])

    def _of_one_type(
        self, arguments: tuple[s.Expression, ...], context: Context, only: tuple[object, ...] | None
    ) -> tuple[tuple[x.Expression, ...], t.Type] | None:
        """Arguments of one type, numbers in the unit of the first that has one."""
        found = [self.typed(argument, context) for argument in arguments]
        typed = [each for each in found if each]
        if len(typed) != len(found):
            return None
        first = next((each for each in typed if not (isinstance(each.type, t.Number) and each.type.literal)), typed[0])
        values: list[x.Expression] = []
        for each, argument in zip(typed, arguments, strict=True):
            if type(each.type) is not type(first.type) or (only and not isinstance(each.type, only[1:])):  # type: ignore[arg-type]
                other = arguments[typed.index(first)].place
                what = f"{quoted(argument.place)} is {t.in_words(each.type)}"
                if each is first:
                    message = f"{what}; numbers or dates belong here"
                else:
                    message = f"{what}, {quoted(other)} {t.in_words(first.type)}: they must be of one type"
                self.findings.error("R309", message, argument.place)
                return None
            if isinstance(first.type, t.Number) and isinstance(each.type, t.Number):
                if not self._unit_given(first.type, each.type, argument.place):
                    return None
                same = self.in_unit(each, first.type.unit, argument.place, first)
                if not same:
                    return None
                values.append(same.node)
            else:
                values.append(each.node)
        return tuple(values), first.type  # bare numbers throughout, where the first is one

    def _aggregate(self, node: s.Function, argument: s.Expression, context: Context) -> Typed | None:
        """`MAX(value OF e WITHIN …)`: the window belongs to the occurrences."""
        windowed: s.Windowed | s.Between | None = None
        place = argument.place
        if isinstance(argument, s.Windowed | s.Between) and isinstance(argument.subject, s.AttributeOf):
            windowed = argument
            argument = argument.subject
        if not isinstance(argument, s.AttributeOf):
            word = node.function.upper()
            item = self.scope.items.get(argument.name) if isinstance(argument, s.Name) else None
            of_event = f"`{word}(value OF {item.name if item and item.kind == 'event' else 'event'})`"
            several = "" if node.function == "mean" else f"`{word}(a, b)` or "
            what = (
                "an attribute of an event" if node.function == "mean" else "several values, or an attribute of an event"
            )
            self.findings.error("R308", f"{word} takes {what}", node.place, f"write {several}{of_event}")
            return None
        subject: s.Expression = argument.subject
        if windowed is not None:
            subject = replace(windowed, subject=argument.subject)
        typed = self.typed(subject, context)
        if not typed:
            return None
        if not isinstance(typed.type, t.Occurrences):
            help = "write it over those in a window, as in `MEAN(value OF event WITHIN 8 weeks BEFORE screening)`"
            self.findings.error("R308", f"OF needs an event here, not {t.in_words(typed.type)}", subject.place, help)
            return None
        kind = self._attribute(argument.attribute, typed.type.event)
        if kind is None:
            return None
        if not isinstance(kind, t.Number | t.Date) or (node.function == "mean" and not isinstance(kind, t.Number)):
            self.findings.error(
                "R308",
                f"{node.function.upper()} needs numbers; `{argument.attribute.name}` is {t.in_words(kind)}",
                place,
            )
            return None
        result = x.Aggregate(node.function, argument.attribute.name, typed.node, place=node.place)
        return Typed(result, t.Number(kind.unit) if isinstance(kind, t.Number) else kind)

    def _call(self, node: s.Call, context: Context) -> Typed | None:
        return self._lookup(node, context, None)

    def _lookup(self, node: s.Call, context: Context, column: s.Name | None) -> Typed | None:
        table = self.scope.tables.get(node.table.name)
        if table is None:
            if self._foreign_function(node.table):
                return None
            for argument in node.arguments:
                self.typed(argument, context.inner())
            if node.table.name in self.scope.items or node.table.name in self.scope.definition_types:
                self.findings.error("R302", f"`{node.table.name}` is not a table", node.table.place)
            else:
                self.scope.unknown_name(node.table.name, node.table.place, also=self.scope.tables)
            return None
        if len(node.arguments) != len(table.inputs):
            names = ", ".join(each.name for each in table.inputs)
            self.findings.error(
                "R310",
                f"`{table.name}` looks up by {values_of(len(table.inputs))} ({names}); {given_of(len(node.arguments))}",
                node.place,
            )
            return None
        output = self._output(table, column, node)
        arguments = [self._argument(a, each, context) for a, each in zip(node.arguments, table.inputs, strict=True)]
        if output is None or any(argument is None for argument in arguments):
            return None
        kind: t.Type = (
            t.Truth()
            if output.kind == "truth"
            else t.OneOf(output.options)
            if output.kind == "options"
            else t.Number(output.unit or PLAIN)
        )
        found = tuple(argument for argument in arguments if argument)
        return Typed(x.Lookup(table.name, output.name, found, place=node.place), kind)

    def _foreign_function(self, name: s.Name) -> bool:
        """Reports a function of other languages, and one of this one in small letters."""
        said = name.name.lower()
        meant = next((word for word, others in ALSO_CALLED.items() if said in others), None)
        if said in FUNCTIONS or meant:
            word = meant or name.name.upper()
            what = f" is called {word} here" if meant else ": words of logic are written in capitals"
            message = f"`{name.name}`{what}"
            fixes = (replacement(name.place, word, certain=True),)
            self.findings.error("R110", message, name.place, f"write `{word}`", fixes=fixes)
        elif said in NOT_COMPUTED:
            help = "declare the figure as an item of its own under `data`, and let the record hold it"
            self.findings.error("R110", f"there is no {name.name.upper()} in this language", name.place, help)
        return meant is not None or said in FUNCTIONS | NOT_COMPUTED

    def _output(self, table: Table, column: s.Name | None, node: s.Call) -> TableColumn | None:
        outputs = table.outputs
        names = [each.name for each in outputs]
        if column is None and len(outputs) == 1:
            return outputs[0]
        found = next((each for each in outputs if column and each.name == column.name), None)
        if found is None:
            place = column.place if column else node.place
            what = f"no result column `{column.name}`" if column else "several results"
            form = f"{names[0]} OF {node.table.name}(…)" if len(names) > 1 else f"{node.table.name}(…)"
            message = f"`{node.table.name}` has {what}"
            self.findings.error("R310", message, place, f"write `{form}`; its results are {', '.join(names)}")
        return found

    def _argument(self, node: s.Expression, column: TableColumn, context: Context) -> x.Expression | None:
        kind = column.kind
        if kind == "truth":
            return self.condition(node, context.inner())
        if kind == "options":
            return self.expected(node, t.OneOf(column.options), context.inner())
        typed = self.typed(node, context.inner())
        if not typed:
            return None
        if not isinstance(typed.type, t.Number):
            name = column.name
            self.findings.error("R309", f"the column `{name}` needs a number, not {t.in_words(typed.type)}", node.place)
            return None
        unit = column.unit or PLAIN
        if not self._unit_given(t.Number(unit), typed.type, node.place):
            return None
        same = self.in_unit(typed, unit, node.place)
        return same.node if same else None

    def _attributeof(self, node: s.AttributeOf, context: Context) -> Typed | None:
        if isinstance(node.subject, s.Call):
            return self._lookup(node.subject, context, node.attribute)
        typed = self.typed(node.subject, context.inner())
        if not typed:
            return None
        if isinstance(typed.type, t.Occurrences):
            name = typed.type.event
            self.findings.error(
                "R308",
                f"`{name}` may have several occurrences; which one's {node.attribute.name} is meant?",
                node.place,
                f"write `{node.attribute.name} OF LATEST({name})`, or `MAX({node.attribute.name} OF {name})`",
            )
            return None
        if not isinstance(typed.type, t.Occurrence):
            self.findings.error("R308", f"OF needs an event; this is {t.in_words(typed.type)}", node.subject.place)
            return None
        kind = self._attribute(node.attribute, typed.type.event)
        return Typed(x.AttributeOf(node.attribute.name, typed.node, place=node.place), kind) if kind else None
