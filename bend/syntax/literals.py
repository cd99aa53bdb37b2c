"""The values of number, character, string and symbol literals (spec 01 sections 2.5 to 2.7)."""

from __future__ import annotations

import re
import struct

from bend.diagnostics import BendError, error
from bend.hvm.characters import is_code_point
from bend.hvm.numbers import Number
from bend.source import Span

_U24_END = 1 << 24
_I24_END = 1 << 23
_U32_END = 1 << 32
_MOST_DIGITS = 4000
_DIGITS = {2: '01_', 10: '0123456789_', 16: '0123456789abcdefABCDEF_'}
_BASE_NAMES = {2: 'binary', 10: 'decimal', 16: 'hexadecimal'}
_ESCAPES = {'n': '\n', 'r': '\r', 't': '\t', '0': '\0', '\\': '\\', "'": "'", '"': '"'}
_ESCAPE = re.compile(r'\\(?:u\{([^}]*)\}|(.))', re.DOTALL)
_SYMBOL_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'


def _fail(code: str, message: str, span: Span, hint: str = '') -> BendError:
    return BendError(error(code, message, span, hint=hint))


def number(text: str, span: Span) -> Number:
    """The number that a literal stands for. Raises `BendError` for a bad digit or a number out of range."""
    signed = text[0] in '+-'
    negative = text[0] == '-'
    base, digits = _base(text[signed:])
    offset = span.start + len(text) - len(digits)
    whole, dot, fraction = digits.partition('.')
    value = _digits(whole, base, offset, span)
    if dot:
        return Number('f24', _float(value, fraction, base, negative, span, offset + len(whole) + 1))
    if not signed:
        if value >= _U24_END:
            raise _fail('number-range', f'The number {text} is out of the range of u24.', span,
                        'u24 goes from 0 to 16777215.')
        return Number('u24', value)
    value = -value if negative else value
    if not -_I24_END <= value < _I24_END:
        raise _fail('number-range', f'The number {text} is out of the range of i24.', span,
                    'i24 goes from -8388608 to +8388607.')
    return Number('i24', value % _U24_END)


def pattern_number(text: str, span: Span) -> int:
    """The value of a number in a pattern. Raises `BendError` if it is signed, a float or out of range."""
    if text[0] in '+-' or '.' in text:
        raise _fail('syntax', f'The number {text} cannot be a pattern.', span, 'Patterns match u24 numbers only.')
    return number(text, span).bits


def _base(text: str) -> tuple[int, str]:
    base = {'0x': 16, '0b': 2}.get(text[:2], 10)
    return base, text if base == 10 else text[2:]


def _digits(text: str, base: int, offset: int, span: Span) -> int:
    """The value of digits that stand at an offset."""
    for position, digit in enumerate(text):
        if digit not in _DIGITS[base]:
            place = Span(span.source, offset + position, offset + position + 1)
            hint = 'There is no exponent syntax.' if digit in 'eE' and base == 10 else ''
            if base == 10 and not hint and digit.isalpha():
                hint = "A number goes on to the next blank or operator. The prefixes are '0x' and '0b'."
            raise _fail('syntax', f"Expected a {_BASE_NAMES[base]} digit, found '{digit}'.", place, hint)
    bare = text.replace('_', '')
    if not bare:
        place = Span(span.source, offset, max(span.end, offset))
        raise _fail('syntax', f'Expected a {_BASE_NAMES[base]} digit.', place)
    if len(bare) > _MOST_DIGITS:
        raise _fail('number-range', f'This number has {len(bare)} digits.', span, 'Numbers have 24 bits.')
    return int(bare, base)


def _float(whole: int, fraction: str, base: int, negative: bool, span: Span, offset: int) -> int:
    """The 24 bits of a float literal: each step in binary32, as the language is defined, then rounded to 24 bits."""
    numerator = _digits(fraction, base, offset, span)
    if whole >= _U32_END or numerator >= _U32_END:
        raise _fail('number-range', 'The digits before and after the point must each make a number of at most 32 bits.',
                    span, 'Write at most 9 digits after the point.')
    scale = _binary32(float(base ** len(fraction.replace('_', ''))))
    value = _binary32(_binary32(float(whole)) + _binary32(_binary32(float(numerator)) / scale))
    bits: int = struct.unpack('<I', struct.pack('<f', -value if negative else value))[0]
    return (bits + 0x7F + (bits >> 8 & 1)) >> 8


def _binary32(value: float) -> float:
    result: float = struct.unpack('<f', struct.pack('<f', value))[0]
    return result


def string(text: str, span: Span) -> str:
    """The characters of a string literal (quotes included). Raises `BendError` for an unknown escape."""
    return _unescape(text[1:-1], Span(span.source, span.start + 1, span.end - 1))


def character(text: str, span: Span) -> int:
    """The code point of a character literal (quotes included; blanks before the closing quote do not count)."""
    inner = text[1:-1]
    inner = inner[0] + inner[1:].rstrip()
    return ord(_unescape(inner, Span(span.source, span.start + 1, span.start + 1 + len(inner)))) % _U24_END


def _unescape(text: str, span: Span) -> str:
    if '\\' not in text:
        return text

    def resolve(found: re.Match[str]) -> str:
        place = Span(span.source, span.start + found.start(), span.start + found.end())
        if found[1] is not None:
            return _code_point(found[1], place)
        if found[2] not in _ESCAPES:
            raise _fail('syntax', f"There is no escape '{found[0]}'.", place,
                        r'The escapes are \n \r \t \0 \\ \' \" and \u{HEX}.')
        return _ESCAPES[found[2]]

    return _ESCAPE.sub(resolve, text)


def _code_point(digits: str, span: Span) -> str:
    try:
        value = int(digits, 16)
    except ValueError:
        raise _fail('syntax', 'Expected hexadecimal digits in the escape.', span,
                    'Write the number of the character in base 16, as in \\u{1F600}.') from None
    if not is_code_point(value):
        raise _fail('number-range', f'The escape names no character: {digits}.', span,
                    'Code points go up to 10FFFF, without D800 to DFFF.')
    return chr(value)


def symbol(text: str, span: Span) -> int:
    """The value of a symbol (quotes included): base 64, most significant character first."""
    inner = text[1:-1]
    if len(inner) > 4:
        raise _fail('number-range', 'A symbol has at most 4 characters.', span)
    value = 0
    for position, digit in enumerate(inner):
        if digit not in _SYMBOL_DIGITS:
            start = span.start + 1 + position
            raise _fail('syntax', f"'{digit}' is no character of a symbol.", Span(span.source, start, start + 1),
                        'Symbols are made of A-Z a-z 0-9 + /')
        value = value * 64 + _SYMBOL_DIGITS.index(digit)
    return value
