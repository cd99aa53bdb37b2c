"""Number words: the operation table of the core, rounding, casts and printing."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bend.diagnostics import BendError
from bend.hvm import f24, numbers
from bend.hvm.numbers import F24, I24, U24, Number, make_word, operate, show_bend, show_literal, show_net
from bend.hvm.reduce import reduce
from bend.hvm.text import parse_book
from bend.source import Source

# An active pair and the number at `r`, as the compiled reference runtime prints it.
CASES = """
16777215 ~ $([+] $(1 r))                           => 0
16777215 ~ $([+] $(16777215 r))                    => 16777214
3 ~ $([-] $(5 r))                                  => 16777214
3 ~ $([:-] $(5 r))                                 => 2
4096 ~ $([*] $(4096 r))                            => 0
5000 ~ $([*] $(5000 r))                            => 8222784
16777215 ~ $([*] $(16777215 r))                    => 1
17 ~ $([/] $(5 r))                                 => 3
5 ~ $([:/] $(17 r))                                => 3
17 ~ $([%] $(5 r))                                 => 2
17 ~ $([/] $(0 r))                                 => division by zero
17 ~ $([%] $(0 r))                                 => division by zero
3 ~ $([=] $(3 r))                                  => 1
3 ~ $([!] $(3 r))                                  => 0
3 ~ $([<] $(5 r))                                  => 1
3 ~ $([>] $(5 r))                                  => 0
12 ~ $([&] $(10 r))                                => 8
12 ~ $([|] $(10 r))                                => 14
12 ~ $([^] $(10 r))                                => 6
1 ~ $([<<] $(23 r))                                => 8388608
1 ~ $([<<] $(24 r))                                => 0
1 ~ $([<<] $(32 r))                                => 1
1 ~ $([<<] $(33 r))                                => 2
16777215 ~ $([>>] $(4 r))                          => 1048575
16777215 ~ $([>>] $(24 r))                         => 0
16777215 ~ $([>>] $(32 r))                         => 16777215
4 ~ $([:<<] $(1 r))                                => 16
4 ~ $([:>>] $(256 r))                              => 16
+8388607 ~ $([+] $(+1 r))                          => -8388608
-8388608 ~ $([-] $(+1 r))                          => +8388607
+4096 ~ $([*] $(+4096 r))                          => +0
+3000 ~ $([*] $(-3000 r))                          => +7777216
-7 ~ $([/] $(+2 r))                                => -3
-7 ~ $([%] $(+2 r))                                => -1
+7 ~ $([%] $(-2 r))                                => +1
-8388608 ~ $([/] $(-1 r))                          => -8388608
-8388608 ~ $([%] $(-1 r))                          => +0
+7 ~ $([/] $(+0 r))                                => division by zero
+3 ~ $([:-] $(+5 r))                               => +2
-2 ~ $([:/] $(+7 r))                               => -3
-1 ~ $([=] $(-1 r))                                => 1
-1 ~ $([<] $(+1 r))                                => 1
-1 ~ $([>] $(+1 r))                                => 0
-1 ~ $([&] $(+255 r))                              => +255
-8 ~ $([|] $(+3 r))                                => -5
-1 ~ $([^] $(+255 r))                              => -256
+1 ~ $([<<] $(+4 r))                               => +0
-16 ~ $([>>] $(+2 r))                              => +0
+1 ~ $([:>>] $(+4 r))                              => +0
1.5 ~ $([+] $(2.25 r))                             => 3.7500000e+00
1.5 ~ $([:-] $(2.25 r))                            => 7.5000000e-01
1.0 ~ $([/] $(3.0 r))                              => 3.3333588e-01
1.0 ~ $([/] $(0.0 r))                              => +inf
-1.0 ~ $([/] $(0.0 r))                             => -inf
0.0 ~ $([/] $(0.0 r))                              => +NaN
+inf ~ $([+] $(-inf r))                            => +NaN
-7.5 ~ $([%] $(2.0 r))                             => -1.5000000e+00
7.5 ~ $([%] $(0.0 r))                              => +NaN
2.0 ~ $([:%] $(7.5 r))                             => 1.5000000e+00
0.0 ~ $([=] $(-0.0 r))                             => 1
+NaN ~ $([=] $(+NaN r))                            => 0
+NaN ~ $([!] $(+NaN r))                            => 1
+NaN ~ $([<] $(1.0 r))                             => 0
1.0 ~ $([>] $(+inf r))                             => 0
1.0 ~ $([&] $(2.0 r))                              => 4.6364594e-01
-1.0 ~ $([&] $(-1.0 r))                            => -2.3562012e+00
2.0 ~ $([|] $(8.0 r))                              => 3.0000000e+00
10.0 ~ $([|] $(1000.0 r))                          => 3.0000000e+00
2.0 ~ $([|] $(0.0 r))                              => -inf
2.0 ~ $([|] $(-1.0 r))                             => +NaN
2.0 ~ $([^] $(10.0 r))                             => 1.0240000e+03
2.0 ~ $([^] $(0.5 r))                              => 1.4142151e+00
-8.0 ~ $([^] $(0.5 r))                             => +NaN
0.0 ~ $([^] $(0.0 r))                              => 1.0000000e+00
1.0 ~ $([<<] $(2.0 r))                             => 1.4112091e-01
1.0 ~ $([<<] $(0.0 r))                             => 8.4147644e-01
0.5 ~ $([>>] $(0.25 r))                            => 9.3159485e-01
1.0 ~ $([:<<] $(0.0 r))                            => 0.0000000e+00
0.1 ~ $([*] $(0.1 r))                              => 9.9999905e-03
0.1 ~ $([+] $(0.2 r))                              => 3.0000305e-01
3.4e38 ~ $([*] $(10.0 r))                          => +inf
1.0e-38 ~ $([*] $(0.001 r))                        => 1.0044507e-41
16777215.0 ~ $([+] $(1.0 r))                       => 1.6777216e+07
1.0 ~ $([+] $(0.0000152587890625 r))               => 1.0000305e+00
1.000030517578125 ~ $([+] $(0.0000152587890625 r)) => 1.0000610e+00
1.0 ~ $([-] $(0.00000762939453125 r))              => 1.0000000e+00
1 ~ $([+] $(+1 r))                                 => +2
+1 ~ $([+] $(1 r))                                 => 2
1 ~ $([+] $(1.5 r))                                => 1.5000000e+00
1.5 ~ $([+] $(1 r))                                => 4177921
-1 ~ $([+] $(1.5 r))                               => +NaN
5 ~ $([-] $(+7 r))                                 => -2
16777215 ~ $([<] $(+0 r))                          => 1
-1 ~ $([<] $(0 r))                                 => 0
1 ~ $([=] $(1.0 r))                                => 0
-5678 ~ $([u24] r)                                 => 16771538
16777215 ~ $([i24] r)                              => -1
2.8 ~ $([u24] r)                                   => 2
-12.5 ~ $([u24] r)                                 => 0
16777216.0 ~ $([u24] r)                            => 16777215
+NaN ~ $([u24] r)                                  => 0
-2.8 ~ $([i24] r)                                  => -2
1.0e9 ~ $([i24] r)                                 => +8388607
-inf ~ $([i24] r)                                  => -8388608
16777215 ~ $([f24] r)                              => 1.6777216e+07
65537 ~ $([f24] r)                                 => 6.5538000e+04
65539 ~ $([f24] r)                                 => 6.5540000e+04
-65537 ~ $([f24] r)                                => -6.5538000e+04
[f24] ~ $(7 r)                                     => 7.0000000e+00
[+5] ~ $([u24] r)                                  => 5
[-10] ~ $(3 r)                                     => 7
3 ~ $([-10] r)                                     => 7
[:-10] ~ $(13 r)                                   => 3
[/1.2] ~ $(3.0 r)                                  => 4.0000153e-01
7 ~ $([*] r)                                       => [*0x0000007]
-1 ~ $([*] r)                                      => [*0x0FFFFFF]
7 ~ $(8 r)                                         => 0
[+1] ~ $([+2] r)                                   => 0
[+] ~ $([*] r)                                     => 0
[u24] ~ $([i24] r)                                 => 0
[+] ~ $([-5] r)                                    => [+0x0000005]
"""

ROWS = [tuple(part.strip() for part in line.split('=>')) for line in CASES.strip().splitlines()]


@pytest.mark.parametrize(('pair', 'expected'), ROWS)
def test_operations_of_the_core(pair: str, expected: str) -> None:
    book = parse_book(Source('case.hvm', f'@main = r & {pair}'))
    if expected == 'division by zero':
        with pytest.raises(BendError) as caught:
            reduce(book)
        assert caught.value.diagnostics[0].code == 'division-by-zero'
        return
    root = reduce(book).net.root
    assert show_net(root.word) == expected


def test_table_is_whole() -> None:
    assert len(ROWS) == 121


words = st.builds(make_word, st.integers(0, 0xFFFFFF), st.integers(U24, numbers.FLIP_SHR))


@given(words, words)
def test_operation_is_symmetric_but_for_plain_pairs(x: int, y: int) -> None:
    def outcome(a: int, b: int) -> int | str:
        try:
            return operate(a, b)
        except numbers.DivisionByZero:
            return 'division by zero'
    assert outcome(x, y) == outcome(y, x)


@given(words, words)
def test_results_are_number_words(x: int, y: int) -> None:
    try:
        word = operate(x, y)
    except numbers.DivisionByZero:
        return
    assert 0 <= word < 1 << 29
    assert numbers.is_number(word)


@given(st.integers(0, 0xFFFFFF))
def test_f24_bits_survive_unpacking(bits: int) -> None:
    if f24.is_nan(bits):
        assert math.isnan(f24.unpack_f24(bits))
    else:
        assert f24.pack_f24(f24.unpack_f24(bits)) == bits
        assert f24.round_f24(f24.unpack_f24(bits)) == bits


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_rounding_gives_a_neighbour(value: float) -> None:
    top = struct.unpack('<I', struct.pack('<f', value))[0] >> 8
    assert f24.pack_f24(value) in (top, top + 1)
    assert f24.round_f24(value) in (top, top + 1)


@pytest.mark.parametrize(('value', 'literal', 'computed'), [
    (1 + 2.0 ** -16, 0x3F8000, 0x3F8001),
    (1 + 3 * 2.0 ** -16, 0x3F8002, 0x3F8002),
    (-(1 + 2.0 ** -16), 0xBF8000, 0xBF8001),
    (2.0 ** -142, 0, 0),
    (3 * 2.0 ** -142, 2, 2),
    (3.5e38, f24.INFINITY, f24.INFINITY),
    (-1e300, f24.INFINITY | f24.SIGN, f24.INFINITY | f24.SIGN),
])
def test_ties(value: float, literal: int, computed: int) -> None:
    assert (f24.pack_f24(value), f24.round_f24(value)) == (literal, computed)


def test_nan_keeps_its_bits_through_arithmetic() -> None:
    nan = make_word(0x7FC123, F24)
    one = make_word(f24.pack_f24(1.0), F24)
    assert operate(numbers.make_partial(numbers.ADD, nan >> 5), one) == nan
    assert operate(numbers.make_partial(numbers.ADD, one >> 5), nan) == nan


@pytest.mark.parametrize(('base', 'exponent', 'expected'), [
    (-0.0, -1.0, -math.inf), (0.0, -2.0, math.inf), (-2.0, 1025.0, -math.inf), (2.0, 1e30, math.inf),
    (1.0, math.nan, 1.0), (-1.0, math.inf, 1.0),
])
def test_power_at_the_edges(base: float, exponent: float, expected: float) -> None:
    assert f24.power(base, exponent) == expected


@pytest.mark.parametrize('compute', [f24.sine, f24.tangent])
def test_trigonometry_of_infinity(compute: object) -> None:
    assert callable(compute)
    assert math.isnan(compute(math.inf))


@pytest.mark.parametrize(('number', 'bend', 'net', 'literal'), [
    (Number('u24', 7), '7', '7', '7'),
    (Number('i24', 7), '+7', '+7', '+7'),
    (Number('i24', 0xFFFFFF), '-1', '-1', '-1'),
    (Number('f24', f24.pack_f24(0.1)), '0.100', '1.0000038e-01', '0.10000038'),
    (Number('f24', f24.pack_f24(0.0001)), '0.000', '9.9999830e-05', '9.999983e-5'),
    (Number('f24', f24.pack_f24(0.0625)), '0.062', '6.2500000e-02', '0.0625'),
    (Number('f24', f24.pack_f24(1e15)), '1000005825462272.000', '1.0000058e+15', '1000005800000000.0'),
    (Number('f24', f24.pack_f24(1e16)), '10000058254622720.000', '1.0000058e+16', '1.0000058e16'),
    (Number('f24', f24.pack_f24(4e-43)), '0.000', '3.5873241e-43', '3.59e-43'),
    (Number('f24', f24.pack_f24(-0.0)), '-0.000', '-0.0000000e+00', '-0.0'),
    (Number('f24', f24.pack_f24(math.inf)), 'inf', '+inf', '+inf'),
    (Number('f24', f24.pack_f24(-math.inf)), '-inf', '-inf', '-inf'),
    (Number('f24', f24.pack_f24(math.nan)), 'NaN', '+NaN', '+NaN'),
])
def test_printing(number: Number, bend: str, net: str, literal: str) -> None:
    word = numbers.word_of(number)
    assert (show_bend(word), show_net(word), show_literal(word)) == (bend, net, literal)
    assert numbers.number_of(word) == number


def test_symbols_are_not_plain_numbers() -> None:
    with pytest.raises(ValueError, match=r'\[\+\]'):
        numbers.number_of(numbers.make_symbol(numbers.ADD))
    assert show_net(numbers.make_partial(numbers.MUL, -2)) == '[*0x0FFFFFE]'


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFF), st.sampled_from(sorted(numbers.FLIPPED)))
def test_flipped_operators_exchange_the_operands(a: int, b: int, code: int) -> None:
    try:
        straight = operate(numbers.make_partial(code, a), make_word(b, I24))
    except numbers.DivisionByZero:
        return
    assert operate(numbers.make_partial(numbers.FLIPPED[code], b), make_word(a, I24)) == straight
