"""Which rules files a document was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ..language.source import Place, Source
from ..protocol.model import Protocol


def fingerprint_of(protocol: Protocol) -> str:
    """The first 16 signs of the SHA-256 over the texts of the protocol's file and its libraries, in the order of their
    names without folders: the same rules have the same fingerprint wherever they lie."""
    sources: dict[str, Source] = {}
    for place in _places(protocol):
        sources.setdefault(_bare(place.source.name), place.source)
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(sources[name].text.replace("\r\n", "\n").encode("utf-8") + b"\0")
    return digest.hexdigest()[:16]


def _places(protocol: Protocol) -> Iterator[Place]:
    yield from (protocol.title.place,) if protocol.title.place else ()
    for group in (protocol.items, protocol.definitions, protocol.tables, protocol.readings):
        yield from (each.place for each in group.values())


def _bare(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]
