"""Occurrences of events, and windows of time."""

from __future__ import annotations

from dataclasses import replace

from ..language import syntax as s
from ..language.source import Place
from . import expressions as x
from . import types as t
from .terms import quoted
from .typed import Context, Typed
from .typed_numbers import NumberChecker


class WindowChecker(NumberChecker):
    """WHERE, windows, attributes."""

    def _where(self, node: s.Where, context: Context) -> Typed | None:
        item = self.scope.items.get(node.event.name)
        if item is None or item.kind != "event":
            if item is None and node.event.name not in self.scope.definition_types:
                self.scope.unknown_name(node.event.name, node.event.place)
            else:
                help = (
                    f"declare `{node.event.name}` as `event`"
                    if item and item.kind == "truth"
                    else "WHERE picks occurrences"
                )
                message = f"WHERE follows an event; `{node.event.name}` is none"
                self.findings.error("R307", message, node.event.place, help)
            return None
        condition = self.condition(node.condition, replace(context.inner(), event=item))
        if not condition:
            return None
        return Typed(x.Selected(item.name, condition, None, place=node.place), t.Occurrences(item.name))

    def _windowed(self, node: s.Windowed, context: Context) -> Typed | None:
        subject = node.subject
        if isinstance(subject, s.Group) and not subject.infix:
            return self._shared_window(node, subject, context.inner())
        typed = self.typed(subject, context.inner())
        if not typed:
            return None
        if not isinstance(typed.type, t.Occurrences | t.Date | t.Time):
            help = self._window_help(node, typed)
            self.findings.error(
                "R504", f"{quoted(subject.place)} is {t.in_words(typed.type)}; a window needs an event or a date",
                subject.place, help,
            )  # fmt: skip
            return None
        window = self._window(node.window, typed, context.inner())
        return self._in_window(typed, window, node.place) if window else None

    def _window_help(self, node: s.Windowed, typed: Typed) -> str:
        """How to write a window that stands behind something without dates."""
        subject, window = node.subject, node.window.place.text
        if isinstance(subject, s.Not):
            return f"write `NOT {subject.operand.place.text} {window}`"
        if isinstance(subject, s.Group):
            return f"write `{subject.kind.upper()}({', '.join(e.place.text for e in subject.elements)}) {window}`"
        if isinstance(typed.type, t.Occurrence):
            return f"write `date OF {subject.place.text} {window}`"
        return "declare it as `event` or `date`" if isinstance(typed.type, t.Truth) else ""

    def _shared_window(self, node: s.Windowed, subject: s.Group, context: Context) -> Typed | None:
        """`ANY(a, b, c) WITHIN …`: one window for all."""
        windows: dict[bool, x.Window | None] = {}
        found: list[x.Expression] = []
        whole = True
        for element in subject.elements:
            typed = self.typed(element, context) if not isinstance(element, s.MarkRange) else None
            if typed is None or not isinstance(typed.type, t.Occurrences | t.Date | t.Time):
                if typed is not None or isinstance(element, s.MarkRange):
                    self.findings.error(
                        "R504", f"{quoted(element.place)} is no event and no date; a window needs one", element.place
                    )
                whole = False
                continue
            clock = isinstance(typed.type, t.Time)
            if clock not in windows:
                windows[clock] = self._window(node.window, typed, context)
            window = windows[clock]
            inside = self._in_window(typed, window, element.place) if window else None
            condition = self.as_condition(inside, element.place) if inside else None
            whole = whole and condition is not None
            found += [condition] if condition is not None else []
        if not whole:
            return None
        return Typed(x.Group(subject.kind, subject.count, tuple(found), "list", place=node.place), t.Truth())

    def _in_window(self, typed: Typed, window: x.Window, place: Place) -> Typed | None:
        if isinstance(typed.type, t.Occurrences):
            if not isinstance(typed.node, x.Selected) or typed.node.window:
                help = (
                    "for one occurrence in both write one of them in WHERE, as in `event WHERE (date > birth) WITHIN …`"
                )
                self.findings.error("R506", "these occurrences have a window already", place, help)
                return None
            return Typed(replace(typed.node, window=window, place=place), typed.type)
        date = typed.node
        if isinstance(typed.type, t.Time) and not window.moments:
            date = x.DayOf(date, place=date.place)
        return Typed(x.InWindow(date, window, place=place), t.Truth())

    def _window(self, node: s.Window, subject: Typed, context: Context) -> x.Window | None:
        anchor = self.typed(node.anchor, context)
        clock = isinstance(subject.type, t.Time)
        length: x.Length | None = None
        if node.length is not None:
            typed = self.typed(node.length, context)
            length = self.length(node.length, typed, clock) if typed else None
            if length is None:
                return None
        if not anchor:
            return None
        moments = clock and (
            length.seconds > 0
            if isinstance(length, x.CalendarLength)
            else length.clock
            if isinstance(length, x.ComputedLength)
            else length is None and isinstance(anchor.type, t.Time)
        )
        anchor_node = self._anchor(anchor, moments, node.anchor.place)
        if not anchor_node:
            return None
        return x.Window(node.kind, node.direction, length, anchor_node, None, moments, place=node.place)

    def _anchor(self, anchor: Typed, moments: bool, place: Place) -> x.Expression | None:
        if not isinstance(anchor.type, t.Date | t.Time):
            self._not_a_date(anchor.type, place)
            return None
        if moments and isinstance(anchor.type, t.Date):
            return x.MomentsOf(anchor.node, place=place)
        if not moments and isinstance(anchor.type, t.Time):
            return x.DayOf(anchor.node, place=place)
        return anchor.node

    def _span_window(self, node: s.Between, subject: Typed, context: Context) -> x.Window | None:
        low, high = self.typed(node.low, context), self.typed(node.high, context)
        if not low or not high:
            return None
        moments = all(isinstance(each.type, t.Time) for each in (subject, low, high))
        start = self._anchor(low, moments, node.low.place)
        end = self._anchor(high, moments, node.high.place)
        if not start or not end:
            return None
        return x.Window("between", "", None, start, end, moments, place=node.place)

    def _attribute(self, name: s.Name, event: str) -> t.Type | None:
        item = self.scope.items[event]
        kind = self._attribute_type(item, name.name)
        if kind is None:
            known = ["date", *(["until"] if item.course else []), *(each.name for each in item.attributes)]
            near, fixes = self.scope.suggest(name.name, name.place, known)
            help = near or "it has " + ", ".join(known)
            self.findings.error("R205", f"`{event}` has no attribute `{name.name}`", name.place, help, fixes=fixes)
        return kind
