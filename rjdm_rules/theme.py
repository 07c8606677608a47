"""The look of what is written for people: templates, texts and styles, those of a house before the bundled ones."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .assets import asset

if TYPE_CHECKING:
    from jinja2 import Environment

LANGUAGES = ("en", "zh")
LOGOS = ("logo.svg", "logo.png")
REFERENCE = "reference.docx"
MOST_BYTES = 20_000_000
_OWN_KINDS = (".j2", ".css", ".toml", ".docx")


class ThemeError(ValueError):
    """A theme that cannot be used; the message names the file, and the line where there is one."""


@dataclass(frozen=True)
class Theme:
    """Where templates come from. `folder` holds a house's own files: each takes the place of the bundled file of the
    same name, and all its templates run in Jinja's sandbox. Without it everything is as bundled.

    Besides templates, style sheets and texts, a folder may hold a logo (`logo.svg` or `logo.png`) and `reference.docx`,
    whose styles, page and header Word documents then have. Raises ThemeError.
    """

    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.folder is None:
            return
        if not self.folder.is_dir():
            raise ThemeError(f"{self.folder}: there is no such folder")
        bundled = {path.name for path in asset("render").iterdir()} | {*LOGOS, REFERENCE}
        for path in sorted(self.folder.iterdir()):
            near = difflib.get_close_matches(path.name, bundled - {path.name}, 1, 0.85)
            if path.name not in bundled and path.suffix in _OWN_KINDS and near:
                raise ThemeError(f"{path}: it takes the place of no template; did you mean {near[0]}?")

    def path(self, name: str) -> Path | None:
        """The file of this name: the house's, else the bundled one, else None."""
        for folder in (self.folder, asset("render")):
            if folder is not None and (folder / name).is_file():
                return folder / name
        return None

    def read(self, name: str) -> bytes:
        """The content of a file that is known to be there."""
        path = self.path(name)
        if path is None:
            raise ThemeError(f"{name}: there is no such template")
        if path.stat().st_size > MOST_BYTES:
            raise ThemeError(f"{path}: it has more than {MOST_BYTES // 1_000_000} MB")
        return path.read_bytes()

    def text(self, name: str) -> str:
        try:
            return self.read(name).decode("utf-8")
        except UnicodeDecodeError:
            raise ThemeError(f"{self.path(name)}: it is not UTF-8 text") from None

    def terms(self, language: str) -> Mapping[str, Any]:
        """The fixed words of documents and diagrams in a language; a house's file may hold only those it changes."""
        return self._terms[language]

    @cached_property
    def _terms(self) -> Mapping[str, Mapping[str, Any]]:
        return {language: self._terms_of(f"terms.{language}.toml") for language in LANGUAGES}

    def _terms_of(self, name: str) -> Mapping[str, Any]:
        found = tomllib.loads(asset("render", name).read_text(encoding="utf-8"))
        own = self.path(name)
        if self.folder is not None and own is not None and own.parent == self.folder:
            try:
                given = tomllib.loads(self.text(name))
            except tomllib.TOMLDecodeError as error:
                raise ThemeError(f"{own}: {error}") from None
            for key, value in given.items():
                if key not in found:
                    near = difflib.get_close_matches(key, found, 1)
                    raise ThemeError(f"{own}: there is no text `{key}`" + (f"; did you mean `{near[0]}`?" * bool(near)))
                if type(value) is not type(found[key]):
                    raise ThemeError(f"{own}: `{key}` must be a {type(found[key]).__name__}")
            found |= given
        return found

    def environment(self, escaped: bool) -> Environment:
        """A Jinja environment over the templates; `escaped` for HTML, where every value is text, never markup."""
        from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        folders = [folder for folder in (self.folder, asset("render")) if folder is not None]
        kind = Environment if self.folder is None else ImmutableSandboxedEnvironment
        return kind(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            undefined=StrictUndefined,
            autoescape=escaped,
            trim_blocks=True,
            lstrip_blocks=True,
        )


def told(theme: Theme, make: Callable[[], Any]) -> Any:
    """What `make` gives; a template of the theme that fails is told by file and line. Raises ThemeError."""
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        return make()
    except TemplateSyntaxError as error:
        raise ThemeError(f"{error.filename or error.name}:{error.lineno}: {error.message}") from None
    except (TemplateError, TypeError, ZeroDivisionError, OverflowError, AttributeError) as error:
        if theme.folder is None:
            raise
        raise ThemeError(f"{_line_of(error, theme.folder)}: {error}") from None


def _line_of(error: BaseException, folder: Path) -> str:
    """The innermost line of a template of the theme that was running."""
    found, trace = str(folder), error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if Path(name).parent == folder or name.endswith(".j2"):
            found = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


BUNDLED = Theme()
