"""Addresses of tables in databases: `clinic.duckdb::people`, `postgresql://user@host/clinic::trial.people`."""

from __future__ import annotations

SIGN = "::"


def is_table(where: object) -> bool:
    """Whether this is the address of a table, and no path or frame."""
    return isinstance(where, str) and SIGN in where


def parted(where: str) -> tuple[str, str]:
    """The database and the name of the table, which is empty where there is none."""
    place, _, table = where.rpartition(SIGN)
    return place, table


def shown_place(where: str) -> str:
    """An address without user and password."""
    before, sign, after = where.rpartition("@")
    return f"{before.partition('://')[0]}://{after}" if sign and "://" in before else where
