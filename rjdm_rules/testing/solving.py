"""Finding a patient for whom a condition comes out as wanted, by working backwards through the rules.

A condition made of others says what its parts must be (for ALL to be false, one of them must); a condition about facts
is tried with the telling values of each item behind it. What is found is evaluated by the reference evaluator, so that
a wrong guess costs time only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice, permutations

from ..evaluation.problems import RecordError
from ..evaluation.records import read_record
from ..evaluation.reference import Reference
from ..graph.build import RuleGraph
from ..logic.kleene import Truth, negation
from ..protocol import expressions as x
from ..protocol.settling import settled
from ..protocol.terms import walk
from .candidates import Candidates, Record, in_order_of_change

MOST_TRIES = 2000  # records looked at for one wish
MOST_WAYS = 40  # ways that one part may be brought about
DEEPEST = 60

Accepts = Callable[[Reference], bool]
Wish = tuple[x.Expression, Truth]


@dataclass
class Solver:
    """Makes records for one protocol under one choice of readings."""

    graph: RuleGraph
    readings: Mapping[str, str]
    tries: int = 0
    _comparisons: list[x.Expression] = field(default_factory=list)
    _settled: dict[int, tuple[x.Expression, x.Expression]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        protocol = self.graph.protocol
        conditions = [each.condition for each in protocol.criteria() if each.condition is not None]
        for expression in [*conditions, *(each.expression for each in protocol.definitions.values())]:
            self._comparisons += [node for node in walk(expression) if isinstance(node, x.Compare | x.IsOneOf)]

    def reference(self, record: Record) -> Reference:
        """The rules over a record. Raises RecordError."""
        self.tries += 1
        facts, _ = read_record(self.graph.protocol, record)
        found = Reference(self.graph.protocol, facts, self.readings)
        return found.run(self.graph) if self.graph.deep else found

    def solve(self, wishes: Sequence[Wish], record: Record, accepts: Accepts) -> Record | None:
        """A record like the given one that fulfils every wish and is accepted; None where none is found."""
        self.tries = 0
        for found in self._all(wishes, record, DEEPEST):
            if accepts(self.reference(found)):
                return found
            if self.tries > MOST_TRIES:
                break
        return None

    def _all(self, wishes: Sequence[Wish], record: Record, depth: int) -> Iterator[Record]:
        """Records that satisfy several wishes, one brought about after the other; a later one must not undo an
        earlier."""
        reference = self.reference(record)
        open_ = next(((node, truth) for node, truth in wishes if reference.truth(node) is not truth), None)
        if open_ is None:
            yield record
            return
        if depth <= 0 or self.tries > MOST_TRIES:
            return
        for found in islice(self._one(open_[0], open_[1], record, depth - 1), MOST_WAYS):
            yield from self._all(wishes, found, depth - 1)
            if self.tries > MOST_TRIES:
                return

    def _one(self, node: x.Expression, wanted: Truth, record: Record, depth: int) -> Iterator[Record]:
        """Records for which one condition comes out as wanted."""
        if depth <= 0 or self.tries > MOST_TRIES:
            return
        match self._shown(node):
            case x.Always(value=value):
                if value is wanted:
                    yield record
            case x.Not(condition=inner):
                yield from self._one(inner, negation(wanted), record, depth)
            case x.Group(kind=kind, count=count, conditions=conditions, style=style) if style != "between":
                yield from self._group(kind, count, conditions, wanted, record, depth)
            case x.Except(condition=one, exception=other):
                yield from self._group("all", 0, (one, x.Not(other)), wanted, record, depth)
            case x.WaivedIf(condition=one, waiver=other):
                yield from self._group("any", 0, (one, other), wanted, record, depth)
            case x.IfThen(condition=one, consequence=other):
                yield from self._group("any", 0, (x.Not(one), other), wanted, record, depth)
            case x.CriterionTruth(criterion=id):
                criterion = self.graph.protocol.criterion(id)
                if criterion is not None and criterion.condition is not None:
                    yield from self._one(criterion.condition, wanted, record, depth)
            case x.DefinedValue(name=name):
                yield from self._one(self.graph.protocol.definitions[name].expression, wanted, record, depth)
            case x.Compare(left=x.CountTrue(conditions=conditions)) as compare:
                yield from self._counted(compare, conditions, wanted, record, depth)
            case leaf:
                yield from self._leaf(leaf, wanted, record)

    def _shown(self, node: x.Expression) -> x.Expression:
        key = id(node)
        if key not in self._settled:
            self._settled[key] = (node, settled(node, self.readings))  # the node is kept, so that its identity is
        return self._settled[key][1]

    # ---- conditions made of others

    def _group(
        self, kind: str, count: int, parts: Sequence[x.Expression], wanted: Truth, record: Record, depth: int
    ) -> Iterator[Record]:
        if kind == "none":
            yield from self._group("any", 0, parts, negation(wanted), record, depth)
            return
        least = {"all": len(parts), "any": 1}.get(kind, count)
        if kind == "at most":
            yield from self._at_least(parts, count + 1, negation(wanted), record, depth)
        elif kind == "exactly":
            yield from self._exactly(parts, count, wanted, record, depth)
        else:
            yield from self._at_least(parts, least, wanted, record, depth)

    def _at_least(
        self, parts: Sequence[x.Expression], least: int, wanted: Truth, record: Record, depth: int
    ) -> Iterator[Record]:
        """At least so many hold (True), cannot hold (False), or it hangs on some that are unknown (None)."""
        if wanted is None:
            yield from self._undecided(parts, least, record, depth)
            return
        number = least if wanted else len(parts) - least + 1
        for chosen in self._choices(parts, number, wanted, record):
            yield from self._all([(part, wanted) for part in chosen], record, depth)

    def _choices(
        self, parts: Sequence[x.Expression], number: int, wanted: Truth, record: Record
    ) -> Iterator[Sequence[x.Expression]]:
        """Which parts to bring about: those first that are so already."""
        reference = self.reference(record)
        ready = sorted(parts, key=lambda part: reference.truth(part) is not wanted)
        yield from islice(combinations(ready, number), MOST_WAYS)

    def _undecided(self, parts: Sequence[x.Expression], least: int, record: Record, depth: int) -> Iterator[Record]:
        """One unknown part decides: as many others hold as are needed beside it, the rest do not."""
        reference = self.reference(record)
        order = sorted(parts, key=lambda part: reference.truth(part) is not None)
        for chosen in order:
            others = sorted((p for p in parts if p is not chosen), key=lambda part: reference.truth(part) is not True)
            wishes: list[Wish] = [(chosen, None)]
            wishes += [(part, number < least - 1) for number, part in enumerate(others)]
            yield from islice(self._all(wishes, record, depth), MOST_WAYS)

    def _exactly(
        self, parts: Sequence[x.Expression], count: int, wanted: Truth, record: Record, depth: int
    ) -> Iterator[Record]:
        if wanted is None:
            yield from self._undecided(parts, max(count, 1), record, depth)
            return
        numbers = [count] if wanted else [each for each in (count - 1, count + 1) if 0 <= each <= len(parts)]
        for number in numbers:
            for chosen in self._choices(parts, number, True, record):
                wishes: list[Wish] = [(part, part in chosen) for part in parts]
                yield from self._all(wishes, record, depth)

    def _counted(
        self, compare: x.Compare, parts: Sequence[x.Expression], wanted: Truth, record: Record, depth: int
    ) -> Iterator[Record]:
        """A count of conditions that hold, compared with something."""
        if wanted is None:
            for part in parts:
                yield from islice(self._one(part, None, record, depth), MOST_WAYS)
            return
        for number in range(len(parts) + 1):
            for chosen in islice(combinations(parts, number), MOST_WAYS):
                wishes: list[Wish] = [(part, part in chosen) for part in parts]
                for found in islice(self._all(wishes, record, depth), 2):
                    if self.reference(found).truth(compare) is wanted:
                        yield found
                        break

    # ---- conditions about facts

    def _leaf(self, node: x.Expression, wanted: Truth, record: Record) -> Iterator[Record]:
        yield from self.leaf(node, record, lambda reference: reference.truth(node) is wanted)

    def leaf(self, node: x.Expression, record: Record, accepts: Accepts) -> Iterator[Record]:
        """Records that differ in the items behind a condition and are accepted; one item changed, then two."""
        protocol = self.graph.protocol
        reference = self.reference(record)
        order = in_order_of_change(node, protocol, record)
        for name in order:
            for changed in self._changed(name, node, record, reference):
                if self._accepted(changed, accepts):
                    yield changed
        for one, other in permutations(order, 2):  # a day is found once the day that it counts from is there
            for first in self._changed(one, node, record, reference):
                between = self._tried(first)
                for changed in self._changed(other, node, first, between) if between else ():
                    if self._accepted(changed, accepts):
                        yield changed
                if self.tries > MOST_TRIES:
                    return

    def _changed(self, name: str, node: x.Expression, record: Record, reference: Reference) -> Iterator[Record]:
        item = self.graph.protocol.items[name]
        for value in Candidates(self.graph.protocol, node, record, reference, self._comparisons).of(item):
            if value is None:
                yield {key: held for key, held in record.items() if key != name}
            else:
                yield {**record, name: value}

    def _tried(self, record: Record) -> Reference | None:
        try:
            return self.reference(record)
        except RecordError:
            return None

    def _accepted(self, record: Record, accepts: Accepts) -> bool:
        reference = self._tried(record) if self.tries <= MOST_TRIES else None
        return reference is not None and accepts(reference)
