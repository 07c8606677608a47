"""The rule graph: shared conditions stand once, edges know their places, dependencies can be asked."""

from __future__ import annotations

import networkx as nx
import pytest

from rjdm_rules import Protocol, load, loads
from rjdm_rules.documents.questions import asked_elsewhere, questions_of
from rjdm_rules.graph.build import GraphNodes

SHARED = """protocol P "p"
data
  a "a" yes/no
  n "n" in cm
define
  big "big" yes/no
    = n ≥ 5 cm AND NOT a
inclusion
  (1) one "one of 5 cm"
      n ≥ 5 cm AND NOT a
  (2) two "two of 5 cm"
      big OR n ≥ 5 cm
"""


@pytest.fixture(scope="module")
def shared() -> Protocol:
    return loads(SHARED)


def test_what_says_the_same_stands_once(shared: Protocol) -> None:
    graph = shared.graph
    comparisons = [node for node in graph.network if graph.kind(node) == "Compare"]
    assert len(comparisons) == 1
    (comparison,) = comparisons
    assert graph.uses(comparison) == 2  # the conjunction, itself shared by (1) and `big`, and the second way into (2)
    assert graph.operands("criterion:I1") == graph.operands("definition:big")


def test_every_edge_knows_its_place(shared: Protocol) -> None:
    for user, _, place in shared.graph.network.edges(data="place"):
        assert place is not None, user
    places = shared.graph.places("criterion:I1", shared.graph.operands("criterion:I1")[0])
    assert [(place.line, place.column, place.text) for place in places] == [(10, 7, "n ≥ 5 cm AND NOT a")]
    below = list(shared.graph.operands(shared.graph.operands("criterion:I2")[0]))
    assert below == ["definition:big", next(n for n in shared.graph.network if shared.graph.kind(n) == "Compare")]


def test_what_depends_on_what(shared: Protocol) -> None:
    graph = shared.graph
    assert graph.criteria_using("a") == ["I1", "I2"]
    assert graph.items_of("definition:big") == ["a", "n"]
    assert "verdict" in graph.needed_by("item:n")
    assert "item:a" in graph.needs("criterion:I2")


def test_the_order_puts_needs_first() -> None:
    graph = load("rjdm_cart").graph
    assert nx.is_directed_acyclic_graph(graph.network)
    position = {node: index for index, node in enumerate(graph.order)}
    assert all(position[needed] < position[user] for user, needed in graph.network.edges())
    assert graph.order[-1] == "verdict"


def test_the_graph_cannot_be_changed(shared: Protocol) -> None:
    with pytest.raises(nx.NetworkXError):
        shared.graph.network.add_node("more")


def test_a_node_is_found_again_by_its_expression(shared: Protocol) -> None:
    nodes = GraphNodes(shared.graph)
    for node in shared.graph.network:
        expression = shared.graph.expression(node)
        if expression is not None:
            assert nodes.name_of(expression) == node


def test_what_uses_an_item_under_a_reading() -> None:
    text = """protocol R "r"
readings
  way "way"
      one of short, long
      chosen short
data
  a "a" yes/no
  b "b" yes/no
  c "c" yes/no
      otherwise b
define
  deep "deep" = ANY(a, way IS long AND c)
inclusion
  (1) "first"
      deep
  (2) "second"
      (i)
      (i) "child"
          a OR (b AND way IS long)
"""
    graph = loads(text).graph
    used = {each: graph.criteria_using(each) for each in "abc"}
    assert used == {"a": ["I1", "I2", "I2.i"], "b": ["I1", "I2", "I2.i"], "c": ["I1"]}
    assert {each: graph.criteria_using(each, {"way": "long"}) for each in "abc"} == used
    short = {each: graph.criteria_using(each, {"way": "short"}) for each in "abc"}
    assert short == {"a": ["I1", "I2", "I2.i"], "b": [], "c": []}
    assert questions_of(graph, {"way": "short"}) == {"I1": ["a"], "I2": [], "I2.i": []}
    assert asked_elsewhere(graph, {"way": "short"}) == ["b", "c"]
