"""How characters show in string literals, in whatever is printed (the C of it: `bend/runtime/c/strings.c`)."""

from __future__ import annotations

import unicodedata

ESCAPES = {'\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0', '"': '\\"', '\\': '\\\\'}


def is_code_point(number: int) -> bool:
    """Whether a number stands for a character."""
    return 0 <= number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF


def is_printable(character: str) -> bool:
    """Whether a character shows as itself, unless it has an escape. A combining mark would melt into the character
    before it."""
    return character.isprintable() and unicodedata.category(character) not in ('Mn', 'Me')


def quoted(text: str) -> str:
    """A text as a string literal."""
    return f'"{"".join(map(_shown, text))}"'


def _shown(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    return character if is_printable(character) else f'\\u{{{ord(character):x}}}'
