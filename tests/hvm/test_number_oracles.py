"""Operations on numbers against arithmetic of another kind: whole numbers modulo 2^24, and exact fractions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bend.hvm import f24, numbers
from bend.hvm.numbers import F24, I24, U24, does_not_fit, make_partial, make_word, operate

SIZE = 1 << 24
payloads = st.integers(0, SIZE - 1) | st.sampled_from([0, 1, 2, 0x7FFFFF, 0x800000, 0x800001, SIZE - 1])
finite = payloads.filter(lambda bits: bits & 0x7F8000 != 0x7F8000)

EXACT: dict[int, Callable[[int, int], Fraction]] = {
    numbers.ADD: lambda a, b: Fraction(a + b), numbers.SUB: lambda a, b: Fraction(a - b),
    numbers.FLIP_SUB: lambda a, b: Fraction(b - a), numbers.MUL: lambda a, b: Fraction(a * b),
    numbers.DIV: lambda a, b: Fraction(a, b), numbers.FLIP_DIV: lambda a, b: Fraction(b, a),
    numbers.REM: lambda a, b: a - b * Fraction(math.trunc(Fraction(a, b))),
    numbers.FLIP_REM: lambda a, b: b - a * Fraction(math.trunc(Fraction(b, a))),
}
COMPARED: dict[int, Callable[[Fraction, Fraction], bool]] = {
    numbers.EQ: lambda a, b: a == b, numbers.NE: lambda a, b: a != b,
    numbers.LT: lambda a, b: a < b, numbers.GT: lambda a, b: a > b,
}
BY_BIT: dict[int, Callable[[str, str], bool]] = {
    numbers.AND: lambda a, b: a == b == '1', numbers.OR: lambda a, b: '1' in a + b, numbers.XOR: lambda a, b: a != b,
}


def as_integer(kind: int, payload: int) -> int:
    """The value of an integer's payload."""
    return payload - SIZE if kind == I24 and payload >= SIZE // 2 else payload


@given(st.sampled_from(sorted(EXACT)), st.sampled_from([U24, I24]), payloads, payloads)
@example(numbers.DIV, I24, 0x800000, 0xFFFFFF)
@example(numbers.REM, I24, 0x800000, 0xFFFFFF)
def test_integers_are_exact_results_modulo_2_to_24(code: int, kind: int, a: int, b: int) -> None:
    x, y = make_partial(code, a), make_word(b, kind)
    left, right = as_integer(kind, a), as_integer(kind, b)
    try:
        exact = math.trunc(EXACT[code](left, right))
    except ZeroDivisionError:
        with pytest.raises(numbers.DivisionByZero):
            operate(x, y)
        return
    assert operate(x, y) == exact % SIZE << 5 | kind
    limits = (0, SIZE - 1) if kind == U24 else (-SIZE // 2, SIZE // 2 - 1)
    assert does_not_fit(x, y) == does_not_fit(y, x) == (not limits[0] <= exact <= limits[1])


@given(st.sampled_from(sorted(COMPARED)), st.sampled_from([U24, I24]), payloads, payloads)
def test_integers_are_compared_by_value(code: int, kind: int, a: int, b: int) -> None:
    expected = COMPARED[code](Fraction(as_integer(kind, a)), Fraction(as_integer(kind, b)))
    assert operate(make_partial(code, a), make_word(b, kind)) == make_word(expected, U24)
    assert not does_not_fit(make_partial(code, a), make_word(b, kind))


@given(st.sampled_from(sorted(BY_BIT)), st.sampled_from([U24, I24]), payloads, payloads)
def test_bits_are_combined_one_by_one(code: int, kind: int, a: int, b: int) -> None:
    bits = ''.join('01'[BY_BIT[code](x, y)] for x, y in zip(f'{a:024b}', f'{b:024b}', strict=True))
    assert operate(make_partial(code, a), make_word(b, kind)) == make_word(int(bits, 2), kind)


@given(payloads, st.integers(0, 40))
def test_shifts_move_digits(a: int, amount: int) -> None:
    used = amount % 32
    digits = f'{a:024b}'
    left = (digits + '0' * used)[-24:]
    right = ('0' * used + digits)[:24]
    for code, flipped, expected in ((numbers.SHL, numbers.FLIP_SHL, left), (numbers.SHR, numbers.FLIP_SHR, right)):
        word = make_word(int(expected, 2), U24)
        assert operate(make_partial(code, a), make_word(amount, U24)) == word
        assert operate(make_partial(flipped, amount), make_word(a, U24)) == word
    # A shift to the left is a product with a power of two; where it is not that, it did not fit.
    fits = int(left, 2) == a << amount
    assert does_not_fit(make_partial(numbers.SHL, a), make_word(amount, U24)) == (not fits)
    assert does_not_fit(make_partial(numbers.FLIP_SHL, amount), make_word(a, U24)) == (not fits)
    assert not does_not_fit(make_partial(numbers.SHR, a), make_word(amount, U24))


def value_of(bits: int) -> Fraction:
    """The value of a finite f24, by the definition of its fields."""
    sign, exponent, mantissa = bits >> 23, bits >> 15 & 0xFF, bits & 0x7FFF
    magnitude = Fraction(mantissa + (1 << 15 if exponent else 0)) * Fraction(2) ** (max(exponent, 1) - 127 - 15)
    return -magnitude if sign else magnitude


def nearest(value: Fraction, digits: int, tie_to_even: bool) -> Fraction:
    """The nearest float with a mantissa of some digits and exponents as binary32 has them."""
    if value == 0:
        return value
    exponent = -126
    while abs(value) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    unit = Fraction(2) ** (exponent - digits + 1)
    whole, rest = divmod(abs(value) / unit, 1)
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and (not tie_to_even or whole % 2 == 1))
    rounded = (whole + up) * unit
    return rounded if value > 0 else -rounded


def rounded_to_f24(value: Fraction) -> Fraction | None:
    """A result as an f24: by way of binary32 (spec 06, 1.2). None if it is too large."""
    single = nearest(value, 24, tie_to_even=True)
    # Between 0 and the smallest number the tie goes to 0.
    result = Fraction(0) if abs(single) == Fraction(2) ** -142 else nearest(single, 16, tie_to_even=False)
    return None if abs(single) >= Fraction(2) ** 128 or abs(result) >= Fraction(2) ** 128 else result


FRACTIONS: dict[int, Callable[[Fraction, Fraction], Fraction]] = {
    numbers.ADD: lambda a, b: a + b, numbers.SUB: lambda a, b: a - b, numbers.FLIP_SUB: lambda a, b: b - a,
    numbers.MUL: lambda a, b: a * b, numbers.DIV: lambda a, b: a / b, numbers.FLIP_DIV: lambda a, b: b / a,
    numbers.REM: lambda a, b: a - b * math.trunc(a / b), numbers.FLIP_REM: lambda a, b: b - a * math.trunc(b / a),
}


@given(st.sampled_from(sorted(FRACTIONS)), finite, finite)
@example(numbers.DIV, 1, 0x400000)
@example(numbers.MUL, 1, 0x3F0000)
@example(numbers.REM, 0x7F7FFF, 1)
def test_floats_are_exact_results_rounded(code: int, a: int, b: int) -> None:
    try:
        exact = FRACTIONS[code](value_of(a), value_of(b))
    except ZeroDivisionError:
        return
    result = operate(make_partial(code, a), make_word(b, F24)) >> 5
    expected = rounded_to_f24(exact)
    if expected is None:
        assert result == (f24.INFINITY if exact > 0 else f24.INFINITY | f24.SIGN)
    else:
        assert not f24.is_nan(result)
        assert value_of(result) == expected


@given(st.sampled_from(sorted(COMPARED)), finite, finite)
def test_floats_are_compared_by_value(code: int, a: int, b: int) -> None:
    expected = COMPARED[code](value_of(a), value_of(b))
    assert operate(make_partial(code, a), make_word(b, F24)) == make_word(expected, U24)


@given(st.sampled_from([U24, I24]), payloads)
def test_integers_become_the_nearest_floats(kind: int, payload: int) -> None:
    result = operate(make_word(payload, kind), numbers.make_symbol(F24))
    assert value_of(result >> 5) == rounded_to_f24(Fraction(as_integer(kind, payload)))


@given(st.sampled_from([U24, I24]), finite)
def test_floats_become_integers_without_their_fractions(kind: int, payload: int) -> None:
    low, high = (0, SIZE - 1) if kind == U24 else (-SIZE // 2, SIZE // 2 - 1)
    expected = min(max(math.trunc(value_of(payload)), low), high)
    assert operate(make_word(payload, F24), numbers.make_symbol(kind)) == make_word(expected, kind)
