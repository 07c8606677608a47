"""The language server: what an editor asks, answered from the analysis of the open file (LSP 3.17).

Findings are worked out a moment after the last keystroke, everything else when it is asked for. Whatever goes wrong in
one answer is logged and leaves that answer empty: the server goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from ..language.diagnostics import Diagnostic, Fix
from ..language.formatting import CannotFormat, formatted
from ..language.source import Place, Source
from ..protocol.allowances import may_be_allowed
from ..version import __version__
from .analysis import Analysis, analysed
from .completing import completions
from .hovering import hover_text
from .outlining import TOKEN_KINDS, Entry, coloured, entries, foldable
from .preview import preview_html
from .renaming import CannotRename, everywhere, may_be_renamed, renamed

PAUSE = 0.15  # seconds after the last keystroke before findings are worked out
SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "remark": lsp.DiagnosticSeverity.Information,
}
COMPLETION_KINDS = {
    "name": lsp.CompletionItemKind.Variable,
    "criterion": lsp.CompletionItemKind.Class,
    "option": lsp.CompletionItemKind.EnumMember,
    "unit": lsp.CompletionItemKind.Unit,
    "keyword": lsp.CompletionItemKind.Keyword,
    "library": lsp.CompletionItemKind.Module,
}
SYMBOL_KINDS = {
    "section": lsp.SymbolKind.Namespace,
    "criterion": lsp.SymbolKind.Class,
    "item": lsp.SymbolKind.Variable,
    "definition": lsp.SymbolKind.Function,
    "reading": lsp.SymbolKind.Enum,
}


class RulesServer(LanguageServer):
    """Open files with their analyses. A file is analysed in a thread, so that typing goes on meanwhile; whoever asks
    for the same state waits for the same work."""

    def __init__(self) -> None:
        super().__init__("rjdm", __version__)
        self.analyses: dict[str, Analysis] = {}
        self.working: dict[str, tuple[str, asyncio.Task[Analysis]]] = {}
        self.waiting: dict[str, asyncio.Task[None]] = {}

    def text(self, uri: str) -> str:
        return str(self.workspace.get_text_document(uri).source)

    async def analysis(self, uri: str) -> Analysis:
        """The analysis of a file as it is now."""
        text = self.text(uri)
        held = self.analyses.get(uri)
        if held is not None and held.source.text == text:
            return held
        working = self.working.get(uri)
        if working is None or working[0] != text:
            path = Path(to_fs_path(uri) or uri)
            folder = path.parent if path.parent.is_dir() else None
            work = asyncio.to_thread(analysed, Source(str(path), text), folder, held)
            working = self.working[uri] = (text, asyncio.ensure_future(work))
        found = await working[1]
        self.analyses[uri] = found
        return found

    async def known(self, uri: str) -> Analysis:
        """The last analysis, perhaps of an earlier text: enough to say what may follow, and at once."""
        return self.analyses.get(uri) or await self.analysis(uri)

    async def publish(self, uri: str) -> None:
        analysis = await self.analysis(uri)
        if analysis.source.text != self.text(uri):
            return  # overtaken by typing; the next round is on its way
        own = [each for each in analysis.diagnostics if each.place.source.name == analysis.source.name]
        found = [diagnostic(each) for each in own]
        if analysis.diagnostics and not own:  # an error in a library stops this file; said at its head
            first = analysis.diagnostics[0]
            message, head = f"{first.place}: {first.message}", span(Place(analysis.source, 0, 0))
            found.append(lsp.Diagnostic(head, message, lsp.DiagnosticSeverity.Error, first.code, source="rjdm"))
        version = self.workspace.get_text_document(uri).version
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, version))

    async def publish_soon(self, uri: str) -> None:
        await asyncio.sleep(PAUSE)
        await self.publish(uri)


server = RulesServer()


# ---- places --------------------------------------------------------------------------------------------------------


def span(place: Place) -> lsp.Range:
    return lsp.Range(position(place.source, place.start), position(place.source, place.end))


def position(source: Source, offset: int) -> lsp.Position:
    """An offset as line and character, counted from 0 in UTF-16 units."""
    line, before = source.typed_before(min(offset, len(source.text)))
    return lsp.Position(line - 1, len(before.encode("utf-16-le")) // 2)


def offset_of(source: Source, at: lsp.Position) -> int:
    if at.line >= len(source.line_starts):
        return len(source.text)
    return source.typed_at(at.line + 1, at.character)


def uri_of(place: Place, analysis: Analysis, uri: str) -> str:
    if place.source.name == analysis.source.name:
        return uri
    return Path(place.source.name).resolve().as_uri()


# ---- findings and fixes --------------------------------------------------------------------------------------------


def diagnostic(found: Diagnostic) -> lsp.Diagnostic:
    message = found.message + (f"\n{found.help}" if found.help else "")
    related = [
        lsp.DiagnosticRelatedInformation(lsp.Location(Path(place.source.name).resolve().as_uri(), span(place)), remark)
        for remark, place in found.hops
        if Path(place.source.name).is_absolute()
    ]
    return lsp.Diagnostic(
        span(found.place),
        message,
        SEVERITIES[found.severity],
        found.code,
        source="rjdm",
        related_information=related or None,
    )


@server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix]))
async def code_actions(ls: RulesServer, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The fixes of the findings in a range; and to silence a warning there, with a reason."""
    uri, analysis = params.text_document.uri, await ls.analysis(params.text_document.uri)
    start, end = offset_of(analysis.read, params.range.start), offset_of(analysis.read, params.range.end)
    found: list[lsp.CodeAction] = []
    for each in analysis.diagnostics:
        here = each.place.source.name == analysis.source.name and each.place.start <= end and start <= each.place.end
        if not here:
            continue
        shown = diagnostic(each)
        for number, fix in enumerate(each.fixes):
            action = lsp.CodeAction(sentence(fix.title), lsp.CodeActionKind.QuickFix, [shown])
            action.edit = edit_of(fix, uri)
            action.is_preferred = number == 0 and fix.certain
            found.append(action)
        if may_be_allowed(each.code):
            found.append(allowing(each, analysis, uri, shown))
    return found


def edit_of(fix: Fix, uri: str) -> lsp.WorkspaceEdit:
    return lsp.WorkspaceEdit({uri: [lsp.TextEdit(span(place), text) for place, text in fix.edits]})


def allowing(found: Diagnostic, analysis: Analysis, uri: str, shown: lsp.Diagnostic) -> lsp.CodeAction:
    """A comment above the statement (for a criterion: above the criterion) that says why it is right as it is."""
    numbers = range(len(analysis.outline.statements))
    around = [n for n in numbers if analysis.outline.extent(n)[0] <= found.place.start <= analysis.outline.extent(n)[1]]
    start = analysis.outline.statements[around[-1]].start if around else found.place.start
    column = analysis.read.position(start)[1] - 1
    place = Place(analysis.read, start, start)
    comment = f"# allow {found.code}: (say why)\n{' ' * column}"
    action = lsp.CodeAction(f"Allow {found.code} here, with a reason", lsp.CodeActionKind.QuickFix, [shown])
    action.edit = lsp.WorkspaceEdit({uri: [lsp.TextEdit(span(place), comment)]})
    return action


def sentence(title: str) -> str:
    return title[:1].upper() + title[1:]


# ---- opening and typing --------------------------------------------------------------------------------------------


@server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
async def did_open(ls: RulesServer, params: lsp.DidOpenTextDocumentParams) -> None:
    await ls.publish(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
async def did_change(ls: RulesServer, params: lsp.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    if uri in ls.waiting:
        ls.waiting[uri].cancel()
    ls.waiting[uri] = asyncio.ensure_future(ls.publish_soon(uri))


@server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
async def did_save(ls: RulesServer, params: lsp.DidSaveTextDocumentParams) -> None:
    """Another open file may use this one."""
    for uri in list(ls.analyses):
        ls.analyses.pop(uri, None)
        await ls.publish(uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
def did_close(ls: RulesServer, params: lsp.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    if uri in ls.waiting:
        ls.waiting.pop(uri).cancel()
    ls.working.pop(uri, None)
    ls.analyses.pop(uri, None)
    ls.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


# ---- names ---------------------------------------------------------------------------------------------------------


@server.feature(lsp.TEXT_DOCUMENT_HOVER)
async def hover(ls: RulesServer, params: lsp.HoverParams) -> lsp.Hover | None:
    analysis = await ls.analysis(params.text_document.uri)
    found = analysis.at(offset_of(analysis.read, params.position))
    text = hover_text(found.symbol, analysis) if found else ""
    if found is None or not text:
        return None
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text), span(found.place))


@server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
async def definition(ls: RulesServer, params: lsp.DefinitionParams) -> lsp.Location | None:
    uri, analysis = params.text_document.uri, await ls.analysis(params.text_document.uri)
    found = analysis.at(offset_of(analysis.read, params.position))
    place = analysis.declaration(found.symbol) if found else None
    return lsp.Location(uri_of(place, analysis, uri), span(place)) if place else None


@server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
async def references(ls: RulesServer, params: lsp.ReferenceParams) -> list[lsp.Location]:
    uri, analysis = params.text_document.uri, await ls.analysis(params.text_document.uri)
    found = analysis.at(offset_of(analysis.read, params.position))
    every = everywhere(found.symbol, analysis) if found else []
    wanted = [each for each in every if params.context.include_declaration or not each.declares]
    return [lsp.Location(uri_of(each.place, analysis, uri), span(each.place)) for each in wanted]


@server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
async def prepare_rename(ls: RulesServer, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    analysis = await ls.analysis(params.text_document.uri)
    found = analysis.at(offset_of(analysis.read, params.position))
    if found is not None:
        with refusing():
            may_be_renamed(found.symbol, analysis)
    return span(found.place) if found else None


@contextmanager
def refusing() -> Iterator[None]:
    """Where a name cannot be changed, the editor shows the reason."""
    try:
        yield
    except CannotRename as error:
        raise JsonRpcInvalidParams(str(error)) from None


@server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
async def rename(ls: RulesServer, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    uri, analysis = params.text_document.uri, await ls.analysis(params.text_document.uri)
    found = analysis.at(offset_of(analysis.read, params.position))
    if found is None:
        return None
    with refusing():
        places = renamed(found, params.new_name, analysis)
    changes: dict[str, list[lsp.TextEdit]] = {}
    for place, text in places:
        changes.setdefault(uri_of(place, analysis, uri), []).append(lsp.TextEdit(span(place), text))
    return lsp.WorkspaceEdit(changes)


@server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[" ", "(", "≥", "="]))
async def completion(ls: RulesServer, params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
    uri, analysis = params.text_document.uri, await ls.known(params.text_document.uri)
    source = Source(analysis.source.name, ls.text(uri))
    found = completions(offset_of(source, params.position), source.text, analysis)
    return [
        lsp.CompletionItem(
            each.text, kind=COMPLETION_KINDS[each.kind], detail=each.detail or None, sort_text=f"{n:05d}"
        )
        for n, each in enumerate(found)
    ]


# ---- the whole file ------------------------------------------------------------------------------------------------


@server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
async def document_symbols(ls: RulesServer, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    return [symbol(each) for each in entries(await ls.analysis(params.text_document.uri))]


def symbol(entry: Entry) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        entry.name or "–",
        SYMBOL_KINDS[entry.kind],
        span(entry.whole),
        span(entry.own),
        entry.detail or None,
        children=[symbol(each) for each in entry.children],
    )


@server.feature(lsp.TEXT_DOCUMENT_FOLDING_RANGE)
async def folding_ranges(ls: RulesServer, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
    analysis = await ls.analysis(params.text_document.uri)
    return [lsp.FoldingRange(first - 1, last - 1) for first, last in foldable(analysis)]


@server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
async def formatting(ls: RulesServer, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
    """The canonical layout; nothing for a file with errors in how it is written."""
    analysis = await ls.analysis(params.text_document.uri)
    try:
        text = formatted(analysis.source)
    except CannotFormat:
        return []
    if text == analysis.source.text:
        return []
    return [lsp.TextEdit(span(Place(analysis.source, 0, len(analysis.source.text))), text)]


@server.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, lsp.SemanticTokensLegend(list(TOKEN_KINDS), ["declaration"]))
async def semantic_tokens(ls: RulesServer, params: lsp.SemanticTokensParams) -> lsp.SemanticTokens:
    analysis = await ls.analysis(params.text_document.uri)
    return lsp.SemanticTokens(list(encoded(coloured(analysis))))


def encoded(tokens: Iterable[tuple[Place, str, bool]]) -> Iterable[int]:
    """Tokens relative to the one before, five numbers each, as the protocol has them."""
    line = character = 0
    for place, kind, declares in tokens:
        start, end = position(place.source, place.start), position(place.source, place.end)
        if start.line != end.line or (start.line, start.character) < (line, character):
            continue
        delta = start.line - line
        yield from (delta, start.character - (0 if delta else character), end.character - start.character)
        yield from (TOKEN_KINDS.index(kind), int(declares))
        line, character = start.line, start.character


@server.feature("rjdm/preview")
async def preview(ls: RulesServer, params: Any) -> dict[str, str]:
    """`{uri, line, character}`: a page for the preview beside the text."""
    analysis = await ls.analysis(params.uri)
    at = lsp.Position(int(getattr(params, "line", 0)), int(getattr(params, "character", 0)))
    return {"html": preview_html(offset_of(analysis.read, at), analysis)}


def run() -> None:
    """Serves one editor over standard input and output."""
    server.start_io()


__all__ = ["RulesServer", "run", "server"]
