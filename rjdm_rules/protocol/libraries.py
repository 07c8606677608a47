"""`use NAME`: the files that a protocol draws on, the same folder first, then the bundled knowledge base."""

from __future__ import annotations

from pathlib import Path

from ..assets import asset
from ..language import syntax as s
from ..language.diagnostics import has_errors, meant, near_names, replacement
from ..language.parser import LARGEST_FILE, parse
from ..language.source import Place, Source
from .scope import Findings

MOST_LIBRARIES = 100
OTHER_FORMATS = (
    (b"PK\x03\x04", "a Word or other Office document"),
    (b"{\\rtf", "a text with formats (RTF)"),
    (b"%PDF", "a PDF"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"\xd0\xcf\x11\xe0", "an old Word document"),
)


class UnreadableFile(Exception):
    """A file that is not there, or is no text. The message is for the person."""


def read_source(path: Path, shown: str | None = None) -> Source:
    """The text of a rules file. Raises UnreadableFile."""
    try:
        if path.is_dir():
            raise UnreadableFile(f"{shown or path}: this is a folder, not a rules file")
        size = path.stat().st_size
        if size > LARGEST_FILE * 4:
            raise UnreadableFile(
                f"{shown or path}: the file is too large ({size / 1e6:.0f} MB; at most "
                f"{LARGEST_FILE // 1_000_000} million characters are read); split it with `library` and `use`"
            )
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableFile(f"{shown or path}: cannot be read ({reason})") from None
    return decoded_source(data, shown or str(path))


def decoded_source(data: bytes, shown: str) -> Source:
    """The text of a rules file from its bytes. Raises UnreadableFile."""
    for start, what in OTHER_FORMATS:
        if data.startswith(start):
            raise UnreadableFile(f"{shown}: this is {what}; save it as plain text, in UTF-8")
    if shown.lower().endswith((".json", ".jsonl", ".csv")) or data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (
        b"{",
        b"[",
    ):
        raise UnreadableFile(
            f"{shown}: this looks like patients, not like rules; the rules come first, as in "
            f"`rjdm evaluate my_trial.rules {shown}`"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        kind = "it holds binary data" if b"\0" in data[:4096] else "save it as UTF-8"
        raise UnreadableFile(
            f"{shown}:{line}:{column}: byte 0x{data[error.start]:02x} is not UTF-8 text; {kind}"
        ) from None
    return Source(shown, text)


def bundled_names() -> list[str]:
    """The names of the bundled protocols and libraries."""
    return sorted(path.stem for path in asset("rules").glob("*.rules"))


def bundled_libraries() -> list[str]:
    return [each for each in bundled_names() if is_library(asset("rules", f"{each}.rules"))]


def is_library(path: Path) -> bool:
    """Whether a file begins as a library does."""
    head = next((line for line in path.read_text("utf-8").splitlines() if line and line[0] not in "# "), "")
    return head.startswith("library ")


def library_path(name: str, folder: Path | None) -> Path | None:
    if folder is not None and (folder / f"{name}.rules").is_file():
        return folder / f"{name}.rules"
    bundled = asset("rules", f"{name}.rules")
    return bundled if bundled.is_file() else None


def used_files(file: s.File, folder: Path | None, findings: Findings) -> list[s.File]:
    """All files that `file` uses, directly or through others, each once. Cycles and missing files are reported."""
    found: dict[str, s.File] = {}
    source = file.place.source
    own = Path(source.name).stem
    stack: list[tuple[s.File, tuple[tuple[str, Place], ...], Path | None]] = [(file, (), folder)]
    while stack:
        user, chain, where = stack.pop(0)
        for use in user.uses:
            name = use.name.name
            hops = (*chain, (name, use.place))
            if name == own or name in [each for each, _ in chain]:
                _report_cycle(own, hops, use.place, findings)
                continue
            if name in found:
                continue
            path = library_path(name, where)
            if path is None or len(found) >= MOST_LIBRARIES:
                _report_missing(name, use.place, where, findings, len(found))
                continue
            library = _read_library(name, path, use.place, findings)
            if library:
                found[name] = library
                stack.append((library, hops, path.parent))
    return list(found.values())


def _report_cycle(own: str, hops: tuple[tuple[str, Place], ...], place: Place, findings: Findings) -> None:
    first = [own, *(name for name, _ in hops)].index(hops[-1][0])
    users = [own, *(name for name, _ in hops[:-1])][first:]
    hops = hops[first:]
    shown = tuple((f"`{user}` uses `{name}` here", where) for user, (name, where) in zip(users, hops, strict=True))
    if len(users) == 1:
        findings.error("R803", f"`{users[0]}` uses itself", place, "take this line out")
        return
    chain = " → ".join([*users, users[0]])
    findings.error(
        "R803", f"files use each other in a cycle: {chain}", place, "move what both need into a third file", shown
    )


def _report_missing(name: str, place: Place, folder: Path | None, findings: Findings, found: int) -> None:
    if found >= MOST_LIBRARIES:
        help = "put several libraries into one, or use fewer"
        findings.error("R802", f"more than {MOST_LIBRARIES} files are used", place, help)
        return
    nearby = [path.stem for path in sorted(folder.glob("*.rules"))[:200]] if folder and folder.is_dir() else []
    libraries = bundled_libraries()
    known = [*nearby, *libraries]
    near = near_names(name, known)
    help = meant(near) or "it is looked for beside this file, then among: " + ", ".join(libraries)
    fixes = tuple(replacement(place, each) for each in near)
    findings.error("R801", f"there is no file `{name}.rules`", place, help, fixes=fixes)


def _read_library(name: str, path: Path, place: Place, findings: Findings) -> s.File | None:
    try:
        source = read_source(path)
    except UnreadableFile as error:
        findings.error("R801", str(error), place)
        return None
    library, diagnostics = parse(source)
    findings.all += diagnostics
    if has_errors(diagnostics) and library.head is None:
        return library
    if library.head is None or library.head.kind != "library":
        findings.error(
            "R804", f"`{name}` is not a library", place, "only a file that begins with `library` can be used"
        )
        return None
    refuse_criteria(library, findings)
    return library


def refuse_criteria(library: s.File, findings: Findings) -> None:
    """A library holds what several protocols share, and no criteria of its own."""
    for declaration in (*library.blocks, *library.parts, *library.escalations, *library.examples):
        findings.error(
            "R804",
            "a library holds only data, define, table and readings",
            declaration.place,
            "move this to the protocol",
        )
