"""The facts behind a condition that a patient may have several of: events, and sets of options."""

from __future__ import annotations

from . import expressions as x
from .model import Protocol
from .terms import walk


def facts_with_many(condition: x.Expression, protocol: Protocol, known: dict[str, set[str]]) -> set[str]:
    """Events and sets behind a condition, through definitions too; `known` keeps those of each definition."""

    def behind(node: x.Expression) -> tuple[set[str], set[str]]:
        found: set[str] = set()
        definitions: set[str] = set()
        for each in walk(node):
            match each:
                case x.ItemValue(item=name) | x.Selected(event=name) | x.AttributeValue(event=name):
                    found |= {name} if protocol.items[name].kind in ("event", "several of") else set()
                case x.DefinedValue(name=name):
                    definitions.add(name)
        return found, definitions

    found, needed = behind(condition)
    stack = [(name, False) for name in needed]
    while stack:
        name, ready = stack.pop()
        if name in known and not ready:
            continue
        own, below = behind(protocol.definitions[name].expression)
        if ready:
            known[name] = own.union(*(known[each] for each in below))
        else:
            stack.append((name, True))
            stack.extend((each, False) for each in below if each not in known)
    return found.union(*(known[name] for name in needed))
