"""Arithmetic on number words of 29 bits, payload << 5 | type (spec 06): the native twin of `bend.hvm.numbers`."""

from bend.runtime.kernel.lang import (
    Ptr,
    Worker,
    bits_f32,
    extern,
    f32,
    f32_bits,
    i64,
    inline,
    likely,
    noinline,
    u32,
    u64,
)
from bend.runtime.kernel.mathematics import (
    arc_tangent,
    logarithm,
    power,
    remainder_after_division,
    sine,
    tangent,
)

SYMBOL = 0
U24 = 1
I24 = 2
F24 = 3

ADD = 4
SUB = 5
FLIP_SUB = 6
MUL = 7
DIV = 8
FLIP_DIV = 9
REM = 10
FLIP_REM = 11
EQ = 12
NE = 13
LT = 14
GT = 15
AND = 16
OR = 17
XOR = 18
SHL = 19
FLIP_SHL = 20
SHR = 21
FLIP_SHR = 22

# A parameter of the compilation: whether integers that do not fit into 24 bits are counted.
CHECK_OVERFLOW = 0

TYPE_MASK = 31
TYPE_BITS = 5
PAYLOAD_MASK = 0xFFFFFF
MAX_U24 = 16777215.0
MAX_I24 = 8388607.0
MIN_I24 = -8388608.0
# The NaN of an invalid operation, and the bits that any computed NaN has (see `bend.hvm.f24`).
INVALID = 0xFFC001
QUIET = 0x4001


@extern
def count_overflow_at(w: Ptr[Worker], place: u64) -> None:
    """Counts a result that did not fit, at the place of the operation. Each engine provides this."""


@extern
def divide_by_zero(w: Ptr[Worker], place: u64, kind: u64) -> u64:
    """Stops the run for a division at a place; if it comes back it gives any number word of the kind. Each engine
    provides this."""


@inline
def number(payload: u64, kind: u64) -> u64:
    """A number word; the payload is cut to 24 bits."""
    return ((payload & PAYLOAD_MASK) << TYPE_BITS) | kind


@inline
def signed(payload: u64) -> i64:
    """The value of an i24 payload."""
    return (i64(payload) ^ 0x800000) - 0x800000


@inline
def widen(payload: u64) -> f32:
    """The value of an f24 payload."""
    return bits_f32(u32(payload << 8))


@inline
def narrow(x: f32) -> u64:
    """The f24 payload nearest to a binary32 that is a number; ties go away from zero, except to the smallest number
    (spec 06, 1.2)."""
    bits = u64(f32_bits(x))
    if bits == 0x80:
        return 0
    return (bits + 0x80) >> 8


@inline
def count_overflow(w: Ptr[Worker], place: u64, happened: bool) -> None:
    """Counts an operation at a place whose result did not fit, if that is asked for."""
    if CHECK_OVERFLOW != 0 and happened:
        count_overflow_at(w, place)


@inline
def u24_result(w: Ptr[Worker], place: u64, exact: i64) -> u64:
    """The word of a u24 that was computed."""
    count_overflow(w, place, exact < 0 or exact > PAYLOAD_MASK)
    return number(u64(exact), U24)


@inline
def i24_result(w: Ptr[Worker], place: u64, exact: i64) -> u64:
    """The word of an i24 that was computed."""
    count_overflow(w, place, exact < -0x800000 or exact > 0x7FFFFF)
    return number(u64(exact), I24)


@inline
def shift_left(w: Ptr[Worker], place: u64, a: u64, b: u64) -> u64:
    """The word of a shifted u24; the amount counts modulo 32 (spec 06, 3.1)."""
    exact = a << (b & 31)
    count_overflow(w, place, exact > PAYLOAD_MASK or (b > 31 and a != 0))
    return number(exact, U24)


@noinline
def operate_u24(w: Ptr[Worker], operator: u64, a: u64, b: u64, place: u64) -> u64:
    """A u24 operation on payloads; gives a number word."""
    if operator == ADD:
        return u24_result(w, place, i64(a + b))
    if operator == SUB:
        return u24_result(w, place, i64(a - b))
    if operator == FLIP_SUB:
        return u24_result(w, place, i64(b - a))
    if operator == MUL:
        return u24_result(w, place, i64(a * b))
    if operator in (DIV, REM):
        if b == 0:
            return divide_by_zero(w, place, U24)
        return number(a // b if operator == DIV else a % b, U24)
    if operator in (FLIP_DIV, FLIP_REM):
        if a == 0:
            return divide_by_zero(w, place, U24)
        return number(b // a if operator == FLIP_DIV else b % a, U24)
    if operator == EQ:
        return number(u64(a == b), U24)
    if operator == NE:
        return number(u64(a != b), U24)
    if operator == LT:
        return number(u64(a < b), U24)
    if operator == GT:
        return number(u64(a > b), U24)
    if operator == AND:
        return number(a & b, U24)
    if operator == OR:
        return number(a | b, U24)
    if operator == XOR:
        return number(a ^ b, U24)
    if operator == SHL:
        return shift_left(w, place, a, b)
    if operator == FLIP_SHL:
        return shift_left(w, place, b, a)
    if operator == SHR:
        return number(a >> (b & 31), U24)
    return number(b >> (a & 31), U24)


@noinline
def operate_i24(w: Ptr[Worker], operator: u64, left: u64, right: u64, place: u64) -> u64:
    """An i24 operation on payloads; gives a number word. Shifts are not defined and give +0 (spec 06, 3.2)."""
    a = signed(left)
    b = signed(right)
    if operator == ADD:
        return i24_result(w, place, a + b)
    if operator == SUB:
        return i24_result(w, place, a - b)
    if operator == FLIP_SUB:
        return i24_result(w, place, b - a)
    if operator == MUL:
        return i24_result(w, place, a * b)
    if operator in (DIV, REM):
        if b == 0:
            return divide_by_zero(w, place, I24)
        return i24_result(w, place, a // b if operator == DIV else a % b)
    if operator in (FLIP_DIV, FLIP_REM):
        if a == 0:
            return divide_by_zero(w, place, I24)
        return i24_result(w, place, b // a if operator == FLIP_DIV else b % a)
    if operator == EQ:
        return number(u64(a == b), U24)
    if operator == NE:
        return number(u64(a != b), U24)
    if operator == LT:
        return number(u64(a < b), U24)
    if operator == GT:
        return number(u64(a > b), U24)
    if operator == AND:
        return number(left & right, I24)
    if operator == OR:
        return number(left | right, I24)
    if operator == XOR:
        return number(left ^ right, I24)
    return number(0, I24)


@noinline
def operate_f24(operator: u64, left: u64, right: u64) -> u64:
    """An f24 operation on payloads; gives a number word (spec 06, 3.3)."""
    a = widen(left)
    b = widen(right)
    if operator == EQ:
        return number(u64(a == b), U24)
    if operator == NE:
        return number(u64(a != b), U24)
    if operator == LT:
        return number(u64(a < b), U24)
    if operator == GT:
        return number(u64(a > b), U24)
    if operator in (FLIP_SHL, FLIP_SHR):
        return number(0, F24)
    result = compute_f32(operator, a, b)
    if result != result:
        # A NaN operand goes through with its bits, the left one first; processors differ in this.
        bits = left if a != a else right if b != b else u64(INVALID)
        return number(bits | QUIET, F24)
    return number(narrow(result), F24)


@inline
def compute_f32(operator: u64, a: f32, b: f32) -> f32:
    """The result of an operator other than a comparison, in binary32."""
    if operator == ADD:
        return a + b
    if operator == SUB:
        return a - b
    if operator == FLIP_SUB:
        return b - a
    if operator == MUL:
        return a * b
    if operator == DIV:
        return a / b
    if operator == FLIP_DIV:
        return b / a
    if operator == REM:
        return f32(remainder_after_division(a, b))
    if operator == FLIP_REM:
        return f32(remainder_after_division(b, a))
    if operator == AND:
        return f32(arc_tangent(a, b))
    if operator == OR:
        return logarithm(a, b)
    if operator == XOR:
        return f32(power(a, b))
    if operator == SHL:
        return f32(sine(a + b))
    return f32(tangent(a + b))


@noinline
def cast_number(target: u64, word: u64) -> u64:
    """A number word in another type (spec 06, section 4)."""
    kind = word & TYPE_MASK
    payload = word >> TYPE_BITS
    if kind == target or (target != F24 and kind != F24):
        return number(payload, target)
    if target == F24:
        if kind == U24:
            return number(narrow(f32(payload)), F24)
        return number(narrow(f32(signed(payload))), F24)
    x = widen(payload)
    if x != x:
        return number(0, target)
    if target == U24:
        if x <= f32(0.0):
            return number(0, U24)
        if x >= f32(MAX_U24):
            return number(PAYLOAD_MASK, U24)
        return number(u64(x), U24)
    if x >= f32(MAX_I24):
        return number(0x7FFFFF, I24)
    if x <= f32(MIN_I24):
        return number(0x800000, I24)
    return number(u64(i64(x)), I24)


@noinline
def operate_numbers(w: Ptr[Worker], x: u64, y: u64, place: u64) -> u64:
    """The operation of two number words, at a place of the program: spec 06, section 2, line by line."""
    kind_x = x & TYPE_MASK
    kind_y = y & TYPE_MASK
    payload_x = x >> TYPE_BITS
    payload_y = y >> TYPE_BITS
    if kind_x == SYMBOL and kind_y == SYMBOL:
        return number(0, U24)
    if kind_x == SYMBOL:
        if payload_x < ADD and kind_y <= F24:
            return cast_number(payload_x, y)
        return number(payload_y, payload_x)
    if kind_y == SYMBOL:
        if payload_y < ADD and kind_x <= F24:
            return cast_number(payload_y, x)
        return number(payload_x, payload_y)
    if (kind_x >= ADD) == (kind_y >= ADD):
        return number(0, U24)
    if kind_x >= ADD:
        return operate_partial(w, kind_x, payload_x, y, place)
    return operate_partial(w, kind_y, payload_y, x, place)


@inline
def operate_partial(w: Ptr[Worker], operator: u64, a: u64, right: u64, place: u64) -> u64:
    """An operator that holds its left operand meets the right one, whose type decides."""
    kind = right & TYPE_MASK
    b = right >> TYPE_BITS
    if likely(kind == U24):
        return operate_u24(w, operator, a, b, place)
    if kind == I24:
        return operate_i24(w, operator, a, b, place)
    return operate_f24(operator, a, b)
