"""Draws the mark of the extension, a checklist with a tick, as images/icon.svg and images/icon.png.

    python tools/draw_icon.py

Both come from the same few strokes, so that they stay alike; nothing but Python is needed to draw them.
"""

from __future__ import annotations

import math
import struct
import zlib
from itertools import pairwise
from pathlib import Path

SIZE = 128
FINE = 4  # points of the raster to a side of each pixel
CARD = (16.0, 12.0, 112.0, 116.0, 14.0)
GROUND, INK, TICK, CROSS = (31, 78, 121), (255, 255, 255), (126, 214, 160), (244, 150, 130)
Stroke = tuple[tuple[int, int, int], list[tuple[float, float]]]
WIDTH = 8.0
STROKES: list[Stroke] = [
    (TICK, [(30, 38), (37, 45), (48, 31)]),
    (INK, [(62, 38), (98, 38)]),
    (TICK, [(30, 66), (37, 73), (48, 59)]),
    (INK, [(62, 66), (98, 66)]),
    (CROSS, [(32, 86), (46, 100)]),
    (CROSS, [(46, 86), (32, 100)]),
    (INK, [(62, 93), (86, 93)]),
]


def hexed(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def svg() -> str:
    left, top, right, bottom, radius = CARD
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}">',
        f'  <rect x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}" rx="{radius:g}" '
        f'fill="{hexed(GROUND)}"/>',
        f'  <g fill="none" stroke-width="{WIDTH:g}" stroke-linecap="round" stroke-linejoin="round">',
    ]
    for colour, points in STROKES:
        path = " L".join(f"{x:g} {y:g}" for x, y in points)
        lines.append(f'    <path d="M{path}" stroke="{hexed(colour)}"/>')
    return "\n".join([*lines, "  </g>", "</svg>", ""])


def distance(x: float, y: float, start: tuple[float, float], end: tuple[float, float]) -> float:
    """How far a point is from a piece of a line."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = max(0.0, min(1.0, ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy)))
    return math.hypot(x - start[0] - along * dx, y - start[1] - along * dy)


def colour_at(x: float, y: float) -> tuple[int, int, int, int]:
    left, top, right, bottom, radius = CARD
    out_x = max(left + radius - x, x - right + radius, 0.0)
    out_y = max(top + radius - y, y - bottom + radius, 0.0)
    if math.hypot(out_x, out_y) > radius:
        return (0, 0, 0, 0)
    for colour, points in reversed(STROKES):
        if any(distance(x, y, a, b) <= WIDTH / 2 for a, b in pairwise(points)):
            return (*colour, 255)
    return (*GROUND, 255)


def pixel(column: int, row: int) -> bytes:
    """The mean of the points of a pixel, colours weighted by how much they cover."""
    steps = [(each + 0.5) / FINE for each in range(FINE)]
    seen = [colour_at(column + x, row + y) for y in steps for x in steps]
    cover = sum(each[3] for each in seen)
    mean = [round(sum(each[part] * each[3] for each in seen) / cover) if cover else 0 for part in range(3)]
    return bytes([*mean, round(cover / len(seen))])


def png() -> bytes:
    rows = b"".join(b"\0" + b"".join(pixel(column, row) for column in range(SIZE)) for row in range(SIZE))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def main() -> None:
    folder = Path(__file__).parent.parent / "images"
    (folder / "icon.svg").write_text(svg(), encoding="utf-8")
    (folder / "icon.png").write_bytes(png())


if __name__ == "__main__":
    main()
