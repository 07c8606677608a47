"""Pieces of the generated functions, as text."""

from __future__ import annotations

from fractions import Fraction

FORWARD = {"≥": ">=", ">": ">", "≤": "<=", "<": "<", "=": "==", "≠": "!="}
BACKWARD = {"≥": "<", ">": "<=", "≤": ">", "<": ">=", "≠": "==", "=": "!="}
Both = tuple[str, str]


def both_of(variable: str) -> Both:
    """A variable that holds a truth: known true, known false."""
    return variable, f"{variable} is False"


def joined(word: str, below: list[Both], which: int) -> str:
    """`and` or `or` over one side (0: known true, 1: known false) of several conditions."""
    parts = list(dict.fromkeys(each[which] for each in below))
    settled = {"and": "False", "or": "True"}[word]
    idle = {"and": "True", "or": "False"}[word]
    if settled in parts:
        return settled
    parts = [part for part in parts if part != idle]
    if not parts:
        return idle
    return (
        parts[0]
        if len(parts) == 1
        else "(" + f" {word} ".join(f"({part})" if " " in part else part for part in parts) + ")"
    )


def summed(below: list[Both], which: int) -> str:
    """How many of several conditions are known to be true (0) or known to be false (1)."""
    return "(" + " + ".join(f"(not not ({each[which]}))" for each in below) + ")" if below else "0"


def code_test(variable: str, operator: str, limit: int) -> Both:
    """A coded number against a coded threshold; not-a-number fails both tests."""
    if operator == "=":
        return f"{variable} == {limit}", f"({variable} < {limit} or {variable} > {limit})"
    if operator == "≠":
        return f"({variable} < {limit} or {variable} > {limit})", f"{variable} == {limit}"
    return f"{variable} {FORWARD[operator]} {limit}", f"{variable} {BACKWARD[operator]} {limit}"


def bounds_test(low: str, high: str, operator: str, limit: str) -> Both:
    """A number of which the least and the greatest value are known, against a limit."""
    match operator:
        case "≥" | ">":
            return f"({low} {FORWARD[operator]} {limit})", f"({high} {BACKWARD[operator]} {limit})"
        case "≤" | "<":
            return f"({high} {FORWARD[operator]} {limit})", f"({low} {BACKWARD[operator]} {limit})"
    equal = f"({low} == {limit} and {high} == {limit})", f"({high} < {limit} or {low} > {limit})"
    return equal if operator == "=" else (equal[1], equal[0])


def number_source(value: Fraction) -> str:
    """A number as Python writes it."""
    return str(value.numerator) if value.denominator == 1 else f"Fraction({value.numerator}, {value.denominator})"
