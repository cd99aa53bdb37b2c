"""Numbers of 24 bits: the one definition of their semantics in Python (spec 06).

A number word has 29 bits: payload << 5 | type. The type is a kind (u24, i24, f24), 0 for a symbol (an operator
or cast without an operand, its code in the payload), or the code of an operator that holds its left operand.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from bend.hvm import f24
from bend.records import dataclass

if TYPE_CHECKING:
    from bend.hvm.net import Place

Kind = Literal['u24', 'i24', 'f24']

SYMBOL = 0
U24 = 1
I24 = 2
F24 = 3

ADD = 0x04
SUB = 0x05
FLIP_SUB = 0x06
MUL = 0x07
DIV = 0x08
FLIP_DIV = 0x09
REM = 0x0A
FLIP_REM = 0x0B
EQ = 0x0C
NE = 0x0D
LT = 0x0E
GT = 0x0F
AND = 0x10
OR = 0x11
XOR = 0x12
SHL = 0x13
FLIP_SHL = 0x14
SHR = 0x15
FLIP_SHR = 0x16

TYPE_BITS = 5
TYPE_MASK = 0x1F
PAYLOAD_MASK = 0xFFFFFF
MAX_U24 = 0xFFFFFF
MAX_I24 = 0x7FFFFF
MIN_I24 = -0x800000

SYMBOLS: dict[int, str] = {
    U24: 'u24', I24: 'i24', F24: 'f24',
    ADD: '+', SUB: '-', FLIP_SUB: ':-', MUL: '*', DIV: '/', FLIP_DIV: ':/', REM: '%', FLIP_REM: ':%',
    EQ: '=', NE: '!', LT: '<', GT: '>', AND: '&', OR: '|', XOR: '^',
    SHL: '<<', FLIP_SHL: ':<<', SHR: '>>', FLIP_SHR: ':>>',
}
"""How core text writes casts and operators, by code."""

FLIPPED: dict[int, int] = {
    ADD: ADD, MUL: MUL, EQ: EQ, NE: NE, AND: AND, OR: OR, XOR: XOR,
    SUB: FLIP_SUB, DIV: FLIP_DIV, REM: FLIP_REM, SHL: FLIP_SHL, SHR: FLIP_SHR, LT: GT, GT: LT,
    FLIP_SUB: SUB, FLIP_DIV: DIV, FLIP_REM: REM, FLIP_SHL: SHL, FLIP_SHR: SHR,
}
"""The operator with its operands exchanged; on f24 `& | ^` have none and stay as they are (spec 06, section 2)."""

_TYPES: dict[Kind, int] = {'u24': U24, 'i24': I24, 'f24': F24}
_KINDS: dict[int, Kind] = {U24: 'u24', I24: 'i24', F24: 'f24'}


class DivisionByZero(ArithmeticError):
    """An integer was divided by zero, or its remainder taken; `place` is where, if that is known."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place
        super().__init__()


@dataclass(frozen=True, slots=True)
class Number:
    """A number literal: its kind and its 24 bits (f24: the top 24 bits of a binary32)."""

    kind: Kind
    bits: int


def make_word(payload: int, kind: int) -> int:
    """A number word; the payload is cut to 24 bits, and so results wrap around."""
    return (payload & PAYLOAD_MASK) << TYPE_BITS | kind


def make_symbol(code: int) -> int:
    """The word of an operator or cast without operand."""
    return code << TYPE_BITS


def make_partial(code: int, payload: int) -> int:
    """The word of an operator that holds its left operand."""
    return make_word(payload, code)


def word_of(number: Number) -> int:
    """The word of a literal."""
    return make_word(number.bits, _TYPES[number.kind])


def number_of(word: int) -> Number:
    """The number in a word of type u24, i24 or f24; ValueError for symbols and partial operators."""
    kind = _KINDS.get(word & TYPE_MASK)
    if kind is None:
        raise ValueError(f'{show_net(word)} is not a plain number')
    return Number(kind, word >> TYPE_BITS)


def is_number(word: int) -> bool:
    """Whether a word is a plain number, not a symbol or partial operator."""
    return U24 <= word & TYPE_MASK <= F24


def signed(payload: int) -> int:
    """The value of an i24 payload."""
    return (payload ^ 0x800000) - 0x800000


def operate(x: int, y: int) -> int:
    """The operation of two number words: spec 06, section 2, line by line. Raises `DivisionByZero`."""
    kind_x = x & TYPE_MASK
    kind_y = y & TYPE_MASK
    if kind_x > F24:
        if kind_y > F24:
            return U24
        if kind_y != SYMBOL:
            return _operate_partial(kind_x, x >> TYPE_BITS, y)
    elif kind_x != SYMBOL:
        if kind_y > F24:
            return _operate_partial(kind_y, y >> TYPE_BITS, x)
        if kind_y != SYMBOL:
            return U24
    elif kind_y == SYMBOL:
        return U24
    if kind_x == SYMBOL:
        return _apply_symbol(x >> TYPE_BITS, y)
    return _apply_symbol(y >> TYPE_BITS, x)


def _apply_symbol(code: int, word: int) -> int:
    """A cast casts plain numbers; any other symbol becomes the type of the other word."""
    if code <= F24 and word & TYPE_MASK <= F24:
        return cast(code, word)
    return word & ~TYPE_MASK | code


def _operate_partial(code: int, a: int, right: int) -> int:
    """An operator with its left operand meets the right one, whose type decides what the bits of the left mean."""
    kind = right & TYPE_MASK
    b = right >> TYPE_BITS
    if kind == F24:
        return _operate_f24(code, a, b)
    if kind == I24:
        if code >= SHL:
            # Shifts of i24 are not defined and give +0 (spec 06, 3.2).
            return I24
        value = _INTEGER[code](signed(a), signed(b))
    else:
        value = _INTEGER[code](a, b)
    return (value & PAYLOAD_MASK) << TYPE_BITS | (U24 if EQ <= code <= GT else kind)


def does_not_fit(x: int, y: int) -> bool:
    """Whether the operation of two number words is one of integers whose result wraps around: it has no 24 bits, or the
    amount of a shift has more than 5 (spec 06, sections 3.1 and 3.2). Raises `DivisionByZero`."""
    partial, right = (x, y) if x & TYPE_MASK > F24 else (y, x)
    code, kind = partial & TYPE_MASK, right & TYPE_MASK
    a, b = partial >> TYPE_BITS, right >> TYPE_BITS
    if code not in _WRAPPING or kind not in (U24, I24):
        return False
    if kind == I24:
        return code < SHL and not MIN_I24 <= _INTEGER[code](signed(a), signed(b)) <= MAX_I24
    if code in (SHL, FLIP_SHL):
        value, amount = (a, b) if code == SHL else (b, a)
        return value << (amount & 31) > MAX_U24 or (amount > 31 and value != 0)
    return not 0 <= _INTEGER[code](a, b) <= MAX_U24


_WRAPPING = frozenset((ADD, SUB, FLIP_SUB, MUL, DIV, FLIP_DIV, SHL, FLIP_SHL))


def _quotient(a: int, b: int) -> int:
    if b == 0:
        raise DivisionByZero
    return a // b if (a < 0) == (b < 0) else -(-a // b)


def _remainder(a: int, b: int) -> int:
    if b == 0:
        raise DivisionByZero
    return abs(a) % abs(b) * (-1 if a < 0 else 1)


_INTEGER: dict[int, Callable[[int, int], int]] = {
    ADD: operator.add,
    SUB: operator.sub,
    FLIP_SUB: lambda a, b: b - a,
    MUL: operator.mul,
    DIV: _quotient,
    FLIP_DIV: lambda a, b: _quotient(b, a),
    REM: _remainder,
    FLIP_REM: lambda a, b: _remainder(b, a),
    EQ: operator.eq,
    NE: operator.ne,
    LT: operator.lt,
    GT: operator.gt,
    AND: operator.and_,
    OR: operator.or_,
    XOR: operator.xor,
    SHL: lambda a, b: a << (b & 31),
    FLIP_SHL: lambda a, b: b << (a & 31),
    SHR: lambda a, b: a >> (b & 31),
    FLIP_SHR: lambda a, b: b >> (a & 31),
}

_COMPARE_F24: dict[int, Callable[[float, float], bool]] = {
    EQ: operator.eq, NE: operator.ne, LT: operator.lt, GT: operator.gt,
}

_COMPUTE_F24: dict[int, Callable[[float, float], float]] = {
    ADD: operator.add,
    SUB: operator.sub,
    FLIP_SUB: lambda a, b: b - a,
    MUL: operator.mul,
    DIV: f24.divide,
    FLIP_DIV: lambda a, b: f24.divide(b, a),
    REM: f24.remainder,
    FLIP_REM: lambda a, b: f24.remainder(b, a),
    AND: f24.arc_tangent,
    OR: f24.logarithm,
    XOR: f24.power,
    SHL: lambda a, b: f24.sine(f24.round_f32(a + b)),
    SHR: lambda a, b: f24.tangent(f24.round_f32(a + b)),
}


def _operate_f24(code: int, left: int, right: int) -> int:
    a = f24.unpack_f24(left)
    b = f24.unpack_f24(right)
    if code in _COMPARE_F24:
        return make_word(_COMPARE_F24[code](a, b), U24)
    compute = _COMPUTE_F24.get(code)
    if compute is None:
        # Flipped trigonometry is not defined and gives 0.0 (spec 06, 3.3).
        return F24
    value = compute(a, b)
    if value != value:
        # A NaN operand goes through with its bits, the left one first.
        bits = left if a != a else right if b != b else f24.INVALID
        return make_word(bits | f24.QUIET, F24)
    return make_word(f24.round_f24(value), F24)


def cast(target: int, word: int) -> int:
    """A plain number in another kind (spec 06, section 4)."""
    kind = word & TYPE_MASK
    payload = word >> TYPE_BITS
    if kind == target or (target != F24 and kind != F24):
        return make_word(payload, target)
    if target == F24:
        return make_word(f24.round_f24(float(payload if kind == U24 else signed(payload))), F24)
    value = f24.unpack_f24(payload)
    if value != value:
        return target
    low, high = (0, MAX_U24) if target == U24 else (MIN_I24, MAX_I24)
    return make_word(int(min(max(value, low), high)), target)


def show_bend(word: int) -> str:
    """A number as Bend terms print it: three decimals, signs on i24 (spec 06, section 7)."""
    if word & TYPE_MASK != F24:
        return show_net(word)
    value = f24.unpack_f24(word >> TYPE_BITS)
    if value != value:
        return 'NaN'
    return f'{value:.3f}'


def show_net(word: int) -> str:
    """A number word as the compiled runtime prints it: floats with eight significant digits (spec 06, section 7)."""
    if word & TYPE_MASK != F24:
        return _show_exact(word)
    value = f24.unpack_f24(word >> TYPE_BITS)
    if math.isfinite(value):
        return f'{value:.7e}'
    return f24.shortest_f32(word >> TYPE_BITS)


def show_literal(word: int) -> str:
    """A number word as core text writes it: floats with as few digits as give the number back."""
    if word & TYPE_MASK != F24:
        return _show_exact(word)
    return f24.shortest_f32(word >> TYPE_BITS)


def _show_exact(word: int) -> str:
    """Integers, symbols and partial operators, which look the same everywhere."""
    kind = word & TYPE_MASK
    payload = word >> TYPE_BITS
    if kind == U24:
        return str(payload)
    if kind == I24:
        return f'{signed(payload):+d}'
    if kind == SYMBOL:
        return f'[{SYMBOLS.get(payload, "?")}]'
    return f'[{SYMBOLS.get(kind, "?")}0x{payload:07X}]'
