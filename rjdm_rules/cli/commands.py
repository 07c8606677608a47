"""The commands of `rjdm`."""

from __future__ import annotations

from pathlib import Path

import click

from ..version import __version__
from .file_commands import data, draw, render
from .form_commands import form
from .patient_commands import evaluate, explain
from .population_commands import screen, sql, synthesize
from .shared import Commands, Examples, refuse
from .writer_commands import check, format_, new, test, watch


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rjdm", message="%(prog)s %(version)s")
def rjdm() -> None:
    """Clinical-trial criteria as one readable file that runs, explains itself and draws itself.

    FILE is a path to a .rules file or the name of a bundled protocol (rjdm_cart).
    """


@rjdm.command(cls=Examples, examples=("rjdm demo", "rjdm demo -o tour"))
@click.option(
    "-o",
    "--output",
    default="rjdm-demo",
    show_default=True,
    metavar="FOLDER",
    help="Where to write pages and diagrams.",
)
def demo(output: str) -> None:
    """The whole tour on the bundled protocol and patients."""
    from .demo import tour

    try:
        tour(Path(output))
    except BrokenPipeError:
        raise
    except OSError as error:
        refuse(f"{output}: cannot be written ({error.strerror or error})")


@rjdm.command(
    cls=Examples,
    examples=('eval "$(rjdm completion bash)"', "rjdm completion fish > ~/.config/fish/completions/rjdm.fish"),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the code that completes rjdm in a shell."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(rjdm, {}, "rjdm", "_RJDM_COMPLETE").source())


@rjdm.command("language-server", cls=Examples, examples=("rjdm language-server",))
def language_server() -> None:
    """Serve an editor over standard input and output (Language Server Protocol).

    It needs the extra `editor`: pip install 'rjdm-rules[editor]'.
    """
    try:
        from ..editor.server import run
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol"):
            raise
        refuse("the language server needs more packages: pip install 'rjdm-rules[editor]'")
    run()


for each in (new, check, format_, test, watch, evaluate, explain, render, draw, form, data, screen, sql, synthesize):
    rjdm.add_command(each)
