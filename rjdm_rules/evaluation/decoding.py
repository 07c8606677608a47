"""JSON without loss: decimals stay exact, a key given twice is an error, NaN is none."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn


class BadJson(ValueError):
    """A text that is no JSON, or JSON that says two things at once."""


def decoded_record(line: bytes) -> Any:
    """The value of a line of UTF-8 JSON, faster where it is a record and all is well with it. Raises BadJson."""
    try:
        value = _fast()(line)
        # a key given twice leaves a colon more than keys
        colons = line.count(b":")
        if colons == _keys(value) or (b"\\" not in line and colons == _colons(value)):
            return value
    except (ValueError, RecursionError):
        pass
    return decoded(_text(line))


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"byte {error.start + 1} is not UTF-8 text; save the file as UTF-8") from None


def _keys(record: dict[str, Any]) -> int:
    """How many keys a record has, those of its parts counted; what lies deeper is not."""
    number = len(record)
    for value in record.values():
        kind = value.__class__
        if kind is dict:
            number += len(value)
        elif kind is list:
            for each in value:
                if each.__class__ is dict:
                    number += len(each)
    return number


def _colons(value: Any) -> int:
    """How many colons a value is written with, where nothing is escaped: one after each key, and those in texts."""
    if isinstance(value, str):
        return value.count(":")
    if isinstance(value, dict):
        return len(value) + sum(map(_colons, value)) + sum(map(_colons, value.values()))
    return sum(map(_colons, value)) if isinstance(value, list) else 0


@cache
def _fast() -> Any:
    import msgspec

    return msgspec.json.Decoder(dict, float_hook=Decimal).decode


def decoded(text: str) -> Any:
    """The value of a JSON text. Raises BadJson with the place and what is wrong."""
    try:
        value = _STRICT.decode(text.strip())
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False, default=str).encode()
        return value
    except UnicodeEncodeError:
        raise BadJson("a character is only half there (\\ud800 to \\udfff stand in pairs)") from None
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text.strip() else ""
        message = error.msg[:1].lower() + error.msg[1:]
        raise BadJson(f"not JSON: {message} at {line}column {error.colno}") from None
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
