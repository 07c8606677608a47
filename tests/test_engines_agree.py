"""The compiled rules against the reference evaluator, on generated protocols and patients; and monotony."""

from __future__ import annotations

from fractions import Fraction

import pytest
from making import Maker

from rjdm_rules import loads
from rjdm_rules.evaluation.deciding import deciding_facts
from rjdm_rules.evaluation.explaining import outcome_of
from rjdm_rules.evaluation.results import verdict_of

SEEDS = range(150)
PATIENTS = 12


@pytest.mark.parametrize("seed", SEEDS)
def test_compiled_gives_what_the_reference_gives(seed: int) -> None:
    maker = Maker(seed)
    text = maker.text()
    protocol = loads(text)
    evaluator = protocol.evaluator({"way": maker.pick("left", "right")})
    for _ in range(PATIENTS):
        record = maker.record()
        result = evaluator.evaluate(record)
        reference = evaluator.reference(record)
        (part,) = protocol.model.parts
        assert result.verdict == verdict_of(part, reference), (text, record)
        outcomes = {each.id: outcome_of(each, reference) for each in protocol.model.criteria()}
        assert dict(result.criteria) == outcomes, (text, record)
        truths = evaluator.node_truths(record)
        for node, truth in truths.items():
            expression = protocol.graph.expression(node)
            if expression is not None:
                assert reference.truth(expression) is truth, (expression, record)
        assert bool(result.deciding_facts) == (result.verdict == "undetermined"), (text, record)


@pytest.mark.parametrize("seed", range(1000, 1060))
def test_more_information_never_flips_a_decided_verdict(seed: int) -> None:
    """IS KNOWN, FIRST KNOWN OF and `otherwise` apart, for which it does not hold by their meaning."""
    maker = Maker(seed)
    text = maker.text()
    for word in ("b1 IS KNOWN", "n1 IS KNOWN", "o2 IS KNOWN", "e1 IS KNOWN"):
        text = text.replace(word, "b1")
    text = text.replace("FIRST KNOWN OF (n2, n1)", "MAX(n2, n1)").replace("FIRST KNOWN OF (b2, b1)", "b2")
    lines = [line for line in text.splitlines() if "otherwise" not in line]
    protocol = loads("\n".join(lines) + "\n")
    for _ in range(PATIENTS):
        record = maker.record(missing=0.5)
        before, after = protocol.evaluate(record), protocol.evaluate(maker.filled(record))
        if before.verdict != "undetermined":
            assert after.verdict == before.verdict, (text, record)
        for criterion, outcome in before.criteria.items():
            if outcome in ("met", "not met"):
                assert after.criteria[criterion] == outcome, (criterion, text, record)


def test_deciding_facts_are_enough_to_settle() -> None:
    """An undetermined verdict can be settled one way or the other by its deciding facts alone."""
    maker = Maker(7)
    protocol = loads(maker.text())
    evaluator = protocol.evaluator()
    for _ in range(30):
        record = maker.record(missing=0.6)
        result = evaluator.evaluate(record)
        if result.verdict == "undetermined":
            leaves = evaluator.reasons.links.unknown_leaves(
                ["inclusion", "exclusion"], evaluator.node_truths(record).__getitem__
            )
            found = deciding_facts(protocol.graph, leaves, evaluator.reference(record))
            assert tuple(found) == result.deciding_facts
            assert set(found) <= set(protocol.model.items)


def test_the_half_numbers_of_the_compiled_rules_keep_the_order() -> None:
    from rjdm_rules.evaluation.layout import coded

    scale = 12
    thresholds = [Fraction(n, scale) for n in range(-30, 31)]
    for n in range(-400, 401):
        number = Fraction(n, 120)
        for limit in thresholds:
            code, bar = coded(number, scale), int(2 * limit * scale)
            assert (code >= bar, code > bar, code == bar) == (number >= limit, number > limit, number == limit)
