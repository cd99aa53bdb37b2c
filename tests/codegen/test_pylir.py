"""Kernel code compiled to machine code, and run as plain Python: both must give the same."""

from __future__ import annotations

import ctypes
import dataclasses
import importlib.util
import itertools
import math
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from bend.codegen.emit_llvm import emit_module
from bend.codegen.lir_layout import struct_layout
from bend.codegen.pylir import KernelError, compile_kernel
from bend.runtime.jit import Library, compile_object, load_object
from bend.runtime.kernel import faults, model, numbers, state

LANG = 'from bend.runtime.kernel.lang import '
U64 = ctypes.c_uint64
COUNTER = itertools.count()
NO_KERNEL = ('__init__', 'lang', 'model', 'model_operations')


def write(folder: Path, source: str, names: str, stem: str = 'kernel') -> Path:
    """A kernel module that imports some names of the language."""
    path = folder / f'{stem}.py'
    path.write_text(LANG + names + '\n' + source, encoding='utf-8')
    return path


def build(path: Path, opt_level: int = 1, **parameters: int) -> Library:
    """The machine code of a kernel module."""
    return load_object(compile_object(emit_module(compile_kernel([path], parameters)), opt_level))


def function(library: Library, name: str, result: Any, *parameters: Any) -> Callable[..., Any]:
    """A compiled function; keeps its library alive."""
    made = ctypes.CFUNCTYPE(result, *parameters)(library.address(name))
    made.library = library  # type: ignore[attr-defined]
    return made


def as_python(path: Path) -> ModuleType:
    """The kernel module as an ordinary one."""
    spec = importlib.util.spec_from_file_location(f'kernel_{next(COUNTER)}', path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(tmp_path: Path, body: str, names: str, *arguments: int, parameters: str = '', result: str = 'u64') -> int:
    """The value of a function `f` of integers: compiled at two levels, and in Python; all must agree."""
    source = f'@export\ndef f({parameters}) -> {result}:\n' + ''.join(f'    {line}\n' for line in body.splitlines())
    path = write(tmp_path, source, f'{names}, export')
    kinds = {'u64': U64, 'i64': ctypes.c_int64, 'u32': ctypes.c_uint32, 'i32': ctypes.c_int32, 'u8': ctypes.c_uint8,
             'i8': ctypes.c_int8, 'u16': ctypes.c_uint16, 'bool': ctypes.c_bool, 'f64': ctypes.c_double}
    types = [kinds[item.split(':')[1].strip()] for item in parameters.split(',') if item]
    values = [function(build(path, level), 'f', kinds[result], *types)(*arguments) for level in (0, 2)]
    values.append(as_python(path).f(*arguments))
    assert values[0] == values[1] == values[2]
    return int(values[0])


@pytest.mark.parametrize(('kind', 'expression', 'a', 'b', 'expected'), [
    ('u64', 'a + b', 2**64 - 1, 2, 1),
    ('u64', 'a - b', 1, 2, 2**64 - 1),
    ('u64', 'a * b', 2**63, 2, 0),
    ('u32', 'a * b', 2**31, 3, 2**31),
    ('u8', 'a + b', 250, 10, 4),
    ('u16', '~a & b', 0x00FF, 0xFFFF, 0xFF00),
    ('i64', 'a // b', -7, 2, -3),
    ('i64', 'a % b', -7, 2, -1),
    ('u64', 'a // b', 7, 2, 3),
    ('i8', 'a >> b', -128, 3, -16),
    ('u8', 'a >> b', 128, 3, 16),
    ('i32', '-a - b', 2**31 - 1, 1, -(2**31)),
    ('i32', '-a - b', 2**31 - 1, 2, 2**31 - 1),
    ('u64', 'a << b', 1, 63, 2**63),
    ('u64', 'a << b', 1, 65, 2),
    ('u64', 'a ^ b | 1', 6, 4, 3),
    ('u64', '1 << a', 5, 0, 32),
    ('u64', 'a if a > b else b', 3, 9, 9),
    ('i64', 'a if a > b else b', -3, -9, -3),
    ('u64', 'ctz(a) + clz(b)', 8, 1, 66),
    ('u64', 'ctz(a) + clz(b)', 0, 0, 128),
    ('u32', 'popcount(a) + b', 2**32 - 1, 0, 32),
])
def test_arithmetic(tmp_path: Path, kind: str, expression: str, a: int, b: int, expected: int) -> None:
    names = f'{kind}, ctz, clz, popcount'
    found = run(tmp_path, f'return {expression}', names, a, b, parameters=f'a: {kind}, b: {kind}', result=kind)
    assert found == expected


@pytest.mark.parametrize(('source', 'target', 'value', 'expected'), [
    ('u64', 'u8', 0x1FF, 0xFF), ('i8', 'u64', -1, 2**64 - 1), ('u8', 'i64', 255, 255), ('u64', 'i32', 2**32 - 1, -1),
    ('f64', 'u8', 300.7, 255), ('f64', 'i8', -300.7, -128), ('f64', 'i64', -3.9, -3), ('f64', 'u64', -1.0, 0),
    ('f64', 'u64', math.nan, 0), ('i64', 'f64', -5, -5.0), ('bool', 'u64', True, 1),
])
def test_conversions(tmp_path: Path, source: str, target: str, value: Any, expected: Any) -> None:
    names = ', '.join(name for name in (source, target) if name != 'bool')
    parameters = f'x: {source}'
    assert run(tmp_path, f'return {target}(x)', names, value, parameters=parameters, result=target) == expected


def test_floats(tmp_path: Path) -> None:
    source = (
        '@export\ndef root(x: f64) -> f64:\n    return sqrt(x) + floor(x) / 2\n'
        '@export\ndef single(bits: u32) -> u32:\n    return f32_bits(bits_f32(bits) + f32(0.1))\n'
        '@export\ndef unordered(x: f64) -> u64:\n    return u64(x == x) + u64(x != x) * 2 + u64(x < 1.0) * 4\n'
    )
    path = write(tmp_path, source, 'bits_f32, export, f32, f32_bits, f64, floor, sqrt, u32, u64')
    library, module = build(path), as_python(path)
    root = function(library, 'root', ctypes.c_double, ctypes.c_double)
    assert root(6.25) == module.root(6.25) == 5.5
    bits = struct.unpack('<I', struct.pack('<f', 0.2))[0]
    single = function(library, 'single', ctypes.c_uint32, ctypes.c_uint32)
    assert single(bits) == module.single(bits) == struct.unpack('<I', struct.pack('<f', 0.3))[0]
    unordered = function(library, 'unordered', U64, ctypes.c_double)
    assert unordered(math.nan) == module.unordered(math.nan) == 2


MATCH = '''\
match n:
    case 1 | 2:
        return 10
    case 7:
        n = 1
    case _:
        return 30
return n
'''


@pytest.mark.parametrize(('body', 'argument', 'expected'), [
    ('total = 0\nfor i in range(n):\n    if i & 1 == 0:\n        continue\n    total += i\nreturn total', 10, 25),
    ('total = 0\nfor i in range(2, n):\n    total += i\nreturn total', 5, 9),
    ('i: u64 = 0\nwhile True:\n    i += 1\n    if i * i > n:\n        break\nreturn i', 50, 8),
    ('if n < 5:\n    return 1\nelif n < 10:\n    return 2\nelse:\n    return 3', 7, 2),
    ('while n != 0 and 10 // n < 2:\n    n = n - 1\nreturn n', 9, 5),
    ('while n == 0 or 10 // n > 3:\n    n += 1\nreturn n', 0, 3),
    ('if not (n > 3 or n == 1) and likely(n != 2):\n    return 1\nreturn 0', 3, 1),
    ('return 0 if n == 0 else 100 // n', 0, 0),
    ('return u64(n in (3, 5))', 5, 1),
    (MATCH, 2, 10),
    (MATCH, 7, 1),
    (MATCH, 9, 30),
])
def test_control_flow(tmp_path: Path, body: str, argument: int, expected: int) -> None:
    assert run(tmp_path, body, 'u64, likely', argument, parameters='n: u64') == expected


STRUCTS = '''
SIZE = 4
LAST: u64 = SIZE - 1

@struct
class Item:
    flag: bool
    small: u16
    next: Ptr['Item']
    values: Array[u32, SIZE]
    total: u64

@inline
def fill(item: Ptr[Item], seed: u32) -> None:
    for i in range(LAST + 1):
        item.values[i] = seed + u32(i)

@export
def work(item: Ptr[Item], words: Ptr[u64], seed: u32) -> u64:
    """Fills, links and sums."""
    fill(item, seed)
    item.flag = not item.flag
    item.small += 65535
    item.next = addr(item[1])
    item.next.total = u64(item.values[LAST])
    item.next.next = Ptr[Item](0)
    addr(item.values[1])[0] += 10
    words[words[0]] += 5
    second = addr(words[1])
    if item.next.next == Ptr[Item](0) and item.flag:
        return second[0] + u64(item.values[1]) + item.next.total + (u64(item.next) - u64(item)) * 1000
    return 0

@export
def size() -> u64:
    return sizeof(Item)
'''


class Item(ctypes.Structure):
    """`Item` of the kernel."""


Item._fields_ = [
    ('flag', ctypes.c_bool), ('small', ctypes.c_uint16), ('next', ctypes.c_void_p), ('values', ctypes.c_uint32 * 4),
    ('total', U64),
]


@pytest.mark.parametrize('opt_level', [0, 2])
def test_structs_compiled(tmp_path: Path, opt_level: int) -> None:
    path = write(tmp_path, STRUCTS, 'Array, Ptr, addr, export, inline, sizeof, struct, u16, u32, u64')
    library = build(path, opt_level)
    items = (Item * 2)()
    items[0].small = 3
    words = (U64 * 2)(1, 100)
    work = function(library, 'work', U64, ctypes.POINTER(Item), ctypes.POINTER(U64), ctypes.c_uint32)
    assert work(items, words, 7) == 105 + 18 + 10 + 40_000
    assert items[0].small == 2
    assert items[0].flag is True
    assert list(items[0].values) == [7, 18, 9, 10]
    assert function(library, 'size', U64)() == ctypes.sizeof(Item) == 40


def test_structs_as_python(tmp_path: Path) -> None:
    path = write(tmp_path, STRUCTS, 'Array, Ptr, addr, export, inline, sizeof, struct, u16, u32, u64')
    module = as_python(path)
    items = model.allocate(module.Item, 2)
    items.small = 3
    words = model.allocate(model.u64, 2)
    words[0], words[1] = 1, 100
    assert module.work(items, words, 7) == 105 + 18 + 10 + 40_000
    assert items.small == 2
    assert module.size() == 40


ATOMICS = '''
@export
def count(counter: Ptr[u64], times: u64) -> None:
    for _ in range(times):
        atomic_add(counter, 1, RELAXED)

@export
def count_with_lock(words: Ptr[u64], times: u64) -> None:
    for _ in range(times):
        while atomic_cas(words, 0, 1, ACQUIRE) != 0:
            pause()
        words[1] += 1
        atomic_store(words, 0, RELEASE)

@export
def all_of_them(p: Ptr[u64]) -> u64:
    old = atomic_xchg(p, 12, SEQ_CST)
    old += atomic_sub(p, 2, ACQ_REL) + atomic_or(p, 5, RELEASE) + atomic_and(p, 14, RELAXED)
    old += atomic_xor(p, 1, SEQ_CST, SYSTEM) + atomic_max(p, 100, RELAXED) + atomic_min(p, 50, RELAXED)
    fence(SEQ_CST)
    if atomic_cas(p, 49, 1, ACQ_REL) == 50:
        return old * 1000 + atomic_load(p, ACQUIRE)
    return 0
'''
ATOMIC_NAMES = (
    'ACQUIRE, ACQ_REL, Ptr, RELAXED, RELEASE, SEQ_CST, SYSTEM, atomic_add, atomic_and, atomic_cas, atomic_load, '
    'atomic_max, atomic_min, atomic_or, atomic_store, atomic_sub, atomic_xchg, atomic_xor, export, fence, pause, u64'
)


@pytest.mark.parametrize(('name', 'position'), [('count', 0), ('count_with_lock', 1)])
def test_atomic_counters(tmp_path: Path, name: str, position: int) -> None:
    count = function(build(write(tmp_path, ATOMICS, ATOMIC_NAMES), 2), name, None, ctypes.POINTER(U64), U64)
    words = (U64 * 2)()
    threads = [threading.Thread(target=count, args=(words, 100_000)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert words[position] == 200_000


def test_atomic_operations_give_the_old_value(tmp_path: Path) -> None:
    path = write(tmp_path, ATOMICS, ATOMIC_NAMES)
    word = U64(3)
    found = function(build(path), 'all_of_them', U64, ctypes.POINTER(U64))(ctypes.byref(word))
    place = model.allocate(model.u64)
    place[0] = 3
    assert found == as_python(path).all_of_them(place) == (3 + 12 + 10 + 15 + 14 + 15 + 100) * 1000 + 50


def test_modules_import_each_other(tmp_path: Path) -> None:
    write(tmp_path, 'LIMIT = 10\n@extern\ndef cos(x: f64) -> f64:\n    ...\n'
          '@noinline\ndef twice(x: u64) -> u64:\n    return x * 2\n', 'extern, f64, noinline, u64', 'lower')
    path = write(tmp_path, 'from lower import LIMIT, cos, twice\nBASE = LIMIT + 1\n'
                 '@export\ndef f(x: u64) -> u64:\n    return twice(x) + BASE + u64(cos(0.0))\n', 'export, u64', 'upper')
    assert function(build(path), 'f', U64, U64)(4) == 8 + 11 + 1
    assert function(build(path, LIMIT=100), 'f', U64, U64)(4) == 8 + 101 + 1


def test_the_kernel_compiles() -> None:
    folder = Path(model.__file__).parent
    modules = [path for path in sorted(folder.glob('*.py')) if path.stem not in NO_KERNEL]
    text = emit_module(compile_kernel(modules))
    assert 'void @worker_main' in text or 'void worker_main' in text


def test_number_operations_compiled_and_as_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's own arithmetic: machine code and Python agree on random operands of all types and operators."""
    built = compile_kernel([numbers, faults])
    monkeypatch.setitem(model.EXTERNS, 'divide_by_zero', faults.divide_by_zero)
    functions = [dataclasses.replace(item, exported=not item.extern) for item in built.functions]
    library = load_object(compile_object(emit_module(dataclasses.replace(built, functions=tuple(functions))), 1))
    operate = function(library, 'operate_numbers', U64, ctypes.c_void_p, U64, U64, U64)
    offsets, size, _ = struct_layout(built.struct('Worker'), {item.name: item for item in built.structs})
    shared = ctypes.create_string_buffer(65536)
    worker = ctypes.create_string_buffer(size)
    struct.pack_into('<Q', worker, offsets['shared'], ctypes.addressof(shared))
    toy = model.allocate(state.Worker)
    toy.shared = model.allocate(state.Shared)
    random = Random(7)
    for _ in range(1500):
        x = random.getrandbits(24) >> random.choice((0, 12, 20)) << 5 | random.randint(0, 3)
        y = random.getrandbits(24) >> random.choice((0, 12, 20)) << 5 | random.randint(0, 22)
        assert operate(ctypes.addressof(worker), x, y, 1) == numbers.operate_numbers(toy, x, y, 1), (hex(x), hex(y))


@pytest.mark.parametrize(('body', 'message'), [
    ('if n:\n    return 1\nreturn 0', 'n is u64, not bool'),
    ('x: u32 = n\nreturn 0', 'x must be u32, and n is u64'),
    ('return n + u32(1)', 'n is u64 and u32(1) is u32'),
    ('x: u32 = 0\nx = u64(0)\nreturn 0', 'x must be u32'),
    ('x: u32 = 0\nx: u64 = 0\nreturn 0', 'x is u32 already, not u64'),
    ('return n + 0.5', '0.5 is no u64'),
    ('return n / 2', 'integers are divided with //'),
    ('return -1', '-1 is no u64'),
    ('return n.field', 'not a pointer to a struct'),
    ('return n[0]', 'not a pointer'),
    ('return missing', 'missing is not defined here'),
    ('return missing()', 'missing is no kernel function'),
    ('return f(n, n)', 'f takes 1 arguments, not 2'),
    ('return f(n=n)', 'arguments are positional'),
    ('break', 'break outside of a loop'),
    ('n += 1', 'the end can be reached without a return'),
    ('while n > 1:\n    return 1', 'the end can be reached without a return'),
    ('return [n][0]', 'no such expression'),
    ('import os\nreturn 0', 'no such statement'),
    ('x, y = 1, 2\nreturn x', 'only a local, an element or a field'),
    ('x: u9 = 1\nreturn 0', 'u9 is no type'),
    ('for i in [1]:\n    pass\nreturn 0', 'a for loop is'),
    ('match n:\n    case 1:\n        pass\n    case 1:\n        pass\nreturn 0', 'two cases for 1'),
    ('return 1 << 70', '1180591620717411303424 is no u64'),
])
def test_errors_name_the_place(tmp_path: Path, body: str, message: str) -> None:
    source = '@export\ndef f(n: u64) -> u64:\n' + ''.join(f'    {line}\n' for line in body.splitlines())
    path = write(tmp_path, source, 'export, u32, u64')
    with pytest.raises(KernelError) as caught:
        compile_kernel([path])
    assert message in caught.value.message
    assert caught.value.file == 'kernel.py'
    assert caught.value.line >= 3


@pytest.mark.parametrize(('source', 'message'), [
    ('x = f()', 'x is no constant'),
    ('class A:\n    x: u64', 'must be a @struct'),
    ('@struct\nclass A:\n    x: u64 = 3', 'a struct has only fields'),
    ('def f(x) -> u64:\n    return x', 'the parameter x has no type'),
    ('def f(x: u64 = 1) -> u64:\n    return x', 'without defaults'),
    ('def f() -> None:\n    pass\ndef f() -> None:\n    pass', 'f is defined twice'),
    ('print(1)', 'a kernel module has only'),
    ('from bend.runtime.kernel.lang import nothing', 'nothing is no name'),
    ('x: u8 = 256', '256 is no u8'),
    ('x = 1 // 0', 'cannot be computed'),
    ('def f(', 'not Python'),
])
def test_errors_in_modules(tmp_path: Path, source: str, message: str) -> None:
    path = write(tmp_path, source, 'struct, u64, u8')
    with pytest.raises(KernelError, match=r'kernel\.py:[0-9]+: ') as caught:
        compile_kernel([path])
    assert message in caught.value.message
