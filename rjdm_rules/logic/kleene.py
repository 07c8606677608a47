"""Three-valued truth after Kleene (Introduction to Metamathematics, 1952, section 64): True, False, None for unknown.

    a AND b                 a OR b                NOT a
  | T  F  U               | T  F  U
--+---------            --+---------
T | T  F  U             T | T  T  T               T -> F
F | F  F  F             F | T  F  U               F -> T
U | U  F  U             U | T  U  U               U -> U
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Truth = bool | None


def negation(a: Truth) -> Truth:
    return None if a is None else not a


def conjunction(truths: Iterable[Truth]) -> Truth:
    """False as soon as one is false; true when all are true; else unknown."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def disjunction(truths: Iterable[Truth]) -> Truth:
    """True as soon as one is true; false when all are false; else unknown."""
    return negation(conjunction(negation(truth) for truth in truths))


def counted(truths: Sequence[Truth]) -> tuple[int, int]:
    """How many are certainly true, and how many possibly."""
    certain = sum(truth is True for truth in truths)
    return certain, certain + sum(truth is None for truth in truths)


def at_least(n: int, truths: Sequence[Truth]) -> Truth:
    """True when `n` are true; false when fewer than `n` are true or unknown; else unknown."""
    certain, possible = counted(truths)
    return True if certain >= n else False if possible < n else None


def at_most(n: int, truths: Sequence[Truth]) -> Truth:
    return negation(at_least(n + 1, truths))


def exactly(n: int, truths: Sequence[Truth]) -> Truth:
    return conjunction((at_least(n, truths), at_most(n, truths)))


def implied(condition: Truth, consequence: Truth) -> Truth:
    """`IF condition THEN consequence`: satisfied where the condition is false; where it is unknown, met if the
    consequence is true, else unknown."""
    if condition is False:
        return True
    if condition is True:
        return consequence
    return True if consequence is True else None
