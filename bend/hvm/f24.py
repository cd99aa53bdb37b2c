"""f24: the top 24 bits of a binary32, and arithmetic on them (spec 06, 1.1, 1.2 and 3.3).

Every operation widens its operands to binary32, computes there, and rounds to 24 bits. Python computes in
binary64; for `+ - * /` of binary32 operands, rounding that result to binary32 gives what binary32 arithmetic gives.
The other functions are those of the kernel (`bend.runtime.kernel.mathematics`).
"""

from __future__ import annotations

import math
import struct

SIGN = 0x800000
INFINITY = 0x7F8000
NAN = 0x7FC001
# What x86 gives for an invalid operation has its sign bit set; it shows only when the bits are reinterpreted.
INVALID = 0xFFC001
# The bits that any computed NaN has: the one that makes it quiet, and the lowest.
QUIET = 0x4001

_BINARY32 = struct.Struct('<f')
_WORD32 = struct.Struct('<I')


def is_nan(bits: int) -> bool:
    """Whether the f24 with these bits is not a number."""
    return bits & 0x7FFFFF > INFINITY


def unpack_f24(bits: int) -> float:
    """The value of 24 bits."""
    value: float = _BINARY32.unpack(_WORD32.pack((bits & 0xFFFFFF) << 8))[0]
    return value


def round_f32(value: float) -> float:
    """The binary32 nearest to a value, ties to even; overflows to infinity."""
    try:
        rounded: float = _BINARY32.unpack(_BINARY32.pack(value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded


def pack_f24(value: float) -> int:
    """The bits of a literal: rounded to binary32, then to 24 bits, ties to even."""
    if value != value:
        return NAN | SIGN if math.copysign(1.0, value) < 0.0 else NAN
    bits = _binary32_bits(value)
    return (bits + 0x7F + (bits >> 8 & 1)) >> 8


def round_f24(value: float) -> int:
    """The bits of a computed value: rounded to binary32, then to 24 bits, ties away from zero.

    The tie between zero and the smallest number stays zero (spec 06, 1.2).
    """
    if value != value:
        return INVALID
    bits = _binary32_bits(value)
    return 0 if bits == 0x80 else (bits + 0x80) >> 8


def _binary32_bits(value: float) -> int:
    bits: int = _WORD32.unpack(_BINARY32.pack(round_f32(value)))[0]
    return bits


def divide(a: float, b: float) -> float:
    """IEEE division."""
    if b != 0.0:
        return a / b
    if a == 0.0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def remainder(a: float, b: float) -> float:
    """C's `fmod`: the sign of the dividend, not a number for a zero divisor."""
    return _computed('remainder_after_division', a, b)


def power(a: float, b: float) -> float:
    """C's `pow`."""
    return _computed('power', a, b)


def arc_tangent(y: float, x: float) -> float:
    """C's `atan2`."""
    return _computed('arc_tangent', y, x)


def logarithm(base: float, value: float) -> float:
    """The logarithm of a value; the base comes first, as in the operator `|`."""
    return _computed('logarithm', base, value)


def sine(value: float) -> float:
    """C's `sin`."""
    return _computed('sine', value)


def tangent(value: float) -> float:
    """C's `tan`."""
    return _computed('tangent', value)


def _computed(name: str, *values: float) -> float:
    """What a function that compiled code uses as well gives for binary32 values."""
    # Imported late: most programs need none of them.
    from bend.runtime.kernel import mathematics
    from bend.runtime.kernel.lang import f32
    result: float = getattr(mathematics, name)(*map(f32, values))
    return result


def shortest_f32(bits: int) -> str:
    """The shortest decimal that reads back as the same binary32, as core text writes it (spec 06, section 7)."""
    if is_nan(bits):
        return '+NaN'
    value = unpack_f24(bits)
    if math.isinf(value):
        return '+inf' if value > 0 else '-inf'
    if value == 0.0:
        return '-0.0' if bits & SIGN else '0.0'
    digits, exponent = _shortest_digits(abs(value))
    sign = '-' if value < 0 else ''
    if exponent >= 16 or exponent < -4:
        fraction = f'.{digits[1:]}' if len(digits) > 1 else '.0'
        return f'{sign}{digits[0]}{fraction}e{exponent}'
    if exponent < 0:
        return f'{sign}0.{"0" * (-exponent - 1)}{digits}'
    whole = digits[:exponent + 1].ljust(exponent + 1, '0')
    return f'{sign}{whole}.{digits[exponent + 1:] or "0"}'


def _shortest_digits(value: float) -> tuple[str, int]:
    """Significant digits without trailing zeros, and the decimal exponent of the first."""
    text = ''
    for precision in range(9):
        text = f'{value:.{precision}e}'
        if round_f32(float(text)) == value:
            break
    mantissa, exponent = text.split('e')
    return mantissa.replace('.', '').rstrip('0') or '0', int(exponent)
