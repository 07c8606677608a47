"""Occurrences in columns: which fit, and what is gathered from them for their patient."""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol import expressions as x
from .columns import Column
from .kinds import attribute_kind
from .ratios import EXACT, Amount, Ratio
from .translate_dates import DateTranslation
from .translate_values import MOST_OCCURRENCES
from .translation import Days, NotColumnar, Selection


@dataclass(frozen=True, slots=True)
class Picked:
    """The candidates for the latest (or earliest) occurrence. `there`: at least one certainly is; `sure` and
    `candidate` are of the event's frame."""

    there: Column
    sure: Column
    candidate: Column
    event: str


class OccurrenceTranslation(DateTranslation):
    # ---- which occurrences fit

    def selection(self, node: x.Expression) -> Selection:
        return self.once("selection", node, self._selection)

    def _selection(self, node: x.Expression) -> Selection:
        if not isinstance(node, x.Selected):
            raise NotColumnar(type(node).__name__)
        if isinstance(node.where, x.Always) and not node.where.value:
            return Selection(self.b.true, None, node.event)
        recorded = self._recorded(node.event)
        if not self.shape.has(node.event):
            return Selection(recorded, None, node.event)
        parts = [self.truth(node.where)] if node.where is not None else []
        if node.window is not None:
            start, end = self.attribute_days(node.event, "date"), self.end_of(node.event)
            parts.append(self.in_window(start, end, node.window))
        fits = self.b.conjunction(parts)
        if fits.frame not in ("", node.event):
            raise NotColumnar("occurrences of one event beside those of another")
        return Selection(recorded, fits, node.event)

    def _recorded(self, event: str) -> Column:
        """Whether the record says anything of an event."""
        otherwise = self.protocol.items[event].otherwise
        if isinstance(otherwise, x.NoOccurrences):
            return self.b.true
        if otherwise is not None:
            raise NotColumnar("an event that follows from another")
        return self.b.source(f"{event} recorded", "truth") if self.shape.has(event) else self.b.false

    def _any(self, column: Column, event: str) -> Column:
        return self.b.gathered("any", column, event)

    def occurs(self, node: x.Expression) -> Column:
        """At least one occurrence fits."""
        held = self.selection(node)
        if held.fits is None:
            return self.b.case([(held.recorded, self.b.false)], self.b.unknown)
        sure = self._any(held.fits, held.event)
        possible = sure if self._settled(held.fits) else self._any(self.b.possibly(held.fits), held.event)
        unknown = self.b.negation(self.b.surely(held.recorded))
        return self.b.case(
            [(unknown, self.b.unknown), (sure, self.b.true), (self.b.negation(possible), self.b.false)], self.b.unknown
        )

    def _settled(self, truth: Column) -> bool:
        return self.b.known(truth).says(True)

    # ---- counts and aggregates

    def _countoccurrences(self, node: x.CountOccurrences) -> Amount:
        held = self.selection(node.occurrences)
        rows = [(self.b.negation(self.b.surely(held.recorded)), self.r.unknown)]
        if held.fits is None:
            return self.exactly(self.r.case(rows, self.r.whole(self.b.number(0), 1.0)))
        low = self.r.whole(self.b.gathered("count", held.fits, held.event), MOST_OCCURRENCES)
        if self._settled(held.fits):
            return self.exactly(self.r.case(rows, low))
        possible = self.b.gathered("count", self.b.possibly(held.fits), held.event)
        return Amount(self.r.case(rows, low), self.r.case(rows, self.r.whole(possible, MOST_OCCURRENCES)))

    def _aggregate(self, node: x.Aggregate) -> Amount:
        held = self.selection(node.occurrences)
        value = self._attribute_number(held.event, node.attribute) if held.fits is not None else None
        if held.fits is None or value is None:
            return self.exactly(self.r.unknown)
        sure, possible = self.b.surely(held.fits), self.b.possibly(held.fits)
        there = self._any(sure, held.event)
        missing = self._any(self.b.conjunction((possible, self.b.negation(self.r.known(value)))), held.event)
        fine = self.b.conjunction((self.b.surely(held.recorded), there, self.b.negation(missing)))
        if node.kind == "mean":
            return self._mean(held, value, sure, possible, fine)
        certain = self._gathered(node.kind, value, sure, held.event)
        found = [self.r.case([(fine, certain)], self.r.unknown)]
        if not self._settled(held.fits):
            widest = self._gathered(node.kind, value, possible, held.event)
            found.append(self.r.case([(fine, widest)], self.r.unknown))
        if len(found) == 1:
            return self.exactly(found[0])
        return Amount(found[0], found[1]) if node.kind == "max" else Amount(found[1], found[0])

    def _attribute_number(self, event: str, attribute: str) -> Ratio | None:
        plain = self.attribute_plain(event, attribute)
        value = None if plain is None else self.converted(plain)
        if value is not None and not value.bottom.literal:
            raise NotColumnar("a fraction of each occurrence")
        return value

    def _where(self, column: Column, condition: Column) -> Column:
        return self.b.case([(condition, column)], self.b.literal(None, column.type))

    def _gathered(self, op: str, value: Ratio, condition: Column, event: str) -> Ratio:
        if value.factor < 0:
            op = {"max": "min", "min": "max"}.get(op, op)
        top = self.b.gathered(op, self._where(value.top, condition), event)
        return Ratio(top, value.bottom, value.factor, value.tops, value.bottoms, value.positive)

    def _mean(self, held: Selection, value: Ratio, sure: Column, possible: Column, fine: Column) -> Amount:
        """The mean of those that certainly fit. Where others may fit besides, the row is doubtful."""
        uncertain = self.b.conjunction((possible, self.b.negation(sure)))
        total = self._gathered("sum", value, sure, held.event)
        several = self.b.conjunction((fine, self._any(uncertain, held.event)))
        beyond = self.b.at_most(self.b.number(EXACT), self.b.size(total.top))
        self.r.doubts[total.top.number] = self.b.disjunction((several, beyond))
        total = Ratio(total.top, total.bottom, total.factor, EXACT - 1, 1.0, total.positive)
        count = self.r.whole(self.b.gathered("count", sure, held.event), MOST_OCCURRENCES)
        return self.exactly(self.r.case([(fine, self.r.over(total, count))], self.r.unknown))

    # ---- the latest and the earliest

    def _candidates(self, node: x.Expression) -> Picked | None:
        return self.once("candidates", node, self._picked)

    def _picked(self, node: x.Expression) -> Picked | None:
        """The occurrences of which one is the latest; None where the population has nothing of the event."""
        assert isinstance(node, x.Pick)
        held = self.selection(node.occurrences)
        if held.fits is None:
            return None
        sure, possible = self.b.surely(held.fits), self.b.possibly(held.fits)
        start = self.attribute_days(held.event, "date")
        if node.kind == "latest":
            bar = self.b.gathered("max", self._where(start.low, sure), held.event)
            beyond = self.b.at_most(self.b.spread(bar, held.event), start.high)
        else:
            bar = self.b.gathered("min", self._where(start.high, sure), held.event)
            beyond = self.b.at_most(start.low, self.b.spread(bar, held.event))
        dated = isinstance(node.occurrences, x.Selected) and node.occurrences.window is not None
        dated = dated and not self.protocol.items[held.event].course
        some = self.b.known(bar) if dated else self._any(sure, held.event)  # what fits a window has a date
        there = self.b.conjunction((self.b.surely(held.recorded), some))
        return Picked(there, sure, self.b.conjunction((possible, self.b.possibly(beyond))), held.event)

    def picked_days(self, node: x.AttributeOf) -> Days:
        picked = self._candidates(node.occurrence)
        if picked is None:
            return self.unknown_days
        assert isinstance(node.occurrence, x.Pick)
        start = self.attribute_days(picked.event, "date")
        if node.attribute == "date":
            if node.occurrence.kind == "latest":
                low = self._outermost("max", start.low, picked.sure, picked)
                return self._where_there(
                    low, self._outermost("max", start.high, picked.candidate, picked, True), picked
                )
            low = self._outermost("min", start.low, picked.candidate, picked, True)
            return self._where_there(low, self._outermost("min", start.high, picked.sure, picked), picked)
        held = self.attribute_days(picked.event, node.attribute)
        low = self._outermost("min", held.low, picked.candidate, picked, True)
        high = self._outermost("max", held.high, picked.candidate, picked, True)
        return self._where_there(low, high, picked, held.endless)

    def _where_there(self, low: Column, high: Column, picked: Picked, endless: bool = False) -> Days:
        first = self._where(low, picked.there)
        return Days(first, first if low is high else self._where(high, picked.there), endless)

    def _outermost(self, op: str, day: Column, condition: Column, picked: Picked, strict: bool = False) -> Column:
        """The last (first) day of some occurrences; `strict`: open where that of one is."""
        found = self.b.gathered(op, self._where(day, condition), picked.event)
        if not strict:
            return found
        open_ = self._any(self.b.conjunction((condition, self.b.negation(self.b.known(day)))), picked.event)
        return self.b.case([(open_, self.b.literal(None, day.type))], found)

    def _attributeof(self, node: x.AttributeOf) -> Amount:
        """A number on which all candidates agree."""
        picked = self._candidates(node.occurrence)
        value = self._attribute_number(picked.event, node.attribute) if picked else None
        if picked is None or value is None:
            return self.exactly(self.r.unknown)
        return self.exactly(self._agreed(value, picked, picked.there))

    def _agreed(self, value: Ratio, picked: Picked, there: Column) -> Ratio:
        least = self._gathered("min", value, picked.candidate, picked.event)
        most = self._gathered("max", value, picked.candidate, picked.event)
        missing = self.b.conjunction((picked.candidate, self.b.negation(self.r.known(value))))
        agree = self.b.conjunction(
            (there, self.b.negation(self._any(missing, picked.event)), self.b.equal(least.top, most.top))
        )
        return self.r.case([(agree, least)], self.r.unknown)

    def picked_limit(self, node: x.AttributeOf, limit: str) -> Ratio:
        """The limit of the latest value, in the declared unit; known where all candidates agree on value and limit."""
        picked = self._candidates(node.occurrence)
        if picked is None:
            return self.r.unknown
        declared = self._limitvalue(x.LimitValue(limit, x.AttributeValue(picked.event, node.attribute))).low
        if not declared.bottom.literal:
            raise NotColumnar("a fraction of each occurrence")
        value = self._attribute_number(picked.event, node.attribute)
        if value is None:
            return self.r.unknown
        agreed = self._agreed(value, picked, picked.there)
        return self._agreed(declared, picked, self.b.conjunction((picked.there, self.r.known(agreed))))

    def picked_truth(self, node: x.AttributeOf) -> Column:
        """A yes/no attribute on which all candidates agree."""
        picked = self._candidates(node.occurrence)
        if picked is None:
            return self.b.unknown
        held = self.attribute_truth(picked.event, node.attribute)
        return self._all_say(held, self.b.negation(held), picked)

    def attribute_truth(self, event: str, attribute: str) -> Column:
        _, shape = self.attribute_of(event, attribute)
        return self.b.unknown if shape is None else self.b.source(attribute, "truth", event)

    def picked_option(self, node: x.AttributeOf, options: tuple[str, ...]) -> Column:
        """Whether every candidate has one of some options; unknown where one has none on record."""
        picked = self._candidates(node.occurrence)
        if picked is None:
            return self.b.unknown
        held = self.attribute_option(picked.event, node.attribute, options)
        return self._all_say(held, self.b.negation(held), picked)

    def attribute_option(self, event: str, attribute: str, options: tuple[str, ...]) -> Column:
        _, shape = self.attribute_of(event, attribute)
        if shape is None:
            return self.b.unknown
        return self.b.among(self.b.source(attribute, "text", event), options)

    def _all_say(self, true: Column, false: Column, picked: Picked) -> Column:
        def all_are(truth: Column) -> Column:
            other = self.b.conjunction((picked.candidate, self.b.negation(self.b.surely(truth))))
            return self.b.conjunction((picked.there, self.b.negation(self._any(other, picked.event))))

        return self.b.three(all_are(true), all_are(false))

    def known_pick(self, node: x.AttributeOf) -> Column:
        """IS KNOWN of an attribute of the latest occurrence."""
        picked = self._candidates(node.occurrence)
        if picked is None:
            return self.b.false
        kind = attribute_kind(picked.event, node.attribute, self.protocol)
        if kind == "number":
            return self.r.known(self._attributeof(node).low)
        if kind == "day":
            return self.known_days(self.picked_days(node))
        if kind == "truth":
            return self.b.known(self.picked_truth(node))
        if kind == "option":
            item, _ = self.attribute_of(picked.event, node.attribute)
            each = (self.picked_option(node, (option,)) for option in item.option_names)
            return self.b.disjunction(self.b.surely(one) for one in each)
        raise NotColumnar("a set of the latest occurrence")
