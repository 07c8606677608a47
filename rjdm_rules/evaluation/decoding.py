"""JSON without loss: decimals stay exact, a key given twice is an error, NaN is none."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from itertools import compress
from typing import Any, NoReturn


class BadJson(ValueError):
    """A text that is no JSON, or JSON that says two things at once."""


def decoded_record(line: bytes) -> Any:
    """The value of a line of UTF-8 JSON, faster where it is a record and all is well with it. Raises BadJson."""
    try:
        value = _fast()(line)
    except (ValueError, RecursionError):
        return decoded(_text(line))
    # every key is followed by `":`; with as many of them as keys, none was given twice
    return value if _keys(value) == line.count(b'":') else decoded(_text(line))


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"byte {error.start + 1} is not UTF-8 text; save the file as UTF-8") from None


def _keys(record: dict[str, Any]) -> int:
    """How many keys a record has, those of its parts counted."""
    kinds = list(map(type, record.values()))
    number = len(record)
    if dict in kinds:
        number += sum(map(len, compress(record.values(), [kind is dict for kind in kinds])))
    if list in kinds:
        for value in compress(record.values(), [kind is list for kind in kinds]):
            number += sum([len(each) for each in value if each.__class__ is dict])
    return number


@cache
def _fast() -> Any:
    import msgspec

    return msgspec.json.Decoder(dict, float_hook=Decimal).decode


def decoded(text: str) -> Any:
    """The value of a JSON text. Raises BadJson with the place and what is wrong."""
    try:
        return _STRICT.decode(text.strip())
    except json.JSONDecodeError as error:
        raise BadJson(
            f"not JSON: {error.msg[:1].lower() + error.msg[1:]} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise BadJson("not a record: it is nested too deeply") from None
    except BadJson:
        raise
    except ValueError as error:
        raise BadJson(f"not JSON: {str(error)[:100]}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise BadJson(f"`{twice}` is given twice; which one counts?")
    return found


def _constant(text: str) -> NoReturn:
    raise BadJson(f"{text} is not a number that can be measured; leave the item out if it is unknown")


_STRICT = json.JSONDecoder(parse_float=Decimal, object_pairs_hook=_object, parse_constant=_constant)
