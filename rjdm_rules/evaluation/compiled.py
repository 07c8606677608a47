"""The rules of one protocol, under one choice of readings, compiled to Python functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import gcd
from typing import Any

from ..graph.build import RuleGraph
from ..logic.kleene import Truth, disjunction
from ..protocol.model import Item, Protocol
from ..values.bounds import INFINITY, Bounds, compared
from ..values.windows import Stretch, overlap
from .facts import Facts, Occurrence
from .generate import Generator
from .generate_numbers import Shared
from .layout import MISSING, Pair, scales_of
from .partial import DIVISION_BY_ZERO, MOST_BITS, TOO_LONG, beyond, elapsed, out_of_range, outside
from .preparing import Irregular, write_prepare
from .records import read_record, read_value
from .reference import Reference

Prepared = tuple[Any, ...]


class LazyFacts(Mapping[str, object]):
    """The facts of a record that was checked already, each read when it is asked for."""

    def __init__(self, protocol: Protocol, record: Mapping[str, object]) -> None:
        self.items_, self.record = protocol.items, record
        self.read: dict[str, object] = {}

    def __getitem__(self, name: str) -> object:
        if name not in self.read:
            value = self.record.get(name)
            self.read[name] = None if value is None else read_value(self.items_[name], value)
        return self.read[name]

    def get(self, name: str, default: object = None) -> object:
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.items_)

    def __len__(self) -> int:
        return len(self.items_)


class Case:
    """A patient as the compiled rules see one: the record, and the reference evaluator when it is needed."""

    __slots__ = ("_messages", "_reference", "answers", "compiled", "record", "spans")

    def __init__(self, compiled: CompiledRules, record: Mapping[str, object]) -> None:
        self.compiled, self.record = compiled, record
        self._reference: Reference | None = None
        self._messages: list[str] = []
        self.answers: dict[object, Truth] = {}
        self.spans: dict[object, Bounds] = {}

    @property
    def reference(self) -> Reference:
        if self._reference is None:
            compiled = self.compiled
            facts: Facts = LazyFacts(compiled.graph.protocol, self.record)
            self._reference = Reference(compiled.graph.protocol, facts, compiled.readings, messages=self._messages)
            for name in compiled.deep:  # what is far below is settled first, so that no evaluation goes deep
                self._reference.settle(name)
        return self._reference

    def truth(self, number: int) -> Truth:
        """The answer to one of the questions that the compiled rules leave to the reference evaluator."""
        if number not in self.answers:
            self.answers[number] = self.reference.truth(self.compiled.questions[number])
        return self.answers[number]

    def occurs(self, window: Stretch, occurrences: tuple[Occurrence, ...], anchor: tuple[int, int] | None) -> Truth:
        """Whether one of some occurrences lies in a window beside a date; worked out once."""
        if anchor is None:
            return None
        key = (id(window), id(occurrences))
        if key not in self.answers:
            bounds = Bounds(*anchor)
            self.answers[key] = disjunction(overlap(each.start, each.end, bounds, window) for each in occurrences)
        return self.answers[key]

    def elapsed(
        self,
        unit: str,
        start: tuple[int, int] | None,
        end: tuple[int, int] | None,
        operator: str,
        limit: Fraction,
        item: Item | None,
    ) -> Truth:
        """A comparison of completed years, months or days between two dates with a constant; worked out once. Where
        they stand for an item, its range holds for them."""
        if start is None or end is None:
            return None
        key = (unit, start, end)
        span = self.spans.get(key)
        if span is None:
            least = elapsed(unit, start[1], end[0], -INFINITY)
            exact = start[0] == start[1] and end[0] == end[1]
            span = self.spans[key] = Bounds(least, least if exact else elapsed(unit, start[0], end[1], INFINITY))
        if item is not None and item.span and outside(span, item.span):
            self.note(out_of_range(item))
            return None
        return compared(operator, span, Bounds(limit, limit))

    @property
    def messages(self) -> list[str]:
        return list(dict.fromkeys(self._messages))

    def note(self, message: str) -> None:
        self._messages.append(message)


@dataclass
class CompiledRules:
    graph: RuleGraph
    readings: Mapping[str, str]
    traced: list[str] = field(default_factory=list)

    @cached_property
    def deep(self) -> list[str]:
        """Named nodes to be settled in order, for protocols in which names build on names in long chains."""
        if not self.graph.deep:
            return []
        return [node for node in self.graph.order if node.startswith(("item:", "definition:", "criterion:"))]

    @cached_property
    def _functions(self) -> dict[str, Any]:
        shared = Shared()
        shared.layout.scales = scales_of(self.graph)
        writers = {name: Generator(self.graph, self.readings, shared, name == "trace") for name in ("decide", "trace")}
        bodies = {name: writer.write() for name, writer in writers.items()}
        slots = "".join(f"s{slot}, " for slot in range(len(shared.layout.slots)))
        source = "\n".join(
            "\n".join([f"def {name}(record):", f"    ({slots}case,) = record", *("    " + line for line in body)])
            for name, body in bodies.items()
        )
        prepare, names = write_prepare(self.graph.protocol, shared.layout)
        space: dict[str, Any] = {
            **shared.constants, **names, "ranged": ranged, "multiplied": multiplied, "divided": divided, "added": added,
            "subtracted": subtracted,
        }  # fmt: skip
        exec(compile(source + "\n" + prepare, f"<rules {self.graph.protocol.id}>", "exec"), space)
        space["questions"] = [self.graph.expression(node) or self._named(node) for node in shared.asked]
        space["traced"] = list(writers["trace"].traced)
        space["source"] = source + "\n" + prepare
        return space

    def _named(self, node: str) -> Any:
        raise AssertionError(f"{node} has a direct form")

    @cached_property
    def questions(self) -> list[Any]:
        found: list[Any] = self._functions["questions"]
        return found

    @cached_property
    def traced_nodes(self) -> list[str]:
        """The nodes whose truths `trace` returns, in order."""
        found: list[str] = self._functions["traced"]
        return found

    @cached_property
    def decide(self) -> Any:
        """`decide(prepared)` gives the verdicts (one a part) and the outcomes (one a criterion and child)."""
        return self._functions["decide"]

    @cached_property
    def trace(self) -> Any:
        """`trace(prepared)` gives the truth of every condition in `traced_nodes`."""
        return self._functions["trace"]

    @cached_property
    def _prepare(self) -> Any:
        return self._functions["prepare"]

    @property
    def source(self) -> str:
        """The generated functions as text."""
        text: str = self._functions["source"]
        return text

    def _made(self, record: dict[str, Any]) -> Prepared:
        prepared: Prepared = self._prepare(record, Case(self, record))
        return prepared

    def prepare(self, record: object, position: int = 1, allow_extra: bool = False) -> Prepared:
        """A checked record in the form that `decide` takes. Raises RecordError."""
        if not isinstance(record, Mapping):
            read_record(self.graph.protocol, record, position)  # which refuses it
            raise TypeError("a record is an object of items")
        held: dict[str, Any] = record if isinstance(record, dict) else dict(record)
        try:
            return self._made(held)
        except (Irregular, ValueError, TypeError, KeyError, ArithmeticError):
            _, extra = read_record(self.graph.protocol, held, position, allow_extra)
        return self._made({name: value for name, value in held.items() if name not in extra})


def ranged(a: Pair, item: Item, case: Case) -> Pair:
    """A calculated number, unknown where it lies outside the item's range."""
    span = item.span
    if a[0] != a[0] or span is None or span.low * a[1] <= a[0] <= span.high * a[1]:
        return a
    case.note(out_of_range(item))
    return MISSING


def _held(top: int, bottom: int, case: Case) -> Pair:
    """A calculated number; shortened where it is long, unknown where it is longer than anything that is measured."""
    if top.bit_length() + bottom.bit_length() > MOST_BITS:
        exact = Fraction(top, bottom)
        if beyond(exact):
            case.note(TOO_LONG)
            return MISSING
        return exact.numerator, exact.denominator
    return top, bottom


def multiplied(a: Pair, b: Pair, case: Case) -> Pair:
    if a[0] != a[0] or b[0] != b[0]:
        return MISSING
    return _held(int(a[0]) * int(b[0]), a[1] * b[1], case)


def added(a: Pair, b: Pair, case: Case) -> Pair:
    if a[0] != a[0] or b[0] != b[0]:
        return MISSING
    return _held(int(a[0]) * b[1] + int(b[0]) * a[1], a[1] * b[1], case)


def subtracted(a: Pair, b: Pair, case: Case) -> Pair:
    if a[0] != a[0] or b[0] != b[0]:
        return MISSING
    return _held(int(a[0]) * b[1] - int(b[0]) * a[1], a[1] * b[1], case)


def divided(a: Pair, b: Pair, case: Case) -> Pair:
    """Unknown where the divisor is zero or either side is unknown; the denominator stays above zero."""
    over = b[0]
    if over != over or a[0] != a[0]:
        return MISSING
    if over == 0:
        case.note(DIVISION_BY_ZERO)
        return MISSING
    top, bottom = int(a[0]) * b[1], a[1] * int(over)
    if bottom < 0:
        top, bottom = -top, -bottom
    shared = gcd(top, bottom) or 1
    return _held(top // shared, bottom // shared, case)


__all__ = ["Case", "CompiledRules", "Prepared"]
