"""Word files from the HTML of a template, by pandoc, with styles, page, header and footer of our own or of a house."""

from __future__ import annotations

import base64
import io
import os
import re
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from markupsafe import escape

from ..theme import BUNDLED, REFERENCE, Theme, ThemeError, told
from ..words.pieces import without_direction
from .content import Content
from .pictures import Figure
from .section import logo_data
from .templates import environment

PAPERS = {"a4": (11906, 16838), "letter": (12240, 15840)}  # width and height in twentieths of a point
MARGIN = 1134  # 2 cm
TIME = (1980, 1, 1, 0, 0, 0)  # of every part of the file, so that the same document has the same bytes
LONGEST = 120  # seconds
SUBJECT = "\ue000subject\ue001"  # stands for whom a document is about until its file is put together
EMU = 12700  # English metric units in a point
_ENVIRONMENT = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}  # the date inside the file
EXTRA = "install what writes Word files: pip install 'rjdm-rules[word]'"


class CannotWriteWord(RuntimeError):
    """Word files cannot be made here; the message says what would help."""


@dataclass(frozen=True)
class Page:
    """A4 or Letter, upright or on its side; `numbered` says whether its headings are."""

    paper: str = "a4"
    landscape: bool = False
    numbered: bool = True

    @property
    def size(self) -> tuple[int, int]:
        width, height = PAPERS[self.paper]
        return (height, width) if self.landscape else (width, height)

    @property
    def text_width(self) -> int:
        return self.size[0] - 2 * MARGIN


def word_file(
    html: str,
    content: Content,
    name: str,
    page: Page,
    figures: Mapping[str, Figure],
    rasters: Callable[[Mapping[str, Figure]], Mapping[str, bytes]],
    theme: Theme = BUNDLED,
    date: str = "",
    subject: str = "",
) -> bytes:
    """A .docx from the HTML of a template, in which a picture stands as `<img src="NAME">` with the name of a figure.

    `rasters` makes PNG of the figures, which older programs show; newer ones show the figures themselves.
    `subject` stands in the header of each page; it comes in at the end, so that it is in no other file.
    Raises CannotWriteWord, ThemeError.
    """
    pandoc = _pandoc()
    name = f"{name}{SUBJECT}" if subject else name
    reference = _house_reference(theme) or _reference(content, name, page, theme, date, pandoc)

    stand_ins = {name: _stand_in(number) for number, name in enumerate(figures)}

    def embedded(match: re.Match[str]) -> str:
        figure, data = figures[match.group(1)], base64.b64encode(stand_ins[match.group(1)]).decode("ascii")
        return (
            f'src="data:image/png;base64,{data}" width="{figure.width / 72:.3f}in" height="{figure.height / 72:.3f}in"'
        )

    told_html = re.sub(r'src="([^":]+)"', embedded, html)
    with _converting(told_html, reference, theme, content, pandoc) as converted:  # beside it, what is slow too
        pictures = {stand_ins[name]: (data, figures[name].svg) for name, data in rasters(figures).items()}
        made = converted()
    return _finished(made, page, subject, pictures)


def _stand_in(number: int) -> bytes:
    """A picture of one point for pandoc to place, each with other bytes; the picture itself comes in afterwards."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    text = chunk(b"tEXt", b"Comment\0" + str(number).encode())
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + text
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


@cache
def _pandoc() -> str:
    try:
        import pypandoc
    except ImportError:
        raise CannotWriteWord(EXTRA) from None
    try:
        return str(pypandoc.get_pandoc_path())
    except OSError:
        raise CannotWriteWord(f"the program pandoc is missing; {EXTRA}") from None


@contextmanager
def _running(command: list[str], given: bytes) -> Iterator[Callable[[], bytes]]:
    """A program that works beside this one until its result is asked for. It reads and writes files, so that it never
    waits for us. Raises CannotWriteWord when asked for the result."""
    with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr:
        stdin.write(given)
        stdin.seek(0)
        with subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, env=_ENVIRONMENT) as process:

            def result() -> bytes:
                try:
                    code = process.wait(LONGEST)
                except subprocess.TimeoutExpired:
                    raise CannotWriteWord(f"writing the Word file takes more than {LONGEST} seconds") from None
                stderr.seek(0)
                stdout.seek(0)
                if code:
                    said = stderr.read().decode(errors="replace").strip().partition("\n")[0].rstrip(":")
                    raise CannotWriteWord(f"the Word file could not be written: {said or 'no message'}")
                return stdout.read()

            try:
                yield result
            finally:
                process.kill()


@contextmanager
def _converting(
    html: str, reference: bytes, theme: Theme, content: Content, pandoc: str
) -> Iterator[Callable[[], bytes]]:
    """The HTML on its way to a Word file; the result when it is asked for."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "reference.docx").write_bytes(reference)
        (Path(folder) / "word.lua").write_bytes(theme.read("word.lua") if theme.folder is None else _own_filter())
        command = [
            pandoc,
            "--sandbox",  # reads no other file, whatever a template names
            "--from=html+epub_html_exts",
            "--to=docx",
            f"--reference-doc={folder}/reference.docx",
            f"--lua-filter={folder}/word.lua",
            f"--metadata=lang:{content.language}",
            "--output=-",
        ]
        with _running(command, html.encode("utf-8")) as result:
            yield result


def _own_filter() -> bytes:
    """The filter is a program, so that a theme cannot bring its own."""
    return BUNDLED.read("word.lua")


# ---- the reference document ----------------------------------------------------------------------------------------


def _house_reference(theme: Theme) -> bytes | None:
    """The reference document that a house brings. Raises ThemeError for what is no Word file."""
    path = theme.path(REFERENCE)
    if path is None:
        return None
    data = theme.read(REFERENCE)
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        parts = []
    if not {"word/document.xml", "word/styles.xml"} <= set(parts):
        raise ThemeError(f"{path}: this is no Word file; save it again in Word as .docx")
    return data


def _reference(content: Content, name: str, page: Page, theme: Theme, date: str, pandoc: str) -> bytes:
    """Pandoc's own reference document with our styles, page, numbering of headings, header and footer."""
    logo = _header_logo(theme)
    values: dict[str, Any] = {"content": content, "t": content.terms, "name": name, "date": date, "logo": logo}
    values |= {"text_width": page.text_width, "numbered": page.numbered}

    def made(template: str) -> bytes:
        text = told(theme, lambda: environment(theme, True).get_template(template).render(**values))
        return str(text).strip().encode("utf-8")

    with _running([pandoc, "--print-default-data-file", "reference.docx"], b"") as result:
        source = zipfile.ZipFile(io.BytesIO(result()))
    parts = {each: source.read(each) for each in source.namelist()}
    parts["word/styles.xml"] = made("word_styles.xml.j2")
    parts["word/header1.xml"], parts["word/footer1.xml"] = made("word_header.xml.j2"), made("word_footer.xml.j2")
    parts["word/numbering.xml"] = parts["word/numbering.xml"].replace(
        b"<w:abstractNum ", _HEADINGS + b"<w:abstractNum ", 1
    )
    parts["word/numbering.xml"] = parts["word/numbering.xml"].replace(
        b"</w:numbering>", b'<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
    )
    rels = _RELATIONS
    if logo:
        parts["word/media/logo.png"] = logo["data"]
        parts["word/_rels/header1.xml.rels"] = _LOGO_RELATION
        parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
            b"<Default ", b'<Default Extension="png" ContentType="image/png"/><Default ', 1
        )
    parts["word/_rels/document.xml.rels"] = parts["word/_rels/document.xml.rels"].replace(
        b"</Relationships>", rels + b"</Relationships>"
    )
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", _TYPES + b"</Types>")
    document = parts["word/document.xml"].decode("utf-8")
    start, end = document.index("<w:sectPr"), document.index("</w:body>")
    parts["word/document.xml"] = (document[:start] + _section(page) + document[end:]).encode("utf-8")
    return _zipped(parts)


def _section(page: Page) -> str:
    width, height = page.size
    turned = ' w:orient="landscape"' if page.landscape else ""
    return (
        '<w:sectPr><w:headerReference w:type="default" r:id="rIdHeader"/><w:footerReference w:type="default" '
        f'r:id="rIdFooter"/><w:pgSz w:w="{width}" w:h="{height}"{turned}/><w:pgMar w:top="1304" w:right="{MARGIN}" '
        f'w:bottom="1134" w:left="{MARGIN}" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>'
    )


_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = (
    f'<Relationship Type="{_RELATION}/header" Id="rIdHeader" Target="header1.xml"/>'
    f'<Relationship Type="{_RELATION}/footer" Id="rIdFooter" Target="footer1.xml"/>'
).encode()
_LOGO_RELATION = (
    '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    f'relationships"><Relationship Type="{_RELATION}/image" Id="rIdLogo" Target="media/logo.png"/></Relationships>'
).encode()
_KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_TYPES = (
    f'<Override PartName="/word/header1.xml" ContentType="{_KIND}.header+xml"/>'
    f'<Override PartName="/word/footer1.xml" ContentType="{_KIND}.footer+xml"/>'
).encode()
_LEVELS = "".join(
    f'<w:lvl w:ilvl="{level}"><w:start w:val="{5 if level == 0 else 1}"/><w:numFmt w:val="decimal"/>'
    f'<w:pStyle w:val="Heading{level + 1}"/><w:lvlText w:val="{".".join(f"%{n + 1}" for n in range(level + 1))}"/>'
    f'<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{709}" w:hanging="{709}"/></w:pPr></w:lvl>'
    for level in range(3)
)
_HEADINGS = (
    f'<w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="multilevel"/>{_LEVELS}</w:abstractNum>'
).encode()


def _header_logo(theme: Theme) -> dict[str, Any] | None:
    """The logo for the header of a page: only PNG, at most 9 mm high."""
    path = theme.path("logo.png")
    if path is None:
        return None
    logo_data(path)  # refuses what is no picture
    data = path.read_bytes()
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    down = 26 * EMU
    return {"data": data, "down": down, "across": max(1, round(down * width / max(1, height)))}


# ---- the finished file ---------------------------------------------------------------------------------------------


def _finished(made: bytes, page: Page, subject: str, pictures: Mapping[bytes, tuple[bytes, str]]) -> bytes:
    """The file with circled numbering, each picture as PNG and SVG in place of what stood in for it, and the same bytes
    every time."""
    source = zipfile.ZipFile(io.BytesIO(made))
    parts = {each: source.read(each) for each in source.namelist()}
    numbering = parts["word/numbering.xml"].decode("utf-8")
    parts["word/numbering.xml"] = _roomier(_circled(numbering)).encode("utf-8")
    parts["word/document.xml"] = _whole_rows(parts["word/document.xml"].decode("utf-8")).encode("utf-8")
    for name in [each for each in parts if each.startswith("word/header")]:
        shown = str(escape(f" · {without_direction(subject)}")) if subject else ""
        parts[name] = parts[name].replace(SUBJECT.encode(), shown.encode("utf-8"))
    _with_pictures(parts, pictures)
    return _zipped(parts)


def _circled(numbering: str) -> str:
    """Upper roman with one bracket stands for circled numbers (see word.lua)."""
    return re.sub(
        r'(<w:numFmt w:val=")upperRoman("\s*/>\s*<w:lvlText w:val="%\d)\)"', r'\1decimalEnclosedCircle\2"', numbering
    )


def _roomier(numbering: str) -> str:
    """Lists whose numbers have room for `(10)`, and dashes for bullets of the second level, as protocols have them."""
    wider = re.sub(
        r'<w:ind w:left="(\d+)" w:hanging="360"\s*/>',
        lambda match: f'<w:ind w:left="{int(match.group(1)) * 17 // 20}" w:hanging="560"/>',
        numbering,
    )
    return wider.replace('<w:lvlText w:val="o" />', '<w:lvlText w:val="–" />')


_TABLE = re.compile(r'<w:tbl>(?:(?!</w:tbl>).)*?<w:tblStyle w:val="Grid"\s*/>.*?</w:tbl>', re.DOTALL)


def _whole_rows(document: str) -> str:
    """Rows of plain tables stay whole at the end of a page."""
    return _TABLE.sub(
        lambda match: (
            match.group()
            .replace("<w:tr>", "<w:tr><w:trPr><w:cantSplit/></w:trPr>")
            .replace("<w:trPr><w:cantSplit/></w:trPr><w:trPr>", "<w:trPr><w:cantSplit/>")
        ),
        document,
    )


_BLIP = re.compile(r'<a:blip r:embed="([^"]+)"\s*/>')


def _with_pictures(parts: dict[str, bytes], pictures: Mapping[bytes, tuple[bytes, str]]) -> None:
    rels = parts["word/_rels/document.xml.rels"].decode("utf-8")
    targets = dict(re.findall(r'Id="([^"]+)"[^>]*Target="(media/[^"]+)"', rels))
    targets |= {id: target for target, id in re.findall(r'Target="(media/[^"]+)"[^>]*Id="([^"]+)"', rels)}
    added: dict[str, str] = {}
    for id, target in targets.items():
        found = pictures.get(parts[f"word/{target}"])
        if found is not None:
            added[id] = target.rpartition(".")[0] + ".svg"
            parts[f"word/{target}"], svg = found
            parts[f"word/{added[id]}"] = f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}'.encode()
    if not added:
        return
    new = "".join(
        f'<Relationship Type="{_RELATION}/image" Id="{id}v" Target="{target}"/>' for id, target in sorted(added.items())
    )
    parts["word/_rels/document.xml.rels"] = rels.replace("</Relationships>", new + "</Relationships>").encode("utf-8")

    def both(match: re.Match[str]) -> str:
        id = match.group(1)
        if id not in added:
            return match.group()
        return (
            f'<a:blip r:embed="{id}"><a:extLst><a:ext uri="{{96DAC541-7B7A-43D3-8B79-37D633B846F1}}"><asvg:svgBlip '
            'xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main" '
            f'r:embed="{id}v"/></a:ext></a:extLst></a:blip>'
        )

    parts["word/document.xml"] = _BLIP.sub(both, parts["word/document.xml"].decode("utf-8")).encode("utf-8")
    types = parts["[Content_Types].xml"].decode("utf-8")
    if 'Extension="svg"' not in types:
        types = types.replace("<Default ", '<Default Extension="svg" ContentType="image/svg+xml"/><Default ', 1)
        parts["[Content_Types].xml"] = types.encode("utf-8")


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    """A zip file whose bytes depend on nothing but its parts; the list of types comes first, as Word wants it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name in sorted(parts, key=lambda each: (each != "[Content_Types].xml", each)):
            info = zipfile.ZipInfo(name, TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, parts[name])
    return held.getvalue()
