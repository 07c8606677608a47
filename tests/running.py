"""Commands of rjdm, run in this process."""

from __future__ import annotations

from typing import Any

from click.testing import CliRunner

from rjdm_rules.cli.commands import rjdm as command


def run(*arguments: str) -> Any:
    """What a command does with these arguments: `exit_code`, `stdout`, `output`."""
    return CliRunner().invoke(command, list(arguments))
