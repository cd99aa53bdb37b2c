"""The functions behind the operators of f24: against the C library, and native code against Python, to the bit."""

from __future__ import annotations

import ctypes
import math
import re
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bend.codegen.emit_llvm import emit_module
from bend.codegen.pylir import compile_kernel
from bend.hvm import f24
from bend.runtime.jit import Library, compile_object, load_object
from bend.runtime.kernel import mathematics
from bend.runtime.kernel.lang import f32

UNARY = ('sine', 'tangent', 'natural_logarithm')
BINARY = ('arc_tangent', 'power', 'remainder_after_division', 'logarithm')
EDGES = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.0 ** -149, 2.0 ** -126,
         2.0 ** 24, 2.0 ** 24 - 1, 2.0 ** 127, -2.0 ** 127, 3.4028234663852886e38,
         *(struct.unpack('<f', struct.pack('<I', bits))[0] for bits in (0x3F490FDA, 0x3F490FDB))]
binary32 = st.floats(width=32)


def as_binary32(value: float) -> float:
    """The nearest binary32, by Python's own conversion."""
    try:
        result: float = struct.unpack('<f', struct.pack('<f', value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return result


def bits(value: float) -> bytes:
    """The representation of a binary64, with one NaN only."""
    return struct.pack('<d', value if value == value else math.nan)


def values_of_all_exponents(count: int) -> list[float]:
    """Some numbers of each exponent, with both signs."""
    random = Random(24)
    return [struct.unpack('<f', struct.pack('<I', sign << 31 | exponent << 23 | random.getrandbits(23)))[0]
            for exponent in range(255) for sign in (0, 1) for _ in range(count)]


def libm(name: str, *arguments: float) -> float:
    """What C's library says, through Python, whose exceptions become what C gives (ISO C, annex F.10)."""
    try:
        if name == 'sine':
            return math.sin(*arguments)
        if name == 'tangent':
            return math.tan(*arguments)
        if name == 'natural_logarithm':
            return -math.inf if arguments[0] == 0.0 else math.log(*arguments)
        if name == 'arc_tangent':
            return math.atan2(*arguments)
        if name == 'power':
            return math.pow(*arguments)
        return math.fmod(*arguments)
    except ValueError:
        x, y = arguments if name == 'power' else (1.0, 1.0)
        return math.nan if x != 0.0 else math.copysign(math.inf, x) if y % 2.0 == 1.0 else math.inf
    except OverflowError:
        x, y = arguments
        return -math.inf if x < 0.0 and y % 2.0 == 1.0 else math.inf


def ours(name: str, *arguments: float) -> float:
    """What the kernel's function gives when it is run as Python."""
    result: float = getattr(mathematics, name)(*map(f32, arguments))
    return result


def agrees(name: str, *arguments: float) -> bool:
    """Whether a function gives the binary32 that the library gives, and is close to it before it is rounded."""
    mine, expected = ours(name, *arguments), libm(name, *arguments)
    if not (math.isfinite(expected) and math.isfinite(mine)):
        return bits(as_binary32(mine)) == bits(as_binary32(expected))
    close = abs(mine - expected) <= abs(expected) * 2.0 ** -44 or abs(expected) < 2.0 ** -160
    return close and bits(as_binary32(mine)) == bits(as_binary32(expected))


@pytest.mark.parametrize('name', UNARY)
def test_functions_of_one_argument_over_all_exponents(name: str) -> None:
    assert [x for x in values_of_all_exponents(8) + EDGES if not agrees(name, x)] == []


@pytest.mark.parametrize('name', BINARY[:3])
def test_functions_of_two_arguments_at_the_edges(name: str) -> None:
    assert [(x, y) for x in EDGES for y in EDGES if not agrees(name, x, y)] == []


@given(binary32, binary32)
def test_arc_tangent(y: float, x: float) -> None:
    assert agrees('arc_tangent', y, x)


@given(binary32, binary32)
@example(3.4028234663852886e38, 2.0 ** -149)
def test_remainder(a: float, b: float) -> None:
    assert bits(ours('remainder_after_division', a, b)) == bits(libm('remainder_after_division', a, b))


@given(binary32, binary32 | st.integers(-40, 40).map(float) | st.floats(-4.0, 4.0, width=32))
def test_power(x: float, y: float) -> None:
    assert agrees('power', x, y)


@given(st.floats(min_value=0.0, width=32), st.floats(min_value=0.0, width=32))
def test_logarithm_is_the_quotient_of_two(base: float, value: float) -> None:
    above, below = (as_binary32(libm('natural_logarithm', item)) for item in (value, base))
    assert bits(ours('logarithm', base, value)) == bits(as_binary32(f24.divide(above, below)))


def test_powers_of_f24_are_those_of_exact_arithmetic() -> None:
    random = Random(7)
    for _ in range(2000):
        base = f24.unpack_f24(random.randrange(0x3C0000, 0x440000))
        exponent = random.randrange(-12, 13)
        exact = Fraction(base) ** exponent
        assert f24.round_f24(ours('power', base, float(exponent))) == f24.round_f24(float(exact)), (base, exponent)


def test_reduction_is_right_where_a_value_is_nearest_to_quarter_turns() -> None:
    """Continued fractions find the worst cases; pi comes from Machin's formula, in integers."""
    one = 1 << 700
    pi = 4 * (4 * _arc_tangent_of_inverse(5, one) - _arc_tangent_of_inverse(239, one))
    for x in _near_quarter_turns(Fraction(pi, 2 * one)):
        turns = Fraction(x) / Fraction(pi, 2 * one)
        rest = (turns - round(turns)) * Fraction(pi, 2 * one)
        sine, cosine = math.sin(rest), math.cos(rest)
        expected = (sine, cosine, -sine, -cosine)[round(turns) % 4]
        assert math.isclose(ours('sine', x), expected, rel_tol=2.0 ** -44), x


def _arc_tangent_of_inverse(n: int, one: int) -> int:
    total, term, divisor = 0, one // n, 1
    while term:
        total += term // divisor if divisor % 4 == 1 else -(term // divisor)
        term //= n * n
        divisor += 2
    return total


def _near_quarter_turns(quarter: Fraction) -> list[float]:
    """The values m * 2^e with m below 2^24 that are nearest to multiples of a quarter turn."""
    found = []
    for exponent in range(-20, 104):
        target = Fraction(2) ** exponent / quarter
        before, this, rest = (0, 1), (1, 0), target
        while this[1] < 1 << 24:
            whole = rest.numerator // rest.denominator
            before, this = this, (whole * this[0] + before[0], whole * this[1] + before[1])
            if 0 < this[1] < 1 << 24 and abs(this[1] * target - this[0]) < Fraction(1, 1 << 16):
                value = math.ldexp(this[1], exponent)
                if value > 1.0:
                    found.append(value)
            if rest == whole:
                break
            rest = 1 / (rest - whole)
    return found


@pytest.fixture(scope='module')
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return load_object(compile_object(_exports(tmp_path_factory.mktemp('mathematics'))))


def _exports(folder: Path) -> str:
    """LLVM IR in which all functions can be called from outside."""
    names = ', '.join((*UNARY, *BINARY))
    lines = ['"""All functions, made visible."""', 'from bend.runtime.kernel.lang import export, f32, f64',
             f'from bend.runtime.kernel.mathematics import {names}']
    for name in (*UNARY, *BINARY):
        parameters, arguments = ('x: f32', 'x') if name in UNARY else ('x: f32, y: f32', 'x, y')
        call = f'{name}({arguments})'
        lines += ['@export', f'def visible_{name}({parameters}) -> f64:',
                  f'    return {f"f64({call})" if name == "logarithm" else call}']
    path = folder / 'visible.py'
    path.write_text('\n'.join(lines) + '\n')
    return emit_module(compile_kernel([path], {}))


def _native(library: Library, name: str) -> Callable[..., float]:
    types = [ctypes.c_float] * (1 if name in UNARY else 2)
    return ctypes.CFUNCTYPE(ctypes.c_double, *types)(library.address(f'visible_{name}'))


@pytest.mark.parametrize('name', UNARY)
def test_native_code_gives_the_same_bits_for_one_argument(library: Library, name: str) -> None:
    native = _native(library, name)
    assert [x for x in values_of_all_exponents(4) + EDGES if bits(native(x)) != bits(ours(name, x))] == []


@pytest.mark.parametrize('name', BINARY)
def test_native_code_gives_the_same_bits_for_two_arguments(library: Library, name: str) -> None:
    native = _native(library, name)
    random = Random(name)
    values = values_of_all_exponents(4)
    pairs = [(x, y) for x in EDGES for y in EDGES]
    pairs += [(random.choice(values), random.uniform(-9, 9)) for _ in range(1000)]
    pairs += [(random.choice(values), random.choice(values)) for _ in range(1000)]
    pairs = [(as_binary32(x), as_binary32(y)) for x, y in pairs]
    assert [pair for pair in pairs if bits(native(*pair)) != bits(ours(name, *pair))] == []


@pytest.mark.llvm
def test_nothing_is_called_and_nothing_contracted(tmp_path: Path) -> None:
    import llvmlite.binding as llvm
    text = _exports(tmp_path)
    # The functions of the C library and contraction of products and sums both differ from place to place.
    declared = set(re.findall(r'declare \w+ @([\w.]+)', text))
    assert {name.split('.')[1] for name in declared} <= {'fabs', 'fptosi'}
    assert not re.search(r'\bf(?:add|sub|mul|div) (?:fast|contract|reassoc)', text)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module: Any = llvm.parse_assembly(text)
    machine = llvm.Target.from_triple('nvptx64-nvidia-cuda').create_target_machine(cpu='sm_70', opt=3)
    module.triple = 'nvptx64-nvidia-cuda'
    module.data_layout = str(machine.target_data)
    ptx = machine.emit_assembly(module)
    operations = set(re.findall(r'\b((?:add|sub|mul|div|fma|mad)\.[a-z0-9.]*f(?:32|64))\b', ptx))
    assert operations == {'add.rn.f64', 'sub.rn.f64', 'mul.rn.f64', 'div.rn.f64', 'div.rn.f32'}
