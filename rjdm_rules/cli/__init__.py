"""The command `rjdm`: arguments and printing; what it does, the package offers as functions.

Nothing heavy is imported here, so that `rjdm --version` answers at once.
"""

from __future__ import annotations

import io
import os
import sys


def main() -> None:
    """Runs the command line."""
    if sys.argv[1:] == ["--version"]:
        from ..version import __version__

        print(f"rjdm {__version__}")
        return
    if sys.stderr is None:  # closed by the shell
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        print("error: standard output is closed", file=sys.stderr)
        sys.exit(2)
    from .commands import rjdm

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and (stream.encoding or "").lower() not in ("utf-8", "utf8"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        try:
            rjdm(prog_name="rjdm")
        finally:
            if not sys.stdout.closed:  # the language server closes it when its editor goes
                sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _close_output()
        sys.exit(1)
    except OSError as error:
        print(f"error: the output cannot be written ({error.strerror or error})", file=sys.stderr)
        _close_output()
        sys.exit(2)


def _close_output() -> None:
    """Nothing more is written, so that closing down cannot fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
