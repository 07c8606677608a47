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
# tables of words for names that a protocol brings: a house may add to them
_OPEN_TABLES = ("abbreviations.", "attributes.", "columns.", "kinds.people.", "options.", "typed_units.")
_TOML_KINDS: dict[type, str] = {str: "a text", list: "a list", dict: "a table"}


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
        """The file of this name: the house's, else the bundled one, else None. Raises ThemeError for a link that
        leads out of the house's folder."""
        if "/" in name or "\\" in name or "\0" in name:
            return None
        if self.folder is not None and (self.folder / name).is_file():
            own = self.folder / name
            if own.resolve().parent != self.folder.resolve():
                raise ThemeError(f"{own}: a link to what lies outside the folder; put the file itself there")
            return own
        return bundled if (bundled := asset("render") / name).is_file() else None

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
            return _with(found, given, str(own), "")
        return found

    def environment(self, escaped: bool) -> Environment:
        """A Jinja environment over the templates; `escaped` for HTML, where every value is text, never markup."""
        from jinja2 import Environment, FunctionLoader, StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        kind = Environment if self.folder is None else ImmutableSandboxedEnvironment
        return kind(
            loader=FunctionLoader(self._template),
            undefined=StrictUndefined,
            autoescape=escaped,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def _template(self, name: str) -> tuple[str, str, None] | None:
        path = self.path(name)
        return None if path is None else (self.text(name), str(path), None)


def _with(bundled: Mapping[str, Any], given: Mapping[str, Any], file: str, table: str) -> dict[str, Any]:
    """The bundled texts with those that a house gives, table by table. Raises ThemeError for one that there is not."""
    found = dict(bundled)
    for key, value in given.items():
        named = f"`{table}{key}`"
        if key not in found and table in _OPEN_TABLES:
            if not isinstance(value, str):
                raise ThemeError(f"{file}: {named} must be a text")
            found[key] = value
            continue
        if key not in found:
            near = difflib.get_close_matches(key, found, 1)
            meant = f"; did you mean `{table}{near[0]}`?" if near else ""
            raise ThemeError(f"{file}: there is no text {named}{meant}")
        now = found[key]
        if type(value) is not type(now):
            raise ThemeError(f"{file}: {named} must be {_TOML_KINDS[type(now)]}")
        if isinstance(now, list) and not (value and all(isinstance(each, str) for each in value)):
            raise ThemeError(f"{file}: {named} must be a list of texts")
        if key == "inline_signs" and len(value) != len(now):
            raise ThemeError(f"{file}: {named} must be {len(now)} texts")
        found[key] = _with(now, value, file, f"{table}{key}.") if isinstance(now, dict) else value
    return found


def told(theme: Theme, make: Callable[[], Any]) -> Any:
    """What `make` gives; a template of the theme that fails, in whatever way, is told by file and line. Raises
    ThemeError."""
    from jinja2 import TemplateNotFound, TemplateSyntaxError

    try:
        return make()
    except ThemeError:
        raise
    except TemplateSyntaxError as error:
        raise ThemeError(f"{error.filename or error.name}:{error.lineno}: {error.message}") from None
    except Exception as error:
        line = _line_of(error, theme.folder) if theme.folder is not None else None
        if line is None:
            raise
        message: object = error
        if isinstance(error, TemplateNotFound):
            message = f"there is no template `{error.name}` in the folder or among the bundled ones"
        elif isinstance(error, RecursionError):
            message = "it includes, extends or calls itself without end"
        elif isinstance(error, LookupError | MemoryError | AssertionError):
            message = f"{type(error).__name__}: {error}"
        raise ThemeError(f"{line}: {message}") from None


def _line_of(error: BaseException, folder: Path) -> str | None:
    """The innermost line of a template that was running, None where the fault is in no template."""
    found, trace = None, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if Path(name).parent == folder or name.endswith(".j2"):
            found = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


class Macros:
    """The macros of a template of a house, each told by file and line where it is missing or fails."""

    def __init__(self, theme: Theme, name: str) -> None:
        self._theme, self._name = theme, name
        self._module = told(theme, lambda: theme.environment(escaped=False).get_template(name).module)

    def __getattr__(self, macro: str) -> Callable[..., Any]:
        found = getattr(self._module, macro, None)
        if found is None:
            raise ThemeError(f"{self._theme.path(self._name)}: there is no macro `{macro}`, which the bundled file has")
        return lambda *values, **named: told(self._theme, lambda: found(*values, **named))


BUNDLED = Theme()
