"""Whether groups differ in how many of them fail a criterion: rates with their limits of confidence, and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

SMALL = 5  # expected counts below are too few for the chi-square approximation
RESAMPLES, SEED = 99_999, 1
Group = tuple[str, int, int]  # its name, how many fail, of how many for whom the criterion is decided


def differences(tables: Mapping[str, Sequence[Group]]) -> dict[str, Any]:
    """For each criterion the rate of failing in every group with a 95 % confidence interval (Wilson), and a test of the
    hypothesis that all groups have one rate: chi-square, or Fisher's exact test for two groups of few, or (more groups
    of few) chi-square by resampling the table with its margins, with a fixed seed. `q` is p adjusted for the number of
    criteria (Benjamini and Hochberg's false discovery rate). Null where there is nothing to compare."""
    found: dict[str, Any] = {}
    tested = {}
    for id, groups in tables.items():
        held = [group for group in groups if group[2]]
        tested[id] = _test(held)
        found[id] = {"rates": [_rate(*group) for group in held], "p": None, "q": None, "test": None}
    ids = [id for id, test in tested.items() if test is not None]
    if ids:
        adjusted = stats.false_discovery_control([tested[id][0] for id in ids])  # type: ignore[index]
        for id, q in zip(ids, adjusted, strict=True):
            p, name = tested[id]  # type: ignore[misc]
            found[id].update(p=_rounded(p), q=_rounded(float(q)), test=name)
    return found


def _rate(group: str, fails: int, of: int) -> dict[str, Any]:
    interval = stats.binomtest(fails, of).proportion_ci(method="wilson")
    return {
        "group": group,
        "fails": fails,
        "of": of,
        "rate": _rounded(fails / of),
        "low": _rounded(interval.low),
        "high": _rounded(interval.high),
    }


def _test(groups: Sequence[Group]) -> tuple[float, str] | None:
    table = np.array([[fails, of - fails] for _, fails, of in groups])
    if len(groups) < 2 or not table.sum(axis=0).all():
        return None
    expected = stats.contingency.expected_freq(table)
    if expected.min() >= SMALL:
        return float(stats.chi2_contingency(table, correction=False).pvalue), "chi-square"
    if len(groups) == 2:
        return float(stats.fisher_exact(table).pvalue), "Fisher's exact"
    method = stats.MonteCarloMethod(n_resamples=RESAMPLES, rng=np.random.default_rng(SEED))
    return float(stats.chi2_contingency(table, correction=False, method=method).pvalue), "chi-square, resampled"


def _rounded(value: float) -> float:
    """Six significant digits: more say nothing."""
    return float(f"{value:.6g}")
